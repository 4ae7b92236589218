"""What AWS Lambda is to a function: its Runtime API, on a socket here, and a process of the official runtime.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

HANDLER = Path(__file__).parents[1] / "examples" / "aws_lambda" / "handler.py"
VERSION = "/2018-06-01/runtime"
LONGEST = 30.0
"""Seconds for an answer, so that a function that hangs fails its test."""


class RuntimeApi(ThreadingHTTPServer):
    """Hands invocations to whoever asks for the next one, and keeps the answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.waiting: SimpleQueue[tuple[str, Any, float]] = SimpleQueue()
        self.numbers = count()
        self.answers: dict[str, SimpleQueue[tuple[str, Any]]] = {"init": SimpleQueue()}

    def invoke(self, event: Any, seconds: float = 60.0) -> tuple[str, Any]:
        """Return what a function makes of an event: ``response`` or ``error``, and the JSON of it."""
        name = f"invocation-{next(self.numbers)}"
        answer = self.answers[name] = SimpleQueue()
        self.waiting.put((name, event, time.time() + seconds))
        return answer.get(timeout=LONGEST)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: a function that is killed leaves one."""

    def init_error(self) -> Any:
        """Return why a function could not be loaded."""
        return self.answers["init"].get(timeout=LONGEST)[1]


class Door(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert self.path == f"{VERSION}/invocation/next"
        name, event, ends = self.server.waiting.get()
        arn = "arn:aws:lambda:eu-central-1:123456789012:function:labels"
        self.answer(
            200, event, {"Aws-Request-Id": name, "Deadline-Ms": str(int(ends * 1000)), "Invoked-Function-Arn": arn}
        )

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        *_, name, kind = self.path.split("/")
        self.server.answers[name].put((kind, said))
        self.answer(202, {}, {})

    def answer(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")  # the runtime crashes without one
        for name, value in headers.items():
            self.send_header(f"Lambda-Runtime-{name}", value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None: ...


class Function:
    """A process of the runtime, which serves the invocations of an API."""

    def __init__(self, api: RuntimeApi, process: subprocess.Popen[bytes], log: Any) -> None:
        self.api, self.process, self._log = api, process, log

    def invoke(self, event: Any, seconds: float = 60.0) -> Any:
        """Return the answer to an event; fails if it is an error."""
        kind, said = self.api.invoke(event, seconds)
        assert kind == "response", said
        return said

    @property
    def log(self) -> str:
        """What it wrote, so far."""
        self._log.seek(0)
        return str(self._log.read().decode())


@contextmanager
def runtime(environ: Mapping[str, str], code: str = "", *, handler: Path = HANDLER) -> Iterator[Function]:
    """Run a function in ``awslambdaric`` as long as the context is open.

    Args:
        environ: Variables of its environment, beside those that Lambda sets.
        code: Python that runs in the process before the runtime does.
        handler: The file; its function is called ``handler``.
    """
    api = RuntimeApi()
    thread = Thread(target=api.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CLARIFAI_", "AWS_"))}
    address = f"127.0.0.1:{api.server_port}"
    start = f"{code}\nimport awslambdaric.__main__ as it\nit.main(['awslambdaric', '{handler.stem}.handler'])"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-c", start],
            cwd=handler.parent,
            env={**ours, "PYTHONDONTWRITEBYTECODE": "1", "AWS_LAMBDA_RUNTIME_API": address, **environ},
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that what it forks ends with it
        )
        try:
            yield Function(api, process, log)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            while True:  # what still waits for an invocation
                try:
                    api.waiting.get_nowait()
                except Empty:
                    break
            api.shutdown()
            api.socket.close()
            thread.join()


def settings_of(url: str) -> dict[str, str]:
    """Return the environment of a function whose Clarifai is an emulator."""
    return {
        "CLARIFAI_PAT": "0123456789abcdef0123456789abcdef",
        "CLARIFAI_USER_ID": "me",
        "CLARIFAI_APP_ID": "app",
        "CLARIFAI_API_BASE": url,
    }


def batch(bodies: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of SQS, from the bodies by the ids of their messages."""
    records = [
        {
            "messageId": name,
            "receiptHandle": "AQEB",
            "body": body if isinstance(body, str) else json.dumps(body),
            "attributes": {},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:labels",
            "awsRegion": "eu-central-1",
        }
        for name, body in bodies.items()
    ]
    return {"Records": records}


def labelled(input_id: str, value: float = 1.0) -> dict[str, Any]:
    return {"input_id": input_id, "data": {"concepts": [{"id": "tree", "value": value}]}}
