"""CPU of the client for each annotation with two concepts, beside a loop by hand and the official packages.

    python tests/benchmarks/upload_cpu.py            # all; makes virtual environments, some minutes
    python tests/benchmarks/upload_cpu.py --only ours
    python tests/benchmarks/upload_cpu.py --smoke    # the same, a few seconds

Each way of uploading is a process of its own that counts its CPU time (``time.process_time``), in turn
with the others, round after round; the server is another one. The loop by hand does the least that is
correct: derive an id from the content, post 128 at a time on one connection, match the answers by input
and id, check the code of each. Rows are made before the clock starts, models also, except where it says
so. The figures are medians, and the ratio is that of each round to the loop by hand.

The official packages are installed into virtual environments in a temporary folder, and left out with a
reason if that fails. Over gRPC they talk to a servicer that echoes what was posted as stored, and
cannot be slowed down by it: only the client's CPU counts. They do not derive ids, so they are given
some. ``Inputs.upload_annotations`` of the SDK checks only the code of the whole answer, and turns the
answer into a dict; the stub and the JSON channel are used with a check of each annotation's code.
The JSON channel writes Clarifai's HTTP API, so it gets the same server as this library.
"""

from __future__ import annotations

import gc
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from _server import BATCH, Row, model, row, server, settings

from clarifai_http_annotations import Client

FIRST = "by hand: httpx + json"


# --- ours and by hand ----------------------------------------------------------------------------


def by_hand(url: str, app: str, given: list[Row]) -> None:
    """Upload with nothing but httpx and json."""
    path = f"{url}/v2/users/me/apps/{app}/annotations"
    headers = {"authorization": "Key x", "content-type": "application/json"}
    with httpx.Client(trust_env=False, verify=False, timeout=60.0, headers=headers) as http:  # noqa: S501 # plain http
        for start in range(0, len(given), BATCH):
            batch = []
            for one in given[start : start + BATCH]:
                content = {key: value for key, value in one.items() if key != "input_id"}
                text = one["input_id"] + json.dumps(content, sort_keys=True, separators=(",", ":"))
                batch.append({"id": hashlib.sha256(text.encode()).hexdigest()[:32], **one})
            answer = http.post(path, content=json.dumps({"annotations": batch}).encode())
            answer.raise_for_status()
            tree = answer.json()
            assert tree["status"]["code"] == 10000
            said = {(found["input_id"], found["id"]): found["status"]["code"] for found in tree["annotations"]}
            for one in batch:
                assert said[one["input_id"], one["id"]] == 24150


def ours(url: str, app: str, given: Any) -> None:
    """Upload with this library."""
    with Client(**settings(url, app), rate=None) as client:
        client.upload(given).raise_for_failures()


def row_list(count: int) -> list[Row]:
    return [row("input", number) for number in range(count)]


WAYS: dict[str, tuple[Callable[[str, str, Any], None], Callable[[int], Any]]] = {
    FIRST: (by_hand, row_list),
    "upload, rows": (ours, row_list),
    "upload, models made before": (ours, lambda count: [model("input", number) for number in range(count)]),
    "upload, models made meanwhile": (ours, lambda count: (model("input", number) for number in range(count))),
}


def work(name: str) -> None:
    """Do a round for each line that comes, and say what CPU it took."""
    upload, make = WAYS[name]
    for line in sys.stdin:
        order = json.loads(line)
        given = make(order["count"])
        gc.collect()
        started = time.process_time()
        upload(order["url"], order["app"], given)
        print(time.process_time() - started, flush=True)


# --- the official packages -----------------------------------------------------------------------

SERVICER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import grpc
from clarifai_grpc.grpc.api import service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

class Echo(service_pb2_grpc.V2Servicer):
    def PostAnnotations(self, request, context):
        answer = service_pb2.MultiAnnotationResponse(annotations=request.annotations)
        answer.status.code = status_code_pb2.SUCCESS
        for annotation in answer.annotations:
            annotation.status.code = status_code_pb2.ANNOTATION_SUCCESS
        return answer

