"""DELETE of many annotations in the emulator: pairs, or everything of some inputs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"

Tree = dict[str, Any]


def ask(emulator: Emulator, method: str, path: str, body: Any = None) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.request(method, f"{APP}/{path}", json=body)
    return response.status_code, response.json()


def delete(emulator: Emulator, body: Any, path: str = "annotations") -> tuple[int, int]:
    http_status, answer = ask(emulator, "DELETE", path, body)
    return http_status, answer["status"]["code"]


def left(emulator: Emulator) -> list[str]:
    return [f"{tree['input_id']}/{tree['id']}" for tree in emulator.annotations]


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator with two annotations of one input, and one of each of two others."""
    emulator = Emulator()
    keys = [("1", "a"), ("1", "b"), ("2", "a"), ("3", "a")]
    trees = [{"input_id": input_id, "id": name} for input_id, name in keys]
    assert ask(emulator, "POST", "annotations", {"annotations": trees})[0] == 200
    return emulator


@pytest.mark.parametrize("path", ["annotations", "inputs/annotations"])
def test_pairs_of_input_and_id_are_deleted(emulator: Emulator, path: str) -> None:
    assert delete(emulator, {"input_ids": ["1", "3"], "ids": ["b", "a"]}, path) == (200, 10000)
    assert left(emulator) == ["1/a", "2/a"]


def test_the_answer_has_a_status_and_nothing_else(emulator: Emulator) -> None:
    assert ask(emulator, "DELETE", "annotations", {"input_ids": ["1"]})[1].keys() == {"status"}
    assert ask(emulator, "DELETE", "annotations", {})[1].keys() == {"status"}


@pytest.mark.parametrize("ids", [{}, {"ids": []}, {"ids": None}], ids=["absent", "empty", "null"])
def test_without_ids_everything_of_the_inputs_is_deleted(emulator: Emulator, ids: Tree) -> None:
    assert delete(emulator, {"input_ids": ["1", "2", "9"], **ids}) == (200, 10000)
    assert left(emulator) == ["3/a"]


def test_what_came_with_an_input_is_not_deleted_with_everything(emulator: Emulator) -> None:
    ask(emulator, "POST", "annotations", {"annotations": [{"input_id": "1", "id": "i", "input_level": True}]})
    delete(emulator, {"input_ids": ["1", "2", "3"]})
    assert left(emulator) == ["1/i"]


@pytest.mark.parametrize("path", ["annotations", "inputs/annotations", "inputs/1/annotations/i"])
def test_what_came_with_an_input_is_not_deleted_by_its_id_and_neither_is_anything_beside_it(
    emulator: Emulator, path: str
) -> None:
    ask(emulator, "POST", "annotations", {"annotations": [{"input_id": "1", "id": "i", "input_level": True}]})
    before = left(emulator)
    http_status, answer = ask(emulator, "DELETE", path, {"input_ids": ["1", "1"], "ids": ["a", "i"]})
    assert (http_status, answer["status"]["code"]) == (400, 24155)
    assert "annotation i is input-level" in answer["status"]["details"]
    assert left(emulator) == before


def test_a_pair_that_is_named_twice_is_deleted_once(emulator: Emulator) -> None:
    assert delete(emulator, {"input_ids": ["1", "1"], "ids": ["a", "a"]}) == (200, 10000)
    assert left(emulator) == ["1/b", "2/a", "3/a"]


@pytest.mark.parametrize("pair", [("1", "c"), ("9", "a")], ids=["unknown id", "unknown input"])
def test_a_pair_that_does_not_exist_is_404_and_nothing_is_deleted(emulator: Emulator, pair: tuple[str, str]) -> None:
    assert delete(emulator, {"input_ids": ["1", pair[0]], "ids": ["a", pair[1]]}) == (404, 11101)
    assert len(left(emulator)) == 4


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"input_ids": []},
        {"ids": ["a"]},
        {"input_ids": ["1"], "ids": ["a", "b"]},
        {"input_ids": ["1", "2"], "ids": ["a"]},
    ],
    ids=repr,
)
def test_a_request_that_names_no_inputs_or_no_pairs_is_400_with_11102(emulator: Emulator, body: Any) -> None:
    assert delete(emulator, body) == (400, 11102)
    assert len(left(emulator)) == 4


@pytest.mark.parametrize("input_ids", ["1", {"1": "a"}, [1], [None], [["1"]]], ids=repr)
def test_input_ids_that_are_no_list_of_texts_are_400_with_11100(emulator: Emulator, input_ids: Any) -> None:
    assert delete(emulator, {"input_ids": input_ids}) == (400, 11100)
    assert len(left(emulator)) == 4


def test_annotations_of_another_app_stay(emulator: Emulator) -> None:
    assert delete(emulator, {"input_ids": ["1"]}) == (200, 10000)
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        body = {"input_ids": ["2"]}
        assert http.request("DELETE", "/v2/users/me/apps/other/annotations", json=body).status_code == 200
    assert left(emulator) == ["2/a", "3/a"]
