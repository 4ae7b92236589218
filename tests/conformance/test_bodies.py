"""What leaves this library, and what the emulator answers, are Clarifai's messages, field for field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from detours import batches, made
from generated import any_annotation, requests_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kinds import sendable
from left_out import NOT_HERE
from official import json_format, post_inputs, resources_pb2, rpcs
from watching import Watching, misprinted

from clarifai_http_annotations import InvalidRequestError, read_annotations
from clarifai_http_annotations.testing import Emulator, Fault

APP = "http://localhost/v2/users/me/apps/app/"
KEY = {"authorization": "Key k"}


def said_in(message: Any) -> Iterator[tuple[str, float]]:
    """Yield the concepts of an annotation and of all its parts, with their values."""
    yield from ((concept.id, concept.value) for concept in message.concepts)
    for part in (*message.regions, *message.frames, *message.time_segments, *message.tracks):
        yield from said_in(part.data)


def polarities(tree: Any) -> list[tuple[str, float]]:
    """Return the same of JSON."""
    if isinstance(tree, list):
        return [pair for item in tree for pair in polarities(item)]
    said = [(concept["id"], concept["value"]) for concept in tree.get("concepts", ())]
    return said + [
        pair
        for key in ("regions", "frames", "time_segments", "tracks")
        for part in tree.get(key, ())
        for pair in polarities(part["data"])
    ]


# --- what leaves -----------------------------------------------------------------------------------


@given(tree=sendable)
def test_every_request_and_answer_parses_into_the_official_messages_with_its_polarity(tree: Any) -> None:
    watching = Watching()
    with watching.client() as client:
        [stored] = client.create(tree)
        client.patch([{"id": "a", "input_id": "in", "data": tree["data"]}], action="merge")
        assert client.get("a", input_id="in").id == "a"
        assert [annotation.id for annotation in client.list(input_ids=["in"])] == ["a"]
        client.delete_many([stored])
    [created], [patched], [deleted] = map(
        watching.messages, ("PostAnnotations", "PatchAnnotations", "DeleteAnnotations")
    )
    for message in (created, patched):
        assert sorted(said_in(message.annotations[0].data)) == sorted(polarities(tree["data"]))
    assert (deleted.input_ids, deleted.ids) == (["in"], ["a"])


@settings(max_examples=300)
@given(batch=batches)
def test_whatever_the_guard_lets_out_is_an_official_message_with_the_polarity_that_was_asked_for(batch: Any) -> None:
    """The ways around the types that ``tests/test_guard.py`` takes."""
    asked_for, asked = made(batch)
    watching = Watching()
    with watching.client() as client:
        if None in asked.values():
            with pytest.raises(InvalidRequestError):
                client.create(asked_for)
            return
        client.create(asked_for)
    [message] = watching.messages("PostAnnotations")
    assert dict(pair for annotation in message.annotations for pair in said_in(annotation.data)) == asked


@given(tree=sendable)
def test_a_message_printed_by_protobuf_becomes_ours_and_the_same_message_again(tree: Any) -> None:
    """The recipe of the README for those who come from gRPC."""
    message = json_format.ParseDict(tree, resources_pb2.Annotation())
    printed = json_format.MessageToDict(message, preserving_proto_field_name=True)
    [ours] = read_annotations(printed, missing_value="negative")
    watching = Watching()
    with watching.client() as client:
        client.create(ours)
    assert watching.messages("PostAnnotations")[0].annotations[0] == message


# --- what the emulator answers ---------------------------------------------------------------------


def ask(answer: Watching, verb: str, path: str, said: Any) -> httpx.Response:
    if verb == "GET":
        query = {key: str(value).lower() if isinstance(value, bool) else value for key, value in said.items()}
        return answer(httpx.Request(verb, f"{APP}{path}?{urlencode(query, doseq=True)}", headers=KEY))
    return answer(httpx.Request(verb, APP + path, content=json.dumps(said).encode(), headers=KEY))


OURS = [rpc for name, rpc in rpcs().items() if name not in NOT_HERE]


@pytest.mark.parametrize("rpc", OURS, ids=lambda rpc: rpc.name)
def test_whatever_the_api_can_be_asked_the_emulator_answers_with_its_message(rpc: Any) -> None:
    met = Counter[int]()

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(there=st.lists(any_annotation, max_size=2), asked=requests_of(rpc))
    def check(there: list[Any], asked: tuple[str, str, Any]) -> None:
        watching = Watching()
        ask(watching, "POST", "annotations", {"annotations": there})
        ask(watching, "POST", "inputs/in-1/annotation_tracks", {"annotation_tracks": [{"id": "t"}]})
        met[ask(watching, *asked).status_code] += 1

    check()
    assert met[200] > 3, f"nearly all are refused: {met}"


TAKE_ANNOTATIONS = ("PostAnnotations", "PatchAnnotations")
FAULTS = [fault for fault in Fault.catalogue() if fault.connection is None and fault.text is None]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("rpc", OURS, ids=lambda rpc: rpc.name)
def test_a_fault_is_answered_with_an_official_message(fault: Fault, rpc: Any) -> None:
    item = {"id": "a", "input_id": "in-1", "data": {"regions": [{"region_info": {"point": {"visibility": "VISIBLE"}}}]}}
    said = {"annotations": [item, {**item, "id": "b"}], "action": "merge"} if rpc.name in TAKE_ANNOTATIONS else {}
    [(verb, path), *_] = sorted(rpc.routes)
    watching = Watching(Emulator(faults=[fault]), checks_requests=False)
    ask(watching, verb, path.format(input_id="in-1", annotation_id="a", task_id="t"), {} if verb == "GET" else said)


@given(body=st.sampled_from([{}, {"annotations": []}, {"annotations": [{"id": "a"}]}, {"annotations": 1}, []]))
def test_refusals_are_official_messages_too(body: Any) -> None:
    for rpc in OURS:
        for verb, path in rpc.routes:
            where = path.format(input_id="in-1", annotation_id="a", task_id="t")
            watching = Watching(checks_requests=False)
            response = ask(watching, verb, where, {} if verb == "GET" else body)
            assert response.json()["status"]["req_id"]


def test_inputs_are_added_and_refused_with_official_messages() -> None:
    emulator, rpc = Emulator(), post_inputs()
    text = {"text": {"url": "https://samples.clarifai.com/a.txt"}, "concepts": [{"id": "tree", "value": 0}]}
    for inputs in ([{"id": "a"}, {"data": text}], [{"id": "a"}, {"id": "b"}], [{"id": "a"}], []):
        body = {"inputs": inputs}
        json_format.ParseDict(body, rpc.request())
        answer = emulator(httpx.Request("POST", f"{APP}inputs", json=body, headers=KEY)).json()
        assert json_format.ParseDict(answer, rpc.answer()).status.code
        assert list(misprinted(answer, rpc.answer.DESCRIPTOR)) == []


def test_what_is_printed_another_way_is_seen() -> None:
    shown = {"annotations": [{"status": {"code": "SUCCESS"}, "data": {"frames": [{"frame_info": {"time": 5}}]}}]}
    [rpc] = [rpc for rpc in OURS if rpc.name == "ListAnnotations"]
    assert list(misprinted(shown, rpc.answer.DESCRIPTOR)) == [
        "annotations.data.frames.frame_info.index is not shown",
        "annotations.data.frames.frame_info.time is 5 and not text, as 64 bits are",
        "annotations.data.frames.frame_info.number is not shown",
        "annotations.status.code is 'SUCCESS' and not a number",
    ]
    assert list(misprinted({}, rpc.answer.DESCRIPTOR)) == ["annotations is not shown"]
