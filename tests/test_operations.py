"""create, get, list and delete, one body for both clients."""

from __future__ import annotations

from typing import Any

import pytest

from clarifai_http_annotations import Annotation, BoundingBox, NotFoundError, negative, positive
from clarifai_http_annotations.testing import Emulator

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


def test_what_was_created_is_read_back_polarity_for_polarity(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    asked = [
        Annotation.of("in-1", positive("tree"), negative("water")),
        Annotation.of("in-1", positive("boat"), negative("person"), region=BOX),
    ]
    created = client.create(asked)
    for annotation, stored in zip(asked, created, strict=True):
        found = client.get(stored.id, input_id="in-1")
        assert [(c.id, c.value) for _, c in found.each_concept()] == [
            (c.id, c.value) for _, c in annotation.each_concept()
        ]
    assert [annotation.id for annotation in client.list()] == [annotation.id for annotation in created]


def test_what_was_deleted_is_gone(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [stored] = client.create(Annotation.of("in-1", positive("tree")))
    client.delete(stored.id, input_id="in-1")
    with pytest.raises(NotFoundError, match="HTTP 404"):
        client.get(stored.id, input_id="in-1")
