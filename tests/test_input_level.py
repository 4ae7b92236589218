"""Annotations that came with their inputs: their labels are labels, and nothing else of them is anybody's to store."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    BadRequestError,
    BoundingBox,
    Concept,
    Data,
    DeleteResult,
    InvalidRequestError,
    NotFoundError,
    PartialFailureError,
    PermissionDeniedError,
    UnknownFieldWarning,
    negative,
    positive,
    read_annotations,
)
from clarifai_http_annotations.labels import write_csv, write_json_lines
from clarifai_http_annotations.testing import Emulator

TEXT = {"url": "https://example.org/in-1.txt", "hosted": {"prefix": "https://data.example.org"}}
CAME_WITH = {
    "in-1": {
        "text": TEXT,
        "metadata": {"split": "train"},
        "concepts": [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}],
    },
    "in-2": {"text": TEXT, "metadata": {"split": "train"}},
    "in-3": {},
}
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)

LEFT_OUT = r"holds text, which this version of the library does not know"


@pytest.fixture
def emulator() -> Emulator:
    return Emulator(inputs=CAME_WITH)


def level_of(client: Any, input_id: str) -> Annotation:
    """Return what came with an input."""
    [found] = [annotation for annotation in client.list(input_ids=[input_id]) if annotation.input_level]
    assert isinstance(found, Annotation)
    return found


def labels(annotation: Annotation) -> dict[str, float]:
    return {concept.id: concept.value for _, concept in annotation.each_concept()}


def bodies(emulator: Emulator, method: str) -> list[Any]:
    return [request.body for request in emulator.requests if request.method == method]


def kept(emulator: Emulator) -> list[str]:
    """Return the inputs of what is stored, the input-level ones in brackets."""
    return sorted(
        f"[{tree['input_id']}]" if tree.get("input_level") else tree["input_id"] for tree in emulator.annotations
    )


# --- get, edit, patch --------------------------------------------------------------------------------


def test_a_label_that_came_with_an_input_is_edited_and_patched_without_what_is_not_known(
    connect: Any, emulator: Emulator
) -> None:
    client = connect(emulator)
    annotation = client.get(level_of(client, "in-1").id, input_id="in-1")
    annotation.data.concepts[1].value = 1.0
    [patched] = client.patch(annotation)
    assert labels(patched) == {"tree": 1.0, "water": 1.0}
    [sent] = bodies(emulator, "PATCH")[0]["annotations"]
    assert sent["data"] == {"concepts": [{"id": "water", "value": 1.0}]}
    [stored] = [tree for tree in emulator.annotations if tree["input_id"] == "in-1"]
    assert stored["data"]["text"] == TEXT
    assert stored["data"]["metadata"] == {"split": "train"}


def test_a_label_is_added_to_what_came_with_an_input_and_turned(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    annotation = level_of(client, "in-2")
    vars(annotation)["data"].concepts = [negative("boat")]
    client.patch(annotation)
    client.set_value(annotation.id, input_id="in-2", concept_id="boat", value=True)
    assert labels(level_of(client, "in-2")) == {"boat": 1.0}
    assert all("text" not in json.dumps(body) for body in bodies(emulator, "PATCH"))


def test_data_that_is_built_anew_does_not_ask_to_take_out_what_is_not_known(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    annotation = level_of(client, "in-1")
    concepts = [Concept(id="tree", value=0), Concept(id="water", value=0)]
    annotation.data = Data(concepts=concepts, metadata={"split": "train"})
    client.patch(annotation)
    [sent] = bodies(emulator, "PATCH")[0]["annotations"]
    assert sent["data"] == {"concepts": [{"id": "tree", "value": 0.0}]}
    annotation.data = Data(concepts=concepts)
    with pytest.raises(InvalidRequestError, match=r"data\.metadata: a merge cannot take it out"):
        client.patch(annotation)


def test_a_label_is_added_to_what_came_without_any_data(connect: Any) -> None:
    sent: list[Any] = []

    def server(request: httpx.Request) -> httpx.Response:
        tree: dict[str, Any] = {"id": "a", "input_id": "in", "input_level": True, "status": {"code": 24150}}
        if request.method == "PATCH":
            sent.append(json.loads(request.read()))
            tree["data"] = sent[0]["annotations"][0]["data"]
        listed = {"annotation": tree} if request.method == "GET" else {"annotations": [tree]}
        return httpx.Response(200, json={"status": {"code": 10000}, **listed})

    client = connect(server)
    annotation = client.get("a", input_id="in")
    annotation.data = Data(concepts=[negative("tree")])
    client.patch(annotation)
    assert sent[0]["annotations"] == [
        {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree", "value": 0.0}]}}
    ]


def test_an_edit_of_what_is_not_known_is_refused(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    annotation = level_of(client, "in-1")
    unknown: Any = vars(annotation)["data"].model_extra
    unknown["text"] = {**TEXT, "url": "https://example.org/other.txt"}
    with pytest.raises(InvalidRequestError, match=r"data\.text: there is no such field"):
        client.patch(annotation)
    assert bodies(emulator, "PATCH") == []


def test_nothing_that_is_not_known_is_overwritten(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    with pytest.raises(InvalidRequestError, match=LEFT_OUT):
        client.patch(level_of(client, "in-1"), action="overwrite")
    assert bodies(emulator, "PATCH") == []


# --- create and upload a copy ------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["create", "upload"])
def test_a_copy_in_another_app_is_an_ordinary_annotation_with_the_labels_and_a_warning_of_the_rest(
    connect: Any, emulator: Emulator, way: str
) -> None:
    client = connect(emulator)
    annotation = level_of(client, "in-1")
    other = client.with_options(app_id="other")
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        getattr(other, way)([annotation])
    [body] = bodies(emulator, "POST")
    assert body["annotations"] == [
        {
            "id": annotation.id,
            "input_id": "in-1",
            "data": {
                "concepts": [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}],
                "metadata": {"split": "train"},
            },
        }
    ]
    stored = other.get(annotation.id, input_id="in-1")
    assert (labels(stored), stored.input_level) == ({"tree": 1.0, "water": 0.0}, None)


def test_in_its_own_app_the_copy_is_what_is_there(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    with pytest.warns(UnknownFieldWarning):
        [stored] = client.create(level_of(client, "in-1"))
    assert stored.input_level
    with pytest.warns(UnknownFieldWarning):
        assert client.upload([level_of(client, "in-1")]).already_there == 1
    assert len(emulator.annotations) == 3


def test_a_copy_that_is_read_from_a_saved_answer_is_no_other(connect: Any, emulator: Emulator) -> None:
    annotations = [tree for tree in emulator.client().list() if tree.input_id == "in-1"]
    saved = {"annotations": [tree for tree in emulator.annotations if tree["input_id"] == "in-1"]}
    read = read_annotations(json.dumps(saved))
    assert [labels(annotation) for annotation in read] == [labels(annotation) for annotation in annotations]
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        connect(emulator).with_options(app_id="other").create(read)


@pytest.mark.parametrize("input_id", ["in-2", "in-3"])
def test_what_came_with_an_input_without_a_label_is_no_task(connect: Any, emulator: Emulator, input_id: str) -> None:
    client = connect(emulator)
    annotation = level_of(client, input_id)
    with pytest.raises(
        InvalidRequestError,
        match=r"annotations\[0\]: The annotation .* of input 'in-.' came with its input and holds no",
    ):
        client.with_options(app_id="other").create(annotation)
    report = client.with_options(app_id="other").upload([annotation])
    assert (report.failed, report.stored) == (1, 0)
    assert bodies(emulator, "POST") == []
    saved = {"id": "a", "input_id": "in-9", "input_level": True, "later": 1}
    with pytest.raises(InvalidRequestError, match="holds no label"):
        client.create(read_annotations(saved))


def test_what_is_not_known_of_people_is_refused_as_ever(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    for known in ({}, {"status": {"code": 24150}}, {"trusted": False, "input_level": False, "created_at": None}):
        tree = {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}], "metdata": {}}, **known}
        with pytest.raises(InvalidRequestError, match="Data holds metdata, which this version"):
            client.create(read_annotations([tree]))
    with pytest.raises(InvalidRequestError, match="Data holds text, which this version"):
        client.create(Annotation(input_id="in-3", data=level_of(client, "in-1").data))
    assert bodies(emulator, "POST") == []


@pytest.mark.parametrize(
    ("known", "data", "says"),
    [
        ({"created_at": "2026-01-01T00:00:00Z"}, {"text": TEXT}, "holds nothing but text.*it would be a task"),
        ({"status": {"code": 24150, "description": "Ok"}}, {"text": TEXT}, "holds nothing but text"),
        ({"trusted": True}, {"text": TEXT, "concepts": []}, "holds nothing but text"),
        ({"input_level": True}, {"clips": [{"data": {"concepts": [{"id": "a", "value": 1}]}}]}, "holds clips, which"),
        ({"input_level": True}, {"concept": {"id": "a", "value": 1}}, "holds concept, which"),
        (
            {"input_level": True},
            {"regions": [{"region_info": {"ellipse": {}}, "data": {"concepts": [{"id": "a", "value": 1}]}}]},
            "RegionInfo holds ellipse, which",
        ),
    ],
    ids=["alone", "alone by its status", "no concepts", "labels inside", "one label inside", "a place"],
)
def test_no_label_is_lost_or_moved_with_what_is_not_known(
    connect: Any, emulator: Emulator, known: Any, data: Any, says: str
) -> None:
    annotations = read_annotations([{"id": "a", "input_id": "in-1", "data": data, **known}])
    with pytest.raises(InvalidRequestError, match=says):
        connect(emulator).create(annotations)
    assert bodies(emulator, "POST") == []


def test_what_is_not_known_beside_a_label_in_a_box_is_left_out_there(connect: Any, emulator: Emulator) -> None:
    region = {"id": "r", "region_info": {"bounding_box": BOX.model_dump()}}
    inside = {"concepts": [{"id": "sign", "value": 0}], "text": {"raw": "STOP"}}
    tree = {"id": "a", "input_id": "in-1", "trusted": True, "data": {"regions": [{**region, "data": inside}]}}
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        connect(emulator).create(read_annotations([tree]))
    [body] = bodies(emulator, "POST")
    [sent] = body["annotations"][0]["data"]["regions"]
    assert sent["data"] == {"concepts": [{"id": "sign", "value": 0.0}]}
    assert sent["region_info"] == region["region_info"]


def test_the_warning_is_about_the_line_of_the_caller(emulator: Emulator) -> None:
    with emulator.client() as client:
        annotation = level_of(client, "in-1")
        with pytest.warns(UnknownFieldWarning) as warned:
            client.create(annotation)
    assert [warning.filename for warning in warned] == [__file__]


# --- files -------------------------------------------------------------------------------------------


def test_written_are_the_labels_and_not_what_has_none(emulator: Emulator) -> None:
    with emulator.client() as client:
        client.create(Annotation.of("in-3", negative("boat"), region=BOX, id="box"))
        listed = sorted(client.list(), key=lambda annotation: annotation.input_id)
    lines, table = io.StringIO(), io.StringIO(newline="")
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        assert write_json_lines(lines, listed) == 2
    rows = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [row.keys() for row in rows] == [{"id", "input_id", "data"}] * 2
    assert rows[0]["data"]["concepts"] == [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    assert rows[0]["data"].keys() == {"concepts", "metadata"}
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        assert write_csv(table, listed) == 2
    assert [row.split(",")[2:4] for row in table.getvalue().splitlines()[1:]] == [
        ["tree", "1"],
        ["water", "0"],
        ["boat", "0"],
    ]


# --- delete ------------------------------------------------------------------------------------------


def test_what_came_with_an_input_is_skipped_and_counted(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create([Annotation.of("in-1", positive("tree"), id=f"a{number}") for number in range(2)])
    level = level_of(client, "in-1")
    listed = getattr(client, "inner", client).list(input_ids=["in-1"])
    assert client.delete_many(listed) == DeleteResult(deleted=2, skipped=[("in-1", level.id)])
    assert kept(emulator) == ["[in-1]", "[in-2]", "[in-3]"]
    assert [len(body["ids"]) for body in bodies(emulator, "DELETE")] == [2]
    as_it_came = {"id": level.id, "input_id": "in-1", "input_level": True}
    assert client.delete_many([level, as_it_came, level]) == (0, [("in-1", level.id)])
    assert len(bodies(emulator, "DELETE")) == 1


@pytest.mark.parametrize("with_one_that_is_gone", [False, True])
def test_one_that_is_named_by_its_ids_is_skipped_when_the_server_refuses_it(
    connect: Any, emulator: Emulator, with_one_that_is_gone: bool
) -> None:
    client = connect(emulator)
    client.create([Annotation.of("in-1", positive("tree"), id="a"), Annotation.of("in-2", positive("tree"), id="b")])
    levels = [level_of(client, input_id) for input_id in ("in-1", "in-2")]
    ids, input_ids = ["a", levels[0].id, levels[1].id, "b"], ["in-1", "in-1", "in-2", "in-2"]
    if with_one_that_is_gone:
        ids, input_ids = [*ids, "gone"], [*input_ids, "in-1"]
    result = client.delete_many(ids=ids, input_ids=input_ids)
    assert result == (len(ids) - 2, [("in-1", levels[0].id), ("in-2", levels[1].id)])
    assert kept(emulator) == ["[in-1]", "[in-2]", "[in-3]"]


def refusing(emulator: Emulator, http_status: int, code: int) -> Any:
    """Return a server that refuses to delete what came with an input by another code."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            ids = json.loads(request.read()).get("ids")
            if any(tree["id"] in ids for tree in emulator.annotations if tree.get("input_level")):
                return httpx.Response(http_status, json={"status": {"code": code}})
        return emulator(request)

    return handle


