"""The annotation methods of Clarifai's SDK, over gRPC, and our client over HTTP: one state, one polarity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from official import resources_pb2
from servicer import serve_grpc

from clarifai_http_annotations import Annotation, negative, positive
from clarifai_http_annotations.testing import Emulator

Inputs: Any = pytest.importorskip("clarifai.client.input", reason="the SDK, `clarifai`, is not installed").Inputs

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK's own


@pytest.fixture
def inputs(emulator: Emulator) -> Iterator[Any]:
    with serve_grpc(emulator) as port:
        yield Inputs(user_id="emulator-user", app_id="emulator-app", pat="x", base_url=f"http://127.0.0.1:{port}")


def said(annotation_id: str, value: float) -> Any:
    data = resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", value=value)])
    return resources_pb2.Annotation(id=annotation_id, input_id="in-1", data=data)


def test_our_client_reads_what_the_sdk_uploads_and_patches(inputs: Any, emulator: Emulator) -> None:
    assert not inputs.upload_annotations([said("a", 1.0), said("b", 0.0)], show_log=False)
    inputs.patch_annotations([said("a", 0.0)], action="merge")
    with emulator.client() as client:
        read = {annotation.id: [c.value for _, c in annotation.each_concept()] for annotation in client.list()}
    assert read == {"a": [0.0], "b": [0.0]}


def test_the_sdk_lists_and_deletes_what_our_client_creates(inputs: Any, emulator: Emulator) -> None:
    with emulator.client() as client:
        client.create(
            [Annotation.of("in-1", positive("tree"), id="a"), Annotation.of("in-1", negative("tree"), id="b")]
        )
    of = [resources_pb2.Input(id="in-1")]
    listed = {each.id: each.data.concepts[0].value for each in inputs.list_annotations(batch_input=of)}
    assert listed == {"a": 1.0, "b": 0.0}
    inputs.delete_annotations(["in-1"], ["a"])
    assert [tree["id"] for tree in emulator.annotations] == ["b"]
