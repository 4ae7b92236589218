"""An argument that cannot be is refused at the call, not at the first label, which may never be asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from reading_labels import read, refusal

from clarifai_http_annotations import Annotation, InvalidRequestError, positive
from clarifai_http_annotations.labels import read_classes, read_concept_map, read_labels, write_csv, write_json_lines
from clarifai_http_annotations.labels._columns import USUAL

ROWS = "image,label,present\na,dog,1\nb,dog,0\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"format": "nope"}, "format must be one of jsonl, json, csv, .*, not 'nope'"),
        ({"missing_value": "maybe"}, "missing_value must be one of error, positive, negative, not 'maybe'"),
        ({"input_id": "path"}, "input_id must be one of id, file, stem, not 'path'"),
        ({"shape": "mask"}, "shape must be one of box, polygon, not 'mask'"),
        ({"threshold": (0.8, 0.2)}, "the lower one first"),
        ({"threshold": 0.5}, r"threshold must be two numbers from 0 to 1, such as \(0.2, 0.8\), not 0.5"),
        ({"threshold": "0.2:0.8"}, "threshold must be two numbers"),
        ({"threshold": (0.2, 0.5, 0.8)}, "threshold must be two numbers"),
        ({"threshold": ("a", "b")}, "threshold must be two numbers"),
        ({"columns": {"colour": "x"}}, "a table has no colour; what can be named is input, concept_id"),
        ({"columns": {"input": ""}}, "columns must hold texts that are not empty, not 'input': ''"),
        ({"columns": {"input": 3}}, "columns must hold texts that are not empty, not 'input': 3"),
        ({"columns": {"concept": "x", "value": "x"}}, "'x' cannot be both the concept and the value"),
        ({"columns": ["input"]}, r"columns must be a dict of texts, not \['input'\]"),
        ({"classes": "classes.csv"}, r"classes must be a dict of texts, .*read_classes\(path\) reads a file"),
        ({"concept_map": "map.csv"}, r"concept_map must be a dict of texts, .*read_concept_map\(path\) reads a file"),
        ({"concept_map": {"dog": ""}}, "concept_map must hold texts that are not empty, not 'dog': ''"),
        ({"on_problem": 3}, "on_problem must be a function"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_at_the_call(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_labels("no-such-file.csv", **arguments)


@pytest.mark.parametrize("file", [3, None, b"a.csv", ["a.csv", "b.csv"]], ids=str)
def test_a_file_that_is_no_path_is_refused_at_the_call(file: Any) -> None:
    with pytest.raises(ValueError, match=r"read_labels takes paths of files, .*read_labels\(\*paths\) takes several"):
        read_labels(file)


def test_no_file_is_read_before_the_first_label_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "later.csv"
    labels = read_labels(path)
    path.write_text(ROWS)
    assert len(list(labels)) == 2


def test_what_the_caller_changes_while_files_are_read_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(ROWS)
    columns = {"value": "present"}
    labels = read_labels(path, columns=columns)
    columns["value"] = "label"
    assert [label.annotation["data"]["concepts"][0]["value"] for label in labels] == [1.0, 0.0]


def test_maps_are_read_from_a_path_as_text_too(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    path.write_text("/m/1,dog\n")
    assert read_classes(str(path)) == read_concept_map(str(path)) == {"/m/1": "dog"}


# --- one column, one thing --------------------------------------------------------------------------


def test_no_usual_name_of_a_header_is_of_two_things() -> None:
    names = [name for usual in USUAL.values() for name in usual.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "columns",
    [{"concept": "x", "value": "x"}, {"value": "x", "concept": "x"}, {"top": "x", "bottom": "x"}],
    ids=["concept and value", "in the other order", "two edges"],
)
def test_a_column_cannot_be_two_things(columns: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the column 'x' cannot be both the .* and the .*: name another column"):
        read(tmp_path, "input,x\nin-1,1\n", columns=columns)


def test_a_column_cannot_be_what_its_format_has_it_for_and_something_else(tmp_path: Path) -> None:
    content = "ImageID,Source,LabelName,Confidence\na,verification,/m/1,1\n"
    said = refusal(tmp_path, content, columns={"concept": "Confidence"})
    assert "the column 'Confidence' cannot be both the concept and the value" in said


# --- what is written --------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [write_csv, write_json_lines])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Annotation.of("in", positive("dog")), "An iterable of annotations can be written, and this is one Annotation"),
        ({"input_id": "in"}, "this is one dict"),
        ("in", "this is one str"),
        (3, "this is one int"),
        (["in"], "it is no annotation, but a str"),
        ([["in"]], "it is no annotation, but a list"),
    ],
    ids=str,
)
def test_what_is_no_iterable_of_annotations_is_not_written(write: Any, given: Any, says: str) -> None:
    with pytest.raises(InvalidRequestError, match=says):
        write(io.StringIO(), given)
