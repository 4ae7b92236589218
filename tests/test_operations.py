"""create, get, list and delete, one body for both clients."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    InvalidResponseError,
    NotFoundError,
    negative,
    positive,
)
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
    assert {annotation.id for annotation in client.list()} == {annotation.id for annotation in created}


def test_a_server_that_ignores_the_number_of_the_page_does_not_hold_a_listing_for_ever(
    connect: Any, emulator: Emulator
) -> None:
    connect(emulator).create(Annotation.of("in-1", positive("tree")))

    def first_page(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_set_param("page", "1")
        return emulator(httpx.Request("GET", url, headers=request.headers))

    with pytest.raises(InvalidResponseError, match="100 pages hold nothing new"):
        list(connect(first_page).list())


def test_a_listing_of_no_ids_asks_for_nothing(connect: Any, emulator: Emulator) -> None:
    assert [list(connect(emulator).list(**{name: []})) for name in ("ids", "input_ids", "user_ids")] == [[], [], []]
    assert emulator.requests == []


def test_what_was_deleted_is_gone(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [stored] = client.create(Annotation.of("in-1", positive("tree")))
    client.delete(stored.id, input_id="in-1")
    with pytest.raises(NotFoundError, match="HTTP 404"):
        client.get(stored.id, input_id="in-1")
