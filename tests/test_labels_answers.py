"""An answer that was saved to a file: its labels are read, and what is the server's is counted; a typo is a typo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_labels import NAME, read, refusal

from clarifai_http_annotations import Annotation, InvalidRequestError, UnknownFieldWarning
from clarifai_http_annotations._wire.guard import find_concepts
from clarifai_http_annotations._wire.received import ONLY_IN_ANSWERS, sendable
from clarifai_http_annotations.labels import read_labels
from clarifai_http_annotations.labels._label import Reading
from clarifai_http_annotations.labels._read import read_sources
from clarifai_http_annotations.labels._source import Source
from clarifai_http_annotations.models._base import ReadOnly
from clarifai_http_annotations.models._base import read as read_model

STORED = {
    "status": {"code": 24150, "description": "Annotation success"},
    "user_id": "me",
    "created_at": "2026-01-01T00:00:00.123456789Z",
    "modified_at": "2026-01-01T00:00:00Z",
    "trusted": True,
}
LEVEL = {**STORED, "input_level": True}
TEXT = {"url": "https://example.org/a.txt", "hosted": {"prefix": "https://data.example.org"}}
BOX = {"top_row": 0.1, "left_col": 0.0, "bottom_row": 0.5, "right_col": 1.0}
DOG = [{"id": "dog", "name": "Dog", "value": 0, "app_id": "app"}]

ANSWER = {
    "status": {"code": 10000, "description": "Ok", "req_id": "5f"},
    "annotations": [
        {"id": "n1", "input_id": "a", "data": {"text": TEXT, "concepts": DOG, "metadata": {"k": 1}}, **LEVEL},
        {"id": "n2", "input_id": "b", "data": {"text": TEXT, "metadata": {"k": 1}}, **LEVEL},
        {"id": "n3", "input_id": "c", "data": {}, **LEVEL},
        {"id": "n4", "input_id": "d", "later": {"a": 1}, **LEVEL},
        {"id": "n5", "input_id": "a", "data": {"concepts": DOG, "embeddings": [{"vector": [0.5]}]}, **STORED},
    ],
}
SHAPES = {
    "document": json.dumps(ANSWER, indent=2),
    "line": json.dumps(ANSWER),
    "lines": "".join(json.dumps(one) + "\n" for one in ANSWER["annotations"]),
}


def counted(folder: Path, content: str) -> Reading:
    (folder / NAME).write_text(content)
    reading = Reading()
    list(read_sources([Source(folder / NAME)], reading))
    return reading


@pytest.mark.parametrize("shape", SHAPES)
def test_labels_of_a_saved_answer_are_read_whatever_they_came_with(shape: str, tmp_path: Path) -> None:
    with pytest.warns(UnknownFieldWarning, match="holds embeddings, later, text, which this version") as warned:
        found = read(tmp_path, SHAPES[shape])
    assert found.problems == []
    assert found.polarities == [("a", "dog", 0.0), ("a", "dog", 0.0)]
    assert [annotation["id"] for annotation in found.annotations] == ["n1", "n5"]
    assert found.annotations[0]["data"] == {"concepts": [{"id": "dog", "value": 0.0}], "metadata": {"k": 1}}
    assert len(warned) == 1
    reading = counted(tmp_path, SHAPES[shape])
    assert (reading.input_level, reading.without_labels) == (4, 3)
    assert reading.fields_left_out == {"text": 2, "embeddings": 1, "later": 1}


def test_what_is_read_of_it_can_be_read_again(tmp_path: Path) -> None:
    with pytest.warns(UnknownFieldWarning):
        first = read(tmp_path, SHAPES["document"])
    again = read(tmp_path, "".join(json.dumps(annotation) + "\n" for annotation in first.annotations))
    assert (again.annotations, again.problems) == (first.annotations, [])


def test_without_anything_unknown_there_is_no_warning(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps({"id": "a", "input_id": "in", "data": {}, **LEVEL})) == ([], [], [])


def test_what_only_answers_have_is_what_nobody_can_set() -> None:
    read_only = [name for name, field in Annotation.model_fields.items() if ReadOnly in field.metadata]
    assert sorted(ONLY_IN_ANSWERS) == sorted(read_only)


MEDIA = [
    *("image", "video", "colors", "clusters", "embeddings", "text", "audio", "hits", "heatmaps", "parts", "ndarray"),
    *("int_value", "float_value", "bytes_value", "bool_value", "string_value", "struct_value"),
]
"""All that Clarifai's data has and ours does not."""


@pytest.mark.parametrize("field", MEDIA)
def test_no_field_that_clarifai_has_is_taken_for_a_typo(field: str, tmp_path: Path) -> None:
    tree = {"id": "a", "input_id": "in", "data": {"concepts": DOG, field: {"x": 1}}, **LEVEL}
    assert counted(tmp_path, json.dumps(tree)).fields_left_out == {field: 1}