server = grpc.server(ThreadPoolExecutor(4))
service_pb2_grpc.add_V2Servicer_to_server(Echo(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(None)
"""

OTHERS = """
import gc, json, logging, sys, time
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
from clarifai_grpc.grpc.api.status import status_code_pb2

def annotations(given):
    return [
        resources_pb2.Annotation(
            id=row["id"],
            input_id=row["input_id"],
            data=resources_pb2.Data(
                concepts=[resources_pb2.Concept(id=said["id"], value=said["value"]) for said in row["data"]["concepts"]]
            ),
        )
        for row in given
    ]

def with_stub(channel, app, given):
    stub = service_pb2_grpc.V2Stub(channel)
    whose = resources_pb2.UserAppIDSet(user_id="me", app_id=app)
    for start in range(0, len(given), 128):
        batch = annotations(given[start : start + 128])
        request = service_pb2.PostAnnotationsRequest(user_app_id=whose, annotations=batch)
        answer = stub.PostAnnotations(request, metadata=(("authorization", "Key x"),))
        assert answer.status.code == status_code_pb2.SUCCESS
        said = {(found.input_id, found.id): found.status.code for found in answer.annotations}
        for one in batch:
            assert said[one.input_id, one.id] == status_code_pb2.ANNOTATION_SUCCESS

def stub(order, given):
    with ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=order["port"]) as channel:
        with_stub(channel, order["app"], given)

def json_channel(order, given):
    with_stub(ClarifaiChannel.get_json_channel(base_url=order["url"]), order["app"], given)

def sdk(order, given):
    from clarifai.client.input import Inputs
    inputs = Inputs(user_id="me", app_id=order["app"], pat="x", base_url="http://127.0.0.1:%d" % order["port"])
    for start in range(0, len(given), 128):
        assert not inputs.upload_annotations(annotations(given[start : start + 128]), show_log=False)

way = {"stub": stub, "json_channel": json_channel, "sdk": sdk}[sys.argv[1]]
if way is sdk:
    import clarifai.client.input
logging.disable()
for line in sys.stdin:
    order = json.loads(line)
    concepts = [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    given = [
        {"id": "%032x" % n, "input_id": "input-%d" % n, "data": {"concepts": concepts}} for n in range(order["count"])
    ]
    gc.collect()
    started = time.process_time()
    way(order, given)
    print(time.process_time() - started, flush=True)
"""

PACKAGES = {  # the first environment has the servicer, too
    "grpc": ["clarifai-grpc", "protobuf==5.29.5", "requests"],
    "sdk": ["clarifai"],
}

OFFICIAL = {  # name: environment, argument
    "clarifai-grpc, stub": ("grpc", "stub"),
    "clarifai-grpc, JSON channel": ("grpc", "json_channel"),
    "clarifai SDK, upload_annotations": ("sdk", "sdk"),
}


def environment(folder: Path, packages: list[str]) -> str | None:
    """Make a virtual environment and return its Python; ``None``, with a reason printed, if it cannot be made."""
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    done = subprocess.run([python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True)
    if done.returncode == 0:
        return python
    reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    print(f"without {', '.join(packages)}: {reason}")
    return None


# --- rounds --------------------------------------------------------------------------------------


class Worker:
    """A process that uploads when it is told to."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, **order: Any) -> float:
        """Return the CPU seconds of a round; NaN, for good, if it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return float("nan")
        return float(self._process.stdout.readline() or "nan")

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@contextmanager
def workers(everything: bool) -> Iterator[tuple[dict[str, Worker], int]]:
    """Start a worker for each way, and the servicer; its port is 0 if there is none."""
    with ExitStack() as stack:
        found = {name: Worker([sys.executable, __file__, "--worker", name]) for name in WAYS}
        port = 0
        if everything:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            pythons = {name: environment(folder / name, packages) for name, packages in PACKAGES.items()}
            if pythons["grpc"] is not None:
                pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
                servicer: Any = stack.enter_context(subprocess.Popen([pythons["grpc"], "-c", SERVICER], **pipes))
                port = int(servicer.stdout.readline())
                for name, (where, argument) in OFFICIAL.items():
                    python = pythons[where]
                    if python is not None:
                        found[name] = Worker([python, "-c", OTHERS, argument])
        for worker in found.values():
            stack.callback(worker.close)
        yield found, port


def main() -> None:
    """Print a line for each way."""
    if "--worker" in sys.argv:
        work(sys.argv[-1])
        return
    is_smoke = "--smoke" in sys.argv
    rounds, batches = (2, 4) if is_smoke else (11, 80)
    measured: list[dict[str, float]] = []
    with workers(everything=not is_smoke and "--only" not in sys.argv) as (found, port):
        for number in range(rounds + 1):  # the first one warms up and is not counted
            with server("emulator", record=False) as running:
                taken = {
                    name: worker.run(url=running.url, port=port, app=f"app-{place}", count=batches * BATCH)
                    for place, (name, worker) in enumerate(found.items())
                }
            measured += [taken] if number else []
    for name in found:
        each = statistics.median(taken[name] for taken in measured) / (batches * BATCH)
        ratios = sorted(taken[name] / taken[FIRST] for taken in measured)
        print(
            f"{name:34} {each * 1e6:6.1f} us an annotation, {statistics.median(ratios):5.2f} x by hand "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}, {rounds} rounds)"
        )


if __name__ == "__main__":
    main()
