"""What an emulator can be told to be: slow to list, strict about rate, duplicates and what spoils a batch."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"
KEY = {"authorization": "Key some-key"}

Tree = dict[str, Any]


def send(emulator: Emulator, method: str, path: str, body: Any = None) -> httpx.Response:
    content = None if body is None else json.dumps(body).encode()
    return emulator(httpx.Request(method, f"http://localhost{APP}/{path}", content=content, headers=KEY))


def tree(id: str = "a", value: float = 1, input_id: str = "in-1") -> Tree:
    return {"id": id, "input_id": input_id, "data": {"concepts": [{"id": "tree", "value": value}]}}


def post(emulator: Emulator, *trees: Tree) -> tuple[int, int, list[int]]:
    """Return HTTP status, code and the codes of the items."""
    response = send(emulator, "POST", "annotations", {"annotations": list(trees)})
    answer = response.json()
    return (
        response.status_code,
        answer["status"]["code"],
        [item["status"]["code"] for item in answer["annotations"]],
    )


def stored(emulator: Emulator) -> dict[str, float]:
    return {found["id"]: found["data"]["concepts"][0]["value"] for found in emulator.annotations}


def listed(emulator: Emulator) -> list[str]:
    return [found["id"] for found in send(emulator, "GET", "annotations").json()["annotations"]]


# --- rate ----------------------------------------------------------------------------------------


def test_no_more_than_the_rate_is_taken_in_any_second(clock: Any) -> None:
    emulator = Emulator(rate=3, clock=clock)
    taken: list[float] = []
    for _ in range(200):
        if send(emulator, "GET", "annotations").status_code == 200:
            taken.append(clock.now)
        clock.now += 0.07
    assert all(later - earlier >= 1.0 for earlier, later in zip(taken, taken[3:], strict=False))
    assert len(taken) == pytest.approx(3 * 14, abs=5)


def test_what_is_beyond_the_rate_is_429_with_11005_and_does_not_count(clock: Any) -> None:
    emulator = Emulator(rate=2, clock=clock)
    assert [post(emulator, tree(id))[0] for id in "abcde"] == [200, 200, 429, 429, 429]
    assert post(emulator, tree("f")) == (429, 11005, [])
    clock.now += 1.0
    assert [post(emulator, tree(id))[0] for id in "ghi"] == [200, 200, 429]
    assert set(stored(emulator)) == set("abgh")
    assert len(emulator.requests) == 9


@pytest.mark.parametrize(("retry_after", "said"), [(None, None), (2, "2"), (0.5, "0.5")])
def test_a_refusal_says_how_long_to_wait_if_it_is_to(clock: Any, retry_after: float | None, said: str | None) -> None:
    emulator = Emulator(rate=1, retry_after=retry_after, clock=clock)
    responses = [send(emulator, "GET", "annotations") for _ in range(2)]
    assert [response.headers.get("retry-after") for response in responses] == [None, said]


def test_what_is_beyond_the_rate_meets_no_fault(clock: Any) -> None:
    emulator = Emulator(rate=1, clock=clock, faults=[None, "http_503_before"])
    statuses = [post(emulator, tree())[0] for _ in range(2)]
    clock.now += 1
    assert [*statuses, post(emulator, tree())[0]] == [200, 429, 503]


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Emulator(rate=0)


# --- list lag ------------------------------------------------------------------------------------


def test_a_list_does_not_show_what_was_just_stored_and_a_get_does(clock: Any) -> None:
    emulator = Emulator(list_lag=2.0, clock=clock)
    post(emulator, tree("a"))
    clock.now += 1.5
    post(emulator, tree("b"))
    assert listed(emulator) == []
    assert send(emulator, "GET", "inputs/in-1/annotations/b").status_code == 200
    assert set(stored(emulator)) == {"a", "b"}
    clock.now += 0.5
    assert listed(emulator) == ["a"]
    clock.now += 1.5
    assert listed(emulator) == ["b", "a"]


def test_a_list_that_lags_is_filtered_and_paged_as_if_the_rest_were_not_there(clock: Any) -> None:
    emulator = Emulator(list_lag=2.0, clock=clock)
    post(emulator, tree("a"), tree("a", input_id="in-2"))
    query = "annotations?ids=a&input_ids=in-2&list_all_annotations=true"
    assert send(emulator, "GET", query).json()["annotations"] == []
    clock.now += 2
    assert len(send(emulator, "GET", query).json()["annotations"]) == 1


def test_what_was_deleted_and_stored_again_is_new_to_a_list(clock: Any) -> None:
    emulator = Emulator(list_lag=2.0, clock=clock)
    post(emulator, tree())
    clock.now += 3
    assert listed(emulator) == ["a"]
    send(emulator, "DELETE", "inputs/in-1/annotations/a")
    post(emulator, tree())
    assert listed(emulator) == []


# --- duplicates ----------------------------------------------------------------------------------

DUPLICATES = [
    pytest.param("item", (207, 10010, [40010, 24150]), {"a": 1, "b": 0}, id="item"),
    pytest.param("batch", (400, 40010, []), {"a": 1}, id="batch"),
    pytest.param("keep", (200, 10000, [24150, 24150]), {"a": 1, "b": 0}, id="keep"),
    pytest.param("overwrite", (200, 10000, [24150, 24150]), {"a": 0, "b": 0}, id="overwrite"),
]


@pytest.mark.parametrize(("duplicates", "answer", "left"), DUPLICATES)
def test_a_post_with_an_id_that_is_taken_does_as_it_is_told(duplicates: Any, answer: Any, left: Any) -> None:
    emulator = Emulator(duplicates=duplicates)
    post(emulator, tree("a", 1))
    assert post(emulator, tree("a", 0), tree("b", 0)) == answer
    assert stored(emulator) == left


@pytest.mark.parametrize(
    ("duplicates", "answer", "left"),
    [
        ("item", (207, 10010, [24150, 40010]), {"a": 1}),
        ("batch", (400, 40010, []), {}),
        ("keep", (200, 10000, [24150, 24150]), {"a": 1}),
        ("overwrite", (200, 10000, [24150, 24150]), {"a": 0}),
    ],
)
def test_an_id_that_is_twice_in_a_batch_is_taken_by_the_first(duplicates: Any, answer: Any, left: Any) -> None:
    emulator = Emulator(duplicates=duplicates)
    assert post(emulator, tree("a", 1), tree("a", 0)) == answer
    assert stored(emulator) == left


def test_what_is_kept_is_what_the_answer_shows() -> None:
    emulator = Emulator(duplicates="keep")
    post(emulator, tree("a", 1))
    answer = send(emulator, "POST", "annotations", {"annotations": [tree("a", 0)]}).json()
    assert answer["annotations"][0]["data"]["concepts"][0]["value"] == 1.0


def test_annotations_without_id_are_no_duplicates() -> None:
    emulator = Emulator(duplicates="batch")
    assert post(emulator, tree(""), tree(""))[0] == 200
    assert len(emulator.annotations) == 2


def test_a_way_with_duplicates_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="duplicates must be one of"):
        Emulator(duplicates="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("duplicates", ["item", "batch", "keep", "overwrite"])
def test_what_is_sent_again_is_not_stored_twice(duplicates: Any) -> None:
    emulator = Emulator(duplicates=duplicates)
    for _ in range(3):
        post(emulator, tree("a"), tree("a", input_id="in-2"))
    assert emulator.stored_times == {("in-1", "a"): 1, ("in-2", "a"): 1}


def test_what_is_deleted_and_stored_again_is_stored_twice(emulator: Emulator) -> None:
    post(emulator, tree())
    send(emulator, "DELETE", "inputs/in-1/annotations/a")
    post(emulator, tree())
    assert emulator.stored_times == {("in-1", "a"): 2}


# --- poison --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(400, 10020), (500, 98004)])
def test_an_annotation_that_is_poison_spoils_its_batch_and_no_other(status: int, code: int) -> None:
    emulator = Emulator(poison=lambda tree: tree["id"] == "bad", poison_status=status)
    assert post(emulator, tree("a"), tree("bad")) == (status, code, [])
    assert stored(emulator) == {}
    assert post(emulator, tree("a")) == (200, 10000, [24150])


# --- memory and time -----------------------------------------------------------------------------


def test_requests_are_not_kept_if_they_are_not_to_be() -> None:
    emulator = Emulator(record=False)
    post(emulator, tree())
    assert (emulator.requests, len(emulator.annotations)) == ([], 1)


def test_latency_is_for_a_socket_alone() -> None:
    started = time.monotonic()
    post(Emulator(latency=60.0), tree())
    assert time.monotonic() - started < 10


def test_what_was_sent_and_recorded_is_not_what_is_stored(emulator: Emulator) -> None:
    post(emulator, {**tree(), "annotation_info": {"mine": [1]}})
    emulator.requests[0].body["annotations"][0]["annotation_info"]["mine"].append(2)
    emulator.requests[0].body["annotations"][0]["data"]["concepts"].clear()
    assert emulator.annotations[0]["annotation_info"] == {"mine": [1]}
    assert stored(emulator) == {"a": 1}
