"""What share of a request's client CPU the guard is: both measured side by side in one run.

    python tests/benchmarks/guard_cost.py

The client posts to a server that answers at once and is not counted: only the CPU time of the
thread that calls. The guard alone is run on the same trees, in turn with the requests.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from clarifai_http_annotations import Annotation, BoundingBox, Client, negative, positive
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations._wire.guard import guard

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


class Answering(BaseHTTPRequestHandler):
    """Echoes what was posted as stored."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # the name that http.server looks for
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["annotations"]
        for annotation in asked:
            annotation["status"] = {"code": 24150}
        body = json.dumps({"status": {"code": 10000}, "annotations": asked}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def cpu(work: object, times: int) -> float:
    """Return the CPU seconds of this thread for one run of a function."""
    started = time.thread_time()
    for _ in range(times):
        work()  # type: ignore[operator]
    return (time.thread_time() - started) / times


def main() -> None:
    """Print a line for a small and a full request."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = {"pat": "x", "user_id": "me", "app_id": "a", "base_url": f"http://127.0.0.1:{server.server_port}"}
    with Client(**settings) as client:  # type: ignore[arg-type]
        for count in (1, 128):
            annotations = [
                Annotation.of(f"input-{n}", positive("tree"), negative("water"), region=BOX if n % 2 else None)
                for n in range(count)
            ]
            tree = {"annotations": [to_tree(annotation) for annotation in annotations]}
            rounds = []
            for _ in range(15):
                whole = cpu(lambda: client.create(annotations), 20)  # noqa: B023 # called at once
                alone = cpu(lambda: guard(tree), 200)  # noqa: B023 # called at once
                rounds.append((alone / whole, whole, alone))
            share, whole, alone = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(
                f"{count:4} annotations: a request {whole * 1e6:7.0f} us, the guard {alone * 1e6:6.1f} us, "
                f"its share {share:.1%} (median of {len(rounds)} rounds)"
            )
    server.shutdown()


if __name__ == "__main__":
    main()
