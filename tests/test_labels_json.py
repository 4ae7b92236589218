"""JSON Lines and JSON: the shapes that people post and get, and the place of each annotation that cannot be taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading_labels import read, refusal

from clarifai_http_annotations.labels import _wire_json

DOG = {"input_id": "a", "data": {"concepts": [{"id": "dog", "value": 1}]}}
CAT = {"id": "n1", "input_id": "b", "data": {"concepts": [{"id": "cat", "value": 0}]}}
BOTH = [("a", "dog", 1.0), ("b", "cat", 0.0)]
BOX = {"top_row": 0.1, "left_col": 0.0, "bottom_row": 0.5, "right_col": 1.0}

ANSWER = {
    "status": {"code": 10000, "description": "Ok", "req_id": "5f"},
    "annotations": [
        {
            "id": "n1",
            "input_id": "a",
            "user_id": "me",
            "model_version_id": "m",
            "status": {"code": 24150, "description": "Annotation success"},
            "created_at": "2025-02-28T09:41:55.123456Z",
            "modified_at": "2025-02-28T09:41:55.123456Z",
            "trusted": True,
            "input_level": False,
            "consensus_info": {},
            "data": {
                "regions": [
                    {
                        "id": "r1",
                        "region_info": {"bounding_box": BOX},
                        "data": {"concepts": [{"id": "dog", "name": "Dog", "value": 0, "app_id": "app"}]},
                    }
                ]
            },
        }
    ],
}


def lines(*trees: Any) -> str:
    return "".join(json.dumps(tree) + "\n" for tree in trees)


def with_value(value: Any) -> dict[str, Any]:
    return {"input_id": "a", "data": {"concepts": [{"id": "dog", "value": value}]}}


# --- shapes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "places"),
    [
        (lines(DOG, CAT), ["line 1", "line 2"]),
        ("\n" + lines(DOG) + " \n" + lines(CAT), ["line 2", "line 4"]),
        (lines([DOG, CAT]), ["line 1, annotations[0]", "line 1, annotations[1]"]),
        (lines({"annotations": [DOG, CAT]}), ["line 1, annotations[0]", "line 1, annotations[1]"]),
        (lines({"annotations": [DOG]}, {"annotation": CAT}), ["line 1", "line 2"]),
        (json.dumps([DOG, CAT], indent=2), ["annotations[0]", "annotations[1]"]),
        (json.dumps({"user_app_id": {}, "annotations": [DOG, CAT]}, indent=1), ["annotations[0]", "annotations[1]"]),
        ("[\n" + json.dumps(DOG) + ",\n" + json.dumps(CAT) + "]", ["annotations[0]", "annotations[1]"]),
    ],
    ids=["lines", "blank", "list", "body", "body and answer", "document", "pretty body", "list of lines"],
)
def test_every_usual_shape_is_told_from_the_content(content: str, places: list[str], tmp_path: Path) -> None:
    found = read(tmp_path, content)
    assert (found.polarities, found.problems) == (BOTH, [])
    assert found.places == [f"labels, {place}" for place in places]


def test_one_annotation_may_be_a_document(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps(CAT, indent=4)).annotations == [CAT]
    assert read(tmp_path, json.dumps(CAT), format="json").places == ["labels, annotations[0]"]


def test_an_answer_of_the_api_is_read_without_what_only_answers_have(tmp_path: Path) -> None:
    for content in (json.dumps(ANSWER, indent=2), json.dumps(ANSWER)):
        [annotation] = read(tmp_path, content).annotations
        assert annotation.keys() == {"id", "input_id", "data", "status"}  # a status in a file is somebody's word
        [region] = annotation["data"]["regions"]
        assert region["data"]["concepts"] == [{"id": "dog", "value": 0.0}]


def test_no_annotations_are_no_labels(tmp_path: Path) -> None:
    assert read(tmp_path, '{"annotations": []}') == ([], [], [])


def test_a_first_line_that_is_longer_than_what_the_format_is_told_from_is_a_line(tmp_path: Path) -> None:
    long = {**DOG, "annotation_info": {"note": "x" * 200_000}}
    assert read(tmp_path, lines(long, CAT)).polarities == BOTH


def test_a_line_ends_where_a_file_says_and_not_where_unicode_does(tmp_path: Path) -> None:
    odd = {**DOG, "input_id": "a\u2028b\u0085c\x1cd"}
    content = json.dumps(odd, ensure_ascii=False) + "\n" + lines(CAT)
    found = read(tmp_path, content)
    assert [annotation["input_id"] for annotation in found.annotations] == ["a\u2028b\u0085c\x1cd", "b"]
    assert found.places == ["labels, line 1", "labels, line 2"]


# --- polarity -----------------------------------------------------------------------------------------

MISSING = {"input_id": "a", "data": {"concepts": [{"id": "dog", "value": 1}, {"id": "cat"}]}}


def test_a_concept_without_a_value_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    found = read(tmp_path, lines(DOG, MISSING, CAT))
    assert found.polarities == BOTH
    [problem] = found.problems
    assert problem == (
        "labels, line 2: data.concepts[1] (input 'a'): concept 'cat' has no value. HTTP would store it as positive "
        "(1.0), gRPC as negative (0.0). Say --missing-value negative (missing_value=) if protobuf printed it, and "
        "positive if it was meant for the REST API."
    )


@pytest.mark.parametrize(("policy", "value"), [("positive", 1.0), ("negative", 0.0)])
@pytest.mark.parametrize("content", [lines(MISSING), json.dumps([MISSING], indent=1)], ids=["lines", "document"])
def test_a_missing_value_is_what_the_caller_says(policy: str, value: float, content: str, tmp_path: Path) -> None:
    found = read(tmp_path, content, missing_value=policy)
    assert found.polarities == [("a", "dog", 1.0), ("a", "cat", value)]
    assert found.problems == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("NaN", "must be a finite number"),
        ("Infinity", "must be a finite number"),
        ("-1", "has the value -1.0: it must be between 0 and 1"),
        ("2", "has the value 2.0: it must be between 0 and 1"),
        ('"1"', "must be a number, not str"),
        ("null", "has no value"),
    ],
)
def test_a_value_that_is_no_polarity_is_a_problem_of_its_line(value: str, says: str, tmp_path: Path) -> None:
    line = json.dumps(with_value(None)).replace("null", value)
    found = read(tmp_path, lines(DOG) + line + "\n" + lines(CAT))
    assert found.polarities == BOTH
    [problem] = found.problems
    assert problem.startswith("labels, line 2: data.concepts[0]")
    assert says in problem


@pytest.mark.parametrize(("value", "read_as"), [(True, 1.0), (False, 0.0), (0.25, 0.25), (-0.0, 0.0)])
def test_a_value_is_a_number_and_a_fraction_stays_one(value: Any, read_as: float, tmp_path: Path) -> None:
    [(_, _, found)] = read(tmp_path, lines(with_value(value))).polarities
    assert (found, type(found)) == (read_as, float)


# --- what is no annotation ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (
            {"inputId": "a", "data": {}},
            "has names in camelCase (inputId), as protobuf prints them by default. Print it",
        ),
        ({**DOG, "data": {"regions": [{"regionInfo": {"boundingBox": {}}}]}}, "preserving_proto_field_name=True"),
        ({"data": DOG["data"]}, "has no input_id, so it is no annotation."),
        ({"id": "n1", "data": DOG["data"]}, "has no input_id, so it is no annotation."),
        ({**DOG, "input_id": 5}, "input_id: Input should be a valid string"),
        ({**CAT, "id": 5}, "id: Input should be a valid string"),
        ({"input_id": "a", "data": {"concepts": [{"id": 5, "value": 1}]}}, "data.concepts[0].id: Input should be"),
        ({"input_id": "a", "data": {"concepts": ["dog"]}}, "data.concepts[0]"),
        ({"input_id": "a", "dta": {}}, "has no data, but 'dta': there is no such field; did you mean 'data'?"),
        ({"input_id": "a", "data": 3}, "data: Input should be"),
        ({"type": "FeatureCollection", "features": []}, "has no input_id, so it is no annotation."),
        ([3], "Input should be"),
        (3, "There are no annotations in a int."),
        ("text", "There are no annotations in a str."),
    ],
)
def test_what_is_no_annotation_is_a_problem_of_its_line(tree: Any, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, lines(DOG, tree, CAT))
    assert found.polarities == BOTH
    [problem] = found.problems
    assert problem.startswith("labels, line 2: ")
    assert says in problem
    assert "path.read_text" not in problem
    assert "annotations[0]" not in problem


def test_every_problem_of_an_annotation_is_listed(tmp_path: Path) -> None:
    tree = {"input_id": "a", "data": {"concepts": [{"id": "dog"}, {"id": "cat"}]}}
    found = read(tmp_path, json.dumps([DOG, tree], indent=1))
    assert found.polarities == [("a", "dog", 1.0)]
    assert [problem[:53] for problem in found.problems] == [
        "labels, annotations[1]: data.concepts[0] (input 'a'):",
        "labels, annotations[1]: data.concepts[1] (input 'a'):",
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            '{"input_id": "b", "data": {',
            "This is not JSON: Expecting property name enclosed in double quotes at character 28",
        ),
        (json.dumps(DOG)[:-1], "This is not JSON: Expecting ',' delimiter at character"),
        ('{"input_id": "b", "input_id": "c"}', "This is not JSON: a key is there twice in ['input_id', 'input_id']"),
        (json.dumps(DOG).replace('"value": 1', '"value": 1, "value": 0'), "a key is there twice in ['id', 'value', 'v"),
        (json.dumps(DOG) + json.dumps(DOG), "This is not JSON: Extra data at character"),
        ("not JSON", "This is not JSON: Expecting value at character 1"),
        ("[" * 100_000, "it is nested too deep"),
        ('{"input_id": "a", "x": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deep"),
    ],
    ids=["cut", "no end", "key twice", "value twice", "two in a line", "text", "deep", "deep inside"],
)
def test_a_line_that_is_no_json_is_a_problem_and_the_rest_is_read(line: str, says: str, tmp_path: Path) -> None:
    found = read(tmp_path, lines(DOG) + line + "\n" + lines(CAT))
    assert found.polarities == BOTH
    [problem] = found.problems
    assert problem.startswith("labels, line 2: ")
    assert says in problem


@pytest.mark.parametrize("levels", [*range(60, 1000, 10)])
def test_however_deep_a_line_is_nested_it_is_read_or_is_a_problem(levels: int, tmp_path: Path) -> None:
    deep = json.dumps({**DOG, "annotation_info": {"a": 1}}).replace("1}}", '{"a":' * levels + "1" + "}" * levels + "}}")
    found = read(tmp_path, deep + "\n" + lines(CAT))
    assert len(found.annotations) + len(found.problems) == 2
    assert found.polarities[-1:] == [("b", "cat", 0.0)]


def test_a_broken_first_line_does_not_make_a_document_of_lines(tmp_path: Path) -> None:
    found = read(tmp_path, '{"input_id": "a" "data": {}}\n' + lines(CAT))
    assert found.polarities == [("b", "cat", 0.0)]
    assert found.problems == ["labels, line 1: This is not JSON: Expecting ',' delimiter at character 18."]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{\n "input_id": "a",\n "data": }', "This is not JSON: Expecting value: line 3 column 10"),
        ('[\n{"input_id": "a", "input_id": "b"}]', "a key is there twice"),
        ("[\n" + '{"a": ' * 50_000, "it is nested too deep"),
        (
            json.dumps(DOG, indent=1) + json.dumps(CAT, indent=1),
            "Extra data: line 11 column 2 (char 97). If each line",
        ),
        ('{"a": \n', "Expecting value"),
    ],
    ids=["broken", "key twice", "deep", "two documents", "cut"],
)
def test_a_document_that_is_no_json_is_refused_with_the_line(content: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(tmp_path, content)


def test_a_document_that_is_too_long_to_be_read_as_a_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wire_json, "MAX_DOCUMENT", 1 << 20)
    content = json.dumps({"annotations": [DOG], "more": "x" * (1 << 20)}, indent=1)
    assert refusal(tmp_path, content) == (
        "labels: the document is longer than 1 MiB. Make JSON Lines of it, an annotation a line: jq -c '.annotations[]'"
    )


def test_a_byte_that_is_no_utf8_in_a_document_is_named(tmp_path: Path) -> None:
    content = json.dumps(DOG, indent=1).replace("dog", "f\xeate").encode("latin-1")
    assert "line 6: byte 65 of the file (0xea) is no UTF-8: save the file as UTF-8" in refusal(tmp_path, content)
