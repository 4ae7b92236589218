"""Inputs of the emulator, and the input-level annotation that comes with each."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"

Tree = dict[str, Any]

NEGATIVE = {"concepts": [{"id": "tree", "value": 0}]}


def ask(emulator: Emulator, method: str, path: str, body: Any = None, app: str = APP) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.request(method, f"{app}/{path}", json=body)
    return response.status_code, response.json()


def add(emulator: Emulator, *inputs: Any) -> tuple[int, Tree]:
    return ask(emulator, "POST", "inputs", {"inputs": list(inputs)})


def listed(emulator: Emulator, app: str = APP) -> list[Tree]:
    found: list[Tree] = ask(emulator, "GET", "annotations?per_page=1000", app=app)[1]["annotations"]
    return found


def annotate(emulator: Emulator, input_id: str, name: str = "a") -> tuple[int, Tree]:
    return ask(emulator, "POST", "annotations", {"annotations": [{"id": name, "input_id": input_id}]})


# --- inputs that are given -----------------------------------------------------------------------------


def test_each_input_that_is_given_has_an_annotation_that_came_with_it() -> None:
    emulator = Emulator(inputs=["in-1", "in-2"])
    found = listed(emulator)
    assert [(tree["input_id"], tree["input_level"], tree["data"]) for tree in found] == [
        ("in-2", True, {}),
        ("in-1", True, {}),
    ]
    assert all(re.fullmatch("[0-9a-f]{32}", tree["id"]) for tree in found)
    assert {tree["status"]["code"] for tree in found} == {24150}
    assert {tree["user_id"] for tree in found} == {"emulator-user"}


def test_its_data_is_what_came_with_the_input_but_no_image() -> None:
    data: Tree = {
        "image": {"url": "https://samples.clarifai.com/a.jpg"},
        "metadata": {"shelf": 0.1},
        "concepts": [{"id": "tree", "value": 0}, {"id": "boat"}],
        "geo": {"geo_point": {"latitude": 1.5}},
    }
    [found] = listed(Emulator(inputs={"in-1": data}))
    assert found["data"] == {
        "metadata": {"shelf": 0.1},
        "concepts": [
            {"id": "tree", "name": "tree", "value": 0.0, "app_id": "app"},
            {"id": "boat", "name": "boat", "value": 1.0, "app_id": "app"},
        ],
        "geo": {"geo_point": {"latitude": 1.5, "longitude": 0.0}},
    }


def test_of_a_text_input_the_place_of_the_text_comes_back() -> None:
    text = {"text": {"url": "https://samples.clarifai.com/a.txt"}}
    assert listed(Emulator(inputs={"in-1": text}))[0]["data"] == text


def test_what_was_given_is_not_changed_by_what_is_stored() -> None:
    came_with: Tree = {"in-1": {"concepts": [{"id": "tree"}]}}
    emulator = Emulator(inputs=came_with)
    [found] = listed(emulator)
    body = {"action": "merge", "annotations": [{**found, "data": {"concepts": [{"id": "tree", "value": 0}]}}]}
    assert ask(emulator, "PATCH", "annotations", body)[0] == 200
    assert listed(emulator)[0]["data"]["concepts"][0]["value"] == 0.0
    assert came_with == {"in-1": {"concepts": [{"id": "tree"}]}}


def test_an_id_that_only_an_annotation_names_gets_none(emulator: Emulator) -> None:
    annotate(emulator, "in-1")
    assert [tree["id"] for tree in listed(emulator)] == ["a"]


def test_each_app_has_one_of_its_own_from_its_first_request_on_or_from_the_beginning_if_it_is_named() -> None:
    emulator = Emulator(inputs=["in-1"])
    assert emulator.annotations == []
    ids = {listed(emulator, app=f"/v2/users/me/apps/{name}")[0]["id"] for name in ("one", "two", "one")}
    assert len(ids) == len(emulator.annotations) == 2
    assert len(Emulator(inputs=["in-1"], apps=[("ada", "zoo")]).annotations) == 1


def test_it_is_no_annotation_that_somebody_stored() -> None:
    emulator = Emulator(inputs=["in-1"])
    annotate(emulator, "in-1")
    assert emulator.stored_times == {("in-1", "a"): 1}
    assert [tree.get("input_level") for tree in emulator.annotations] == [True, None]


def test_a_list_that_lags_shows_what_was_there_from_the_beginning(clock: Any) -> None:
    emulator = Emulator(inputs=["in-1"], list_lag=2.0, clock=clock)
    add(emulator, {"id": "in-2"})
    assert [tree["input_id"] for tree in listed(emulator)] == ["in-1"]
    clock.now += 2
    assert [tree["input_id"] for tree in listed(emulator)] == ["in-2", "in-1"]


@pytest.mark.parametrize("inputs", [{"in-1"}, {"in-1": {}}], ids=["set", "mapping"])
def test_what_is_added_to_the_inputs_that_were_given_exists_and_has_one(inputs: Any) -> None:
    emulator = Emulator(inputs=inputs)
    assert annotate(emulator, "in-2")[0] == 400
    inputs.update({"in-2": {"metadata": {"shelf": 1}}} if isinstance(inputs, dict) else ["in-2"])
    assert annotate(emulator, "in-2")[0] == 200
    found = [(tree["input_id"], tree.get("input_level")) for tree in emulator.annotations]
    assert found == [("in-1", True), ("in-2", True), ("in-2", None)]


def test_to_reset_forgets_inputs_that_were_added_and_keeps_those_that_were_given() -> None:
    emulator = Emulator(inputs=["in-1"], apps=[("emulator-user", "app")])
    add(emulator, {"id": "in-2"})
    before = [tree["id"] for tree in emulator.annotations]
    emulator.reset()
    [left] = emulator.annotations
    assert left["input_id"] == "in-1"
    assert left["id"] not in before
    assert annotate(emulator, "in-2")[0] == 400


@pytest.mark.parametrize("inputs", ["in-1", [""], [5], {"": {}}, {"in-1": ["tree"]}, {"in-1": None}], ids=repr)
def test_inputs_that_cannot_be_are_refused(inputs: Any) -> None:
    with pytest.raises(ValueError, match=r"inputs must be a list of ids|must be its data"):
        Emulator(inputs=inputs)


# --- inputs that are posted ----------------------------------------------------------------------------


def test_an_input_that_is_posted_exists_and_has_one() -> None:
    emulator = Emulator(inputs=[])
    assert annotate(emulator, "in-1")[0] == 400
    http_status, answer = add(emulator, {"id": "in-1", "data": {**NEGATIVE, "image": {"url": "https://x/a.jpg"}}})
    assert (http_status, answer["status"]["code"]) == (200, 10000)
    [made] = answer["inputs"]
    assert (made["id"], made["status"]["code"]) == ("in-1", 30000)
    assert made["data"]["image"] == {"url": "https://x/a.jpg"}
    [found] = listed(emulator)
    assert found["data"]["concepts"] == [{"id": "tree", "name": "tree", "value": 0.0, "app_id": "app"}]
    assert (found["input_level"], made["created_at"]) == (True, found["created_at"])
    assert annotate(emulator, "in-1")[0] == 200


def test_an_input_without_an_id_gets_one(emulator: Emulator) -> None:
    [made] = add(emulator, {"data": {}})[1]["inputs"]
    assert re.fullmatch("[0-9a-f]{32}", made["id"])
    assert [tree["input_id"] for tree in listed(emulator)] == [made["id"]]


def test_an_id_that_is_taken_fails_alone() -> None:
    emulator = Emulator(inputs=["in-1"])
    http_status, answer = add(emulator, {"id": "in-1"}, {"id": "in-2"}, {"id": "in-2"})
    assert (http_status, answer["status"]["code"]) == (207, 10010)
    assert [item["status"]["code"] for item in answer["inputs"]] == [30100, 30000, 30100]
    assert answer["inputs"][0]["status"]["details"] == "Input has a duplicate ID."
    assert [tree["input_id"] for tree in listed(emulator)] == ["in-2", "in-1"]


def test_an_input_is_of_one_app() -> None:
    emulator = Emulator(inputs=[])
    add(emulator, {"id": "in-1"})
    body = {"annotations": [{"id": "a", "input_id": "in-1"}]}
    assert ask(emulator, "POST", "annotations", body, app="/v2/users/me/apps/other")[0] == 400


def test_a_concept_of_an_input_without_value_is_positive_and_is_noted(emulator: Emulator) -> None:
    add(emulator, {"id": "in-1", "data": {"concepts": [{"id": "tree"}]}})
    assert listed(emulator)[0]["data"]["concepts"][0]["value"] == 1.0
    assert emulator.missing_values == ["inputs[0].data.concepts[0]: concept 'tree'"]
    assert add(Emulator(strict=True), {"id": "in-1", "data": {"concepts": [{"id": "tree"}]}})[0] == 400


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ([], 11102),
        (None, 11102),
        ([{}] * 129, 11102),
        ({}, 11100),
        (["in-1"], 11100),
        ([{"id": 5}], 11100),
        ([{"data": []}], 11100),
        ([{"data": {"regions": "x"}}], 11100),
        ([{"data": {"concepts": ["tree"]}}], 11100),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_are_no_inputs_is_refused_and_nothing_is_added(emulator: Emulator, inputs: Any, code: int) -> None:
    http_status, answer = ask(emulator, "POST", "inputs", {"inputs": inputs})
    assert (http_status, answer["status"]["code"], answer["inputs"]) == (400, code, [])
    assert emulator.annotations == []
