"""POST annotations/searches in the emulator."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

URL = "/v2/users/emulator-user/apps/app/annotations"

Tree = dict[str, Any]


def ask(emulator: Emulator, path: str, body: Any) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.post(f"{URL}{path}", json=body)
    return response.status_code, response.json()


def having(emulator: Emulator, **trees: Tree) -> None:
    """Store annotations, each under the name that it is given here."""
    asked = [{"id": name, "input_id": "in-1", **tree} for name, tree in trees.items()]
    http_status, answer = ask(emulator, "", {"annotations": asked})
    assert http_status == 200, answer


def search(emulator: Emulator, *filters: Any, **more: Any) -> tuple[int, Tree]:
    return ask(emulator, "/searches", {"searches": [{"query": {"filters": list(filters)}}], **more})


def found(emulator: Emulator, *annotations: Tree, **more: Any) -> str:
    """Return the ids of what matches a filter for each of these, in one line and in the order of storing."""
    http_status, answer = search(emulator, *[{"annotation": annotation, **more} for annotation in annotations])
    assert http_status == 200, answer
    return " ".join(hit["annotation"]["id"] for hit in reversed(answer["hits"]))


def refusal(emulator: Emulator, *filters: Any, **more: Any) -> tuple[int, int]:
    http_status, answer = search(emulator, *filters, **more)
    assert answer["hits"] == []
    return http_status, answer["status"]["code"]


def saying(*pairs: tuple[str, float]) -> Tree:
    return {"data": {"concepts": [{"id": name, "value": value} for name, value in pairs]}}


def within(data: Tree) -> Tree:
    return {"data": data}


def of_kind(kind: str, shape: Any = None) -> Tree:
    return within({"regions": [{"region_info": {kind: {} if shape is None else shape}}]})


BOX = {"top_row": 0, "left_col": 0, "bottom_row": 1, "right_col": 1}
POINT = {"row": 0.5, "col": 0.5}
SHAPES: Tree = {
    "bounding_box": BOX,
    "polygon": {"points": [POINT, {"row": 0, "col": 0}, {"row": 1, "col": 0}]},
    "mask": {"image": {"base64": "iVBORw0KGgo="}},
    "point": POINT,
    "span": {"char_start": 0, "char_end": 3, "raw_text": "oak"},
    "token": {"char_start": 0, "char_end": 3, "raw_text": "oak"},
    "keypoint_locations": [POINT],
}


# --- the answer ----------------------------------------------------------------------------------


def test_a_hit_has_a_score_its_input_and_the_annotation(emulator: Emulator) -> None:
    having(emulator, a=saying(("tree", 0)))
    asked = {"query": {"filters": [{"annotation": saying(("tree", 0))}]}}
    http_status, answer = ask(emulator, "/searches", {"searches": [asked]})
    assert (http_status, answer["status"]["code"], answer["searches"]) == (200, 10000, [asked])
    assert len(answer["id"]) == 32
    [hit] = answer["hits"]
    assert (hit["score"], hit["input"], hit["user_id"], hit["app_id"]) == (1.0, {"id": "in-1"}, "emulator-user", "app")
    assert hit["annotation"] == {
        **emulator.annotations[0],
        "status": {"code": 24150, "description": "Annotation success"},
    }


@pytest.mark.parametrize(
    "query", [{}, {"query": None}, {"query": {}}, {"query": {"filters": []}}, {"query": {"filters": [{}]}}], ids=repr
)
def test_a_search_that_filters_nothing_finds_everything_the_newest_first(emulator: Emulator, query: Tree) -> None:
    having(emulator, z={}, y={}, x={})
    _, answer = ask(emulator, "/searches", {"searches": [query]})
    assert [hit["annotation"]["id"] for hit in answer["hits"]] == ["x", "y", "z"]


@pytest.mark.parametrize("searches", [None, [], [{}, {}]], ids=["absent", "none", "two"])
def test_anything_but_one_search_is_400_with_11102(emulator: Emulator, searches: Any) -> None:
    http_status, answer = ask(emulator, "/searches", {"searches": searches})
    assert (http_status, answer["status"]["code"], answer["hits"]) == (400, 11102, [])


def test_a_page_has_20_hits_unless_it_is_said(emulator: Emulator) -> None:
    having(emulator, **{f"a{number}": {} for number in range(25)})
    assert len(search(emulator)[1]["hits"]) == 20
    assert len(search(emulator, pagination={})[1]["hits"]) == 20
    assert len(search(emulator, pagination={"page": 2})[1]["hits"]) == 5
    _, answer = search(emulator, pagination={"page": 3, "per_page": "10"})
    assert [hit["annotation"]["id"] for hit in answer["hits"]] == [f"a{number}" for number in range(4, -1, -1)]


@pytest.mark.parametrize(
    ("pagination", "code"),
    [
        ({"page": 0}, 11105),
        ({"per_page": 0}, 11105),
        ({"per_page": 1001}, 11105),
        ({"page": -1}, 11100),
        ({"page": 1.5}, 11100),
        ({"page": "x"}, 11100),
        ({"page": 2**32}, 11100),
        ([], 11100),
    ],
    ids=repr,
)
def test_a_page_that_there_cannot_be_is_refused(emulator: Emulator, pagination: Any, code: int) -> None:
    assert refusal(emulator, pagination=pagination) == (400, code)


# --- concepts ------------------------------------------------------------------------------------

POLARITIES: dict[str, Tree] = {
    "present": saying(("tree", 1)),
    "absent": saying(("tree", 0)),
    "partly": saying(("tree", 0.1)),
    "other": saying(("boat", 1)),
}


@pytest.mark.parametrize(
    ("concept", "ids"),
    [
        ({"id": "tree", "value": 1}, "present"),
        ({"id": "tree", "value": 0}, "absent"),
        ({"id": "tree", "value": 0.1}, "partly"),
        ({"name": "tree", "value": 1}, "present"),
        ({"name": "Tree", "value": 1}, ""),
        ({"id": "boat", "name": "tree", "value": 1}, ""),
        ({"value": 1}, "present other"),
        ({"id": "rock", "value": 1}, ""),
    ],
    ids=repr,
)
def test_a_concept_is_found_by_id_or_name_with_its_value(emulator: Emulator, concept: Tree, ids: str) -> None:
    having(emulator, **POLARITIES)
    assert found(emulator, within({"concepts": [concept]})) == ids


@pytest.mark.parametrize("concept", [{"id": "tree"}, {"id": "tree", "value": None}], ids=["absent", "null"])
def test_a_filter_without_value_asks_for_what_is_positive_and_is_noted(emulator: Emulator, concept: Tree) -> None:
    having(emulator, **POLARITIES)
    assert found(emulator, within({"concepts": [concept]})) == "present"
    assert emulator.missing_values == ["searches[0].query.filters[0].annotation.data.concepts[0]: concept 'tree'"]


def test_strict_refuses_a_filter_without_value() -> None:
    emulator = Emulator(strict=True)
    assert refusal(emulator, {"annotation": within({"concepts": [{"id": "tree"}]})}) == (400, 11102)
    assert len(emulator.missing_values) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"regions": [{"data": saying(("tree", 0))["data"]}]},
        {"frames": [{"data": saying(("tree", 0))["data"]}]},
        {"frames": [{"data": {"regions": [{"data": saying(("tree", 0))["data"]}]}}]},
        {"time_segments": [{"data": saying(("tree", 0))["data"]}]},
        {"tracks": [{"data": saying(("tree", 0))["data"]}]},
    ],
    ids=["region", "frame", "region of a frame", "time segment", "track"],
)
def test_a_concept_is_found_wherever_it_is(emulator: Emulator, data: Tree) -> None:
    having(emulator, here=within(data), other=saying(("tree", 1)))
    assert found(emulator, saying(("tree", 0))) == "here"


def test_several_concepts_must_all_be_in_one_annotation(emulator: Emulator) -> None:
    having(emulator, both=saying(("tree", 1), ("boat", 0)), tree=saying(("tree", 1)), boat=saying(("boat", 0)))
    assert found(emulator, saying(("tree", 1), ("boat", 0))) == "both"
    assert found(emulator, saying(("tree", 1)), saying(("boat", 0))) == "both"


# --- other fields --------------------------------------------------------------------------------

OTHERS: dict[str, Tree] = {
    "plain": {},
    "theirs": {"input_id": "in-2", "user_id": "bob", "task_id": "t", "status": {"code": "ANNOTATION_PENDING"}},
    "model": {"worker": {"model": {"model_version": {"id": "m"}}}},
    "flow": {"worker": {"workflow": {"version": {"id": "w"}}}, "trusted": True},
    "old": {"model_version_id": "m"},
    "level": {"input_level": True},
}
PEOPLES = "plain theirs old level"


@pytest.mark.parametrize(
    ("annotation", "ids"),
    [
        ({"id": "plain"}, "plain"),
        ({"input_id": "in-2"}, "theirs"),
        ({"input_id": "in-2", "id": "plain"}, ""),
        ({"task_id": "t"}, "theirs"),
        ({"task_id": ""}, " ".join(OTHERS)),
        ({"user_id": "bob"}, "theirs"),
        ({"model_version_id": "m"}, "model old"),
        ({"worker": {"user": {"id": "bob"}}}, "theirs"),
        ({"worker": {"user": {"id": "emulator-user"}}}, "plain old level"),
        ({"worker": {"model": {"model_version": {"id": "m"}}}}, "model"),
        ({"worker": {"workflow": {"version": {"id": "w"}}}}, "flow"),
        ({"worker": {"workflow": {"version": {"id": "x"}}}}, ""),
        ({"worker": {}}, " ".join(OTHERS)),
        ({"status": {"code": "ANNOTATION_PENDING"}}, "theirs"),
        ({"status": {"code": 24151}}, "theirs"),
        ({"status": {"code": 24150}}, "plain model flow old level"),
        ({"status": {}}, " ".join(OTHERS)),
        ({"input_level": True}, "level"),
        ({"input_level": False}, " ".join(OTHERS)),
        ({"trusted": True}, "plain theirs flow old level"),
        ({}, " ".join(OTHERS)),
    ],
    ids=repr,
)
def test_an_annotation_is_found_by_its_fields(emulator: Emulator, annotation: Tree, ids: str) -> None:
    having(emulator, **OTHERS)
    assert found(emulator, annotation) == ids


@pytest.mark.parametrize(
    ("info", "ids"),
    [
        ({"a": 1}, "one both"),
        ({"a": 1.0}, "one both"),
        ({"a": True}, "flag"),
        ({"a": 1, "b": {"c": 2}}, "both"),
        ({"b": {}}, "both deep"),
        ({"b": {"c": 2, "d": 3}}, ""),
        ({"b": {"c": {}}}, ""),
        ({"list": [1, 2]}, "deep"),
        ({"list": [1]}, ""),
        ({"none": None}, "deep"),
        ({}, "one both flag deep bare"),
    ],
    ids=repr,
)
def test_annotation_info_must_have_everything_that_is_named(emulator: Emulator, info: Tree, ids: str) -> None:
    infos: dict[str, Tree] = {
        "one": {"a": 1},
        "both": {"a": 1, "b": {"c": 2, "e": 4}},
        "flag": {"a": True},
        "deep": {"b": {"d": 3}, "list": [1, 2], "none": None},
    }
    having(emulator, **{name: {"annotation_info": held} for name, held in infos.items()}, bare={})
    assert found(emulator, {"annotation_info": info}) == ids


@pytest.mark.parametrize(
    ("metadata", "ids"),
    [({"a": 1}, "x"), ({"a": 1, "b": {"c": 2}}, "x y"), ({"b": {"c": 3}}, ""), ({"b": {"c": 2}, "z": 0}, "y")],
    ids=repr,
)
def test_of_metadata_one_key_is_enough(emulator: Emulator, metadata: Tree, ids: str) -> None:
    having(emulator, x=within({"metadata": {"a": 1}}), y=within({"metadata": {"b": {"c": 2, "d": 1}}}), bare={})
    assert found(emulator, within({"metadata": metadata})) == ids


# --- kinds ---------------------------------------------------------------------------------------


def of_each_kind(emulator: Emulator) -> None:
    regions = {kind: within({"regions": [{"region_info": {kind: shape}}]}) for kind, shape in SHAPES.items()}
    framed = {"frame_info": {"time": 40}, "data": {"regions": [{"region_info": {"bounding_box": BOX}}]}}
    having(
        emulator,
        plain=saying(("tree", 1)),
        nothing={},
        **regions,
        framed=within({"frames": [framed]}),
        frame=within({"frames": [{"frame_info": {"time": 40}}]}),
        segment=within({"time_segments": [{"time_info": {"begin_time": 0, "end_time": 1}}]}),
    )


@pytest.mark.parametrize("empty", [{}, [], [{}]], ids=repr)
@pytest.mark.parametrize("kind", list(SHAPES))
def test_an_annotation_is_found_by_the_kind_of_its_region(emulator: Emulator, kind: str, empty: Any) -> None:
    of_each_kind(emulator)
    assert found(emulator, of_kind(kind, empty)) == {"bounding_box": "bounding_box framed"}.get(kind, kind)


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ({}, "plain nothing"),
        ({"regions": [{}]}, f"{' '.join(SHAPES)} framed"),
        ({"regions": [{"region_info": {"mask": None}}]}, f"{' '.join(SHAPES)} framed"),
        ({"frames": [{"frame_info": {}}]}, "framed frame"),
        ({"time_segments": [{"time_info": {}}]}, "segment"),
        ({"regions": [{"region_info": {"mask": {}}}, {"region_info": {"point": {}}}]}, ""),
    ],
    ids=repr,
)
def test_an_annotation_is_found_by_what_it_is_about(emulator: Emulator, data: Tree, ids: str) -> None:
    of_each_kind(emulator)
    assert found(emulator, within(data)) == ids


def test_the_kind_and_the_track_are_of_the_same_region(emulator: Emulator) -> None:
    in_frame = {"regions": [{"region_info": {"point": POINT}, "track_id": "t"}]}
    having(
        emulator,
        box=within({"regions": [{"region_info": {"bounding_box": BOX}, "track_id": "t"}]}),
        point=within({"frames": [{"data": in_frame}]}),
        other=within({"regions": [{"region_info": {"point": POINT}, "track_id": "u"}]}),
    )
    assert found(emulator, within({"regions": [{"track_id": "t"}]})) == "box point"
    assert found(emulator, within({"regions": [{"track_id": "t", "region_info": {"point": {}}}]})) == "point"


# --- negation and time ---------------------------------------------------------------------------


def test_negate_turns_one_filter_around(emulator: Emulator) -> None:
    having(emulator, **POLARITIES)
    assert found(emulator, saying(("tree", 1)), negate=True) == "absent partly other"
    _, answer = search(
        emulator, {"annotation": saying(("tree", 1)), "negate": True}, {"annotation": {"id": "other"}, "negate": False}
    )
    assert [hit["annotation"]["id"] for hit in answer["hits"]] == ["other"]


def test_what_was_changed_is_found_by_time_with_both_ends(emulator: Emulator) -> None:
    having(emulator, x={}, y={}, z={})
    first, second, _ = (tree["modified_at"] for tree in emulator.annotations)

    def between(**ends: Any) -> str:
        _, answer = search(emulator, {"last_updated_time_range": ends})
        return " ".join(hit["annotation"]["id"] for hit in reversed(answer["hits"]))

    assert between(start_time=second) == "y z"
    assert between(end_time=second) == "x y"
    assert between(start_time=first, end_time=second) == "x y"
    assert between(start_time=None) == "x y z"
    assert between(end_time="2001-01-01T00:00:00.123456789+14:00") == ""
    assert between(start_time="0001-01-01t00:00:00z", end_time="9999-12-31T23:59:59-12:00") == "x y z"


@pytest.mark.parametrize(
    "time", ["", "yesterday", "2025-02-31T00:00:00Z", "2025-02-28", "2025-02-28T09:41:55", 5, {}, []], ids=repr
)
def test_a_time_that_is_none_is_400_with_11100(emulator: Emulator, time: Any) -> None:
    assert refusal(emulator, {"last_updated_time_range": {"end_time": time}}) == (400, 11100)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"input": {}}, "input"),
        ({"last_updated_time_range": {"from": 1}}, "last_updated_time_range.from"),
        ({"annotation": {"created_at": "x"}}, "annotation.created_at"),
        ({"annotation": {"worker": {"robot": {}}}}, "worker.robot"),
        ({"annotation": {"worker": {"user": {"name": "x"}}}}, "worker.user.name"),
        ({"annotation": {"worker": {"model": {"id": "x"}}}}, "worker.model.id"),
        ({"annotation": within({"geo": {}})}, "annotation.data.geo"),
        ({"annotation": within({"concepts": [{"app_id": "x", "value": 1}]})}, "annotation.data.concepts.app_id"),
        ({"annotation": within({"regions": [{"id": "x"}]})}, "annotation.data.regions.id"),
        ({"annotation": of_kind("circle")}, "annotation.data.regions.region_info.circle"),
        ({"annotation": of_kind("point", POINT)}, "annotation.data.regions.region_info.point"),
        ({"annotation": within({"frames": [{"frame_info": {"time": 1}}]})}, "annotation.data.frames.frame_info.time"),
        ({"annotation": within({"time_segments": [{"id": "x"}]})}, "annotation.data.time_segments.id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_searched_by_is_400_with_40002_and_is_named(emulator: Emulator, asked: Tree, name: str) -> None:
    http_status, answer = search(emulator, asked)
    assert (http_status, answer["status"]["code"], answer["hits"]) == (400, 40002, [])
    assert name in answer["status"]["details"]


@pytest.mark.parametrize(
    "body",
    [{"query": {"ranks": []}}, {"save": True, "query": {}}],
    ids=["ranks", "saved"],
)
def test_searches_that_do_more_than_filter_are_refused(emulator: Emulator, body: Tree) -> None:
    assert ask(emulator, "/searches", {"searches": [body]})[1]["status"]["code"] == 40002


@pytest.mark.parametrize(
    "asked",
    [
        "text",
        {"negate": "yes"},
        {"annotation": []},
        {"annotation": {"id": 1}},
        {"annotation": {"trusted": 1}},
        {"annotation": {"status": "ANNOTATION_SUCCESS"}},
        {"annotation": {"status": {"code": []}}},
        {"annotation": {"status": {"code": "NO_SUCH_CODE"}}},
        {"annotation": {"worker": {"user": "bob"}}},
        {"annotation": {"worker": {"user": {"id": 1}}}},
        {"annotation": {"data": []}},
        {"annotation": within({"concepts": {}})},
        {"annotation": within({"concepts": ["tree"]})},
        {"annotation": within({"concepts": [{"id": "tree", "value": "1"}]})},
        {"annotation": within({"regions": ["r"]})},
        {"annotation": within({"metadata": []})},
    ],
    ids=repr,
)
def test_a_filter_of_the_wrong_shape_is_400_with_11100(emulator: Emulator, asked: Any) -> None:
    assert refusal(emulator, asked) == (400, 11100)
