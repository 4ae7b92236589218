"""Deleting many: what is gone, what is left, and never more than was meant."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    AuthenticationError,
    InternalServerError,
    InvalidRequestError,
    NotFoundError,
    PartialFailureError,
    negative,
    positive,
)
from clarifai_http_annotations.testing import Emulator


def store(client: Any, inputs: int, each: int = 1) -> list[Annotation]:
    stored = []
    for number in range(inputs):
        several = [Annotation.of(f"in-{number}", negative("tree"), id=f"a{index}") for index in range(each)]
        stored += client.create(several)
    return stored


def listed(client: Any) -> Any:
    """Return what a user would give: an iterator of the client's own kind."""
    return getattr(client, "inner", client).list()


def deletes(emulator: Emulator) -> list[Any]:
    return [request.body for request in emulator.requests if request.method == "DELETE"]


def test_annotations_are_deleted_by_pairs_in_a_body(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    stored = store(client, 2, each=2)
    client.delete_many([stored[0], stored[3], stored[0]])
    assert deletes(emulator) == [{"input_ids": ["in-0", "in-1"], "ids": ["a0", "a1"]}]
    assert [(tree["input_id"], tree["id"]) for tree in emulator.annotations] == [("in-0", "a1"), ("in-1", "a0")]
    assert emulator.requests[-1].path == "/v2/users/me/apps/app/annotations"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.delete_many(listed(client)),
        lambda client: client.delete_many([hit.annotation for hit in client.search(negative("tree"))]),
        lambda client: client.delete_many(ids=["a0", "a0"], input_ids=("in-0", "in-1")),
        lambda client: client.delete_many([{"id": "a0", "input_id": f"in-{n}", "data": {}} for n in (0, 1)]),
        lambda client: [client.delete_many({"id": "a0", "input_id": f"in-{n}"}) for n in (0, 1)],
        lambda client: [client.delete_many(ids="a0", input_ids=f"in-{n}") for n in (0, 1)],
        lambda client: client.delete_all_of_inputs(["in-0", "in-1", "in-0"]),
        lambda client: [client.delete_all_of_inputs(f"in-{n}") for n in (0, 1)],
    ],
    ids=["listed", "found", "ids", "dicts", "one dict", "one id", "inputs", "one input"],
)
def test_they_may_be_said_in_several_ways(connect: Any, emulator: Emulator, call: Any) -> None:
    client = connect(emulator)
    store(client, 2)
    call(client)
    assert emulator.annotations == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "takes annotations, or ids= and input_ids="),
        ({"annotations": [], "ids": ["a"]}, "takes annotations, or ids= and input_ids="),
        ({"input_ids": ["in"]}, "no ids and 1 input_ids.* delete_all_of_inputs"),
        ({"ids": [], "input_ids": ["in"]}, "0 ids and 1 input_ids"),
        ({"ids": ["a"], "input_ids": []}, "1 ids and 0 input_ids"),
        ({"ids": ["a"]}, "1 ids and no input_ids"),
        ({"ids": [""], "input_ids": ["in"]}, r"ids\[0\] must be a text"),
        ({"annotations": "a"}, r"takes annotations \(with their ids\), not str"),
        ({"annotations": 5}, "not int"),
        ({"annotations": ["a"]}, r"annotations\[0\] is a str: give an Annotation, or a dict"),
        ({"annotations": [("a", "in")]}, r"annotations\[0\] is a tuple"),
        ({"annotations": [Annotation.of("in")]}, r"annotations\[0\], id: must be a text"),
        ({"annotations": Annotation.model_construct(id="a")}, r"annotations\[0\], input_id: must be a text"),  # type: ignore[call-arg]
        ({"annotations": {"id": "a"}}, r"annotations\[0\], input_id: must be a text"),
    ],
)
def test_what_could_mean_too_much_is_refused_before_anything_is_sent(
    connect: Any, emulator: Emulator, arguments: Any, problem: str
) -> None:
    """Without ids the API deletes everything of the inputs."""
    with pytest.raises(InvalidRequestError, match=problem):
        connect(emulator).delete_many(**arguments)
    assert emulator.requests == []


@pytest.mark.parametrize("inputs", [None, [""], [5], 5])
def test_everything_of_inputs_needs_inputs(connect: Any, emulator: Emulator, inputs: Any) -> None:
    with pytest.raises(InvalidRequestError):
        connect(emulator).delete_all_of_inputs(inputs)
    assert emulator.requests == []


