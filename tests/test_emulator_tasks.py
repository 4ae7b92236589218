"""Who made annotations, and the annotations of a labelling task, in the emulator."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations.testing import Emulator

APP = "/v2/users/emulator-user/apps/app"

Tree = dict[str, Any]
MODEL: Tree = {"model": {"model_version": {"id": "m"}}}
WORKFLOW: Tree = {"workflow": {"version": {"id": "w"}}}


def ask(emulator: Emulator, method: str, path: str, body: Any = None) -> tuple[int, Tree]:
    """Send what a hand-written program would send: no part of this library is in between."""
    transport, headers = httpx.MockTransport(emulator), {"authorization": "Key some-key"}
    with httpx.Client(transport=transport, base_url="http://localhost", headers=headers) as http:
        response = http.request(method, f"{APP}/{path}", json=body)
    return response.status_code, response.json()


def having(emulator: Emulator, *trees: Tree) -> None:
    asked = [{"id": f"a{number}", "input_id": "in-1", "task_id": "t", **tree} for number, tree in enumerate(trees)]
    assert ask(emulator, "POST", "annotations", {"annotations": asked})[0] == 200


# --- who made an annotation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "user_id", "worker"),
    [
        ({}, "emulator-user", {"user": {"id": "emulator-user"}}),
        ({"user_id": "bob"}, "bob", {"user": {"id": "bob"}}),
        ({"worker": {"user": {"id": "bob"}}}, "bob", {"user": {"id": "bob"}}),
        ({"worker": {"user": {}}}, "emulator-user", {"user": {"id": "emulator-user"}}),
        ({"worker": {"model": {"id": "x"}}}, "emulator-user", {"user": {"id": "emulator-user"}}),
        ({"worker": MODEL}, "emulator-user", MODEL),
        ({"worker": WORKFLOW, "user_id": "bob"}, "bob", WORKFLOW),
    ],
    ids=repr,
)
def test_an_annotation_says_who_made_it(emulator: Emulator, asked: Tree, user_id: str, worker: Tree) -> None:
    having(emulator, asked)
    [stored] = emulator.annotations
    assert (stored["user_id"], stored["worker"]) == (user_id, worker)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["a0"]),
        ("list_all_annotations=true", ["a0", "a1", "a2", "a3"]),
        ("list_all_annotations=True", ["a0", "a1", "a2", "a3"]),
        ("list_all_annotations=false", ["a0"]),
        ("model_version_ids=m", ["a1"]),
        ("workflow_version_ids=w", ["a2"]),
        ("workflow_version_ids=w&user_ids=me", ["a0", "a2"]),
        ("user_ids=bob", ["a3"]),
    ],
)
def test_a_list_has_what_is_trusted_unless_more_is_asked_for(emulator: Emulator, query: str, ids: list[str]) -> None:
    having(emulator, {}, {"worker": MODEL}, {"worker": WORKFLOW}, {"user_id": "bob", "trusted": False})
    assert [tree["id"] for tree in ask(emulator, "GET", f"annotations?{query}")[1]["annotations"]] == ids[::-1]


def test_a_task_is_also_named_in_annotation_info(emulator: Emulator) -> None:
    """As the docs name it; anything but text names none."""
    infos: list[Tree] = [{"task_id": "t"}, {"task_id": "u"}, {"task_id": 5}, {}]
    having(
        emulator, *[{"task_id": None, "annotation_info": info} for info in infos], {"task_id": "t"}, {"task_id": "u"}
    )
    listed = ask(emulator, "GET", "annotations?task_id=t")[1]["annotations"]
    assert {tree["id"] for tree in listed} == {"a0", "a4"}
    [counted] = ask(emulator, "GET", "tasks/t/annotations/count")[1]["counts"]
    assert counted["success"] == 2
    body = {"action": "overwrite", "status_code": "ANNOTATION_PENDING"}
    assert ask(emulator, "PATCH", "task/t/annotations/status", body)[1]["updated_count"] == 2


def workers(emulator: Emulator, query: str = "") -> list[str]:
    http_status, answer = ask(emulator, "GET", f"annotations/workers?{query}")
    assert http_status == 200, answer
    return [worker["user"]["id"] for worker in answer["workers"]]


def test_workers_are_the_people_who_made_annotations_each_once_in_order(emulator: Emulator) -> None:
    having(emulator, {"user_id": "zoe"}, {"worker": MODEL}, {"user_id": "ada"}, {}, {"user_id": "zoe"})
    assert workers(emulator, "additional_fields=all") == ["zoe", "ada", "emulator-user"]


def test_workers_may_be_only_those_who_are_trusted(emulator: Emulator) -> None:
    having(emulator, {"user_id": "zoe", "trusted": False}, {"user_id": "ada"})
    assert workers(emulator, "trusted_only=true") == ["ada"]
    assert workers(emulator, "trusted_only=false") == ["zoe", "ada"]


def test_workers_come_in_pages(emulator: Emulator) -> None:
    having(emulator, *[{"user_id": name} for name in "abc"])
    assert workers(emulator, "page=2&per_page=2") == ["c"]
    assert ask(emulator, "GET", "annotations/workers?page=0")[1]["status"]["code"] == 11105


# --- counts --------------------------------------------------------------------------------------

STATES = {
    "pending": 24151,
    "awaiting_review": 24157,
    "success": 24150,
    "review_denied": 24158,
    "awaiting_consensus_review": 24159,
}


def counts(emulator: Emulator, query: str = "", task_id: str = "t") -> list[Tree]:
    http_status, answer = ask(emulator, "GET", f"tasks/{task_id}/annotations/count?{query}")
    assert (http_status, answer["app_id"], answer["task_id"]) == (200, "app", task_id)
    return list(answer["counts"])


def test_annotations_of_a_task_are_counted_by_who_made_them(emulator: Emulator) -> None:
    having(emulator, {"user_id": "bob"}, {"worker": MODEL}, {"user_id": "bob"}, {"user_id": "bob", "task_id": "u"})
    nothing = dict.fromkeys(STATES, 0)
    assert counts(emulator) == [
        {**nothing, "user_id": "bob", "worker": {"user": {"id": "bob"}}, "success": 2},
        {**nothing, "user_id": "", "worker": MODEL, "success": 1},
    ]


@pytest.mark.parametrize(("state", "code"), list(STATES.items()))
def test_annotations_of_a_task_are_counted_by_status(emulator: Emulator, state: str, code: int) -> None:
    having(emulator, {"status": {"code": code}}, {"status": {"code": code}}, {"status": {"code": 24152}})
    [of_me] = counts(emulator)
    assert {name: of_me[name] for name in STATES} == {**dict.fromkeys(STATES, 0), state: 2}


@pytest.mark.parametrize(
    ("query", "users"),
    [
        ("user_ids=bob", ["bob"]),
        ("user_ids=me", ["emulator-user"]),
        ("user_ids=bob&model_version_ids=m", ["bob", ""]),
        ("workflow_version_ids=w", []),
        ("user_ids=nobody", []),
    ],
)
def test_counts_are_of_any_of_those_who_are_named(emulator: Emulator, query: str, users: list[str]) -> None:
    having(emulator, {"user_id": "bob"}, {}, {"worker": MODEL})
    assert [found["user_id"] for found in counts(emulator, query)] == users


def test_a_task_without_annotations_has_no_counts(emulator: Emulator) -> None:
    assert counts(emulator, task_id="none") == []


# --- the status of a task's annotations ----------------------------------------------------------


def set_status(emulator: Emulator, **body: Any) -> tuple[int, Tree]:
    return ask(emulator, "PATCH", "task/t/annotations/status", {"action": "overwrite", "status_code": 24150, **body})


@pytest.mark.parametrize(
    ("asked", "users", "codes"),
    [
        ({}, ["ada", "bob"], [24150, 24150, 24150, 24158]),
        ({"user_ids": [], "status_codes": None}, ["ada", "bob"], [24150, 24150, 24150, 24158]),
        ({"user_ids": ["ada"]}, ["ada"], [24150, 24150, 24151, 24158]),
        ({"user_ids": ["ada", "bob"], "status_codes": ["ANNOTATION_PENDING"]}, ["ada", "bob"], [24150, 24157, 24150]),
        ({"status_codes": [24157, "24158"]}, ["ada"], [24151, 24150, 24151]),
        ({"user_ids": ["me"]}, [], [24151, 24157, 24151]),
    ],
    ids=repr,
)
def test_the_status_is_set_for_these_people_and_these_statuses(
    emulator: Emulator, asked: Tree, users: list[str], codes: list[int]
) -> None:
    having(
        emulator,
        {"user_id": "ada", "status": {"code": 24151}},
        {"user_id": "ada", "status": {"code": 24157}},
        {"user_id": "bob", "status": {"code": 24151}},
        {"user_id": "bob", "status": {"code": 24158}, "task_id": "u"},
    )
    before = emulator.annotations
    http_status, answer = set_status(emulator, **asked)
    after = emulator.annotations
    changed = [old["modified_at"] != new["modified_at"] for old, new in zip(before, after, strict=True)]
    assert (http_status, answer["user_ids"], answer["updated_count"]) == (200, users, sum(changed))
    assert [tree["status"]["code"] for tree in after][: len(codes)] == codes


def test_the_status_is_set_by_name(emulator: Emulator) -> None:
    having(emulator, {})
    set_status(emulator, status_code="ANNOTATION_AWAITING_REVIEW")
    assert emulator.annotations[0]["status"] == {"code": 24157}


@pytest.mark.parametrize("asked", [{"action": None}, {"action": "merge"}, {"status_code": None}], ids=repr)
def test_a_status_is_only_overwritten_and_must_be_said(emulator: Emulator, asked: Tree) -> None:
    having(emulator, {"status": {"code": 24151}})
    http_status, answer = set_status(emulator, **asked)
    assert (http_status, answer["status"]["code"]) == (400, 11102)
    assert emulator.annotations[0]["status"] == {"code": 24151}


@pytest.mark.parametrize(
    "asked",
    [
        {"status_code": "NO_SUCH_CODE"},
        {"status_code": []},
        {"status_codes": ["NO_SUCH_CODE"]},
        {"status_codes": 24151},
        {"status_codes": [None]},
        {"user_ids": "ada"},
        {"user_ids": [1]},
    ],
    ids=repr,
)
def test_what_is_no_status_or_no_list_is_400_with_11100(emulator: Emulator, asked: Tree) -> None:
    having(emulator, {"status": {"code": 24151}})
    http_status, answer = set_status(emulator, **asked)
    assert (http_status, answer["status"]["code"]) == (400, 11100)
    assert emulator.annotations[0]["status"] == {"code": 24151}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "task/t/annotations/count"), ("PATCH", "tasks/t/annotations/status")],
    ids=["count of task", "status of tasks"],
)
def test_one_of_the_paths_says_tasks_and_the_other_task(emulator: Emulator, method: str, path: str) -> None:
    assert ask(emulator, method, path)[1]["status"]["code"] == 11101
