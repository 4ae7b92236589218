"""Patching what is stored: exactly what was meant, nothing else, over an emulator of the API's rules."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
from typing import Any

import httpx
import kinds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    APIError,
    AuthenticationError,
    BoundingBox,
    Concept,
    Data,
    FrameInfo,
    InternalServerError,
    InvalidRequestError,
    InvalidResponseError,
    MissingValueError,
    NotFoundError,
    PartialFailureError,
    Polygon,
    Region,
    RegionInfo,
    TimeInfo,
    negative,
    positive,
)
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations._wire.guard import FREE_JSON, find_concepts
from clarifai_http_annotations.testing import Emulator, no_waiting

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
TRIANGLE = Polygon.of((0, 0), (0, 1), (1, 1))


def last(emulator: Emulator) -> Any:
    """Return the body of the last request."""
    return emulator.requests[-1].body


def methods(emulator: Emulator) -> list[str]:
    return [request.method for request in emulator.requests]


# --- what leaves -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patch", "body"),
    [
        (
            Annotation.of("in", positive("apple"), id="a"),
            {"data": {"concepts": [{"id": "apple", "value": 1.0}]}},
        ),
        (
            Annotation.of("in", negative("apple"), id="a"),
            {"data": {"concepts": [{"id": "apple", "value": 0.0}]}},
        ),
        (
            Annotation.of("in", negative("apple"), region=Region(id="r"), id="a"),
            {"data": {"regions": [{"id": "r", "data": {"concepts": [{"id": "apple", "value": 0.0}]}}]}},
        ),
        (
            Annotation.of("in", id="a", status="ANNOTATION_SUCCESS"),
            {"status": {"code": "ANNOTATION_SUCCESS"}},
        ),
        (
            {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "apple", "value": False}]}},
            {"data": {"concepts": [{"id": "apple", "value": 0.0}]}},
        ),
        (
            Annotation(input_id="in", id="a", data=Data(concepts=[])),
            {"data": {"concepts": []}},
        ),
        (Annotation(input_id="in", id="a", data=Data()), {"data": {}}),
    ],
    ids=["positive", "negative", "in a region", "status", "dict", "empty on purpose", "empty data on purpose"],
)
def test_a_patch_that_was_built_says_what_was_set_and_the_action(
    connect: Any, emulator: Emulator, patch: Any, body: Any
) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), id="a"))
    client.patch(patch)
    assert last(emulator) == {"annotations": [{"id": "a", "input_id": "in", **body}], "action": "merge"}
    assert emulator.requests[-1].method == "PATCH"
    assert emulator.missing_values == []


def test_several_are_patched_in_one_request_and_come_back_in_the_order_asked(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    stored = client.create([Annotation.of("in", positive("tree"), id=name) for name in "abc"])
    stored.reverse()
    for annotation in stored:
        annotation.data.concepts[0].value = 0
    assert [annotation.id for annotation in client.patch(stored)] == ["c", "b", "a"]
    assert methods(emulator) == ["POST", "PATCH"]
    assert [tree["data"]["concepts"][0]["value"] for tree in emulator.annotations] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        (Annotation.of("in", positive("tree")), r"annotations\[0\] \(input 'in'\), id: is required"),
        (Annotation.of("in", id="a"), "says nothing to change"),
        ([], "there is no annotation; patch takes 1 to 128"),
        ("a", "patch takes an Annotation or 1 to 128 of them, not str"),
        ([5], r"annotations\[0\]: is a int: give Annotation objects"),
        ([Annotation.of("in", positive("a"), id="a")] * 129, "patch takes 1 to 128 annotations.* there are more"),
        ([Annotation.of("in", positive("a"), id="a")] * 2, r"annotations\[0\] and annotations\[1\] are the same"),
        ({"id": "a", "input_id": "in", "dta": {}}, "dta: there is no such field; did you mean 'data'"),
        ({"id": "a", "input_id": "in", "data": {"concepts": [{"id": "c", "value": 0.5}]}}, "must be 1 .present. or 0"),
    ],
)
def test_what_is_no_patch_is_refused_before_anything_is_sent(
    connect: Any, emulator: Emulator, patch: Any, problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        connect(emulator).patch(patch)
    assert emulator.requests == []


def test_a_concept_without_value_is_refused(connect: Any, emulator: Emulator) -> None:
    """The API would write 1.0 over what was there."""
    with pytest.raises(MissingValueError, match="has no value"):
        connect(emulator).patch({"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree"}]}})
    assert emulator.requests == []


@pytest.mark.parametrize("action", ["Merge", "delete", "", None])
def test_an_action_that_does_not_exist_is_refused(connect: Any, emulator: Emulator, action: Any) -> None:
    with pytest.raises(InvalidRequestError, match="action must be one of merge, overwrite, remove"):
        connect(emulator).patch(Annotation.of("in", positive("a"), id="a"), action=action)
    with pytest.raises(InvalidRequestError, match='goes with action="remove"'):
        connect(emulator).patch(Annotation.of("in", positive("a"), id="a"), delete_if_empty_data=True)


# --- get, edit, patch --------------------------------------------------------------------------------


def test_only_the_edit_leaves(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), negative("water"), region=TRIANGLE, id="a"))
    annotation = client.get("a", input_id="in")
    region = annotation.data.regions[0]
    region.data.concepts[1].value = True
    [stored] = client.patch(annotation)
    said = {"id": region.id, "data": {"concepts": [{"id": "water", "value": 1.0}]}}
    assert last(emulator)["annotations"] == [{"id": "a", "input_id": "in", "data": {"regions": [said]}}]
    assert stored.data == annotation.data
    assert len(emulator.annotations[0]["data"]["regions"][0]["region_info"]["polygon"]["points"]) == 3


@pytest.mark.parametrize(
    "edit",
    [
        lambda annotation: setattr(annotation.data.concepts[0], "value", False),
        lambda annotation: annotation.data.concepts.__setitem__(0, negative("tree")),
        lambda annotation: setattr(annotation.data, "concepts", [negative("tree"), negative("water")]),
        lambda annotation: setattr(annotation, "data", Data(concepts=[negative("water"), negative("tree")])),
    ],
    ids=["value", "concept", "list", "data"],
)
def test_a_label_is_edited_in_place_or_by_another_object(connect: Any, emulator: Emulator, edit: Any) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    edit(annotation)
    client.patch(annotation)
    [patch] = last(emulator)["annotations"]
    assert patch["data"] == {"concepts": [{"id": "tree", "value": 0.0}]}


def test_nothing_is_sent_of_what_was_not_changed(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    one, two = client.create([Annotation.of("in", positive("tree"), id=name) for name in "ab"])
    assert client.patch([one, two]) == [one, two]
    two.status = "ANNOTATION_PENDING"
    assert [annotation.id for annotation in client.patch([one, two])] == ["a", "b"]
    assert methods(emulator) == ["POST", "PATCH"]
    assert last(emulator)["annotations"] == [{"id": "b", "input_id": "in", "status": {"code": "ANNOTATION_PENDING"}}]


def test_a_label_can_be_turned_and_turned_back_on_the_same_object(connect: Any, emulator: Emulator) -> None:
    """The second patch is compared with the first one, not with what was once read."""
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), id="a"))
    for value in (0.0, 1.0, 0.0):
        annotation.data.concepts[0].value = value
        client.patch(annotation)
        assert emulator.annotations[0]["data"]["concepts"][0]["value"] == value


@pytest.mark.parametrize("status", [500, None], ids=["500", "no answer"])
def test_after_an_unclear_failure_a_label_can_be_turned_back(connect: Any, emulator: Emulator, status: Any) -> None:
    """Nobody knows whether it was turned, so what it was is said again."""
    broken: list[bool] = []

    def carried_out(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if not broken:
            return answer
        if status is None:
            raise httpx.ReadError("", request=request)
        return httpx.Response(status)

    client = connect(carried_out, max_retries=0)
    [annotation] = client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    broken.append(True)
    annotation.data.concepts[0].value = 0.0
    with pytest.raises((InternalServerError, APIConnectionError)) as caught:
        client.patch(annotation)
    assert caught.value.maybe_done
    broken.clear()
    annotation.data.concepts[0].value = 1.0
    client.patch(annotation)
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == 1.0
    before = len(emulator.requests)
    client.patch(annotation)
    assert len(emulator.requests) == before  # and now it is known


def test_after_a_clear_failure_the_edit_is_still_an_edit(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), id="a"))
    client.delete("a", input_id="in")
    annotation.data.concepts[0].value = 0.0
    for _ in range(2):
        with pytest.raises(NotFoundError):
            client.patch(annotation)
    client.create(Annotation.of("in", positive("tree"), id="a"))
    client.patch(annotation)
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == 0.0


def test_after_a_refusal_of_the_whole_request_only_the_edit_is_said(connect: Any, emulator: Emulator) -> None:
    refused: list[bool] = []

    def refuses(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"status": {"code": 11009}}) if refused else emulator(request)

    client = connect(refuses)
    [annotation] = client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    refused.append(True)
    annotation.data.concepts[0].value = 0.0
    with pytest.raises(AuthenticationError):
        client.patch(annotation)
    refused.clear()
    client.patch(annotation)
    assert last(emulator)["annotations"][0]["data"] == {"concepts": [{"id": "tree", "value": 0.0}]}


def test_a_copy_and_a_pickle_know_what_they_were_read_from(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), region=TRIANGLE, id="a"))
    for other in (
        annotation.model_copy(deep=True),
        copy.deepcopy(annotation),
        pickle.loads(pickle.dumps(annotation)),
    ):
        assert other == annotation
        client.patch(other)
        other.data.regions[0].data.concepts[0].value = 1 - other.data.regions[0].data.concepts[0].value
        client.patch(other)
        assert "region_info" not in last(emulator)["annotations"][0]["data"]["regions"][0]


def test_where_it_was_read_from_is_no_part_of_an_annotation(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), id="a"))
    annotation = client.get("a", input_id="in")
    [again] = client.list()
    assert annotation == again == annotation.model_copy()
    assert "origin" not in repr(annotation)
    assert "_origin" not in annotation.model_dump()


def test_content_that_this_version_does_not_know_does_not_hinder_an_edit(connect: Any) -> None:
    """It is not touched by a merge, so it may stay unknown."""
    sent: list[Any] = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            sent.append(request.read())
        tree = {
            "id": "a",
            "input_id": "in",
            "data": {
                "concepts": [{"id": "tree", "value": 1}],
                "heatmaps": [{"x": 1}],
                "regions": [{"id": "r", "new": 1}],
            },
            "status": {"code": 24150},
        }
        if request.method == "PATCH":
            tree["data"] = {"concepts": [{"id": "tree", "value": 0}]}
        key = "annotation" if request.method == "GET" else "annotations"
        return httpx.Response(200, json={"status": {"code": 10000}, key: tree if request.method == "GET" else [tree]})

    client = connect(server)
    annotation = client.get("a", input_id="in")
    annotation.data.concepts[0].value = 0
    client.patch(annotation)
    assert b"heatmaps" not in sent[0]
    annotation.data.concepts[0].value = 1
    with pytest.raises(InvalidRequestError, match="which this version of the library does not know"):
        client.patch(annotation, action="overwrite")


def test_what_a_merge_cannot_say_is_refused_and_overwrite_says_it(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    annotation.data.concepts.pop()
    with pytest.raises(InvalidRequestError, match="a merge cannot take 'water' out"):
        client.patch(annotation)
    [stored] = client.patch(annotation, action="overwrite")
    assert [(concept.id, concept.value) for _, concept in stored.each_concept()] == [("tree", 1.0)]
    before = len(emulator.requests)
    client.patch(annotation)
    assert len(emulator.requests) == before


def test_the_ids_of_what_was_read_cannot_be_patched(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [annotation] = client.create(Annotation.of("in", positive("tree"), id="a"))
    annotation.id = "b"
    with pytest.raises(InvalidRequestError, match="ids of an annotation cannot be changed"):
        client.patch(annotation)


# --- remove ------------------------------------------------------------------------------------------


def test_a_removal_takes_concept_ids_alone(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), negative("water"), id="a"))
    [stored] = client.patch({"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree"}]}}, action="remove")
    assert last(emulator) == {
        "annotations": [{"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree", "value": 0.0}]}}],
        "action": "remove",
    }
    assert [(concept.id, concept.value) for _, concept in stored.each_concept()] == [("water", 0.0)]
    assert emulator.missing_values == []


@pytest.mark.parametrize("delete", [True, False])
def test_what_is_left_empty_is_deleted_if_it_is_asked_for(connect: Any, emulator: Emulator, delete: bool) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), id="a"))
    patch = Annotation.of("in", negative("tree"), id="a")
    client.patch(patch, action="remove", delete_if_empty_data=delete)
    assert len(emulator.annotations) == (0 if delete else 1)


# --- properties --------------------------------------------------------------------------------------

Leaves = dict[tuple[Any, ...], Any]


def leaves(tree: Any, place: tuple[Any, ...] = ()) -> Leaves:
    """Return every scalar, and whatever is empty, by its place.

    An item of a list is named by its id; the one region, and the one frame, by its list alone. A list
    in free JSON is one thing.
    """
    if isinstance(tree, dict) and tree:
        items = [((*place, key), item) for key, item in tree.items() if key not in ADDED]
    elif isinstance(tree, list) and tree and not FREE_JSON & set(place):
        items = [((*place, name_of(place, index, item)), item) for index, item in enumerate(tree)]
    else:
        return {place: tree}
    return {leaf: value for where, item in items for leaf, value in leaves(item, where).items()}


ADDED = {"name", "app_id", "modified_at", "created_at", "status"}
"""What the server adds, or changes with every patch."""


def name_of(place: tuple[Any, ...], index: int, item: Any) -> Any:
    if place[-1] in ("regions", "frames"):
        return "the one"
    return item.get("id", index) if isinstance(item, dict) else index


def outside(named: Leaves, place: tuple[Any, ...]) -> bool:
    """Tell whether a patch does not name a place, or what holds it; where a region or a frame is, is one thing."""
    for whole in ("region_info", "frame_info"):
        if whole in place:
            place = place[: place.index(whole) + 1]
    return not any(said[: len(place)] == place or place[: len(said)] == said for said in named)


@given(kinds.stored, kinds.sendable)
def test_a_merge_never_removes_or_changes_what_was_not_named(first: Any, second: Any) -> None:
    emulator = Emulator()
    client = emulator.client()
    client.create(first)
    before = leaves(emulator.annotations[0])
    client.patch(second)
    after, named = leaves(emulator.annotations[0]), leaves(second)
    assert {place: after.get(place, "gone") for place in before if outside(named, place)} == {
        place: value for place, value in before.items() if outside(named, place)
    }
    polarities = {place: value for place, value in named.items() if place[-1] == "value" and "concepts" in place}
    assert {place: after[place] for place in polarities if "metadata" not in place} == {
        place: value for place, value in polarities.items() if "metadata" not in place
    }


EDITS = ["flip", "add", "metadata", "info", "status", "task", "track", "box", "nothing"]


@given(kinds.sendable, st.lists(st.sampled_from(EDITS), min_size=1, max_size=3, unique=True), st.data())
def test_get_edit_patch_changes_exactly_the_edit(first: Any, edits: list[str], data: st.DataObject) -> None:
    emulator = Emulator()
    client = emulator.client()
    client.create(first)
    stored = leaves(emulator.annotations[0])
    annotation = client.get("a", input_id="in")
    before = leaves(to_tree(annotation, "keep"))
    for edit in edits:
        apply(edit, annotation, data)
    wanted = leaves(to_tree(annotation, "keep"))
    [patched] = client.patch(annotation)
    assert leaves(to_tree(patched, "keep")) == wanted
    assert leaves(to_tree(client.get("a", input_id="in"), "keep")) == wanted
    edited = {place for place in before.keys() | wanted.keys() if before.get(place) != wanted.get(place)}
    now = leaves(emulator.annotations[0])
    assert {place for place in stored.keys() | now.keys() if stored.get(place) != now.get(place)} == edited
    assert emulator.missing_values == []


def apply(edit: str, annotation: Any, data: st.DataObject) -> None:
    """Make an edit, if there is what it would change."""
    concepts = [concept for _, concept in annotation.each_concept()]
    regions = annotation.data.regions
    if edit == "flip" and concepts:
        concept = data.draw(st.sampled_from(concepts))
        concept.value = 1 - concept.value
    elif edit == "add":
        annotation.data.concepts = [*annotation.data.concepts, negative("new")]
    elif edit == "metadata":
        annotation.data.metadata = {**(annotation.data.metadata or {}), "new": True}
    elif edit == "info":
        annotation.annotation_info = {**(annotation.annotation_info or {}), "new": {"a": [1]}}
    elif edit == "status":
        annotation.status = "ANNOTATION_AWAITING_REVIEW"
    elif edit == "task":
        annotation.task_id = "another"
    elif edit == "track" and regions:
        regions[0].track_id = "t9"
    elif edit == "box" and regions and regions[0].region_info.bounding_box is not None:
        regions[0].region_info.bounding_box.bottom_row = 1.0


@given(kinds.stored, kinds.sendable)
def test_a_patch_whose_answer_was_lost_is_done_once(first: Any, second: Any) -> None:
    """It is sent again only if that leaves the same state; otherwise the caller is told."""
    once, twice = Emulator(), Emulator()
    lost: list[bool] = []

    def loses_the_first_answer(request: httpx.Request) -> httpx.Response:
        answer = twice(request)
        if request.method == "PATCH" and not lost:
            lost.append(True)
            return httpx.Response(502)
        return answer

    for emulator, transport in ((once, once), (twice, loses_the_first_answer)):
        client = emulator.client(transport=httpx.MockTransport(transport))
        client.create(first)
        with no_waiting(), contextlib.suppress(InternalServerError):
            client.patch(second)
    assert lost
    assert leaves(once.annotations[0]) == leaves(twice.annotations[0]) | made_by_servers(once)


def made_by_servers(emulator: Emulator) -> Leaves:
    """Return the ids that a server made up."""
    return {
        place: value
        for place, value in leaves(emulator.annotations[0]).items()
        if place[-1] == "id" and len(value) == 32
    }


# --- one label ---------------------------------------------------------------------------------------

PLACES: dict[str, dict[str, Any]] = {
    "data": {},
    "region": {"region": BOX},
    "frame": {"frame": FrameInfo(time=5000)},
    "region of a frame": {"frame": FrameInfo(time=5000), "region": TRIANGLE},
    "time segment": {"time_segment": TimeInfo(begin_time=1, end_time=2)},
}


@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("value", [True, False, 1, 0, 1.0, 0.0], ids=repr)
def test_one_label_is_set_wherever_it_is(connect: Any, emulator: Emulator, where: Any, value: Any) -> None:
    client = connect(emulator)
    before = Concept(id="tree", value=not value)
    client.create(Annotation.of("in", positive("boat"), before, negative("water"), id="a", **where))
    stored = client.set_value("a", input_id="in", concept_id="tree", value=value)
    said = [("boat", 1.0), ("tree", float(value)), ("water", 0.0)]
    assert [(concept.id, concept.value) for _, concept in stored.each_concept()] == said
    assert [(concept.id, concept.value) for _, concept in client.get("a", input_id="in").each_concept()] == said
    [patch] = [request for request in emulator.requests if request.method == "PATCH"]
    concepts = [concept for _, concept in find_concepts(patch.body)]
    assert concepts == [{"id": "tree", "value": float(value)}]


def test_a_label_that_is_so_already_is_left_alone(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create(Annotation.of("in", positive("tree"), id="a"))
    assert client.set_value("a", input_id="in", concept_id="tree", value=True).id == "a"
    assert methods(emulator) == ["POST", "GET"]


def test_a_label_that_is_not_there_is_said(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create([Annotation.of("in", positive("tree"), id="a"), Annotation.of("in", region=BOX, id="b")])
    with pytest.raises(NotFoundError, match=r"no concept 'boat': it has 'tree'; nothing was changed") as caught:
        client.set_value("a", input_id="in", concept_id="boat", value=0)
    assert str(caught.value).startswith("set_value: GET /v2/users/me/apps/")
    with pytest.raises(NotFoundError, match="it has none"):
        client.set_value("b", input_id="in", concept_id="boat", value=0)
    with pytest.raises(NotFoundError, match="answered HTTP 404"):
        client.set_value("c", input_id="in", concept_id="boat", value=0)


def test_a_label_in_two_places_is_not_guessed(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    region = Region(region_info=RegionInfo.of(BOX), data=Data(concepts=[positive("tree")]))
    data = Data(concepts=[positive("tree")], regions=[region])
    client.create(Annotation(input_id="in", id="a", data=data))
    with pytest.raises(InvalidRequestError, match=r"is in data.concepts\[0\] and data.regions\[0\].data.concepts\[0\]"):
        client.set_value("a", input_id="in", concept_id="tree", value=0)


@pytest.mark.parametrize("value", [0.5, 2, -1, "1", None, float("nan")], ids=repr)
def test_what_is_no_polarity_is_refused_before_anything_is_sent(connect: Any, emulator: Emulator, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"Nothing was sent\. value is"):
        connect(emulator).set_value("a", input_id="in", concept_id="tree", value=value)
    assert emulator.requests == []


def test_a_label_in_a_region_without_id_is_set_by_overwriting_the_annotation(connect: Any) -> None:
    sent: list[Any] = []
    tree: dict[str, Any] = {
        "id": "a",
        "input_id": "in",
        "data": {"regions": [{"data": {"concepts": [{"id": "tree", "value": 1}]}}]},
        "status": {"code": 24150},
    }

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"status": {"code": 10000}, "annotation": tree})
        sent.append(json.loads(request.content))
        said = {**sent[-1]["annotations"][0], "status": {"code": 24150}}
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": [said]})

    connect(server).set_value("a", input_id="in", concept_id="tree", value=False)
    data = {"regions": [{"data": {"concepts": [{"id": "tree", "value": 0.0}]}}]}
    assert sent == [{"annotations": [{"id": "a", "input_id": "in", "data": data}], "action": "overwrite"}]


def test_a_label_without_value_in_the_answer_is_said_even_if_it_would_read_so(connect: Any) -> None:
    """1.0 is then the rule of HTTP, not the server's word."""
    tree = {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree"}]}, "status": {"code": 24150}}
    sent: list[Any] = []

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"status": {"code": 10000}, "annotation": tree})
        sent.append(json.loads(request.content)["annotations"])
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": [tree]})

    connect(server).set_value("a", input_id="in", concept_id="tree", value=1)
    assert sent == [[{"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree", "value": 1.0}]}}]]


