"""The routes without user and app: Clarifai's JSON channel takes them where it is given none, and our client with it.

Of the RPCs that are here one has no such route; what the channel does then is shown, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from left_out import NOT_HERE
from official import ClarifaiChannel, resources_pb2, rpcs, service_pb2, service_pb2_grpc, short_routes, without_names

from clarifai_http_annotations.testing import Emulator, Server, serve
from clarifai_http_annotations.testing._routes import SHORT

OWN = "an-apps-own-key"
KEY = (("authorization", f"Key {OWN}"),)
WORKS = int(version("protobuf").partition(".")[0]) < 6
VIDEO = "in-1"

pytest.importorskip("requests", reason="the JSON channel needs requests")
with_old_protobuf = pytest.mark.skipif(not WORKS, reason="the JSON channel works with protobuf 5")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Emulator(app_keys={OWN: ("ada", "zoo")})) as server:
        yield server


def concept(value: float) -> Any:
    return resources_pb2.Concept(id="tree", value=value)


def annotation(name: str, value: float) -> Any:
    data = resources_pb2.Data(concepts=[concept(value)])
    return resources_pb2.Annotation(id=name, input_id=VIDEO, task_id="t", data=data)


def messages() -> dict[str, dict[str, Any]]:
    """Return the fields of a request of each RPC, in an order in which one finds what the others stored."""
    track = resources_pb2.AnnotationTrack(id="t", concept=concept(0.0))
    of_tree = resources_pb2.Filter(
        annotation=resources_pb2.Annotation(data=resources_pb2.Data(concepts=[concept(0.0)]))
    )
    search = resources_pb2.Search(query=resources_pb2.Query(filters=[of_tree]))
    return {
        "PostAnnotations": {"annotations": [annotation("a", 1.0), annotation("b", 0.0), annotation("c", 0.0)]},
        "PatchAnnotations": {"annotations": [annotation("a", 0.0)], "action": "merge"},
        "GetAnnotation": {"input_id": VIDEO, "annotation_id": "a"},
        "ListAnnotations": {"per_page": 10},
        "PostAnnotationsSearches": {"searches": [search]},
        "ListAnnotationWorkers": {"per_page": 10},
        "GetTaskAnnotationCount": {"task_id": "t"},
        "PostAnnotationTracks": {"input_id": VIDEO, "annotation_tracks": [track]},
        "ListAnnotationTracks": {"input_id": VIDEO, "per_page": 10},
        "PatchAnnotationTracks": {"input_id": VIDEO, "annotation_tracks": [track], "action": "overwrite"},
        "PostTrackAnnotationsSearches": {"input_id": VIDEO, "track_id": "t", "max_frames": 1},
        "DeleteAnnotationTracks": {"input_id": VIDEO, "ids": ["t"]},
        "DeleteAnnotation": {"input_id": VIDEO, "annotation_id": "a"},
        "DeleteAnnotations": {"input_ids": [VIDEO], "ids": ["b"]},
        "PatchAnnotationsStatus": {"task_id": "t", "action": "overwrite", "status_code": "ANNOTATION_PENDING"},
    }


WITHOUT = "PatchAnnotationsStatus"
"""The RPC that has no such route."""


def test_every_rpc_that_is_here_is_asked_below() -> None:
    assert messages().keys() == rpcs().keys() - NOT_HERE.keys()


def test_the_short_routes_of_the_emulator_are_those_of_the_api() -> None:
    ours = {(method, path) for path, handlers in SHORT.items() for method in handlers} - {("POST", "inputs")}
    theirs = {
        (verb, without_names(path)): name
        for name in rpcs().keys() - NOT_HERE.keys()
        for verb, path in short_routes(name)
    }
    assert ours == theirs.keys()
    assert set(theirs.values()) == messages().keys() - {WITHOUT}


@with_old_protobuf
def test_without_ids_the_json_channel_takes_the_short_route_of_every_rpc_that_has_one(server: Server) -> None:
    stub = service_pb2_grpc.V2Stub(ClarifaiChannel.get_json_channel(base_url=server.url))
    answers = {}
    for name, fields in messages().items():
        if name != WITHOUT:
            answers[name] = getattr(stub, name)(rpcs()[name].request(**fields), metadata=KEY)
            assert answers[name].status.code == 10000, name
    paths = [request.path for request in server.emulator.requests]
    assert len(paths) == 14
    assert not [path for path in paths if path.startswith("/v2/users/")]
    assert [item.data.concepts[0].value for item in answers["ListAnnotations"].annotations] == [0.0, 0.0, 0.0]
    assert len(answers["PostAnnotationsSearches"].hits) == 3
    assert answers["GetTaskAnnotationCount"].counts[0].success == 3
    assert [tree["id"] for tree in server.emulator.annotations] == ["c"]


@with_old_protobuf
def test_the_one_without_a_short_route_is_refused_by_the_channel_itself(server: Server) -> None:
    stub = service_pb2_grpc.V2Stub(ClarifaiChannel.get_json_channel(base_url=server.url))
    request = service_pb2.PatchAnnotationsStatusRequest(**messages()[WITHOUT])
    with pytest.raises(Exception, match="user_app_id"):
        stub.PatchAnnotationsStatus(request, metadata=KEY)
    assert server.emulator.requests == []
