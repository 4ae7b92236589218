"""Why this library exists, in executable form: one missing key, two protocols, two polarities.

The same annotation is said over both: with Clarifai's own gRPC stub, and as a body of JSON. With ``value``
written both store the same. Without it gRPC stores 0.0, the concept is absent; HTTP stores 1.0, it is present.

The HTTP side is the emulator. That it does what Clarifai's server does is Clarifai's own word: the first test
reads it from the descriptors, the option is described as what "the server uses when parsing a JSON request if
the field is not present" (``utils/extensions.proto``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from official import ClarifaiChannel, extensions_pb2, resources_pb2, service_pb2, service_pb2_grpc
from servicer import serve_grpc

from clarifai_http_annotations import Annotation, MissingValueError, negative, positive
from clarifai_http_annotations.testing import Emulator

USER, APP, INPUT = "emulator-user", "emulator-app", "in-1"
KEY = "Key some-key"


def test_clarifai_says_that_a_concept_without_value_is_1_in_json_and_shows_a_value_of_0() -> None:
    options = resources_pb2.Concept.DESCRIPTOR.fields_by_name["value"].GetOptions()
    assert options.Extensions[extensions_pb2.cl_default_float] == 1.0
    assert options.Extensions[extensions_pb2.cl_show_if_empty]


@pytest.fixture
def stub(emulator: Emulator) -> Iterator[Any]:
    """Clarifai's own gRPC stub, in front of the same state as the emulator's HTTP."""
    with (
        serve_grpc(emulator) as port,
        ClarifaiChannel.get_insecure_grpc_channel(base="127.0.0.1", port=port) as channel,
    ):
        yield service_pb2_grpc.V2Stub(channel)


def say_over_grpc(stub: Any, annotation_id: str, **concept: Any) -> None:
    said = resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", **concept)])
    request = service_pb2.PostAnnotationsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id=USER, app_id=APP),
        annotations=[resources_pb2.Annotation(id=annotation_id, input_id=INPUT, data=said)],
    )
    assert stub.PostAnnotations(request, metadata=(("authorization", KEY),)).status.code == 10000


def say_over_http(emulator: Emulator, annotation_id: str, **concept: Any) -> None:
    url = f"http://localhost/v2/users/{USER}/apps/{APP}/annotations"
    said = {"id": annotation_id, "input_id": INPUT, "data": {"concepts": [{"id": "tree", **concept}]}}
    request = httpx.Request("POST", url, json={"annotations": [said]}, headers={"authorization": KEY})
    assert emulator(request).json()["status"]["code"] == 10000


def stored(emulator: Emulator) -> dict[str, float]:
    return {tree["id"]: tree["data"]["concepts"][0]["value"] for tree in emulator.annotations}


@pytest.mark.parametrize("value", [0.0, 1.0], ids=["negative", "positive"])
def test_with_a_value_both_protocols_store_the_same(stub: Any, emulator: Emulator, value: float) -> None:
    say_over_grpc(stub, "grpc", value=value)
    say_over_http(emulator, "http", value=value)
    assert stored(emulator) == {"grpc": value, "http": value}


def test_without_a_value_grpc_stores_a_negative_and_http_a_positive(stub: Any, emulator: Emulator) -> None:
    say_over_grpc(stub, "grpc")
    say_over_http(emulator, "http")
    assert stored(emulator) == {"grpc": 0.0, "http": 1.0}


def test_the_same_is_so_of_the_concept_of_a_track(stub: Any, emulator: Emulator) -> None:
    whose = resources_pb2.UserAppIDSet(user_id=USER, app_id=APP)
    track = resources_pb2.AnnotationTrack(id="grpc", concept=resources_pb2.Concept(id="tree"))
    said = service_pb2.PostAnnotationTracksRequest(user_app_id=whose, input_id=INPUT, annotation_tracks=[track])
    assert stub.PostAnnotationTracks(said, metadata=(("authorization", KEY),)).status.code == 10000
    url = f"http://localhost/v2/users/{USER}/apps/{APP}/inputs/{INPUT}/annotation_tracks"
    body = {"annotation_tracks": [{"id": "http", "concept": {"id": "tree"}}]}
    assert emulator(httpx.Request("POST", url, json=body, headers={"authorization": KEY})).status_code == 200
    assert {tree["id"]: tree["concept"]["value"] for tree in emulator.tracks} == {"grpc": 0.0, "http": 1.0}


def test_this_library_says_both_polarities_and_refuses_to_say_none(stub: Any, emulator: Emulator) -> None:
    with emulator.client(app_id=APP) as client:
        client.create(Annotation.of(INPUT, positive("tree"), id="present"))
        client.create(Annotation.of(INPUT, negative("tree"), id="absent"))
        with pytest.raises(MissingValueError, match="HTTP would store it as positive"):
            client.create({"id": "unsaid", "input_id": INPUT, "data": {"concepts": [{"id": "tree"}]}})
    request = service_pb2.ListAnnotationsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id=USER, app_id=APP), per_page=10
    )
    listed = stub.ListAnnotations(request, metadata=(("authorization", KEY),)).annotations
    assert {said.id: said.data.concepts[0].value for said in listed} == {"present": 1.0, "absent": 0.0}