# --- failures ----------------------------------------------------------------------------------------


def test_some_may_fail_and_the_others_are_changed(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    one, two, three = client.create([Annotation.of("in", positive("tree"), id=name) for name in "abc"])
    client.delete("b", input_id="in")
    for annotation in (one, two, three):
        annotation.data.concepts[0].value = 0
    with pytest.raises(
        PartialFailureError, match="patch: 1 of 3 annotations were not changed; the others are"
    ) as caught:
        client.patch([one, two, three])
    assert [annotation.id for annotation in caught.value.succeeded] == ["a", "c"]
    [failure] = caught.value.failed
    assert (failure.index, failure.annotation.id, type(failure.error)) == (1, "b", NotFoundError)
    assert failure.error.operation == "patch"
    assert not failure.error.maybe_done


def answering(*items: Any, code: int = 10000) -> Any:
    """Return a server that answers every patch with these items."""
    return lambda request: httpx.Response(200, json={"status": {"code": code}, "annotations": list(items)})


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([], "says nothing of annotation 'a'"),
        ([{"id": "a", "input_id": "in", "status": {"code": 98004}}], "Clarifai 98004"),
        (
            [
                {
                    "id": "a",
                    "input_id": "in",
                    "data": {"concepts": [{"id": "tree", "value": 1}]},
                    "status": {"code": 24150},
                }
            ],
            "turns a concept of annotation 'a' around",
        ),
    ],
    ids=["silent", "internal failure", "turned around"],
)
def test_an_unclear_answer_is_an_error_that_may_be_done(connect: Any, items: Any, error: str) -> None:
    client = connect(answering(*items))
    with pytest.raises(APIError, match=error) as caught:
        client.patch(Annotation.of("in", negative("tree"), id="a"))
    assert caught.value.maybe_done


