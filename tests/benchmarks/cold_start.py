"""Process start to the first annotation acknowledged, side by side in one run.

    python tests/benchmarks/cold_start.py

Each script runs in a process of its own, in turn with the others, against the emulator on a
loopback socket (plain http, so no CA bundle is loaded). The figure is a whole process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from clarifai_http_annotations.testing import Emulator

ROUNDS = 15

BARE = """
import sys
import httpx
with httpx.Client(verify=False) as client:
    answer = client.post(
        sys.argv[1] + "/v2/users/me/apps/a/annotations",
        headers={"Authorization": "Key x"},
        json={"annotations": [{"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 1.0}]}}]},
    )
assert answer.json()["annotations"][0]["status"]["code"] == 24150
"""

LEAST = """
import sys
import httpx
import tenacity
from pydantic import BaseModel

class Concept(BaseModel):
    id: str
    value: float

class Data(BaseModel):
    concepts: list[Concept]

class Annotation(BaseModel):
    input_id: str
    data: Data

@tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential())
def create(client, annotation):
    answer = client.post(
        sys.argv[1] + "/v2/users/me/apps/a/annotations",
        headers={"Authorization": "Key x"},
        json={"annotations": [annotation.model_dump()]},
    )
    answer.raise_for_status()
    return Annotation.model_validate(answer.json()["annotations"][0])

with httpx.Client(verify=False) as client:
    create(client, Annotation(input_id="in", data=Data(concepts=[Concept(id="tree", value=1.0)])))
"""

OURS = """
import sys
from clarifai_http_annotations import Annotation, Client, positive
with Client(pat="x", user_id="me", app_id="a", base_url=sys.argv[1]) as client:
    client.create(Annotation.of("in", positive("tree")))
"""


class Door(BaseHTTPRequestHandler):
    """The emulator on a socket, as far as this benchmark needs it."""

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


def main() -> None:
    """Print a line for each script."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    scripts = {"bare httpx": BARE, "least httpx + pydantic + tenacity": LEAST, "this library": OURS}
    seconds: dict[str, list[float]] = {name: [] for name in scripts}
    for number in range(ROUNDS + 1):  # the first round warms the caches and is not counted
        for name, script in scripts.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", script, address], check=True)
            seconds[name] += [time.perf_counter() - started] if number else []
    server.shutdown()
    least = seconds["least httpx + pydantic + tenacity"]
    for name, measured in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(measured, least, strict=True))
        print(f"{name:34} {statistics.median(measured) * 1000:5.0f} ms, {ratio:.2f} x the least script")


if __name__ == "__main__":
    main()
