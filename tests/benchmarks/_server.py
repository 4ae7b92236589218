"""What the benchmarks of upload share: rows, and servers in processes of their own, so that CPU and memory of
the process that uploads are the client's alone."""

from __future__ import annotations

import gc
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clarifai_http_annotations import Annotation, negative, positive
from clarifai_http_annotations.testing import Emulator, serve

BATCH = 128
"""Annotations in one request, as many as the API takes."""

Row = dict[str, Any]


def row(name: str, number: int) -> Row:
    """Return an annotation with two concepts as a dict."""
    concepts = [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    return {"input_id": f"{name}-{number}", "data": {"concepts": concepts}}


def model(name: str, number: int) -> Annotation:
    """Return the same annotation as a model."""
    return Annotation.of(f"{name}-{number}", positive("tree"), negative("water"))


def rows(name: str, until: float | None = None, count: int | None = None) -> Iterator[Row]:
    """Yield rows until a time of the monotonic clock, or so many."""
    for number in itertools.count() if count is None else range(count):
        if until is not None and time.monotonic() >= until:
            return
        yield row(name, number)


def settings(url: str, app_id: str = "app") -> dict[str, Any]:
    """Return the arguments of a client of a server here."""
    return {"pat": "x", "user_id": "me", "app_id": app_id, "base_url": url}


# --- processes -----------------------------------------------------------------------------------


@dataclass
class Running:
    """A server that runs.

    Attributes:
        url: Where it is.
        said: What it has to say for itself, once it has ended.
    """

    url: str
    said: dict[str, Any] = field(default_factory=dict)


@contextmanager
def server(kind: str, **options: Any) -> Iterator[Running]:
    """Run a server in another process.

    Args:
        kind: ``"emulator"``, which takes the keywords of `Emulator`, or ``"plain"``: it says of whatever is
            posted that it is stored, keeps nothing, and is several times as fast; with ``status=`` it
            answers with an error, and with ``times=True`` it says when its requests came.
        options: What it takes.
    """
    command = [sys.executable, __file__, kind, json.dumps(options)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        running = Running(process.stdout.readline().strip())
        try:
            yield running
        finally:
            process.stdin.close()
            running.said = json.loads(process.stdout.read() or "{}")


def start(script: str, **options: Any) -> subprocess.Popen[str]:
    """Run a script once more, in another process, with ``--worker`` and what it is to do."""
    command = [sys.executable, script, "--worker", json.dumps(options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> Any:
    """Wait for a worker and return what it printed."""
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{Path(str(process.args[2])).name}: a worker failed")  # type: ignore[index]  # a list
    return json.loads(printed)


# --- servers -------------------------------------------------------------------------------------


class Plain(BaseHTTPRequestHandler):
    """Says of whatever is posted that it is stored, or answers with one and the same error."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    status = 200
    times: list[float] | None = None

    def do_POST(self) -> None:  # the name that http.server looks for
        if self.times is not None:
            self.times.append(time.monotonic())
        content = self.rfile.read(int(self.headers["content-length"]))
        if self.status == 200:
            asked = json.loads(content)["annotations"]
            for annotation in asked:
                annotation["status"] = {"code": 24150, "description": "Annotation success"}
            tree = {"status": {"code": 10000, "description": "Ok"}, "annotations": asked}
        else:
            tree = {"status": {"code": 98004, "description": "Internal server issue"}}
        body = json.dumps(tree).encode()
        self.send_response(self.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def serve_plain(status: int = 200, times: bool = False) -> None:
    """Print where it is, and serve until the other end of standard input is closed."""
    Plain.status, Plain.times = status, [] if times else None
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{httpd.server_port}", flush=True)
    sys.stdin.read()
    print(json.dumps({"times": Plain.times or []}), flush=True)
    os._exit(0)  # connections that are kept alive have threads that wait


def serve_emulator(**options: Any) -> None:
    """Print where it is, and serve until the other end of standard input is closed."""
    gc.disable()  # a pass over all that is stored would hold up requests, and let them through in a burst
    emulator = Emulator(**options)
    with serve(emulator) as served:
        print(served.url, flush=True)
        sys.stdin.read()
    times = emulator.stored_times.values()
    print(json.dumps({"stored": len(times), "most_times": max(times, default=0)}), flush=True)


if __name__ == "__main__":
    serving: dict[str, Callable[..., None]] = {"emulator": serve_emulator, "plain": serve_plain}
    serving[sys.argv[1]](**json.loads(sys.argv[2]))