def test_a_removal_is_not_compared_with_the_values_that_only_the_guard_wrote(connect: Any) -> None:
    tree = {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "b", "value": 1}]}, "status": {"code": 24150}}
    [stored] = connect(answering(tree)).patch(Annotation.of("in", negative("b"), id="a"), action="remove")
    assert stored.id == "a"


@pytest.mark.parametrize(
    ("patch", "options", "attempts"),
    [
        (Annotation.of("in", negative("tree"), id="a"), {}, 3),
        (Annotation.of("in", negative("tree"), region=Region(id="r"), id="a"), {}, 3),
        (Annotation.of("in", negative("tree"), region=BOX, id="a"), {}, 1),
        (Annotation.of("in", negative("tree"), region=BOX, id="a"), {"action": "overwrite"}, 3),
        (Annotation.of("in", negative("tree"), id="a"), {"action": "remove"}, 3),
        (Annotation.of("in", negative("tree"), id="a"), {"action": "remove", "delete_if_empty_data": True}, 1),
    ],
    ids=["label", "in a region", "a new region", "overwrite", "remove", "remove and delete"],
)
def test_a_patch_is_sent_again_only_if_twice_is_once(connect: Any, patch: Any, options: Any, attempts: int) -> None:
    sent: list[httpx.Request] = []

    def broken(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(502)

    with pytest.raises(InternalServerError) as caught:
        connect(broken, max_retries=2).patch(patch, **options)
    assert (len(sent), caught.value.maybe_done) == (attempts, True)


def test_a_label_is_not_set_on_another_annotation_than_was_asked_for(connect: Any) -> None:
    tree = {"id": "b", "input_id": "in", "data": {"concepts": [{"id": "tree", "value": 1}]}}
    client = connect(lambda request: httpx.Response(200, json={"status": {"code": 10000}, "annotation": tree}))
    with pytest.raises(InvalidResponseError, match="another annotation than was asked for"):
        client.set_value("a", input_id="in", concept_id="tree", value=0)
