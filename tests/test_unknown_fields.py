"""A field that there is not: the error says what to write, wherever it is met, and never the same name again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    ClarifaiError,
    Concept,
    Data,
    InvalidRequestError,
    Polygon,
    Region,
    RegionInfo,
    read_annotations,
)
from clarifai_http_annotations.models._base import WireModel
from clarifai_http_annotations.models._unknown import WORDS, no_such_field
from clarifai_http_annotations.testing import Emulator

INPUT = "the input is named by input_id"
CONCEPTS = r'say Annotation\.of\(input_id, positive\("tree"\), negative\("water"\)\), or data=\{"concepts": '
REGION = r"say Annotation\.of\(input_id, positive\(\.\.\.\), region=BoundingBox\("


@pytest.mark.parametrize(
    ("cls", "name", "says"),
    [
        (Annotation, "image", INPUT),
        (Annotation, "image_id", INPUT),
        (Annotation, "imageId", INPUT),
        (Annotation, "label", CONCEPTS),
        (Annotation, "concepts", CONCEPTS),
        (Annotation, "value", CONCEPTS),
        (Annotation, "bbox", REGION),
        (Annotation, "regions", f"write data.regions; or {REGION}"),
        (Annotation, "metadata", r"write data\.metadata \["),
        (Annotation, "geo_point", r"write data\.geo\.geo_point \["),
        (Data, "bounding_box", r"write regions\[\]\.region_info\.bounding_box \["),
        (Region, "polygon", r"write region_info\.polygon \["),
        (Polygon, "row", r"write points\[\]\.row \["),
        (Concept, "label", "the concept is named by id"),
        (Concept, "present", "the polarity is value: 1 present, 0 absent"),
    ],
)
def test_a_field_of_another_place_or_word_is_said_as_it_is_written(cls: type[WireModel], name: str, says: str) -> None:
    with pytest.raises(ValidationError, match=f"there is no such field: {says}"):
        cls(**{name: 1})


@pytest.mark.parametrize(
    ("cls", "name", "meant"),
    [
        (Annotation, "inputId", "input_id"),
        (Annotation, "dta", "data"),
        (Data, "regoins", "regions"),
        (RegionInfo, "boundingBox", "bounding_box"),
        (BoundingBox, "leftCol", "left_col"),
        (Concept, "valeu", "value"),
    ],
)
def test_a_field_that_is_misspelt_is_said_as_it_is_spelt(cls: type[WireModel], name: str, meant: str) -> None:
    assert no_such_field(cls, name) == f"there is no such field; did you mean {meant!r}?"


def test_a_field_of_nowhere_is_said_to_be_none() -> None:
    assert no_such_field(Annotation, "zzz") == "there is no such field"


models = st.sampled_from([Annotation, Data, Region, RegionInfo, BoundingBox, Concept])
words = st.sampled_from(sorted({word for words in WORDS.values() for word in words} | {"data", "id", "time", "geo"}))


@given(models, st.one_of(words, st.text(max_size=12)))
def test_what_is_said_is_never_the_same_name(cls: type[WireModel], name: str) -> None:
    if name not in cls.model_fields:
        assert not no_such_field(cls, name).endswith(f"did you mean {name!r}?")


FLAT = {"image": "in-1", "label": "tree", "bbox": [0, 0, 1, 1]}


@pytest.mark.parametrize("flat", [FLAT, {**FLAT, "input_id": "in-1"}], ids=["no input_id", "input_id"])
def test_a_flat_dict_is_refused_by_create_with_what_to_write(connect: Any, emulator: Emulator, flat: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        connect(emulator).create(flat)
    said = {problem.rpartition(", ")[0] and problem for problem in refused.value.problems}
    for field, says in [("image", "named by input_id"), ("label", "positive("), ("bbox", "region=BoundingBox(")]:
        assert any(f", {field}: there is no such field: " in one and says in one for one in said)
    assert emulator.requests == []


def test_a_flat_dict_fails_alone_in_an_upload_with_what_to_write(connect: Any, emulator: Emulator) -> None:
    report = connect(emulator).upload([FLAT, {"input_id": "a", "data": {"concepts": [{"id": "b", "value": 0}]}}])
    [failure] = report.failures
    assert "image: there is no such field: the input is named by input_id" in str(failure.error)
    assert (failure.index, report.stored) == (0, 1)


@pytest.mark.parametrize(
    "read",
    [read_annotations, lambda tree: Emulator().client().create(tree)],
    ids=["read_annotations", "create"],
)
def test_an_annotation_whose_label_is_no_data_is_refused_with_what_to_write(read: Callable[[Any], Any]) -> None:
    with pytest.raises(ClarifaiError, match=f"label'?: there is no such field: {CONCEPTS}"):
        read({"input_id": "in-1", "label": "tree"})
