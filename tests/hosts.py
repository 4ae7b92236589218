"""A program that serves, as a process of its own: started, waited for, ended, and nothing of it left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clarifai_http_annotations.testing import Server

PAT = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Host:
    """A process that serves on a port of this machine.

    Attributes:
        url: Where.
        process: It; the first of its session, so that its group has all that it starts.
        log: What it prints.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path


def environ_of(server: Server, **settings: str) -> dict[str, str]:
    """Return an environment that leads to an emulator, and has nothing else of this machine's."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT")}
    ours = {"CLARIFAI_API_BASE": server.url, "CLARIFAI_PAT": PAT, "CLARIFAI_USER_ID": "me", "CLARIFAI_APP_ID": "app"}
    return {**kept, **ours, **settings}


@contextmanager
def running(command: Sequence[str], *, cwd: Path, environ: dict[str, str], log: Path) -> Iterator[Host]:
    """Start a process, in whose command ``{port}`` is a free one, and wait until it listens; end it with SIGTERM.

    Raises:
        RuntimeError: If it ends before it listens; says what it printed.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = [argument.format(port=port) for argument in command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            started, cwd=cwd, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_for(process, port, log)
        yield Host(f"http://127.0.0.1:{port}/", process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            if is_left := group_exists(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
    assert not is_left, "a process that it started was still running"
    assert PAT not in log.read_text()


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(3000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:  # a GET may call what is served
                return
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError(f"It does not listen:\n{log.read_text()}")


def group_exists(pid: int) -> bool:
    """Tell whether a process of a group is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def connections_to(server: Server) -> set[str]:
    """Return the connections to an emulator that are open, as Linux names them."""
    port = f":{int(server.url.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return {local for _, local, remote, state, *_ in lines if remote.endswith(port) and state == "01"}