@pytest.mark.parametrize(("http_status", "code"), [(400, 24155), (403, 24156), (404, 11101), (400, 11102)])
def test_by_whatever_code_the_server_refuses_it(connect: Any, emulator: Emulator, http_status: int, code: int) -> None:
    client = connect(refusing(emulator, http_status, code))
    client.create([Annotation.of("in-1", positive("tree"), id="a")])
    level = level_of(client, "in-1").id
    assert client.delete_many(ids=["a", level], input_ids=["in-1", "in-1"]) == (1, [("in-1", level)])
    assert client.delete_many(ids=[level], input_ids=["in-1"]) == (0, [("in-1", level)])
    assert kept(emulator) == ["[in-1]", "[in-2]", "[in-3]"]


@pytest.mark.parametrize(
    ("http_status", "kind"), [(400, BadRequestError), (403, PermissionDeniedError), (404, NotFoundError)]
)
def test_a_refusal_of_anything_else_is_raised(
    connect: Any, emulator: Emulator, http_status: int, kind: type[Exception]
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            return httpx.Response(http_status, json={"status": {"code": 10020}})
        return emulator(request)

    client = connect(handle)
    stored = client.create([Annotation.of("in-1", positive("tree"), id="a")])
    for given in (stored, [*stored, level_of(client, "in-1")]):
        with pytest.raises(kind):
            client.delete_many(given)
    assert len(emulator.annotations) == 4


def test_a_refusal_that_nobody_can_ask_about_is_raised_as_it_is(connect: Any, emulator: Emulator) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400 if request.method == "DELETE" else 401, json={"status": {"code": 10020}})

    with pytest.raises(BadRequestError):
        connect(handle).delete_many(ids=["a"], input_ids=["in-1"])
    with pytest.raises(BadRequestError):
        connect(handle).delete_all_of_inputs(["in-1"])


