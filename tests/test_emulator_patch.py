"""PATCH annotations in the emulator: the three actions, as functions and over the wire."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations.testing import Emulator
from clarifai_http_annotations.testing._patching import is_empty, merge, merge_data, removed

URL = "/v2/users/emulator-user/apps/app/annotations"

Tree = dict[str, Any]


def ask(emulator: Emulator, method: str, body: Any) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.request(method, URL, json=body)
    return response.status_code, response.json()


def post(emulator: Emulator, data: Tree | None = None, **fields: Any) -> Tree:
    tree = {"id": "a", "input_id": "in-1", "data": data or {}, **fields}
    http_status, answer = ask(emulator, "POST", {"annotations": [tree]})
    assert http_status == 200, answer
    [stored] = answer["annotations"]
    return dict(stored)


def patch(
    emulator: Emulator, action: str, data: Any = None, *, id: str = "a", drop_empty: bool = False, **fields: Any
) -> Tree:
    """Patch one annotation, which must succeed, and return it as it was answered."""
    tree = {"id": id, "input_id": "in-1", "data": data, **fields}
    http_status, answer = ask(
        emulator, "PATCH", {"annotations": [tree], "action": action, "delete_if_empty_data": drop_empty}
    )
    assert http_status == 200, answer
    [changed] = answer["annotations"]
    return dict(changed)


def values(data: Tree) -> dict[str, float]:
    return {concept["id"]: concept["value"] for concept in data["concepts"]}


def concepts(**polarity: float) -> Tree:
    return {"concepts": [{"id": name, "value": value} for name, value in polarity.items()]}


BOX = {"bounding_box": {"top_row": 0.25, "left_col": 0.25, "bottom_row": 0.5, "right_col": 0.5}}
LARGER = {"bounding_box": {"top_row": 0, "left_col": 0, "bottom_row": 1, "right_col": 1}}
POINTS = [{"row": 0, "col": 0}, {"row": 0, "col": 1}, {"row": 1, "col": 1}]
TREE, BOAT = {"id": "tree", "value": 0}, {"id": "boat", "value": 1}


def region(info: Tree | None = None, *said: Tree, **fields: Any) -> Tree:
    return {"region_info": info or BOX, "data": {"concepts": list(said or [TREE])}, **fields}


# --- merge, as a function ------------------------------------------------------------------------

MERGES = [
    ("different keys", {"new": [1, 2, 3]}, {"old": True}, {"old": True, "new": [1, 2, 3]}),
    ("another id", {"list": [{"id": 1}]}, {"list": [{"id": 2}]}, {"list": [{"id": 2}, {"id": 1}]}),
    (
        "keys, and an id that is there",
        {"list": [{"id": "1", "is": True}], "number": 1},
        {"list": [{"id": "2"}, {"id": "1", "is": False}]},
        {"list": [{"id": "2"}, {"id": "1", "is": True}], "number": 1},
    ),
    (
        "another type",
        {"list": [{"id": "1"}], "other": 1},
        {"list": [{"id": "2"}], "other": "text"},
        {"list": [{"id": "2"}, {"id": "1"}], "other": 1},
    ),
    (
        "an object of a list",
        {"list": [{"id": "1", "is": True}], "other": 1},
        {"list": [{"id": "1", "has": "it", "is": False}, {"id": "2"}], "other": "text"},
        {"list": [{"id": "1", "has": "it", "is": True}, {"id": "2"}], "other": 1},
    ),
    (
        "a list without ids",
        {"list": [{"key": "1"}], "other": 1},
        {"list": [{"key": "2"}], "other": "text"},
        {"list": [{"key": "2"}, {"key": "1"}], "other": 1},
    ),
    (
        "a list without ids beside an object",
        {"list": [{"key": "1"}], "other": 1, "object": {"a": 1, "b": 2}},
        {"list": [{"key": "2"}], "other": "text"},
        {"list": [{"key": "2"}, {"key": "1"}], "other": 1, "object": {"a": 1, "b": 2}},
    ),
    ("a scalar over an object", {"root": True}, {"root": {"a": "1", "b": "2"}}, {"root": True}),
    ("a scalar below", {"root": {"a": True}}, {"root": {"a": "1", "b": "2"}}, {"root": {"a": True, "b": "2"}}),
    (
        "an object over a scalar",
        {"root": {"a": {"c": "3"}}},
        {"root": {"a": "1", "b": "2"}},
        {"root": {"a": {"c": "3"}, "b": "2"}},
    ),
    (
        "several branches",
        {"x": {"a": {"c": "3"}, "b": {"d": "4", "e": [1, 2, 3]}}, "y": {"f": "5"}},
        {"x": {"a": "1", "b": {"d": {"g": "6"}}}, "y": {"h": {"i": "7"}}},
        {"x": {"a": {"c": "3"}, "b": {"d": "4", "e": [1, 2, 3]}}, "y": {"h": {"i": "7"}, "f": "5"}},
    ),
    ("an empty object", {"root": {"a": {}}}, {"root": {"a": "1", "b": "2"}}, {"root": {"a": {}, "b": "2"}}),
    ("null", {"root": {"a": None}}, {"root": {"a": "1", "b": "2"}}, {"root": {"a": "1", "b": "2"}}),
    ("an empty list at the root", {"root": []}, {"root": {"a": "1", "b": "2"}}, {"root": []}),
    ("an empty list below", {"root": {"a": []}}, {"root": {"a": "1", "b": "2"}}, {"root": {"a": [], "b": "2"}}),
    (
        "a list over an object",
        {"root": {"a": [{"b": "1"}]}},
        {"root": {"a": {"b": "1"}}},
        {"root": {"a": [{"b": "1"}]}},
    ),
    (
        "an object over an empty list",
        {"root": {"a": {"b": [{"c": "1"}]}}},
        {"root": {"a": []}},
        {"root": {"a": {"b": [{"c": "1"}]}}},
    ),
]


@pytest.mark.parametrize(("asked", "stored", "merged"), [case[1:] for case in MERGES], ids=[case[0] for case in MERGES])
def test_merge_does_what_the_docs_say(asked: Tree, stored: Tree, merged: Tree) -> None:
    assert merge(stored, asked) == merged


@pytest.mark.parametrize(
    ("asked", "stored", "merged"),
    [
        pytest.param({"list": [2]}, {"list": [1, 2]}, {"list": [1, 2, 2]}, id="scalars append"),
        pytest.param({"list": [[1]]}, {"list": [[1]]}, {"list": [[1], [1]]}, id="lists append"),
        pytest.param({"list": [{"id": ""}]}, {"list": [{"id": ""}]}, {"list": [{"id": ""}, {"id": ""}]}, id="empty id"),
        pytest.param(
            {"list": [{"id": "x", "a": 1}, {"id": "x", "b": 2}]},
            {"list": []},
            {"list": [{"id": "x", "a": 1, "b": 2}]},
            id="twice",
        ),
        pytest.param({"new": None}, {"old": 1}, {"old": 1}, id="null under a new key"),
        pytest.param(None, {"old": 1}, {"old": 1}, id="null over everything"),
        pytest.param({}, {"old": 1}, {}, id="an empty object over everything"),
    ],
)
def test_merge_of_what_the_docs_do_not_show(asked: Any, stored: Tree, merged: Tree) -> None:
    assert merge(stored, asked) == merged


free = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "b"]), inner, max_size=3),
    max_leaves=8,
)


@given(stored=free, asked=free)
def test_merge_and_remove_take_any_json_and_change_neither(stored: Any, asked: Any) -> None:
    before = json.dumps([stored, asked])
    merge(stored, asked)
    removed(stored, asked)
    is_empty(stored)
    assert json.dumps([stored, asked]) == before


# --- remove, as a function -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "stored", "left"),
    [
        pytest.param(
            {"list": [{"id": "1"}]},
            {"list": [{"id": "2"}, {"id": "3"}, {"id": "1"}]},
            {"list": [{"id": "2"}, {"id": "3"}]},
            id="an id",
        ),
        pytest.param({"root": {}}, {"root": {"a": "1"}}, {"root": {"a": "1"}}, id="an empty object"),
        pytest.param({"root": {"a": None}}, {"root": {"a": "1"}}, {"root": {"a": "1"}}, id="null"),
        pytest.param({"root": {"a": 1}}, {"root": {"a": "1"}}, {"root": {"a": "1"}}, id="a scalar"),
        pytest.param({"list": [{"a": 1}]}, {"list": [{"a": 1}]}, {"list": [{"a": 1}]}, id="an item without id"),
        pytest.param({"a": {"b": [{"id": 1}]}}, {"a": {"b": [{"id": 1}]}}, {"a": {"b": []}}, id="further down"),
        pytest.param({"other": [{"id": 1}]}, {"list": [{"id": 1}]}, {"list": [{"id": 1}]}, id="elsewhere"),
    ],
)
def test_remove_takes_out_what_is_named_by_id(asked: Tree, stored: Tree, left: Tree) -> None:
    assert removed(stored, asked) == left


@pytest.mark.parametrize("value", [None, "", {}, [], {"a": []}, {"a": {"b": None}}, [{}]], ids=repr)
def test_what_holds_nothing_is_empty(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "a", [0], {"a": {"b": False}}], ids=repr)
def test_what_holds_a_scalar_is_not_empty(value: Any) -> None:
    assert not is_empty(value)


# --- merge ---------------------------------------------------------------------------------------


def test_merge_turns_a_concept_around_and_keeps_the_others(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0, boat=1))
    changed = patch(emulator, "merge", concepts(tree=1))
    assert values(changed["data"]) == {"tree": 1.0, "boat": 1.0}
    assert values(emulator.annotations[0]["data"]) == {"tree": 1.0, "boat": 1.0}


def test_merge_appends_a_concept_that_is_new_with_its_name_and_app(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    assert patch(emulator, "merge", concepts(boat=0))["data"]["concepts"][1] == {
        "id": "boat",
        "name": "boat",
        "app_id": "app",
        "value": 0.0,
    }


def test_merge_keeps_the_name_of_a_concept(emulator: Emulator) -> None:
    post(emulator, {"concepts": [{**TREE, "name": "Tree"}]})
    assert patch(emulator, "merge", concepts(tree=1))["data"]["concepts"][0]["name"] == "Tree"


@pytest.mark.parametrize("concept", [{"id": "tree"}, {"id": "tree", "value": None}], ids=["absent", "null"])
def test_merge_of_a_concept_without_value_turns_it_positive_and_is_noted(emulator: Emulator, concept: Tree) -> None:
    post(emulator, concepts(tree=0))
    assert values(patch(emulator, "merge", {"concepts": [concept]})["data"]) == {"tree": 1.0}
    assert emulator.missing_values == ["annotations[0].data.concepts[0] (input 'in-1'): concept 'tree'"]


@pytest.mark.parametrize("action", ["merge", "overwrite"])
def test_strict_refuses_a_patch_without_value_and_changes_nothing(action: str) -> None:
    emulator = Emulator(strict=True)
    post(emulator, concepts(tree=0))
    tree = {"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree"}]}}
    http_status, answer = ask(emulator, "PATCH", {"annotations": [tree], "action": action})
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (400, 11102, [])
    assert values(emulator.annotations[0]["data"]) == {"tree": 0.0}
    assert len(emulator.missing_values) == 1


def test_merge_of_a_region_without_id_replaces_where_it_is_and_merges_what_it_has(emulator: Emulator) -> None:
    before = post(emulator, {"regions": [region(BOX, TREE)]})["data"]["regions"][0]
    [after] = patch(emulator, "merge", {"regions": [region(LARGER, BOAT)]})["data"]["regions"]
    assert after["id"] == before["id"]
    assert after["region_info"] == LARGER
    assert values(after["data"]) == {"tree": 0.0, "boat": 1.0}


def test_merge_of_a_frame_without_id_replaces_which_it_is_and_merges_its_region(emulator: Emulator) -> None:
    frame = {"frame_info": {"time": 40, "number": 1}, "data": {"regions": [region(BOX, TREE)]}}
    before = post(emulator, {"frames": [frame]})["data"]["frames"][0]
    said = {"frames": [{"frame_info": {"time": 80}, "data": {"regions": [region(LARGER, BOAT)]}}]}
    [after] = patch(emulator, "merge", said)["data"]["frames"]
    assert (after["id"], after["frame_info"]) == (before["id"], {"index": 0, "time": "80", "number": 0})
    [inner] = after["data"]["regions"]
    assert inner["id"] == before["data"]["regions"][0]["id"]
    assert (inner["region_info"], values(inner["data"])) == (LARGER, {"tree": 0.0, "boat": 1.0})


@pytest.mark.parametrize("key", ["regions", "frames"])
def test_a_part_that_is_merged_without_saying_where_stays_there(emulator: Emulator, key: str) -> None:
    infos: Tree = {"regions": {"region_info": BOX}, "frames": {"frame_info": {"index": 0, "time": "40", "number": 0}}}
    info = infos[key]
    post(emulator, {key: [info]})
    [after] = patch(emulator, "merge", {key: [{"data": concepts(tree=1)}]})["data"][key]
    assert {name: after[name] for name in info} == info
    assert values(after["data"]) == {"tree": 1.0}


def test_nulls_in_where_a_region_is_do_nothing(emulator: Emulator) -> None:
    post(emulator, {"regions": [region(BOX)]})
    said = {"regions": [{"region_info": {"bounding_box": None}, "data": {"concepts": None}}], "concepts": None}
    [after] = patch(emulator, "merge", said)["data"]["regions"]
    assert (after["region_info"], values(after["data"])) == (BOX, {"tree": 0.0})


def test_merge_of_a_region_by_id_merges_where_it_is(emulator: Emulator) -> None:
    post(emulator, {"regions": [region(BOX, id="r")]})
    said = {"regions": [{"id": "r", "region_info": {"bounding_box": {"top_row": 0.125}}}]}
    [after] = patch(emulator, "merge", said)["data"]["regions"]
    assert after["region_info"] == {"bounding_box": {**BOX["bounding_box"], "top_row": 0.125}}
    assert values(after["data"]) == {"tree": 0.0}


def test_merge_of_a_frame_by_id_merges_which_it_is(emulator: Emulator) -> None:
    post(emulator, {"frames": [{"id": "f", "frame_info": {"time": 40}}]})
    [after] = patch(emulator, "merge", {"frames": [{"id": "f", "frame_info": {"number": 2}}]})["data"]["frames"]
    assert after["frame_info"] == {"index": 0, "time": "40", "number": 2}


def test_points_of_a_polygon_have_no_ids_and_append(emulator: Emulator) -> None:
    post(emulator, {"regions": [region({"polygon": {"points": POINTS}}, id="r")]})
    said = {"regions": [region({"polygon": {"points": POINTS[:1]}}, id="r")]}
    [after] = patch(emulator, "merge", said)["data"]["regions"]
    assert after["region_info"]["polygon"]["points"] == [*POINTS, POINTS[0]]


@pytest.mark.parametrize("name", [{"id": "r"}, {}], ids=["by id", "without id"])
def test_a_region_that_becomes_another_kind_is_no_longer_the_first(emulator: Emulator, name: Tree) -> None:
    post(emulator, {"regions": [region(BOX, id="r")]})
    said = {"regions": [{**name, "region_info": {"point": {"row": 0, "col": 0.5}}}]}
    [after] = patch(emulator, "merge", said)["data"]["regions"]
    assert after["region_info"] == {"point": {"row": 0, "col": 0.5}}


@pytest.mark.parametrize("action", ["merge", "overwrite"])
@pytest.mark.parametrize("key", ["regions", "frames"])
def test_a_patch_that_makes_it_two_regions_or_frames_is_refused(emulator: Emulator, key: str, action: str) -> None:
    post(emulator, {key: [{"id": "r"}]})
    tree = {"id": "a", "input_id": "in-1", "data": {key: [{"id": "s"}, {"id": "t"}]}}
    http_status, answer = ask(emulator, "PATCH", {"annotations": [tree], "action": action})
    assert (http_status, answer["annotations"][0]["status"]["code"]) == (400, 24155)
    assert [part["id"] for part in emulator.annotations[0]["data"][key]] == ["r"]


def test_a_region_can_be_merged_into_data_that_has_none(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    assert len(patch(emulator, "merge", {"regions": [region()]})["data"]["regions"][0]["id"]) == 32


def test_an_empty_list_replaces_all_concepts(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    assert patch(emulator, "merge", {"concepts": []})["data"]["concepts"] == []


def test_an_empty_object_replaces_all_data(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    assert patch(emulator, "merge", {})["data"] == {}


def test_free_json_is_merged_as_objects_are(emulator: Emulator) -> None:
    post(emulator, {"metadata": {"a": {"b": 1}, "c": 2}}, annotation_info={"x": {"y": 1}})
    changed = patch(emulator, "merge", {"metadata": {"a": {"d": 3}}}, annotation_info={"x": {"z": 2}})
    assert changed["data"]["metadata"] == {"a": {"b": 1, "d": 3}, "c": 2}
    assert changed["annotation_info"] == {"x": {"y": 1, "z": 2}}


def test_numbers_of_a_patch_are_kept_at_32_bits(emulator: Emulator) -> None:
    post(emulator, {"regions": [region(BOX)]})
    said = {"regions": [{"region_info": {"point": {"row": 1 / 3, "col": 0.1}}}]}
    [after] = patch(emulator, "merge", said)["data"]["regions"]
    assert after["region_info"]["point"] == {"row": 0.33333334, "col": 0.1}


@pytest.mark.parametrize("key", ["time_segments", "tracks"])
def test_merge_of_a_region_without_id_inside_a_part_replaces_where_it_is(emulator: Emulator, key: str) -> None:
    others = [{"id": "s"}, {"id": "t", "data": {"regions": [region(BOX, id="r")]}}]
    post(emulator, {key: others})
    said = {key: [{"id": "t", "data": {"regions": [region(LARGER, BOAT)]}}]}
    [other, after] = patch(emulator, "merge", said)["data"][key]
    [inner] = after["data"]["regions"]
    assert (other["id"], inner["id"], inner["region_info"]) == ("s", "r", LARGER)
    assert values(inner["data"]) == {"tree": 0.0, "boat": 1.0}


@pytest.mark.parametrize("key", ["time_segments", "tracks"])
def test_a_time_segment_or_track_without_id_is_another_one(emulator: Emulator, key: str) -> None:
    post(emulator, {key: [{"id": "s"}]})
    assert len(patch(emulator, "merge", {key: [{"data": concepts(tree=1)}]})["data"][key]) == 2


def test_merge_data_takes_data_without_parts() -> None:
    assert merge_data({"regions": [{"id": "r"}]}, {"regions": []}) == {"regions": []}


# --- fields of the annotation --------------------------------------------------------------------


@pytest.mark.parametrize("action", ["merge", "overwrite"])
@pytest.mark.parametrize("code", ["ANNOTATION_PENDING", 24151], ids=str)
def test_a_status_is_changed_by_name_or_number(emulator: Emulator, code: Any, action: str) -> None:
    post(emulator, concepts(tree=0))
    changed = patch(emulator, action, status={"code": code})
    assert changed["status"]["code"] == 24151
    assert values(changed["data"]) == {"tree": 0.0}


@pytest.mark.parametrize("status", [None, {}, {"code": None}, {"code": 0}], ids=repr)
def test_a_status_that_says_nothing_changes_nothing(emulator: Emulator, status: Any) -> None:
    post(emulator, status={"code": "ANNOTATION_PENDING"})
    assert patch(emulator, "overwrite", status=status)["status"]["code"] == 24151


@pytest.mark.parametrize("action", ["merge", "overwrite", "remove"])
def test_a_patch_renews_when_it_was_modified_and_not_when_it_was_created(emulator: Emulator, action: str) -> None:
    before = post(emulator, concepts(tree=0))
    after = patch(emulator, action, concepts(boat=1), created_at="2001-01-01T00:00:00Z", user_id="somebody")
    assert after["created_at"] == before["created_at"]
    assert after["modified_at"] > before["modified_at"]
    assert (after["user_id"], after["worker"]) == (before["user_id"], before["worker"])


def test_a_task_id_is_replaced(emulator: Emulator) -> None:
    post(emulator, task_id="t")
    assert patch(emulator, "merge", task_id="u")["task_id"] == "u"
    assert patch(emulator, "merge", task_id=None)["task_id"] == "u"


# --- overwrite -----------------------------------------------------------------------------------


def test_overwrite_replaces_what_is_named_whole_and_keeps_the_rest(emulator: Emulator) -> None:
    post(emulator, {**concepts(tree=0), "metadata": {"a": 1}}, annotation_info={"x": 1, "y": 2}, task_id="t")
    changed = patch(emulator, "overwrite", concepts(boat=1), annotation_info={"z": 3})
    assert (values(changed["data"]), "metadata" in changed["data"]) == ({"boat": 1.0}, False)
    assert (changed["annotation_info"], changed["task_id"]) == ({"z": 3}, "t")


def test_overwrite_gives_a_region_without_id_a_new_one(emulator: Emulator) -> None:
    before = post(emulator, {"regions": [region(BOX)]})["data"]["regions"][0]["id"]
    [after] = patch(emulator, "overwrite", {"regions": [region(LARGER, BOAT)]})["data"]["regions"]
    assert len(after["id"]) == 32
    assert after["id"] != before
    assert values(after["data"]) == {"boat": 1.0}


def test_overwrite_of_a_concept_without_value_stores_it_as_positive(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    assert values(patch(emulator, "overwrite", {"concepts": [{"id": "tree"}]})["data"]) == {"tree": 1.0}
    assert len(emulator.missing_values) == 1


# --- remove --------------------------------------------------------------------------------------


def test_remove_takes_a_concept_whatever_its_value(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0, boat=1))
    assert values(patch(emulator, "remove", concepts(tree=1))["data"]) == {"boat": 1.0}


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
def test_remove_needs_no_value(strict: bool) -> None:
    emulator = Emulator(strict=strict)
    post(emulator, concepts(tree=0, boat=1))
    assert values(patch(emulator, "remove", {"concepts": [{"id": "tree"}]})["data"]) == {"boat": 1.0}
    assert emulator.missing_values == []


def test_remove_takes_a_region_that_is_named_whole(emulator: Emulator) -> None:
    post(emulator, {"regions": [region(BOX, TREE, id="r")]})
    assert patch(emulator, "remove", {"regions": [region(BOX, BOAT, id="r")]})["data"]["regions"] == []


def test_remove_passes_over_a_region_without_id(emulator: Emulator) -> None:
    before = post(emulator, {"regions": [region(BOX, TREE)]})
    assert patch(emulator, "remove", {"regions": [region(BOX, TREE)]})["data"] == before["data"]


def test_remove_passes_over_scalars_and_what_is_free_json(emulator: Emulator) -> None:
    post(emulator, {**concepts(tree=0), "metadata": {"a": 1}}, task_id="t", annotation_info={"x": 1})
    changed = patch(emulator, "remove", {"metadata": {"a": 1}}, task_id="t", annotation_info={"x": 1})
    assert (changed["data"]["metadata"], changed["task_id"], changed["annotation_info"]) == ({"a": 1}, "t", {"x": 1})


def test_an_annotation_that_is_left_empty_is_deleted_if_that_is_asked(emulator: Emulator) -> None:
    post(emulator, concepts(tree=0))
    answered = patch(emulator, "remove", concepts(tree=0), drop_empty=True)
    assert (answered["id"], answered["data"]["concepts"], answered["status"]["code"]) == ("a", [], 24150)
    assert emulator.annotations == []


@pytest.mark.parametrize(
    ("data", "fields", "action", "drop_empty"),
    [
        pytest.param(concepts(tree=0, boat=1), {}, "remove", True, id="something is left"),
        pytest.param({**concepts(tree=0), "metadata": {"a": 1}}, {}, "remove", True, id="metadata is left"),
        pytest.param(concepts(tree=0), {"input_level": True}, "remove", True, id="it came with its input"),
        pytest.param(concepts(tree=0), {}, "remove", False, id="it is not asked for"),
        pytest.param({}, {}, "merge", True, id="another action"),
    ],
)
def test_an_annotation_is_kept_though_a_concept_is_gone(
    emulator: Emulator, data: Tree, fields: Tree, action: str, drop_empty: bool
) -> None:
    post(emulator, data, **fields)
    patch(emulator, action, concepts(tree=0), drop_empty=drop_empty)
    assert len(emulator.annotations) == 1


# --- the request ---------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [None, "", "Merge", "delete", 1, ["merge"], {}], ids=repr)
def test_an_action_that_is_none_refuses_the_request(emulator: Emulator, action: Any) -> None:
    post(emulator, concepts(tree=0))
    tree = {"id": "a", "input_id": "in-1", "data": concepts(tree=1)}
    http_status, answer = ask(emulator, "PATCH", {"annotations": [tree], "action": action})
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (400, 11102, [])
    assert values(emulator.annotations[0]["data"]) == {"tree": 0.0}


def test_a_missing_value_is_noted_even_where_the_action_is_refused(emulator: Emulator) -> None:
    tree = {"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree"}]}}
    assert ask(emulator, "PATCH", {"annotations": [tree]})[0] == 400
    assert len(emulator.missing_values) == 1


@pytest.mark.parametrize("count", [0, 129])
def test_none_or_more_than_128_patches_are_refused_as_a_whole(emulator: Emulator, count: int) -> None:
    tree = {"id": "a", "input_id": "in-1"}
    http_status, answer = ask(emulator, "PATCH", {"annotations": [tree] * count, "action": "merge"})
    assert (http_status, answer["status"]["code"]) == (400, 11102)


REFUSED = [
    pytest.param({"input_id": "in-1"}, 24155, id="no id"),
    pytest.param({"id": "a"}, 24155, id="no input"),
    pytest.param({"id": "b", "input_id": "in-1"}, 11101, id="unknown id"),
    pytest.param({"id": "a", "input_id": "in-2"}, 11101, id="unknown input"),
]


@pytest.mark.parametrize(("refused", "code"), REFUSED)
def test_when_some_patches_fail_the_answer_is_207_with_a_status_for_each(
    emulator: Emulator, refused: Tree, code: int
) -> None:
    post(emulator, concepts(tree=0))
    patches = [refused, {"id": "a", "input_id": "in-1", "data": concepts(tree=1)}]
    http_status, answer = ask(emulator, "PATCH", {"annotations": patches, "action": "merge"})
    assert (http_status, answer["status"]["code"]) == (207, 10010)
    assert [tree["status"]["code"] for tree in answer["annotations"]] == [code, 24150]
    assert values(emulator.annotations[0]["data"]) == {"tree": 1.0}


@pytest.mark.parametrize(("refused", "code"), REFUSED)
def test_when_all_patches_fail_the_answer_is_400_with_a_status_for_each(
    emulator: Emulator, refused: Tree, code: int
) -> None:
    post(emulator)
    http_status, answer = ask(emulator, "PATCH", {"annotations": [refused], "action": "merge"})
    assert (http_status, answer["status"]["code"]) == (400, 10020)
    assert [tree["status"]["code"] for tree in answer["annotations"]] == [code]


def test_a_resource_that_does_not_exist_says_so_in_its_item(emulator: Emulator) -> None:
    _, answer = ask(emulator, "PATCH", {"annotations": [{"id": "a", "input_id": "in-1"}], "action": "merge"})
    assert answer["annotations"][0]["status"]["description"] == "Resource does not exist"


@pytest.mark.parametrize(
    "fields",
    [
        {"data": {"concepts": [{"id": "tree", "value": "1"}]}},
        {"data": {"concepts": [{"id": "tree", "value": True}]}},
        {"data": {"concepts": [{"id": 1, "value": 1}]}},
        {"data": {"elsewhere": {"concepts": ["tree"]}}},
        {"task_id": 1},
        {"input_level": "yes"},
    ],
    ids=json.dumps,
)
def test_a_patch_of_the_wrong_shape_is_refused_as_a_whole(emulator: Emulator, fields: Tree) -> None:
    post(emulator)
    tree = {"id": "a", "input_id": "in-1", **fields}
    http_status, answer = ask(emulator, "PATCH", {"annotations": [tree], "action": "merge"})
    assert (http_status, answer["status"]["code"]) == (400, 11100)


def test_whether_to_delete_what_is_empty_is_a_bool(emulator: Emulator) -> None:
    body = {"annotations": [{"id": "a", "input_id": "in-1"}], "action": "remove", "delete_if_empty_data": "yes"}
    assert ask(emulator, "PATCH", body)[1]["status"]["code"] == 11100


def test_what_is_stored_is_not_what_was_recorded(emulator: Emulator) -> None:
    post(emulator)
    patch(emulator, "overwrite", annotation_info={"a": {"b": 1}})
    emulator.requests[-1].body["annotations"][0]["annotation_info"]["a"].clear()
    assert emulator.annotations[0]["annotation_info"] == {"a": {"b": 1}}


def test_a_patch_keeps_the_annotation_at_its_place(emulator: Emulator) -> None:
    post(emulator, id="a")
    post(emulator, id="b")
    patch(emulator, "merge", concepts(tree=1))
    assert [tree["id"] for tree in emulator.annotations] == ["a", "b"]
