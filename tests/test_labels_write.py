"""What is written as JSON Lines or CSV and read again is the same, annotation for annotation, polarity for polarity."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kinds
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_labels import read

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    InvalidRequestError,
    MissingValueError,
    Point,
    negative,
    positive,
)
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations.labels import write_csv, write_json_lines
from clarifai_http_annotations.models._base import read as read_model

once = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each example writes the file anew

# Ids as odd as a text can be that is the same when CSV is read: quotes, delimiters, line ends, what Excel calculates.
ids = st.text(
    st.sampled_from("a,;|\t\"'\n =+-@#\u2028é犬") | st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"),
    min_size=1,
).filter(lambda text: text == text.strip())
concepts = st.lists(
    st.fixed_dictionaries({"id": ids, "value": st.sampled_from([0.0, 1.0])}),
    min_size=1,
    max_size=4,
    unique_by=lambda concept: str(concept["id"]),
).map(lambda listed: {"concepts": listed})
edges = st.floats(0, 1)
boxes = (
    st.tuples(edges, edges, edges, edges)
    .filter(lambda c: c[0] != c[1] and c[2] != c[3])
    .map(lambda c: {"top_row": min(c[:2]), "left_col": min(c[2:]), "bottom_row": max(c[:2]), "right_col": max(c[2:])})
)
datas = concepts | st.builds(
    lambda box, inside: {"regions": [{"region_info": {"bounding_box": box}, "data": inside}]}, boxes, concepts
)
of_csv = st.lists(
    st.fixed_dictionaries({"id": ids, "input_id": ids, "data": datas}),
    min_size=1,
    max_size=5,
    unique_by=lambda annotation: str(annotation["id"]),
) | st.lists(
    st.fixed_dictionaries({"input_id": ids, "data": datas}).filter(lambda a: len(str(a).split("'value'")) == 2),
    min_size=1,
    max_size=3,
)


def written(write: Callable[..., int], annotations: list[Any]) -> str:
    file = io.StringIO(newline="")
    assert write(file, annotations) == len(annotations)
    return file.getvalue()


@once
@given(annotations=of_csv)
def test_what_csv_can_hold_is_the_same_when_it_is_read_again(annotations: list[Any], tmp_path: Path) -> None:
    found = read(tmp_path, written(write_csv, annotations))
    assert found.problems == []
    assert found.annotations == annotations


@once
@given(annotations=st.lists(kinds.sendable | kinds.stored, min_size=1, max_size=4))
def test_every_kind_of_annotation_is_the_same_when_json_lines_are_read_again(
    annotations: list[Any], tmp_path: Path
) -> None:
    found = read(tmp_path, written(write_json_lines, annotations))
    assert found.problems == []
    assert found.annotations == annotations


@once
@given(annotations=of_csv)
def test_any_text_is_the_same_when_json_lines_are_read_again(annotations: list[Any], tmp_path: Path) -> None:
    found = read(tmp_path, written(write_json_lines, annotations))
    assert (found.annotations, found.problems) == (annotations, [])


@once
@given(annotations=of_csv)
def test_models_are_written_as_their_json_is(annotations: list[Any], tmp_path: Path) -> None:
    models = [Annotation.model_validate(tree) for tree in annotations]
    for write in (write_csv, write_json_lines):
        assert written(write, models) == written(write, [to_tree(model) for model in models])


# --- what is written ----------------------------------------------------------------------------------


def test_a_row_is_a_concept_with_its_polarity_and_its_box() -> None:
    box = BoundingBox(top_row=0.1, left_col=0, bottom_row=0.5, right_col=1)
    annotations = [
        Annotation.of("in-1", positive("dog"), negative("cat"), id="n1"),
        Annotation.of("in-2", negative("dog"), region=box),
    ]
    assert written(write_csv, annotations).splitlines() == [
        "input_id,annotation_id,concept_id,value,top_row,left_col,bottom_row,right_col",
        "in-1,n1,dog,1,,,,",
        "in-1,n1,cat,0,,,,",
        "in-2,,dog,0,0.1,0.0,0.5,1.0",
    ]


ANSWER = {
    "id": "n1",
    "input_id": "in-1",
    "user_id": "me",
    "status": {"code": 24150},
    "created_at": "2025-02-28T09:41:55Z",
    "data": {
        "regions": [
            {
                "id": "r1",
                "region_info": {"bounding_box": {"top_row": 0.5, "bottom_row": 1.0, "right_col": 0.25}},
                "data": {"concepts": [{"id": "dog", "name": "Dog", "value": 0.0, "app_id": "app"}]},
            }
        ]
    },
}


def test_an_answer_is_written_without_what_only_answers_have() -> None:
    annotation = read_model(Annotation, ANSWER)
    assert written(write_csv, [annotation]).splitlines()[1:] == ["in-1,n1,dog,0,0.5,0.0,1.0,0.25"]
    line = json.loads(written(write_json_lines, [annotation]))
    assert line.keys() == {"id", "input_id", "data"}
    assert line["data"]["regions"][0]["data"] == {"concepts": [{"id": "dog", "value": 0.0}]}


def test_a_concept_with_a_name_is_written_without_it_as_csv() -> None:
    annotation = Annotation.of("in-1", Concept(id="dog", value=0, name="Dog"))
    assert written(write_csv, [annotation]).splitlines()[1:] == ["in-1,,dog,0,,,,"]


def test_a_fraction_is_kept_by_json_lines(tmp_path: Path) -> None:
    annotation = {"input_id": "in-1", "data": {"concepts": [{"id": "dog", "value": 0.25}]}}
    assert read(tmp_path, written(write_json_lines, [annotation])).annotations == [annotation]


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [write_csv, write_json_lines])
def test_nothing_is_written_without_its_polarity(write: Callable[..., int]) -> None:
    file = io.StringIO()
    with pytest.raises(MissingValueError, match=r"^This cannot be written\. .*\(input 'in-1'\): concept 'dog' has no"):
        write(file, [{"input_id": "in-1", "data": {"concepts": [{"id": "dog"}]}}])
    assert "in-1" not in file.getvalue()


def whole(**more: Any) -> dict[str, Any]:
    return {"id": "n1", "input_id": "in-1", "data": {"concepts": [{"id": "dog", "value": 1.0}]}, **more}


def region(**more: Any) -> dict[str, Any]:
    box = {"top_row": 0.0, "left_col": 0.0, "bottom_row": 1.0, "right_col": 1.0}
    inside = {"concepts": [{"id": "dog", "value": 1.0}]}
    return whole(data={"regions": [{"region_info": {"bounding_box": box}, "data": inside, **more}]})


two = {"concepts": [{"id": "dog", "value": 1.0}, {"id": "cat", "value": 0.0}]}


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (whole(task_id="t"), "holds more than concepts of an input or a box"),
        (whole(annotation_info={"a": 1}), "holds more than concepts"),
        (whole(data={**two, "metadata": {"a": 1}}), "holds more than concepts"),
        (whole(data={**two, **region()["data"]}), "holds more than concepts"),
        (whole(data={"concepts": []}), "holds more than concepts"),
        (whole(data=None), "holds more than concepts"),
        (region(track_id="t"), "holds more than concepts"),
        (region(region_info={"point": {"row": 0.5, "col": 0.5}}), "holds more than concepts"),
        (region(region_info={"bounding_box": {"top_row": 0.0}}), "holds more than concepts"),
        (
            region(region_info={"bounding_box": dict.fromkeys(BoundingBox.model_fields, 0.5)}),
            "holds more than concepts",
        ),
        (
            region(region_info={"bounding_box": dict.fromkeys(BoundingBox.model_fields, "0")}),
            "holds more than concepts",
        ),
        (region(data={**two, "metadata": {}}), "holds more than concepts"),
        (Annotation.of("in-1", positive("dog"), region=Point(row=0.5, col=0.5)), "holds more than concepts"),
        ({"input_id": "in-1", "data": two}, "has 2 concepts and no id to keep their rows together: give it one"),
        (whole(data={"concepts": [{"id": "dog", "value": 1, "x": 1}]}), "has a concept with id, value, x"),
        (whole(data={"concepts": [{"id": "dog", "value": 0.5}]}), "has the value 0.5 for concept 'dog'"),
        (whole(input_id=" in-1"), "has the id ' in-1', which is not the same when CSV is read"),
        (whole(input_id=""), "has the id ''"),
        ({"id": "n1", "data": two}, "has the id ''"),
        (whole(id="n\r1"), r"has the id 'n\\r1'"),
        (whole(data={"concepts": [{"id": "d\0", "value": 1.0}]}), r"has the id 'd\\x00'"),
    ],
)
def test_what_csv_cannot_hold_is_refused_and_named(annotation: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says) as refused:
        written(write_csv, [annotation])
    assert str(refused.value).startswith("The annotation ")


@pytest.mark.parametrize("write", [write_csv, write_json_lines])
def test_what_has_no_json_is_refused(write: Callable[..., int]) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be"):
        written(write, [{"input_id": "\ud800", "data": {"concepts": [{"id": "dog", "value": 1}]}}])