def test_nothing_is_nothing(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.delete_many([])
    client.delete_many(ids=[], input_ids=[])
    client.delete_all_of_inputs([])
    assert emulator.requests == []


def test_many_are_split(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    for start in range(0, 300, 100):
        client.create([Annotation.of("in", positive("tree"), id=f"a{start + n}") for n in range(100)])
    client.delete_many(listed(client))
    assert [len(body["ids"]) for body in deletes(emulator)] == [128, 128, 44]
    assert emulator.annotations == []


def test_one_that_does_not_exist_counts_as_gone(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    stored = store(client, 3)
    client.delete("a0", input_id="in-1")
    client.delete_many(stored)
    assert emulator.annotations == []
    client.delete_many(stored)


def test_an_input_without_annotations_counts_as_done(connect: Any, emulator: Emulator) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        """Refuse a deletion that names an input of which nothing is there."""
        if request.method == "DELETE" and b"in-9" in request.read():
            return httpx.Response(404, json={"status": {"code": 11101}})
        return emulator(request)

    client = connect(refusing)
    store(client, 2, each=2)
    client.delete_all_of_inputs(["in-0", "in-9", "in-1"])
    assert emulator.annotations == []


@pytest.mark.parametrize("many", [True, False], ids=["pairs", "inputs"])
def test_an_app_that_does_not_exist_is_no_success(connect: Any, many: bool) -> None:
    emulator = Emulator(apps=[("ada", "zoo")])
    client = connect(emulator, app_id="another")
    with pytest.raises(NotFoundError):
        client.delete_many(ids=["a"], input_ids=["in"]) if many else client.delete_all_of_inputs("in")


def failing_from(emulator: Emulator, count: int, failure: Any) -> Any:
    """Return a server that fails from the second, third, ... deletion on."""
    seen: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            seen.append(1)
            if len(seen) >= count:
                if isinstance(failure, int):
                    return httpx.Response(failure)
                raise failure
        return emulator(request)

    return handle


@pytest.mark.parametrize(
    ("failure", "kind", "maybe"),
    [
        (401, AuthenticationError, False),
        (502, InternalServerError, True),
        (httpx.ReadError(""), APIConnectionError, True),
    ],
    ids=["401", "502", "no answer"],
)
def test_what_is_gone_and_what_is_left_is_said(
    connect: Any, emulator: Emulator, failure: Any, kind: Any, maybe: bool
) -> None:
    client = connect(failing_from(emulator, 2, failure), max_retries=0)
    names = [f"a{number}" for number in range(200)]
    for start in range(0, 200, 100):
        client.create([Annotation.of("in", positive("tree"), id=name) for name in names[start : start + 100]])
    with pytest.raises(
        PartialFailureError, match="delete_many: 72 of 200 annotations are not known to be gone"
    ) as caught:
        client.delete_many(ids=names, input_ids=["in"] * 200)
    error = caught.value
    assert [annotation.id for annotation in error.succeeded] == names[:128]
    assert [(failed.index, failed.annotation.id) for failed in error.failed] == list(enumerate(names))[128:]
    assert {type(failed.error) for failed in error.failed} == {kind}
    assert {failed.error.maybe_done for failed in error.failed} == {maybe}
    assert len(emulator.annotations) == 72


def test_the_first_failure_is_raised_as_it_is(connect: Any, emulator: Emulator) -> None:
    client = connect(failing_from(emulator, 1, 401))
    with pytest.raises(AuthenticationError, match="delete_all_of_inputs: DELETE /v2/users/me/apps/app/annotations"):
        client.delete_all_of_inputs("in")


def test_inputs_that_are_left_are_said(connect: Any, emulator: Emulator) -> None:
    client = connect(failing_from(emulator, 2, 401))
    names = [f"in-{number}" for number in range(130)]
    with pytest.raises(PartialFailureError, match="2 of 130 inputs' annotations are not known to be gone") as caught:
        client.delete_all_of_inputs(names)
    assert [(failed.annotation.input_id, failed.annotation.id) for failed in caught.value.failed] == [
        ("in-128", ""),
        ("in-129", ""),
    ]


def test_what_is_left_after_a_refusal_is_asked_for_and_sent_again(connect: Any, emulator: Emulator) -> None:
    """And if that fails too, what is gone is not among what is left."""
    client = connect(failing_from(emulator, 2, 403))
    stored = store(client, 2)
    missing = Annotation(id="missing", input_id="in-0")
    with pytest.raises(PartialFailureError, match="2 of 3") as caught:
        client.delete_many([missing, *stored])
    assert [annotation.id for annotation in caught.value.succeeded] == ["missing"]
    assert [(failed.index, failed.annotation.input_id) for failed in caught.value.failed] == [(1, "in-0"), (2, "in-1")]


def test_what_came_with_an_input_is_not_left_over(connect: Any) -> None:
    """It goes only with its input."""
    asked: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if request.method == "DELETE":
            return httpx.Response(404, json={"status": {"code": 11101}})
        tree = {"id": "a", "input_id": "in", "input_level": True}
        page = [tree] if "page=1&" in str(request.url) else []
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": page})

    connect(server).delete_all_of_inputs("in")
    assert asked == ["DELETE", "GET", "GET"]


def test_a_refusal_although_all_are_there_is_raised(connect: Any, emulator: Emulator) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            return httpx.Response(404, json={"status": {"code": 11101}})
        return emulator(request)

    client = connect(refusing)
    with pytest.raises(NotFoundError, match="delete_many: DELETE"):
        client.delete_many(store(client, 2))
    assert len(emulator.annotations) == 2
