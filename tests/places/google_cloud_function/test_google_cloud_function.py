"""The example of Google Cloud Functions in its own runtime: functions-framework as a process, on real sockets.

Each host answers at an address of its own; what it stores is looked at in an emulator, on a socket too.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import httpx
import pytest
from hosts import Host, connections_to, environ_of, group_exists, running

from clarifai_http_annotations.testing import Emulator, Faults, Server, serve

if importlib.util.find_spec("functions_framework") is None:  # not imported: it would set up logging in this process
    pytest.skip("functions-framework is not installed; .ci/run has it in an environment", allow_module_level=True)

EXAMPLE = Path(__file__).parents[3] / "examples" / "google_cloud_function"
SECONDS = 3
"""How long an upload may take here; only what fails until then takes as long."""

FRAMEWORK = [sys.executable, "-m", "functions_framework", "--host", "127.0.0.1", "--port", "{port}"]
HOSTS = {
    "wsgi": [*FRAMEWORK, "--source", "main.py", "--target", "post_annotations"],
    "asgi": [*FRAMEWORK, "--source", "asgi.py", "--target", "post_annotations", "--asgi"],
    "uvicorn": [sys.executable, "-m", "uvicorn", "asgi:app", "--host", "127.0.0.1", "--port", "{port}"],
    "cloudevent": [*FRAMEWORK, "--source", "main.py", "--target", "on_message"],
}

TREE = {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]}}
BOAT = {"input_id": "in-2", "data": {"concepts": [{"id": "boat", "value": 0}]}}
UNSAID = {"input_id": "in-3", "data": {"concepts": [{"id": "water"}]}}
UNSURE = {"input_id": "in-4", "data": {"concepts": [{"id": "water", "value": 0.5}]}}


def start(kind: str, server: Server, folder: Path, **settings: str) -> AbstractContextManager[Host]:
    """Start a host that stores in an emulator."""
    environ = environ_of(server, UPLOAD_SECONDS=str(SECONDS), **settings)
    return running(HOSTS[kind], cwd=EXAMPLE, environ=environ, log=folder / "log")


def post(host: Host, what: Any) -> httpx.Response:
    """Post JSON, or bytes that may be none."""
    content = what if isinstance(what, bytes) else json.dumps(what).encode()
    return httpx.post(host.url, content=content, timeout=30, trust_env=False)


def push(host: Host, what: Any) -> int:
    """Deliver a message as Pub/Sub does by way of Eventarc; return what it is answered with."""
    content = what if isinstance(what, bytes) else json.dumps(what).encode()
    data = {"data": base64.b64encode(content).decode()} if content else {}
    message = {**data, "messageId": "message-1", "publishTime": "2026-01-01T00:00:00Z"}
    return deliver(host, {"message": message, "subscription": "projects/p/subscriptions/s"})


def deliver(host: Host, event: object) -> int:
    """Deliver an event; return what it is answered with."""
    headers = {
        "ce-id": "message-1",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/labels",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    }
    return httpx.post(host.url, json=event, headers=headers, timeout=30, trust_env=False).status_code


@pytest.fixture(scope="module")
def clarifai() -> Iterator[Server]:
    with serve(Emulator()) as server:
        yield server


@pytest.fixture
def emulator(clarifai: Server) -> Iterator[Emulator]:
    """What the hosts talk to, with nothing in it. Whatever a test does, no concept comes without value."""
    clarifai.emulator.reset()
    yield clarifai.emulator
    assert clarifai.emulator.missing_values == []


@pytest.fixture(scope="module", params=["wsgi", "asgi", "uvicorn"])
def host(request: pytest.FixtureRequest, clarifai: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with start(request.param, clarifai, tmp_path_factory.mktemp("host")) as found:
        yield found


@pytest.fixture(scope="module")
def pubsub(clarifai: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with start("cloudevent", clarifai, tmp_path_factory.mktemp("host")) as found:
        yield found


def labels(emulator: Emulator) -> set[tuple[str, str, float]]:
    """Return what is stored: input, concept, value."""
    return {
        (tree["input_id"], concept["id"], concept["value"])
        for tree in emulator.annotations
        for concept in tree["data"]["concepts"]
    }


def rows(count: int) -> list[dict[str, Any]]:
    """Return annotations of so many inputs, present and absent in turn."""
    return [{"input_id": f"in-{n}", "data": {"concepts": [{"id": "tree", "value": n % 2}]}} for n in range(count)]


ALL = {("in-1", "tree", 1.0), ("in-1", "water", 0.0), ("in-2", "boat", 0.0)}


@pytest.mark.parametrize("posted", [[TREE, BOAT], {"annotations": [TREE, BOAT]}], ids=["list", "annotations"])
def test_both_polarities_are_stored_as_they_were_posted(host: Host, emulator: Emulator, posted: Any) -> None:
    answer = post(host, posted)
    assert answer.status_code == 200
    assert answer.json() == {"stored": 2, "already_there": 0, "repeated": 0, "positives": 1, "negatives": 2}
    assert labels(emulator) == ALL


def test_one_annotation_may_be_posted(host: Host, emulator: Emulator) -> None:
    assert post(host, BOAT).json()["stored"] == 1
    assert labels(emulator) == {("in-2", "boat", 0.0)}


def test_what_is_posted_again_is_found_there(host: Host, emulator: Emulator) -> None:
    assert post(host, [TREE, BOAT]).json()["stored"] == 2
    assert post(host, [BOAT, TREE]).json()["already_there"] == 2
    assert list(emulator.stored_times.values()) == [1, 1]


def test_a_concept_without_value_is_refused_and_nothing_is_sent(host: Host, emulator: Emulator) -> None:
    answer = post(host, [TREE, UNSAID])
    assert answer.status_code == 400
    assert "concept 'water' has no value" in answer.text
    assert emulator.requests == []


@pytest.mark.parametrize(
    "posted", [b"", b"{", b"\xff", b"7", b'{"tree": 1}'], ids=["nothing", "half", "?", "7", "other"]
)
def test_what_is_no_annotation_is_refused_and_nothing_is_sent(host: Host, emulator: Emulator, posted: bytes) -> None:
    answer = post(host, posted)
    assert answer.status_code == 400
    assert "This is not JSON" in answer.text or "no annotation" in answer.text
    assert emulator.requests == []


def test_what_cannot_be_sent_is_named_and_the_rest_is_stored(host: Host, emulator: Emulator) -> None:
    answer = post(host, [TREE, UNSURE, BOAT])
    assert answer.status_code == 400
    assert "of 3 annotations 1 failed" in answer.text
    assert "annotations[1].data.concepts[0] (input 'in-4'): concept 'water'" in answer.text
    assert labels(emulator) == ALL


def test_what_the_api_refuses_is_refused_with_its_words(host: Host, emulator: Emulator) -> None:
    emulator.faults = Faults(["batch_invalid_items"])
    answer = post(host, TREE)
    assert answer.status_code == 400
    assert "Clarifai" in answer.text
    assert emulator.annotations == []


def test_a_key_that_is_refused_is_no_fault_of_what_was_posted(host: Host, emulator: Emulator) -> None:
    emulator.faults = Faults(["key_unknown"])
    answer = post(host, [TREE, BOAT])
    assert answer.status_code == 503
    assert "Check CLARIFAI_PAT" in answer.text
    assert post(host, [TREE, BOAT]).status_code == 200
    assert labels(emulator) == ALL


def test_what_nobody_knows_may_be_posted_again_and_is_stored_once(host: Host, emulator: Emulator) -> None:
    emulator.faults = Faults(repeat("reset_after"))  # stored, and no answer comes back
    answer = post(host, [TREE, UNSURE])  # of which one can never be sent
    assert answer.status_code == 503
    assert "1 failed, 1 unknown" in answer.text
    emulator.faults = Faults()
    assert post(host, TREE).json()["already_there"] == 1
    assert list(emulator.stored_times.values()) == [1]


def test_what_is_posted_at_the_same_time_is_stored_once_each(host: Host, emulator: Emulator) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(partial(post, host), rows(20)))
    assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert labels(emulator) == {(f"in-{n}", "tree", n % 2) for n in range(20)}
    assert list(emulator.stored_times.values()) == [1] * 20


# --- Pub/Sub -------------------------------------------------------------------------------------


def test_a_message_stores_both_polarities_and_is_acknowledged(pubsub: Host, emulator: Emulator) -> None:
    assert push(pubsub, [TREE, BOAT]) == 200
    assert labels(emulator) == ALL


def test_a_message_that_comes_again_stores_nothing_twice(pubsub: Host, emulator: Emulator) -> None:
    assert [push(pubsub, [TREE, BOAT]) for _ in range(3)] == [200] * 3
    assert list(emulator.stored_times.values()) == [1, 1]


def test_a_message_that_fails_comes_again_until_it_is_stored(pubsub: Host, emulator: Emulator) -> None:
    emulator.faults = Faults(["key_unknown", "limits_exceeded"])  # until somebody mends the account
    assert [push(pubsub, [TREE, BOAT]) for _ in range(3)] == [500, 500, 200]
    assert labels(emulator) == ALL
    assert list(emulator.stored_times.values()) == [1, 1]


def test_a_message_whose_fate_nobody_knows_comes_again_and_is_stored_once(pubsub: Host, emulator: Emulator) -> None:
    emulator.faults = Faults(repeat("http_503_after"))
    assert push(pubsub, [TREE, BOAT]) == 500
    assert labels(emulator) == ALL  # though nobody was told
    emulator.faults = Faults()
    assert push(pubsub, [TREE, BOAT]) == 200
    assert list(emulator.stored_times.values()) == [1, 1]


@pytest.mark.parametrize(
    ("poison", "said"),
    [
        ([TREE, UNSAID], "concept 'water' has no value"),
        (UNSURE, "0.5"),
        (b"no JSON", "This is not JSON"),
        (b"", "This is not JSON"),
    ],
    ids=["no value", "fraction", "no JSON", "no data"],
)
def test_a_message_that_can_never_be_stored_is_acknowledged_and_kept_in_the_log(
    pubsub: Host, emulator: Emulator, poison: Any, said: str
) -> None:
    before = len(pubsub.log.read_bytes())
    assert push(pubsub, poison) == 200
    assert emulator.requests == []
    [line] = pubsub.log.read_bytes()[before:].decode().splitlines()
    entry = json.loads(line)
    assert entry["severity"] == "ERROR"
    assert said in entry["message"]
    assert "'messageId': 'message-1'" in entry["message"]


@pytest.mark.parametrize(
    "event",
    [
        {"bucket": "images"},
        {"message": None},
        {"message": {"data": None}},
        {"message": {"data": 7}},
        {"message": {"data": "abcde"}},
        {"message": {"data": "%%%"}},
        {"message": {"data": "\u00e9"}},
        [1],
        "text",
    ],
    ids=["other", "null", "data null", "number", "no base64", "signs", "no ASCII", "list", "text"],
)
def test_an_event_that_holds_no_message_is_acknowledged_and_kept_in_the_log_too(
    pubsub: Host, emulator: Emulator, event: object
) -> None:
    """Brought again, it would hold none either."""
    before = len(pubsub.log.read_bytes())
    assert deliver(pubsub, event) == 200
    assert emulator.requests == []
    [line] = pubsub.log.read_bytes()[before:].decode().splitlines()
    assert json.loads(line)["severity"] == "ERROR"
    assert "This event holds no message of Pub/Sub." in json.loads(line)["message"]


def test_messages_at_the_same_time_are_stored_once(pubsub: Host, emulator: Emulator) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert list(pool.map(partial(push, pubsub), [*rows(10), *rows(10)])) == [200] * 20
    assert list(emulator.stored_times.values()) == [1] * 10


# --- any of them ---------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells its connections in a file")
@pytest.mark.parametrize("kind", HOSTS)
def test_one_client_and_its_connection_serve_call_after_call(kind: str, tmp_path: Path) -> None:
    with serve(Emulator()) as server, start(kind, server, tmp_path) as host:
        open_after = []
        for row in rows(4):
            assert (push(host, row) if kind == "cloudevent" else post(host, row).status_code) == 200
            open_after.append(connections_to(server))
    assert len(open_after[0]) == 1
    assert open_after == [open_after[0]] * 4


@pytest.mark.parametrize("kind", HOSTS)
def test_sigterm_ends_a_host_and_leaves_nothing_running(
    kind: str, clarifai: Server, emulator: Emulator, tmp_path: Path
) -> None:
    with start(kind, clarifai, tmp_path) as host:
        group = host.process.pid
        assert group_exists(group)
    assert host.process.returncode in (0, -signal.SIGTERM)
    assert not group_exists(group)


@pytest.mark.parametrize("kind", HOSTS)
def test_without_a_key_a_host_does_not_start(kind: str, clarifai: Server, tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="There is no key: give pat= or set CLARIFAI_PAT"),
        start(kind, clarifai, tmp_path, CLARIFAI_PAT=""),
    ):
        pass
