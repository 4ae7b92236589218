"""The emulator does what is known of the API, the HTTP rule above all: it is what the other tests stand on."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import MissingValueError
from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"
KEY = {"authorization": "Key some-key"}

Tree = dict[str, Any]


def ask(emulator: Emulator, method: str, path: str, body: Any = None, headers: Any = KEY) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    with httpx.Client(transport=httpx.MockTransport(emulator), base_url="http://localhost") as http:
        response = http.request(method, path, content=content, headers=headers)
    return response.status_code, response.json()


def post(emulator: Emulator, *trees: Any, app: str = APP) -> tuple[int, Tree]:
    return ask(emulator, "POST", f"{app}/annotations", {"annotations": list(trees)})


def saying(*concepts: Tree, id: str = "a", input_id: str = "in-1") -> Tree:
    return {"id": id, "input_id": input_id, "data": {"concepts": list(concepts)}}


def tree(value: float, **fields: Any) -> Tree:
    return saying({"id": "tree", "value": value}, **fields)


NO_VALUE = {"id": "tree"}
NULL_VALUE = {"id": "tree", "value": None}


# --- the HTTP rule -------------------------------------------------------------------------------


@pytest.mark.parametrize("concept", [NO_VALUE, NULL_VALUE], ids=["absent", "null"])
def test_a_concept_without_value_is_stored_as_positive(emulator: Emulator, concept: Tree) -> None:
    _, answer = post(emulator, saying(concept))
    assert answer["annotations"][0]["data"]["concepts"][0]["value"] == 1.0
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == 1.0


@pytest.mark.parametrize("value", [0, 0.0, 1, 1.0])
def test_a_value_that_is_there_is_stored_as_it_is(emulator: Emulator, value: float) -> None:
    post(emulator, tree(value))
    assert emulator.annotations[0]["data"]["concepts"][0]["value"] == value
    assert emulator.missing_values == []


@pytest.mark.parametrize("concept", [NO_VALUE, NULL_VALUE], ids=["absent", "null"])
def test_a_missing_value_is_recorded_with_place_input_and_concept(emulator: Emulator, concept: Tree) -> None:
    post(emulator, tree(0), saying({"id": "boat", "value": 1}, concept, id="b", input_id="in-2"))
    assert emulator.missing_values == ["annotations[1].data.concepts[1] (input 'in-2'): concept 'tree'"]


@pytest.mark.parametrize(
    "data",
    [
        {"regions": [{"data": {"concepts": [NO_VALUE]}}]},
        {"frames": [{"data": {"concepts": [NO_VALUE]}}]},
        {"frames": [{"data": {"regions": [{"data": {"concepts": [NO_VALUE]}}]}}]},
        {"time_segments": [{"data": {"concepts": [NO_VALUE]}}]},
    ],
    ids=["region", "frame", "region of a frame", "time segment"],
)
def test_a_missing_value_is_found_and_made_positive_wherever_it_is(emulator: Emulator, data: Tree) -> None:
    post(emulator, {"id": "a", "input_id": "in-1", "data": data})
    assert len(emulator.missing_values) == 1
    assert '"value": 1.0' in json.dumps(emulator.annotations)


def test_concepts_in_free_json_are_the_users_own(emulator: Emulator) -> None:
    metadata = {"concepts": [{"id": "mine"}]}
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"metadata": metadata}})
    assert emulator.missing_values == []
    assert emulator.annotations[0]["data"]["metadata"] == metadata


def test_strict_refuses_a_missing_value_stores_nothing_and_records_it() -> None:
    strict = Emulator(strict=True)
    http_status, answer = post(strict, tree(1), saying(NO_VALUE, id="b"))
    assert (http_status, answer["status"]["code"]) == (400, 11102)
    assert "annotations[1].data.concepts[0]" in answer["status"]["details"]
    assert strict.annotations == []
    assert strict.missing_values == ["annotations[1].data.concepts[0] (input 'in-1'): concept 'tree'"]


def test_strict_takes_what_has_values() -> None:
    strict = Emulator(strict=True)
    assert post(strict, tree(0))[0] == 200
    assert strict.annotations[0]["data"]["concepts"][0]["value"] == 0.0


@pytest.mark.parametrize("order", [1, -1], ids=["missing first", "missing last"])
def test_a_missing_value_is_recorded_even_where_another_value_is_refused(emulator: Emulator, order: int) -> None:
    post(emulator, saying(*[NO_VALUE, {"id": "boat", "value": "1"}][::order]))
    assert len(emulator.missing_values) == 1


@pytest.mark.parametrize("value", ["1", True, [1], {}], ids=repr)
def test_a_value_that_is_no_number_is_refused(emulator: Emulator, value: Any) -> None:
    http_status, answer = post(emulator, tree(value))
    assert (http_status, answer["status"]["code"]) == (400, 11100)
    assert emulator.annotations == []


def test_what_the_library_refuses_never_gets_to_the_emulator(connect: Any, emulator: Emulator) -> None:
    with pytest.raises(MissingValueError):
        connect(emulator).create(saying(NO_VALUE))
    assert (emulator.requests, emulator.missing_values) == ([], [])


# --- what is stored ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "shown"), [(0.1, 0.1), (1 / 3, 0.33333334), (0.104274996, 0.104274996), (0.0, 0.0), (1e-50, 0.0)]
)
def test_numbers_come_back_as_32_bits_in_the_shortest_form(emulator: Emulator, sent: float, shown: float) -> None:
    region = {"region_info": {"bounding_box": {"top_row": sent}}}
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"regions": [region]}})
    assert emulator.annotations[0]["data"]["regions"][0]["region_info"]["bounding_box"]["top_row"] == shown


def test_the_server_adds_ids_names_authors_times_and_a_status(emulator: Emulator) -> None:
    region = {"data": {"concepts": [{"id": "tree", "value": 1}]}}
    _, answer = post(emulator, {"input_id": "in-1", "data": {"regions": [region]}})
    [stored] = answer["annotations"]
    assert len(stored["id"]) == 32
    assert len(stored["data"]["regions"][0]["id"]) == 32
    assert stored["data"]["regions"][0]["data"]["concepts"][0]["name"] == "tree"
    assert stored["status"] == {"code": 24150, "description": "Annotation success"}
    assert (stored["user_id"], stored["worker"]) == ("emulator-user", {"user": {"id": "emulator-user"}})
    assert stored["created_at"] == stored["modified_at"]
    assert stored["created_at"].endswith("Z")


def test_the_time_of_a_frame_comes_back_as_text(emulator: Emulator) -> None:
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"frames": [{"frame_info": {"time": 5000}}]}})
    assert emulator.annotations[0]["data"]["frames"][0]["frame_info"]["time"] == "5000"


@pytest.mark.parametrize("key", ["regions", "frames", "time_segments", "tracks"])
def test_a_part_without_id_gets_one(emulator: Emulator, key: str) -> None:
    post(emulator, {"id": "a", "input_id": "in-1", "data": {key: [{}]}})
    assert len(emulator.annotations[0]["data"][key][0]["id"]) == 32


FIRST = {"index": 0, "time": "0", "number": 0}
"""The frame at 0, as an answer shows it."""


@pytest.mark.parametrize(
    ("info", "shown"),
    [
        ({"frame_info": {"time": "5000"}}, {"frame_info": {**FIRST, "time": "5000"}}),
        ({"frame_info": {"time": 2**63, "number": "7"}}, {"frame_info": {**FIRST, "time": str(2**63), "number": 7}}),
        ({"frame_info": {"time": 16777217.0}}, {"frame_info": {**FIRST, "time": "16777217"}}),
        ({"frame_info": {"time": 0, "number": None}}, {"frame_info": FIRST}),
        ({"time_info": {"num_frames": 3.0}}, {"time_info": {"num_frames": 3}}),
        ({"span": {"char_start": "1", "char_end": 2}}, {"span": {"char_start": 1, "char_end": 2}}),
        ({"frame_info": {"time": "soon", "number": []}}, {"frame_info": {"index": 0, "time": "soon", "number": []}}),
        ({"frame_info": "soon"}, {"frame_info": "soon"}),
    ],
    ids=repr,
)
def test_whole_numbers_come_back_whole_and_those_of_64_bits_as_text(
    emulator: Emulator, info: Tree, shown: Tree
) -> None:
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"unheard_of": info}})
    assert emulator.annotations[0]["data"]["unheard_of"] == shown


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"bounding_box": {"bottom_row": 1.0}}, {"top_row": 0.0, "left_col": 0.0, "bottom_row": 1.0, "right_col": 0.0}),
        ({"point": {"col": 0.5}}, {"row": 0.0, "col": 0.5}),
        ({"span": {"raw_text": "a"}}, {"char_start": 0, "char_end": 0, "raw_text": "a"}),
        ({"token": {"char_end": 2}}, {"char_start": 0, "char_end": 2}),
        (
            {"polygon": {"points": [{}, {"z": 0.5}]}},
            {"points": [{"row": 0.0, "col": 0.0}, {"row": 0.0, "col": 0.0, "z": 0.5}]},
        ),
        ({"keypoint_locations": [{"row": 0.5}]}, [{"row": 0.5, "col": 0.0}]),
    ],
    ids=repr,
)
def test_a_zero_that_the_api_marks_is_shown_though_nobody_sent_it(emulator: Emulator, sent: Tree, shown: Any) -> None:
    [kind] = sent
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"regions": [{"region_info": sent}]}})
    assert emulator.annotations[0]["data"]["regions"][0]["region_info"] == {kind: shown}


def test_zeros_are_shown_of_places_and_not_in_json_of_the_user(emulator: Emulator) -> None:
    data = {"geo": {"geo_point": {"latitude": 0.5}}, "metadata": {"point": {}, "visibility": "VISIBLE"}}
    post(emulator, {"id": "a", "input_id": "in-1", "data": data})
    [stored] = emulator.annotations
    assert stored["data"]["geo"] == {"geo_point": {"longitude": 0.0, "latitude": 0.5}}
    assert stored["data"]["metadata"] == data["metadata"]


@pytest.mark.parametrize(("sent", "shown"), [("VISIBLE", 1), ("NOT_SET", 0), (2, 2), (9, 9)])
def test_an_enum_comes_back_as_its_number(emulator: Emulator, sent: object, shown: int) -> None:
    data = {"regions": [{"region_info": {"point": {"row": 0.5, "col": 0.5, "visibility": sent}}}]}
    post(emulator, {"id": "a", "input_id": "in-1", "data": data})
    assert emulator.annotations[0]["data"]["regions"][0]["region_info"]["point"]["visibility"] == shown


def test_a_name_that_the_enum_does_not_have_refuses_the_request(emulator: Emulator) -> None:
    data = {"regions": [{"region_info": {"point": {"row": 0.5, "col": 0.5, "visibility": "HALF"}}}]}
    http_status, answer = post(emulator, {"id": "a", "input_id": "in-1", "data": data})
    assert (http_status, answer["status"]["code"]) == (400, 11100)
    assert "annotations[0]: there is no visibility 'HALF'" in answer["status"]["details"]


def test_a_refused_item_is_answered_as_it_was_read(emulator: Emulator) -> None:
    data = {"concepts": [{"id": "tree"}], "frames": [{"frame_info": {"number": 3}}], "geo": None}
    _, answer = post(emulator, {"id": "a", "data": data})
    [item] = answer["annotations"]
    assert item["status"]["code"] == 24155
    assert item["data"] == {
        "concepts": [{"id": "tree", "value": 1.0}],
        "frames": [{"frame_info": {**FIRST, "number": 3}}],
    }


def test_what_is_null_is_not_there_except_in_free_json(emulator: Emulator) -> None:
    data = {"concepts": None, "regions": [{"region_info": None, "id": "r"}], "metadata": {"a": None}}
    assert post(emulator, {"id": "a", "input_id": "in-1", "task_id": None, "data": data})[0] == 200
    [stored] = emulator.annotations
    assert stored["data"] == {"regions": [{"id": "r"}], "metadata": {"a": None}}
    assert "task_id" not in stored


def test_what_is_stored_later_has_a_later_time(emulator: Emulator) -> None:
    post(emulator, *[tree(1, id=f"a{number}") for number in range(128)])
    times = [stored["created_at"] for stored in emulator.annotations]
    assert times == sorted(set(times))


@pytest.mark.parametrize("status", [{}, {"code": None}, {"code": 0}, None], ids=repr)
def test_a_status_that_says_nothing_is_success(emulator: Emulator, status: Any) -> None:
    post(emulator, {"id": "a", "input_id": "in-1", "status": status})
    assert emulator.annotations[0]["status"] == {"code": 24150}


def test_a_status_is_asked_for_by_name_and_comes_back_as_a_number(emulator: Emulator) -> None:
    _, answer = post(emulator, {"id": "a", "input_id": "in-1", "status": {"code": "ANNOTATION_PENDING"}})
    assert answer["annotations"][0]["status"]["code"] == 24151


def test_a_region_and_a_concept_keep_the_id_and_name_they_were_given(emulator: Emulator) -> None:
    region = {"id": "r", "data": {"concepts": [{"id": "tree", "name": "Tree", "value": 1}]}}
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"regions": [region]}})
    [stored] = emulator.annotations[0]["data"]["regions"]
    assert (stored["id"], stored["data"]["concepts"][0]["name"]) == ("r", "Tree")


def test_what_the_emulator_shows_is_a_copy(emulator: Emulator) -> None:
    post(emulator, tree(0))
    emulator.annotations[0]["data"]["concepts"].clear()
    assert len(emulator.annotations[0]["data"]["concepts"]) == 1


# --- statuses for each item ----------------------------------------------------------------------

REFUSED = [
    pytest.param({"id": "x"}, "input_id", id="no input"),
    pytest.param({"id": "x", "input_id": ""}, "input_id", id="empty input"),
    pytest.param({"input_id": "in-1", "data": {"regions": [{}, {}]}}, "regions", id="two regions"),
    pytest.param({"input_id": "in-1", "data": {"frames": [{}, {}]}}, "frames", id="two frames"),
    pytest.param({"input_id": "in-9"}, "does not exist", id="unknown input"),
]


@pytest.mark.parametrize(("refused", "details"), REFUSED)
def test_when_some_fail_the_answer_is_207_with_a_status_for_each(refused: Any, details: str) -> None:
    emulator = Emulator(inputs=["in-1"])
    http_status, answer = post(emulator, tree(1), refused)
    assert (http_status, answer["status"]["code"]) == (207, 10010)
    assert [found["status"]["code"] for found in answer["annotations"]] == [24150, 24155]
    assert details in answer["annotations"][1]["status"]["details"]
    assert set(emulator.stored_times) == {("in-1", "a")}


@pytest.mark.parametrize(("refused", "details"), REFUSED)
def test_when_all_fail_the_answer_is_400_with_a_status_for_each(refused: Any, details: str) -> None:
    emulator = Emulator(inputs=["in-1"])
    http_status, answer = post(emulator, refused, refused)
    assert (http_status, answer["status"]["code"]) == (400, 10020)
    assert [found["status"]["code"] for found in answer["annotations"]] == [24155, 24155]
    assert emulator.stored_times == {}


def test_a_concept_has_the_name_that_the_app_has_for_it_or_the_one_that_was_sent_or_its_id() -> None:
    emulator = Emulator(concepts={"n01": "great tit"}, inputs={"in-1": {"concepts": [{"id": "n01", "value": 1}]}})
    sent = [
        {"id": "n01", "value": 0},
        {"id": "n01", "name": "bird", "value": 0},
        {"id": "n02", "name": "magpie"},
        {"id": "n03"},
    ]
    _, answer = post(emulator, {"id": "a", "input_id": "in-1", "data": {"concepts": sent}})
    names = ["great tit", "great tit", "magpie", "n03"]
    assert [concept["name"] for concept in answer["annotations"][0]["data"]["concepts"]] == names
    assert [tree["data"]["concepts"][0]["name"] for tree in emulator.annotations] == ["great tit", "great tit"]
    emulator.reset()
    post(emulator, {"id": "a", "input_id": "in-1", "data": {"concepts": sent}})
    assert [concept["name"] for concept in emulator.annotations[-1]["data"]["concepts"]] == names


def test_an_id_that_the_input_has_already_is_a_duplicate_and_changes_nothing(emulator: Emulator) -> None:
    post(emulator, tree(1))
    http_status, answer = post(emulator, tree(0))
    assert (http_status, answer["annotations"][0]["status"]["code"]) == (400, 40010)
    assert [stored["data"]["concepts"][0]["value"] for stored in emulator.annotations] == [1.0]


def test_the_same_id_may_be_used_for_another_input_and_in_another_app(emulator: Emulator) -> None:
    assert post(emulator, tree(1), tree(1, input_id="in-2"))[0] == 200
    assert post(emulator, tree(1), app="/v2/users/me/apps/other")[0] == 200


@pytest.mark.parametrize("code", ["DATABASE_DUPLICATE_KEY", 24155], ids=str)
def test_a_status_that_was_asked_for_is_not_taken_for_a_failure(emulator: Emulator, code: Any) -> None:
    http_status, _ = post(emulator, {"id": "a", "input_id": "in-1", "status": {"code": code}})
    assert (http_status == 200) is (len(emulator.annotations) == 1)


@pytest.mark.parametrize("count", [0, 129])
def test_none_or_more_than_128_are_refused_as_a_whole(emulator: Emulator, count: int) -> None:
    http_status, answer = post(emulator, *[tree(1, id=f"a{number}") for number in range(count)])
    assert (http_status, answer["status"]["code"], answer["annotations"]) == (400, 11102, [])
    assert emulator.annotations == []


def test_128_are_taken(emulator: Emulator) -> None:
    assert post(emulator, *[tree(1, id=f"a{number}") for number in range(128)])[0] == 200
    assert len(emulator.annotations) == 128
