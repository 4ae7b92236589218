"""Annotation tracks of videos in the emulator, and the search of their annotations."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"
TRACKS = "inputs/video/annotation_tracks"

Tree = dict[str, Any]
TREE: Tree = {"id": "tree", "value": 0}


def ask(emulator: Emulator, method: str, path: str, body: Any = None) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.request(method, f"{APP}/{path}", json=body)
    return response.status_code, response.json()


def outcome(emulator: Emulator, method: str, path: str, body: Any = None) -> tuple[int, int]:
    http_status, answer = ask(emulator, method, path, body)
    return http_status, answer["status"]["code"]


def post(emulator: Emulator, *tracks: Tree, path: str = TRACKS) -> list[Tree]:
    http_status, answer = ask(emulator, "POST", path, {"annotation_tracks": list(tracks)})
    assert http_status == 200, answer
    return list(answer["annotation_tracks"])


def patch(emulator: Emulator, *tracks: Tree, **more: Any) -> tuple[int, Tree]:
    return ask(emulator, "PATCH", TRACKS, {"annotation_tracks": list(tracks), "action": "overwrite", **more})


def ids(tracks: list[Tree]) -> list[str]:
    return [track["id"] for track in tracks]


# --- POST ----------------------------------------------------------------------------------------


def test_a_track_is_stored_with_what_the_server_adds(emulator: Emulator) -> None:
    [track] = post(emulator, {"concept": TREE, "start_frame_nr": 1, "end_frame_nr": 9, "sample_rate_frame": 2})
    created = track.pop("created_at")
    assert len(track.pop("id")) == 32
    assert track == {
        "input_id": "video",
        "concept": {"id": "tree", "name": "tree", "app_id": "app", "value": 0.0},
        "status": {"code": 24300, "description": "Annotation track idle"},
        "start_frame_nr": 1,
        "end_frame_nr": 9,
        "sample_rate_frame": 2,
        "modified_at": created,
    }


def test_the_tracks_that_are_shown_are_a_copy(emulator: Emulator) -> None:
    post(emulator, {"id": "t", "concept": TREE})
    emulator.tracks[0]["concept"].clear()
    assert emulator.tracks[0]["concept"]["value"] == 0.0
    assert emulator.annotations == []


@pytest.mark.parametrize("concept", [{"id": "tree"}, {"id": "tree", "value": None}], ids=["absent", "null"])
def test_a_track_whose_concept_has_no_value_is_positive_and_is_noted(emulator: Emulator, concept: Tree) -> None:
    [track] = post(emulator, {"concept": concept})
    assert track["concept"]["value"] == 1.0
    assert emulator.missing_values == ["annotation_tracks[0].concept: concept 'tree'"]


def test_strict_refuses_a_track_whose_concept_has_no_value() -> None:
    emulator = Emulator(strict=True)
    body = {"annotation_tracks": [{"concept": {"id": "tree"}}]}
    assert outcome(emulator, "POST", TRACKS, body) == (400, 11102)
    assert (emulator.tracks, len(emulator.missing_values)) == ([], 1)


@pytest.mark.parametrize("time", [80, "80", 80.0], ids=repr)
def test_milliseconds_come_back_as_text_and_numbers_of_frames_as_numbers(emulator: Emulator, time: Any) -> None:
    said = {"start_frame_ms": time, "end_frame_ms": 2**63, "start_frame_nr": time, "sample_rate_ms": time}
    [track] = post(emulator, said)
    assert {key: track[key] for key in said} == {
        "start_frame_ms": "80",
        "end_frame_ms": str(2**63),
        "start_frame_nr": 80,
        "sample_rate_ms": 80,
    }


@pytest.mark.parametrize(
    ("code", "number"), [("ANNOTATION_TRACK_PENDING", 24302), (24303, 24303), (0, 24300), ("ANNOTATION_PENDING", 24151)]
)
def test_the_status_of_a_track_is_said_by_name_or_number(emulator: Emulator, code: Any, number: int) -> None:
    assert post(emulator, {"status": {"code": code}})[0]["status"]["code"] == number


def test_what_only_the_server_decides_is_passed_over(emulator: Emulator) -> None:
    [track] = post(emulator, {"id": "t", "input_id": "other", "created_at": "never"})
    assert track["input_id"] == "video"
    assert track["created_at"] != "never"


@pytest.mark.parametrize("before", [["t"], []], ids=["stored", "in the request"])
def test_an_id_that_is_there_refuses_the_request(emulator: Emulator, before: list[str]) -> None:
    for name in before:
        post(emulator, {"id": name})
    body = {"annotation_tracks": [{"id": "s"}, {"id": "t"}, {"id": "t"}]}
    assert outcome(emulator, "POST", TRACKS, body) == (400, 40010)
    assert ids(emulator.tracks) == before


@pytest.mark.parametrize("body", [None, {}, {"annotation_tracks": []}], ids=repr)
@pytest.mark.parametrize("action", [{"action": "overwrite"}])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_without_tracks_is_400_with_11102(emulator: Emulator, method: str, action: Tree, body: Any) -> None:
    assert outcome(emulator, method, TRACKS, {**(body or {}), **action}) == (400, 11102)


@pytest.mark.parametrize(
    "track",
    [
        "t",
        {"id": 1},
        {"concept": "tree"},
        {"concept": []},
        {"concept": {"id": "tree", "value": "1"}},
        {"concept": {"id": "tree", "value": False}},
        {"status": "ANNOTATION_TRACK_IDLE"},
        {"status": {"code": "NO_SUCH_CODE"}},
        {"status": {"code": []}},
        {"start_frame_nr": -1},
        {"start_frame_nr": 2**32},
        {"start_frame_nr": True},
        {"start_frame_ms": 2**64},
        {"start_frame_ms": 1.5},
        {"start_frame_ms": "1.5"},
        {"start_frame_ms": "9" * 21},
    ],
    ids=repr,
)
def test_a_track_of_the_wrong_shape_is_400_with_11100(emulator: Emulator, track: Any) -> None:
    assert outcome(emulator, "POST", TRACKS, {"annotation_tracks": [{"id": "s"}, track]}) == (400, 11100)
    assert emulator.tracks == []


# --- GET -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["a", "b", "c"]), ("ids=c&ids=a", ["a", "c"]), ("ids=z", []), ("page=2&per_page=2", ["c"])],
)
def test_the_tracks_of_a_video_are_listed_as_asked(emulator: Emulator, query: str, found: list[str]) -> None:
    post(emulator, {"id": "a"}, {"id": "b"}, {"id": "c"})
    post(emulator, {"id": "a"}, path="inputs/other/annotation_tracks")
    http_status, answer = ask(emulator, "GET", f"{TRACKS}?{query}")
    assert (http_status, ids(answer["annotation_tracks"])) == (200, found)


def test_a_page_of_tracks_that_there_cannot_be_is_400_with_11105(emulator: Emulator) -> None:
    assert outcome(emulator, "GET", f"{TRACKS}?per_page=1001") == (400, 11105)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", TRACKS), ("POST", TRACKS), ("PATCH", TRACKS), ("POST", "inputs/video/track_annotations/searches")],
)
def test_a_video_that_does_not_exist_is_404(method: str, path: str) -> None:
    assert outcome(Emulator(inputs=["other"]), method, path, {}) == (404, 11101)


# --- PATCH ---------------------------------------------------------------------------------------


def test_a_patch_replaces_the_fields_of_a_track_that_it_names(emulator: Emulator) -> None:
    [before] = post(emulator, {"id": "t", "concept": {**TREE, "name": "Tree"}, "start_frame_nr": 1})
    http_status, answer = patch(emulator, {"id": "t", "concept": {"id": "boat", "value": 1}, "end_frame_ms": 5})
    assert http_status == 200
    [after] = answer["annotation_tracks"]
    assert after.pop("modified_at") > before.pop("modified_at")
    concept = {"id": "boat", "name": "boat", "app_id": "app", "value": 1.0}
    assert after == {**before, "concept": concept, "end_frame_ms": "5"}
    assert emulator.tracks[0]["concept"] == concept


def test_a_patch_of_a_track_without_value_makes_it_positive_and_is_noted(emulator: Emulator) -> None:
    post(emulator, {"id": "t", "concept": TREE})
    patch(emulator, {"id": "t", "concept": {"id": "tree"}})
    assert emulator.tracks[0]["concept"]["value"] == 1.0
    assert len(emulator.missing_values) == 1


def test_one_track_may_be_patched_twice_in_one_request(emulator: Emulator) -> None:
    post(emulator, {"id": "t"})
    patch(emulator, {"id": "t", "start_frame_nr": 1}, {"id": "t", "end_frame_nr": 2})
    assert (emulator.tracks[0]["start_frame_nr"], emulator.tracks[0]["end_frame_nr"]) == (1, 2)


@pytest.mark.parametrize("action", [None, "merge", "remove", {}], ids=repr)
def test_a_track_is_only_overwritten(emulator: Emulator, action: Any) -> None:
    post(emulator, {"id": "t", "start_frame_nr": 1})
    http_status, answer = patch(emulator, {"id": "t", "start_frame_nr": 2}, action=action)
    assert (http_status, answer["status"]["code"]) == (400, 11102)
    assert emulator.tracks[0]["start_frame_nr"] == 1


@pytest.mark.parametrize(
    ("track", "refused"), [({"id": "z"}, (404, 11101)), ({}, (400, 11102)), ({"id": ""}, (400, 11102))], ids=repr
)
def test_a_track_that_is_not_there_or_not_named_refuses_the_patch(
    emulator: Emulator, track: Tree, refused: tuple[int, int]
) -> None:
    post(emulator, {"id": "t", "start_frame_nr": 1})
    http_status, answer = patch(emulator, {"id": "t", "start_frame_nr": 2}, track)
    assert (http_status, answer["status"]["code"]) == refused
    assert emulator.tracks[0]["start_frame_nr"] == 1


# --- DELETE --------------------------------------------------------------------------------------


def test_tracks_of_a_video_are_deleted_by_id(emulator: Emulator) -> None:
    post(emulator, {"id": "a"}, {"id": "b"}, {"id": "c"})
    post(emulator, {"id": "a"}, path="inputs/other/annotation_tracks")
    http_status, answer = ask(emulator, "DELETE", "annotation_tracks", {"ids": ["a", "c", "a"], "input_id": "video"})
    assert (http_status, list(answer)) == (200, ["status"])
    assert [(track["input_id"], track["id"]) for track in emulator.tracks] == [("video", "b"), ("other", "a")]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (None, (400, 11102)),
        ({"ids": ["a"]}, (400, 11102)),
        ({"input_id": "video"}, (400, 11102)),
        ({"ids": ["a"], "input_id": "other"}, (404, 11101)),
        ({"ids": ["a", "z"], "input_id": "video"}, (404, 11101)),
        ({"ids": [1], "input_id": "video"}, (400, 11100)),
        ({"ids": ["a"], "input_id": 1}, (400, 11100)),
    ],
    ids=repr,
)
def test_a_deletion_of_tracks_that_cannot_be_done_deletes_nothing(
    emulator: Emulator, body: Any, refused: tuple[int, int]
) -> None:
    post(emulator, {"id": "a"})
    assert outcome(emulator, "DELETE", "annotation_tracks", body) == refused
    assert ids(emulator.tracks) == ["a"]


# --- the annotations of a track ------------------------------------------------------------------

KINDS: Tree = {
    "TAG": None,
    "BOUNDING_BOX": {"bounding_box": {"top_row": 0, "left_col": 0, "bottom_row": 1, "right_col": 1}},
    "POLYGON": {"polygon": {"points": [{"row": 0, "col": 0}, {"row": 0, "col": 1}, {"row": 1, "col": 1}]}},
    "POINT": {"point": {"row": 0.5, "col": 0.5}},
    "SPAN": {"span": {"char_start": 0, "char_end": 3}},
    "MASK": {"mask": {"image": {"base64": "iVBORw0KGgo="}}},
}
NUMBERS = {"TAG": 1, "BOUNDING_BOX": 2, "POLYGON": 4, "POINT": 8, "SPAN": 16, "MASK": 32}


def in_frame(info: Tree | None, track_id: str = "t", kind: str = "POINT", **fields: Any) -> Tree:
    regions = [{"track_id": track_id, **({"region_info": KINDS[kind]} if KINDS[kind] else {})}]
    data = {"regions": regions} if info is None else {"frames": [{"frame_info": info, "data": {"regions": regions}}]}
    return {"input_id": "video", "data": data, **fields}


def having(emulator: Emulator, **trees: Tree) -> None:
    asked = [{"id": name, **tree} for name, tree in trees.items()]
    assert ask(emulator, "POST", "annotations", {"annotations": asked})[0] == 200


def search(emulator: Emulator, **asked: Any) -> str:
    """Return the ids of the annotations that are found, in one line."""
    path = "inputs/video/track_annotations/searches"
    http_status, answer = ask(emulator, "POST", path, {"track_id": "t", **asked})
    assert http_status == 200, answer
    return " ".join(tree["id"] for tree in answer["annotations"])


def test_the_annotations_of_a_track_are_found_by_time_and_number(emulator: Emulator) -> None:
    having(
        emulator,
        late=in_frame({"time": 80, "number": 2}),
        second=in_frame({"time": 40, "number": 1}),
        first=in_frame({"time": 40}),
        whole=in_frame(None),
        theirs=in_frame({"time": 40}, track_id="u"),
        elsewhere={**in_frame({"time": 40}), "input_id": "other"},
        nothing={"input_id": "video"},
    )
    assert search(emulator) == "whole first second late"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"frame_time_start": 40}, "b c"),
        ({"frame_time_start": "41"}, "c"),
        ({"frame_number_start": 1}, "b c"),
        ({"frame_number_start": 2, "frame_time_start": 40}, "c"),
        ({"max_duration": 40}, "a b"),
        ({"max_duration": 39}, "a"),
        ({"frame_time_start": 1, "max_duration": 79}, "b c"),
        ({"frame_number_start": 1, "max_duration": 39}, "b"),
        ({"frame_number_start": 9}, ""),
        ({"max_frames": 2}, "a b"),
        ({"max_frames": 60, "max_duration": 3000}, "a b c"),
        ({"max_frames": 0, "max_duration": 0}, "a b c"),
    ],
    ids=repr,
)
def test_only_a_short_part_of_the_video_is_searched(emulator: Emulator, asked: Tree, found: str) -> None:
    frames = {name: in_frame({"time": 40 * number, "number": number}) for number, name in enumerate("abc")}
    having(emulator, **frames)
    assert search(emulator, **asked) == found


def test_a_search_finds_60_annotations_within_3_seconds(emulator: Emulator) -> None:
    having(emulator, **{f"a{number}": in_frame({"time": 30 * number}) for number in range(70)}, z=in_frame(None))
    assert len(search(emulator).split()) == 60
    having(emulator, late=in_frame({"time": 5000}), later=in_frame({"time": 5001}))
    assert search(emulator, frame_time_start=2000).endswith("late")


def test_a_start_by_number_alone_is_found_however_late_it_is(emulator: Emulator) -> None:
    having(emulator, x=in_frame({"time": 9000, "number": 225}), y=in_frame({"time": 12001, "number": 300}))
    assert search(emulator, frame_number_start=225) == "x"


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_annotations_of_a_track_are_found_by_kind(emulator: Emulator, kind: str) -> None:
    having(emulator, **{name: in_frame({"time": 40}, kind=name) for name in KINDS})
    assert search(emulator, annotation_type=kind) == kind
    assert search(emulator, annotation_type=NUMBERS[kind]) == kind


@pytest.mark.parametrize("kind", [None, 0, "ANNOTATION_DATA_TYPE_NOT_SET"], ids=repr)
def test_a_kind_that_is_not_said_is_any(emulator: Emulator, kind: Any) -> None:
    having(emulator, **{name: in_frame({"time": 40}, kind=name) for name in KINDS})
    assert search(emulator, annotation_type=kind) == " ".join(KINDS)


def test_the_annotations_of_a_track_are_found_by_who_made_them(emulator: Emulator) -> None:
    model = {"model": {"model_version": {"id": "m"}}}
    having(emulator, mine=in_frame(None), models=in_frame(None, worker=model))
    assert search(emulator, worker=model) == "models"


@pytest.mark.parametrize("info", [{"time": "x"}, "text"], ids=repr)
def test_a_frame_that_says_nothing_readable_is_refused_when_it_is_stored(emulator: Emulator, info: Any) -> None:
    tree = {"input_id": "video", "data": {"frames": [{"frame_info": info}]}}
    assert outcome(emulator, "POST", "annotations", {"annotations": [tree]}) == (400, 11100)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"track_id": None}, 11102),
        ({"track_id": ""}, 11102),
        ({"track_id": 1}, 11100),
        ({"max_frames": 61}, 11105),
        ({"max_duration": 3001}, 11105),
        ({"max_frames": -1}, 11100),
        ({"frame_time_start": "x"}, 11100),
        ({"annotation_type": "CIRCLE"}, 11100),
        ({"annotation_type": "point"}, 11100),
        ({"annotation_type": 3}, 11100),
        ({"annotation_type": True}, 11100),
        ({"annotation_type": [1]}, 11100),
        ({"worker": "bob"}, 11100),
        ({"worker": {"robot": {}}}, 40002),
    ],
    ids=repr,
)
def test_a_search_of_a_track_that_makes_no_sense_is_refused(emulator: Emulator, asked: Tree, code: int) -> None:
    path = "inputs/video/track_annotations/searches"
    http_status, answer = ask(emulator, "POST", path, {"track_id": "t", **asked})
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (400, code, [])
