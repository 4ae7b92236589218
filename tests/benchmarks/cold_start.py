"""Process start to the first annotation acknowledged, over TLS, side by side in one run.

    python tests/benchmarks/cold_start.py [--rounds 15] [--cold] [--http-only]

The programs of `_cold_scripts` run one after the other, round after round, each in a process of its own, in virtual
environments that this makes: one with this library alone, one with Clarifai's own packages. Their servers are on
loopback, with a certificate that is signed by one of the authorities in a file of ordinary size. With ``--cold`` the
files of both environments and of Python are dropped from the page cache before every start, as on a new machine.

Printed are medians: seconds, CPU, memory, modules, and the ratio of the seconds to those of the least program with
the same three libraries, pair by pair.
"""

from __future__ import annotations

import argparse
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import httpx
import trustme
from _cold_scripts import BARE, END, LEAST, OURS, SDK, STUB

from clarifai_http_annotations.testing import Emulator

ROOT = Path(__file__).parents[2]
OFFICIAL = ["clarifai", "clarifai-grpc", "protobuf==5.29.5", "requests", "pytest", "trustme"]

GRPC_SERVER = """
import sys, time
sys.path.insert(0, sys.argv[1])
import grpc
from servicer import serve_grpc
from clarifai_http_annotations.testing import Emulator
read = lambda path: open(path, "rb").read()
credentials = grpc.ssl_server_credentials([(read(sys.argv[2]), read(sys.argv[3]))])
with serve_grpc(Emulator(record=False), credentials) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


@dataclass
class Run:
    """What one process took.

    Attributes:
        seconds: From its start to its end.
        cpu: Seconds of processor time.
        memory: The most memory it had, in MB.
        modules: Modules that it had loaded.
    """

    seconds: float
    cpu: float
    memory: float
    modules: int


def start(python: Path, script: str, *arguments: str) -> Run:
    """Run a program in a process of its own."""
    read, write = os.pipe()
    begin = time.perf_counter()
    command = [str(python), "-c", script + END, *arguments]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    os.close(write)
    with os.fdopen(read) as said:
        printed = said.read()
    if status:
        raise SystemExit(f"This failed:\n{script}")
    *_, modules, peak = printed.split()
    return Run(seconds, used.ru_utime + used.ru_stime, int(peak) / 1024, int(modules))


# --- environments ------------------------------------------------------------------------------------


def environment(folder: Path, *packages: str) -> Path:
    """Make a virtual environment with packages and their compiled files; return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([python, "-m", "compileall", "-q", folder / "lib"], check=False)  # some files are of other Pythons
    return python


def forget(*folders: Path) -> None:
    """Drop what is in folders from the page cache."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                handle = os.open(path, os.O_RDONLY)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)


# --- servers -----------------------------------------------------------------------------------------


class Door(BaseHTTPRequestHandler):
    """The emulator on a socket, as far as this benchmark needs it."""

    wbufsize = -1  # an answer in one piece

    def do_POST(self) -> None:  # the name that http.server looks for
        content = self.rfile.read(int(self.headers["content-length"]))
        url = f"http://localhost{self.path}"
        answer = Emulator()(httpx.Request("POST", url, content=content, headers=dict(self.headers)))
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve_https(certificate: Path, key: Path) -> Iterator[str]:
    """Serve over HTTPS, and give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()


@contextmanager
def serve_grpcs(python: Path, certificate: Path, key: Path) -> Iterator[str]:
    """Serve over gRPC with TLS from a process of the official environment, and give the address."""
    conformance = str(ROOT / "tests" / "conformance")
    command = [str(python), "-c", GRPC_SERVER, conformance, str(key), str(certificate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield f"https://localhost:{int(server.stdout.readline())}"
        server.stdin.close()


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Write a certificate of this machine, its key, and the usual authorities with the one that signed it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key, bundle = folder / "certificate.pem", folder / "key.pem", folder / "authorities.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    return certificate, key, bundle


# --- measuring ---------------------------------------------------------------------------------------


def main() -> None:
    """Print a line for each program."""
    told = argparse.ArgumentParser()
    told.add_argument("--rounds", type=int, default=15)
    told.add_argument("--cold", action="store_true", help="drop the page cache of all files before every start")
    told.add_argument("--http-only", action="store_true", help="leave Clarifai's own packages out")
    asked = told.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate, key, bundle = certificates(folder)
        alone = environment(folder / "alone", str(ROOT))
        stdlib = Path(os.__file__).parent
        forgotten = [folder / "alone" / "lib", stdlib, Path(sys.base_prefix) / "lib"]
        with serve_https(certificate, key) as https:
            programs = {
                "bare httpx + json": (alone, BARE, https),
                "least httpx + pydantic + tenacity": (alone, LEAST, https),
                "this library": (alone, OURS, https),
            }
            if asked.http_only:
                measure(programs, bundle, asked.rounds, forgotten if asked.cold else [])
                return
            official = environment(folder / "official", str(ROOT), *OFFICIAL)
            with serve_grpcs(official, certificate, key) as grpcs:
                programs["clarifai-grpc, its stub"] = (official, STUB, grpcs)
                programs["clarifai, the official SDK"] = (official, SDK, grpcs)
                forgotten.append(folder / "official" / "lib")
                measure(programs, bundle, asked.rounds, forgotten if asked.cold else [])


def measure(programs: dict[str, tuple[Path, str, str]], bundle: Path, rounds: int, forgotten: list[Path]) -> None:
    """Run the programs in turn, and print what they took."""
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for number in range(rounds + 1):  # the first round warms what is to be warm, and is not counted
        for name, (python, script, address) in programs.items():
            forget(*forgotten)
            run = start(python, script, address, str(bundle))
            runs[name] += [run] if number else []
    least = [run.seconds for run in runs["least httpx + pydantic + tenacity"]]
    print(f"{'':34} {'ms':>5} {'CPU ms':>7} {'MB':>6} {'modules':>8}   of the least")
    for name, measured in runs.items():
        ratio = statistics.median(run.seconds / other for run, other in zip(measured, least, strict=True))
        ms, cpu = (statistics.median(getattr(run, what) for run in measured) * 1000 for what in ("seconds", "cpu"))
        memory = statistics.median(run.memory for run in measured)
        print(f"{name:34} {ms:5.0f} {cpu:7.0f} {memory:6.1f} {measured[0].modules:8}   {ratio:.2f} x", flush=True)


if __name__ == "__main__":
    main()
