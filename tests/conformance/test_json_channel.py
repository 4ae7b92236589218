"""Clarifai's own JSON channel, which speaks HTTP, against the emulator on a socket.

It stands for Clarifai's idea of the wire: what it writes our client has to read, and the reverse. With
protobuf 6 and later it crashes on every request that holds a concept; a test says when that is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from official import ClarifaiChannel, resources_pb2, service_pb2, service_pb2_grpc

from clarifai_http_annotations import Annotation, BoundingBox, NotFoundError, negative, positive
from clarifai_http_annotations.testing import Emulator, Server, serve

WHOSE = resources_pb2.UserAppIDSet(user_id="emulator-user", app_id="emulator-app")
KEY = (("authorization", "Key some-key"),)
WORKS = int(version("protobuf").partition(".")[0]) < 6

pytest.importorskip("requests", reason="the JSON channel needs requests")
with_old_protobuf = pytest.mark.skipif(not WORKS, reason="the JSON channel works with protobuf 5")


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    with serve(emulator) as server:
        yield server


@pytest.fixture
def stub(server: Server) -> Any:
    """Clarifai's stub over its JSON channel."""
    return service_pb2_grpc.V2Stub(ClarifaiChannel.get_json_channel(base_url=server.url))


def said(annotation_id: str, **concept: Any) -> Any:
    return resources_pb2.Annotation(
        id=annotation_id,
        input_id="in-1",
        data=resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", **concept)]),
    )


def post(stub: Any, *annotations: Any) -> Any:
    request = service_pb2.PostAnnotationsRequest(user_app_id=WHOSE, annotations=annotations)
    return stub.PostAnnotations(request, metadata=KEY)


def listed(stub: Any) -> dict[str, float]:
    request = service_pb2.ListAnnotationsRequest(user_app_id=WHOSE, per_page=10, list_all_annotations=True)
    answer = stub.ListAnnotations(request, metadata=KEY)
    return {annotation.id: annotation.data.concepts[0].value for annotation in answer.annotations}


@with_old_protobuf
def test_what_it_writes_our_client_reads_with_its_polarity(stub: Any, server: Server) -> None:
    posted = post(stub, said("present", value=1.0), said("absent", value=0.0), said("unset"))
    assert posted.status.code == 10000
    assert [annotation.status.code for annotation in posted.annotations] == [24150] * 3
    with server.client() as client:
        read = {annotation.id: concept for annotation in client.list() for _, concept in annotation.each_concept()}
    assert {name: concept.value for name, concept in read.items()} == {"present": 1.0, "absent": 0.0, "unset": 0.0}
    assert not any(concept.value_was_missing for concept in read.values())
    assert server.emulator.missing_values == []  # it writes 0 for what is not set


@with_old_protobuf
def test_what_our_client_writes_it_reads_with_its_polarity(stub: Any, server: Server) -> None:
    with server.client() as client:
        client.create(
            [Annotation.of("in-1", positive("tree"), id="a"), Annotation.of("in-1", negative("tree"), id="b")]
        )
    assert listed(stub) == {"a": 1.0, "b": 0.0}
    request = service_pb2.GetAnnotationRequest(user_app_id=WHOSE, input_id="in-1", annotation_id="b")
    got = stub.GetAnnotation(request, metadata=KEY)
    assert (got.status.code, got.annotation.data.concepts[0].value) == (10000, 0.0)


@with_old_protobuf
def test_a_box_of_ours_is_read_number_for_number(stub: Any, server: Server) -> None:
    box = BoundingBox(top_row=0.0, left_col=0.25, bottom_row=0.5, right_col=1.0)
    with server.client() as client:
        client.create(Annotation.of("in-1", negative("tree"), region=box, id="a"))
    request = service_pb2.GetAnnotationRequest(user_app_id=WHOSE, input_id="in-1", annotation_id="a")
    [region] = stub.GetAnnotation(request, metadata=KEY).annotation.data.regions
    read = region.region_info.bounding_box
    assert (read.top_row, read.left_col, read.bottom_row, read.right_col) == (0.0, 0.25, 0.5, 1.0)
    assert region.data.concepts[0].value == 0.0


@with_old_protobuf
def test_it_turns_a_label_by_a_patch(stub: Any, server: Server) -> None:
    post(stub, said("a", value=1.0))
    request = service_pb2.PatchAnnotationsRequest(user_app_id=WHOSE, action="merge", annotations=[said("a", value=0.0)])
    assert stub.PatchAnnotations(request, metadata=KEY).status.code == 10000
    with server.client() as client:
        [(_, concept)] = client.get("a", input_id="in-1").each_concept()
    assert concept.is_negative


@with_old_protobuf
def test_it_searches_what_our_client_wrote_by_polarity(stub: Any, server: Server) -> None:
    with server.client() as client:
        client.create(
            [Annotation.of("in-1", positive("tree"), id="a"), Annotation.of("in-2", negative("tree"), id="b")]
        )
    for value, expected in ((1.0, ["a"]), (0.0, ["b"])):
        wanted = resources_pb2.Annotation(
            data=resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", value=value)])
        )
        query = resources_pb2.Query(filters=[resources_pb2.Filter(annotation=wanted)])
        request = service_pb2.PostAnnotationsSearchesRequest(
            user_app_id=WHOSE, searches=[resources_pb2.Search(query=query)]
        )
        answer = stub.PostAnnotationsSearches(request, metadata=KEY)
        assert [hit.annotation.id for hit in answer.hits] == expected


@with_old_protobuf
def test_it_deletes_one_and_several(stub: Any, server: Server) -> None:
    post(stub, said("a", value=1.0), said("b", value=0.0), said("c", value=1.0))
    one = service_pb2.DeleteAnnotationRequest(user_app_id=WHOSE, input_id="in-1", annotation_id="a")
    assert stub.DeleteAnnotation(one, metadata=KEY).status.code == 10000
    several = service_pb2.DeleteAnnotationsRequest(user_app_id=WHOSE, input_ids=["in-1", "in-1"], ids=["b", "c"])
    assert stub.DeleteAnnotations(several, metadata=KEY).status.code == 10000
    assert server.emulator.annotations == []
    with server.client() as client, pytest.raises(NotFoundError):
        client.get("a", input_id="in-1")


@pytest.mark.skipif(WORKS, reason="the JSON channel crashes with protobuf 6 and later")
def test_it_still_crashes_with_a_current_protobuf(stub: Any) -> None:
    try:
        post(stub, said("a", value=0.0))
    except AttributeError as error:
        crash = error
    else:
        pytest.fail(
            "Good news: the JSON channel of clarifai-grpc works with this protobuf. Run the tests above with it "
            "(WORKS), and say so in the README where it says that the channel needs protobuf 5."
        )
    assert "label" in str(crash)
