"""The emulator's own routes: faults that are set and labels that are seen, without a key and beside the API's."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, AnnotationTrack, RequestTooLargeError, negative, positive
from clarifai_http_annotations.testing import Emulator, Fault, Faults

LIST = "/v2/users/me/apps/emulator-app/annotations"


def send(emulator: Emulator, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Return the status and the JSON that an answer has; no key is sent."""
    content = b"" if body is None else json.dumps(body).encode()
    response = emulator(httpx.Request(method, f"http://localhost{path}", content=content))
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()


def listed(emulator: Emulator, count: int) -> list[int]:
    """Return the statuses that so many lists are answered with."""
    request = httpx.Request("GET", f"http://localhost{LIST}", headers={"authorization": "Key any"})
    return [emulator(request).status_code for _ in range(count)]


def test_faults_are_set_by_a_script_and_what_is_pending_is_shown(emulator: Emulator) -> None:
    script = ["http_503_before", None, "http_502_after"]
    assert send(emulator, "POST", "/emulator/faults", {"script": script}) == (200, {"pending": script})
    assert listed(emulator, 2) == [503, 200]
    _, shown = send(emulator, "GET", "/emulator/faults")
    assert (shown["met"], shown["pending"]) == (["http_503_before", None], ["http_502_after"])
    assert send(emulator, "DELETE", "/emulator/faults") == (200, {"pending": []})
    assert listed(emulator, 1) == [200]


def test_faults_by_chance_are_those_of_the_library(emulator: Emulator) -> None:
    asked = {"seed": 7, "share": 0.5, "kinds": ["http_503_before"]}
    assert send(emulator, "POST", "/emulator/faults", asked) == (200, {"pending": None})
    expected = Emulator(faults=Faults.seeded(7, share=0.5, kinds=["http_503_before"]))
    assert listed(emulator, 20) == listed(expected, 20)
    assert set(listed(emulator, 20)) == {200, 503}
    send(emulator, "POST", "/emulator/faults", {"seed": 7})
    ours, theirs = emulator.faults, Faults.seeded(7)
    assert [ours.next("GET") for _ in range(50)] == [theirs.next("GET") for _ in range(50)]


def test_only_some_methods_meet_faults(emulator: Emulator) -> None:
    send(emulator, "POST", "/emulator/faults", {"script": ["http_503_before"], "methods": ["POST"]})
    assert listed(emulator, 2) == [200, 200]
    assert send(emulator, "GET", "/emulator/faults")[1]["pending"] == ["http_503_before"]


def test_the_catalogue_is_listed(emulator: Emulator) -> None:
    _, shown = send(emulator, "GET", "/emulator/faults")
    assert [fault["name"] for fault in shown["catalogue"]] == [fault.name for fault in Fault.catalogue()]
    assert {"name": "reset_after", "executed": True, "connection": "reset"} in shown["catalogue"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"script": ["no_such"]}, "there is no fault 'no_such', but never_sent, reset_after,"),
        ({"seed": 1, "kinds": ["no_such"]}, "there is no fault 'no_such', but never_sent, reset_after,"),
        ({"script": [1]}, "script[0]: "),
        ({"script": [], "methods": ["post"]}, "'GET', 'POST', 'PATCH' or 'DELETE'"),
        ({"seed": 1, "share": 1.5}, "share: "),
        ({"seed": True}, "seed: "),
        ({"seed": 1, "kinds": []}, "kinds: "),
        ({"seed": 1, "script": []}, "script: "),
        ({}, 'Say {"script": [names'),
        ([], "the body is no JSON object"),
        (None, "the body is no JSON object"),
    ],
    ids=str,
)
def test_what_is_no_fault_is_refused_and_changes_nothing(emulator: Emulator, body: Any, said: str) -> None:
    emulator.faults = Faults(["http_503_before"])
    status, answer = send(emulator, "POST", "/emulator/faults", body)
    assert status == 400
    assert said in answer["error"]
    assert "\n" not in answer["error"]
    assert listed(emulator, 1) == [503]