def test_a_field_that_is_there_and_empty_is_not_worth_a_word(tmp_path: Path) -> None:
    tree = {"id": "a", "input_id": "in", "data": {"concepts": DOG, "colors": [], "text": {}, "string_value": ""}}
    assert counted(tmp_path, json.dumps({**tree, **LEVEL})).fields_left_out == {}


values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["url", "x", "metadata"]), inner),
    max_leaves=4,
)
labels = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abc"), "value": st.sampled_from([0, 1])}), max_size=2
).map(lambda listed: [*{concept["id"]: concept for concept in listed}.values()])
with_labels = st.builds(lambda listed: {"data": {"concepts": listed}}, labels)
unknown = st.dictionaries(st.sampled_from([*MEDIA, "later"]), values | with_labels | st.lists(with_labels), max_size=2)


def parts(inner: Any) -> Any:
    region = st.builds(lambda data, more: {"region_info": {"bounding_box": BOX, **more}, "data": data}, inner, unknown)
    return st.builds(lambda data, region, more: {**more, **data, "regions": [region]}, inner, region, unknown)


inside = st.builds(lambda listed, more: {**more, **({"concepts": listed} if listed else {})}, labels, unknown)
datas = inside | parts(inside)


@given(datas, st.sampled_from([LEVEL, STORED, {}]))
def test_every_label_is_where_it_was_or_the_whole_is_refused(data: dict[str, Any], known: dict[str, Any]) -> None:
    before = {place: concept["value"] for place, concept in find_concepts({"data": data}) if concept is not None}
    try:
        tree, left_out = sendable(read_model(Annotation, {"id": "a", "input_id": "in", "data": data, **known}))
    except InvalidRequestError:
        return
    if tree is None:
        assert (before, known) == ({}, LEVEL)
        return
    assert {place: concept["value"] for place, concept in find_concepts(tree)} == before
    assert known or not left_out
    assert before or not left_out or known is not LEVEL


def whole(**data: Any) -> dict[str, Any]:
    return {"id": "a", "input_id": "in", "data": {"concepts": DOG, **data}}


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (whole(metdata={"k": 1}), "Data holds metdata, which this version of the library does not know"),
        (whole(text=TEXT), "Data holds text, which"),
        ({**whole(text=TEXT), "status": {"code": "ANNOTATION_SUCCESS"}}, "Data holds text, which"),
        ({**whole(text=TEXT), "created_at": None, "input_level": False, "trusted": False}, "Data holds text, which"),
        ({**whole(), "dta": {}}, "dta: there is no such field; did you mean 'data'?"),
        ({**whole(), "anotation_info": {"who": "me"}}, "anotation_info: there is no such field; did you mean 'annot"),
        ({**whole(), "mine": {"concepts": DOG}}, "mine: there is no such field, and it holds concepts"),
        ({**whole(metdata={"k": 1}), **STORED}, "data.metdata: there is no such field; did you mean 'metadata'?"),
        ({"id": "a", "input_id": "in", "dta": {"concepts": DOG}, **LEVEL}, "dta: there is no such field; did you mean"),
        ({"id": "a", "input_id": "in", "dta": {"concepts": DOG}, **STORED}, "has no data, but 'dta'"),
        ({"id": "a", "input_id": "in", "data": {"conceps": DOG}, **LEVEL}, "data.conceps: there is no such field"),
        ({"id": "a", "input_id": "in", "data": {"conceps": DOG}, **STORED}, "holds nothing but conceps, which"),
        ({"id": "a", "input_id": "in", "data": {"text": TEXT}, **STORED}, "holds nothing but text, which"),
        ({**whole(clips=[{"data": {"concepts": DOG}}]), **LEVEL}, "Data holds clips, which"),
        ({**whole(regions=[{"region_info": {"ellipse": {}}}]), **STORED}, "RegionInfo holds ellipse, which"),
    ],
)
def test_a_typo_is_a_problem_and_no_label_is_lost_or_moved(tree: Any, says: str, tmp_path: Path) -> None:
    for content in (json.dumps(tree), json.dumps([tree], indent=1)):
        assert says in refusal(tmp_path, content)


def test_fields_of_ones_own_beside_data_are_counted_and_not_lost_in_silence(tmp_path: Path) -> None:
    tree = {**whole(), "source": "a photographer"}
    assert counted(tmp_path, json.dumps(tree)).fields_left_out == {"source": 1}
    with pytest.warns(UnknownFieldWarning, match="holds source, which"):
        assert [label.annotation["id"] for label in read_labels(tmp_path / NAME)] == ["a"]
