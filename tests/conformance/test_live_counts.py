"""The counts that the live tests of Clarifai's SDK expect of a real app, told in our own words, on the emulator.

They hold because every input has an annotation that came with it, and lists begin with what was stored last:
`tests/test_data_upload.py` of the SDK posts boxes and inputs and counts what it lists.
"""

from __future__ import annotations

import httpx
import pytest

from clarifai_http_annotations import Annotation, BoundingBox, positive
from clarifai_http_annotations.testing import Emulator

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


def add_inputs(emulator: Emulator, count: int, *labels: str) -> list[str]:
    """Add inputs as a loader does, with labels if there are any; return their ids."""
    ids = [f"data-{number}" for number in range(count)]
    data = {"concepts": [{"id": label, "value": 1} for label in labels]} if labels else {}
    url = "http://localhost/v2/users/me/apps/emulator-app/inputs"
    body = {"inputs": [{"id": name, "data": {"image": {"url": f"https://x/{name}.jpg"}, **data}} for name in ids]}
    assert emulator(httpx.Request("POST", url, json=body, headers={"authorization": "Key k"})).status_code == 200
    return ids


def boxes(ids: list[str], count: int) -> list[Annotation]:
    return [Annotation.of(ids[number % len(ids)], positive(f"c{number}"), region=BOX) for number in range(count)]


@pytest.mark.parametrize(
    ("posted", "inputs", "labels", "listed"),
    [
        pytest.param(18, 10, [], 28, id="boxes of a detection data set"),
        pytest.param(4, 3, [], 7, id="a smaller one"),
        pytest.param(0, 10, ["tree"], 10, id="a classification data set, whose labels come with the inputs"),
    ],
)
def test_what_is_listed_is_what_was_posted_and_one_for_each_input(
    posted: int, inputs: int, labels: list[str], listed: int
) -> None:
    emulator = Emulator(inputs=[])
    with emulator.client() as client:
        ids = add_inputs(emulator, inputs, *labels)
        if posted:
            client.create(boxes(ids, posted))
        found = list(client.list(input_ids=ids))
        everything = list(client.list())
    assert len(found) == len(everything) == listed
    with_input = [annotation for annotation in found if annotation.input_level]
    assert sorted(annotation.input_id or "" for annotation in with_input) == sorted(ids)
    assert [len(list(annotation.each_concept())) for annotation in with_input] == [len(labels)] * inputs


def test_what_was_posted_last_is_listed_first() -> None:
    emulator = Emulator(inputs=[])
    [name] = add_inputs(emulator, 1)
    with emulator.client() as client:
        client.create(Annotation.of(name, positive("tree"), region=BOX, id=f"{name}-annot"))
        first = next(iter(client.list(input_ids=name)))
    assert (first.id, first.input_level) == (f"{name}-annot", None)


def test_an_annotation_that_came_with_an_input_can_be_listed_found_by_id_and_patched() -> None:
    """A live test takes ids from a list of inputs that were only just posted; another patches what it lists first."""
    emulator = Emulator(inputs=[])
    [name] = add_inputs(emulator, 1, "tree")
    with emulator.client() as client:
        [came] = client.list(input_ids=name)
        assert came.id is not None
        client.set_value(came.id, input_id=name, concept_id="tree", value=False)
        [(_, concept)] = client.get(came.id, input_id=name).each_concept()
    assert concept.is_negative