def test_labels_show_what_a_model_would_be_trained_on(emulator: Emulator) -> None:
    client = emulator.client()
    client.create(Annotation.of("in-1", positive("tree"), negative("water"), id="a"))
    headers = {"authorization": "Key any"}
    body = {"annotations": [{"id": "b", "input_id": "in-2", "data": {"concepts": [{"name": "boat"}]}}]}
    emulator(httpx.Request("POST", f"http://localhost{LIST}", json=body, headers=headers))
    emulator.client(app_id="other").create_tracks("in-3", AnnotationTrack(id="t", concept=negative("boat")))
    _, shown = send(emulator, "GET", "/emulator/labels")
    app = ("emulator-user", "emulator-app")
    assert [tuple(label.values()) for label in shown["labels"]] == [
        (*app, "in-1", "a", "tree", 1.0),
        (*app, "in-1", "a", "water", 0.0),
        (*app, "in-2", "b", None, 1.0),
        ("emulator-user", "other", "in-3", "t", "boat", 0.0),
    ]
    assert [key for key in shown["labels"][-1] if key.endswith("_id")] == [
        "user_id",
        "app_id",
        "input_id",
        "track_id",
        "concept_id",
    ]
    assert shown["missing_values"] == emulator.missing_values != []


@pytest.mark.parametrize("rate", [None, 1])
def test_a_reset_leaves_nothing(rate: int | None, clock: Any) -> None:
    emulator = Emulator(faults=["http_503_before"] * 5, rate=rate, clock=clock)
    assert listed(emulator, 1) == [503]
    assert send(emulator, "POST", "/emulator/reset") == (200, {})
    emulator.client(max_retries=0).create(Annotation.of("in-1", positive("tree"), id="a"))
    assert emulator.stored_times == {("in-1", "a"): 1}
    send(emulator, "POST", "/emulator/reset")
    assert (emulator.annotations, emulator.requests, emulator.missing_values) == ([], [], [])
    assert emulator.stored_times == {}


def test_nothing_that_befalls_a_request_befalls_these(clock: Any) -> None:
    emulator = Emulator(pat="mine", apps=[], rate=1, clock=clock, faults=["key_unknown"])
    assert [send(emulator, "GET", "/emulator/labels")[0] for _ in range(3)] == [200] * 3
    assert emulator.requests == []
    assert emulator.faults.pending == [Fault.named("key_unknown")]


def test_what_is_none_of_these_is_told_what_there_is(emulator: Emulator) -> None:
    status, answer = send(emulator, "GET", "/emulator/fault")
    assert (status, answer["error"]) == (
        404,
        "there is no /emulator/fault, but /emulator/faults, /emulator/labels, /emulator/reset",
    )
    status, answer = send(emulator, "GET", "/emulator/reset")
    assert (status, answer["error"]) == (405, "/emulator/reset takes POST, not GET")


def test_a_gateway_of_the_same_name_is_none_of_these(emulator: Emulator) -> None:
    assert list(emulator.client(base_url="http://localhost/emulator").list()) == []


def test_what_is_pending_of_an_endless_script_nobody_knows() -> None:
    assert Faults(itertools.repeat("key_unknown")).pending is None
    assert Faults().pending == []


def test_a_body_over_the_limit_is_refused_before_anything_else() -> None:
    emulator = Emulator(body_limit=300, faults=[None, "http_503_before"])
    client = emulator.client(max_retries=0)
    client.create(Annotation.of("in-1", positive("tree")))
    with pytest.raises(RequestTooLargeError, match="more than 300 bytes"):
        client.create(Annotation.of("in-1", *(positive(f"tree-{n}") for n in range(30))))
    assert len(emulator.requests) == 1
    assert emulator.faults.pending == [Fault.named("http_503_before")]
