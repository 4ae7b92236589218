"""From the start of an instance to its first answer, in functions-framework, side by side in one run.

    PYTHONPATH=tests python tests/places/google_cloud_function/first_answer.py

Each host is a process of its own, in turn with the others; its first request stores an annotation in the emulator,
on a socket of this machine (plain http, so no CA bundle is loaded).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from hosts import environ_of, running

from clarifai_http_annotations.testing import Emulator, Server, serve

ROUNDS = 9
EXAMPLE = Path(__file__).parents[3] / "examples" / "google_cloud_function"

BARE = """
import functions_framework

@functions_framework.http
def post_annotations(request):
    return {"stored": len(request.get_json())}
"""

ONE = b'[{"input_id": "in-1", "data": {"concepts": [{"id": "water", "value": 0}]}}]'


def seconds_to_answer(folder: Path, server: Server, *options: str) -> float:
    """Return the seconds from the start of a host to its first answer."""
    command = [sys.executable, "-m", "functions_framework", "--host", "127.0.0.1", "--port", "{port}"]
    command += ["--target", "post_annotations", *options]
    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as logs,
        running(command, cwd=folder, environ=environ_of(server), log=Path(logs) / "log") as host,
    ):
        answer = httpx.post(host.url, content=ONE, headers={"content-type": "application/json"}, trust_env=False)
        seconds = time.perf_counter() - started
    answer.raise_for_status()
    return seconds


def main() -> None:
    """Print a line for each host."""
    with serve(Emulator(record=False)) as server, tempfile.TemporaryDirectory() as bare:
        (Path(bare) / "main.py").write_text(BARE, encoding="utf-8")
        hosts: dict[str, tuple[Path, tuple[str, ...]]] = {
            "a function that stores nothing": (Path(bare), ()),
            "main.py": (EXAMPLE, ()),
            "asgi.py, with --asgi": (EXAMPLE, ("--asgi", "--source", "asgi.py")),
        }
        seconds: dict[str, list[float]] = {name: [] for name in hosts}
        for number in range(ROUNDS + 1):  # the first round warms the caches and is not counted
            for name, (folder, options) in hosts.items():
                took = seconds_to_answer(folder, server, *options)
                seconds[name] += [took] if number else []
    least = seconds["a function that stores nothing"]
    for name, measured in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(measured, least, strict=True))
        print(f"{name:32} {statistics.median(measured) * 1000:5.0f} ms, {ratio:.2f} x")


if __name__ == "__main__":
    main()
