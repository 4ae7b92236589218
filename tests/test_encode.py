"""Only what was set is written, and it is checked as strictly as if it had just been built."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from clarifai_http_annotations import (
    Annotation,
    Data,
    InvalidRequestError,
    Region,
    RegionInfo,
    Status,
    UnusualIdWarning,
    negative,
    positive,
)
from clarifai_http_annotations._wire.encode import check, to_tree
from clarifai_http_annotations._wire.rows import prepare_row
from clarifai_http_annotations.models._base import read
from clarifai_http_annotations.testing import Emulator

# --- only what was set -------------------------------------------------------------------------------


def test_what_was_not_set_is_not_written() -> None:
    assert to_tree(Annotation.of("in", positive("tree"))) == {
        "input_id": "in",
        "data": {"concepts": [{"id": "tree", "value": 1.0}]},
    }


def test_an_empty_list_is_written_only_if_somebody_set_it() -> None:
    assert to_tree(Annotation(input_id="in", data=Data())) == {"input_id": "in", "data": {}}
    assert to_tree(Annotation(input_id="in", data=Data(regions=[]))) == {"input_id": "in", "data": {"regions": []}}


def test_what_is_appended_to_an_unset_list_is_written() -> None:
    annotation = Annotation(input_id="in", data=Data())
    assert annotation.data is not None
    annotation.data.concepts.append(negative("tree"))
    assert to_tree(annotation)["data"] == {"concepts": [{"id": "tree", "value": 0.0}]}


def test_null_says_nothing_and_is_not_written() -> None:
    assert to_tree(Annotation(input_id="in", data=None, status=None)) == {"input_id": "in"}


def test_a_status_is_written_as_its_name() -> None:
    assert to_tree(Annotation.of("in", status=24151)) == {  # type: ignore[arg-type]
        "input_id": "in",
        "status": {"code": "ANNOTATION_PENDING"},
    }


def test_a_name_is_written_if_the_caller_gave_it() -> None:
    assert to_tree(positive("tree", name="Tree")) == {"id": "tree", "value": 1.0, "name": "Tree"}


ANSWER = {
    "id": "a",
    "input_id": "in",
    "user_id": "somebody",
    "created_at": "2025-02-28T09:41:55Z",
    "status": {"code": 24150, "description": "ok"},
    "data": {"concepts": [{"id": "tree", "name": "Tree", "value": 0, "app_id": "app"}]},
}


def test_what_only_the_server_says_does_not_go_back_to_it() -> None:
    assert to_tree(read(Annotation, ANSWER)) == {
        "id": "a",
        "input_id": "in",
        "data": {"concepts": [{"id": "tree", "value": 0.0}]},
    }


def test_what_is_assigned_to_an_answer_goes_to_the_server() -> None:
    annotation = read(Annotation, ANSWER)
    annotation.status = Status(code="ANNOTATION_PENDING")
    assert to_tree(annotation)["status"] == {"code": "ANNOTATION_PENDING"}


def test_an_annotation_that_was_read_can_be_edited_and_stored_under_another_id(connect: Any) -> None:
    emulator = Emulator()
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), negative("water"), id="one"))
    annotation.id = "two"
    annotation.data.concepts[0].value = 0.0
    client.create(annotation)
    assert [concept["value"] for concept in emulator.annotations[1]["data"]["concepts"]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        ({"heatmaps": [{"id": "t"}]}, "by a merge"),
        ({"heatmaps": []}, "What protobuf prints, print without always_print"),
        ({"regions": [{"region_info": {"ellipse": {"points": []}}}]}, "by a merge"),
    ],
    ids=["heatmap", "empty", "ellipse"],
)
def test_content_of_an_answer_that_this_version_cannot_send_is_not_dropped_in_silence(data: Any, advice: str) -> None:
    annotation = read(Annotation, {"id": "a", "input_id": "in", "data": data})
    with pytest.raises(InvalidRequestError, match=rf"holds (heatmaps|ellipse), which this version.*{advice}"):
        to_tree(annotation)


# --- plain JSON --------------------------------------------------------------------------------------


class Text(str):
    __slots__ = ()


class Number(int):
    pass


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ((1, 2), [1, 2]),
        (Text("a"), "a"),
        ({Text("a"): Number(3)}, {"a": 3}),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (True, True),
    ],
    ids=repr,
)
def test_everything_becomes_exact_json(value: Any, plain: Any) -> None:
    tree = to_tree(value)
    assert tree == plain
    assert type(tree) is type(plain)


@pytest.mark.parametrize("value", [object(), {1: 2}, b"", {1, 2}, float, 1j], ids=lambda value: type(value).__name__)
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be sent"):
        to_tree({"annotation_info": [value]})


def test_what_holds_itself_is_refused() -> None:
    data = Data()
    data.regions.append(Region.model_construct(region_info=RegionInfo(), data=data))
    with pytest.raises(InvalidRequestError, match="holds itself"):
        to_tree(Annotation.model_construct(input_id="in", data=data))


# --- checks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ({"data": {}}, r"^Nothing was sent. annotations\[7\], input_id: is required$"),
        ({"input_id": "in", "status": {"code": "DONE"}}, r"\(input 'in'\), status.code: 'DONE' is not a status code"),
        ({"input_id": "in", "data": {"concepts": [3]}}, r"data.concepts\[0\]: Input should be"),
        ({"input_id": "in", "created_at": "now"}, r"created_at: is written by the server"),
        ("text", r"annotations\[7\], as a whole: Input should be"),
    ],
)
def test_a_problem_is_told_with_index_input_and_field(tree: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        check(tree, "annotations[7]", Annotation)


@pytest.fixture
def caught() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@pytest.mark.parametrize("name", ["a b", "größe", "-a", "x" * 33, "a.b"])
def test_an_id_unlike_clarifais_is_warned_of_once_and_sent(caught: Any, connect: Any, name: str) -> None:
    emulator = Emulator()
    client = connect(emulator)
    for _ in range(2):
        client.create(Annotation.of("in", positive(name)))
    [warning] = caught
    assert warning.category is UnusualIdWarning
    assert f"concept id {name!r} is unlike Clarifai's" in str(warning.message)
    assert warning.filename == __file__ or client.__class__.__name__ == "InLoop"  # asyncio calls from elsewhere
    assert emulator.annotations[0]["data"]["concepts"][0]["id"] == name


def test_each_kind_of_id_is_warned_of(caught: Any) -> None:
    check(
        {"id": "a b", "input_id": "c d", "data": {"concepts": [{"id": "e f", "value": 1}]}},
        "annotations[0]",
        Annotation,
    )
    assert [str(warning.message).split(" is ")[0] for warning in caught] == [
        "input id 'c d'",
        "annotation id 'a b'",
        "concept id 'e f'",
    ]


@pytest.mark.parametrize("name", ["a", "9", "A-b_c", "x" * 32, "53d0362a9dfa4e03b2293375e2d0db73"])
def test_an_ordinary_id_is_not_warned_of(name: str) -> None:
    check({"id": name, "input_id": name, "data": {"concepts": [{"id": name, "value": 1}]}}, "a", Annotation)


@pytest.mark.parametrize(("kind", "longest"), [("input", 48), ("annotation", 32), ("concept", 32)])
def test_an_id_is_warned_of_beyond_the_length_that_is_known_of_its_kind(caught: Any, kind: str, longest: int) -> None:
    for length in (longest, longest + 1):
        assert caught == []
        ids = {"input": "in", "annotation": "a", "concept": "c", kind: "x" * length}
        data = {"concepts": [{"id": ids["concept"], "value": 1}]}
        prepare_row({"id": ids["annotation"], "input_id": ids["input"], "data": data}, "a")
    [warning] = caught
    assert warning.message.kind == kind
    assert f"letters, digits, '-' and '_', at most {longest})" in str(warning.message)
