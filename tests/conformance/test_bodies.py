"""What leaves this library, and what the emulator answers, are Clarifai's messages, field for field.

``json_format`` refuses a field that a message does not have; what it makes of a body is what Clarifai's
server would have parsed, except for the rule that this library never leaves to it: a missing ``value``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st
from kinds import sendable
from official import json_format, resources_pb2, routes, service_pb2

from clarifai_http_annotations import read_annotations
from clarifai_http_annotations.testing import Emulator


class Watching:
    """An emulator that parses every request and answer into the official messages on the way."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        self.sent: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.partition("/apps/")[2].partition("/")[2]
        places = path.split("/")
        [rpc] = [rpc for (method, known), rpc in routes().items() if method == request.method and fits(known, places)]
        if content := request.read():
            self.sent.append(json_format.Parse(content, rpc.request()))
        response = self.emulator(request)
        message = json_format.Parse(response.content, rpc.answer())
        assert message.status.code
        return response


def fits(known: str, places: list[str]) -> bool:
    """Tell whether a path is that of a route."""
    segments = known.split("/")
    return len(segments) == len(places) and all(a in ("{}", b) for a, b in zip(segments, places, strict=True))


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
        for key in ("regions", "frames", "time_segments")
        for part in tree.get(key, ())
        for pair in polarities(part["data"])
    ]


@given(tree=sendable)
def test_every_request_and_answer_parses_into_the_official_messages_with_its_polarity(tree: Any) -> None:
    watching = Watching()
    with watching.emulator.client(transport=httpx.MockTransport(watching)) as client:
        [stored] = client.create(tree)
        client.patch([{"id": "a", "input_id": "in", "data": tree["data"]}], action="merge")
        assert client.get("a", input_id="in").id == "a"
        assert [annotation.id for annotation in client.list(input_ids=["in"])] == ["a"]
        client.delete_many([stored])
    created, patched, deleted = watching.sent
    for message in (created, patched):
        assert sorted(said_in(message.annotations[0].data)) == sorted(polarities(tree["data"]))
    assert (deleted.input_ids, deleted.ids) == (["in"], ["a"])


@given(tree=sendable)
def test_a_message_printed_by_protobuf_becomes_ours_and_the_same_message_again(tree: Any) -> None:
    """The recipe of the README for those who come from gRPC."""
    message = json_format.ParseDict(tree, resources_pb2.Annotation())
    printed = json_format.MessageToDict(message, preserving_proto_field_name=True)
    [ours] = read_annotations(printed, missing_value="negative")
    watching = Watching()
    with watching.emulator.client(transport=httpx.MockTransport(watching)) as client:
        client.create(ours)
    assert watching.sent[0].annotations[0] == message


@given(body=st.sampled_from([{}, {"annotations": []}, {"annotations": [{"id": "a"}]}, {"annotations": 1}, []]))
def test_refusals_are_official_messages_too(body: Any) -> None:
    watching = Emulator()
    url = "http://localhost/v2/users/me/apps/app/annotations"
    response = watching(httpx.Request("POST", url, content=json.dumps(body), headers={"authorization": "Key k"}))
    message = json_format.Parse(response.content, service_pb2.MultiAnnotationResponse())
    assert message.status.code not in (0, 10000)