def test_what_was_skipped_is_said_when_others_fail(connect: Any, emulator: Emulator) -> None:
    seen: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            seen.append(1)
            if len(seen) == 2:
                raise httpx.ReadError("")
        return emulator(request)

    client = connect(handle, max_retries=0)
    for start in (0, 100):
        client.create([Annotation.of("in-1", positive("tree"), id=f"a{start + number}") for number in range(100)])
    given = [level_of(client, "in-1"), *({"id": f"a{number}", "input_id": "in-1"} for number in range(200))]
    with pytest.raises(
        PartialFailureError, match=r"72 of 201 annotations are not known .*; input-level and skipped: 1\."
    ) as caught:
        client.delete_many(given)
    assert len(caught.value.succeeded) == 128
    assert [failure.index for failure in caught.value.failed] == list(range(129, 201))
    assert {type(failure.error) for failure in caught.value.failed} == {APIConnectionError}


def test_everything_of_inputs_is_deleted_but_what_came_with_them(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create([Annotation.of("in-1", positive("tree"), id="a")])
    assert client.delete_all_of_inputs(["in-1", "in-2"]) is None
    assert kept(emulator) == ["[in-1]", "[in-2]", "[in-3]"]


def test_a_copy_keeps_what_it_is(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    annotation = copy.deepcopy(level_of(client, "in-1"))
    assert annotation.input_level
    moved = annotation.model_copy(update={"input_id": "in-3"})
    with pytest.warns(UnknownFieldWarning, match=LEFT_OUT):
        [stored] = client.create(moved)
    assert (stored.input_id, stored.input_level, labels(stored)) == ("in-3", None, {"tree": 1.0, "water": 0.0})
