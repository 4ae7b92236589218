"""JSON of success in another shape than the API's: it ends as an error that says what was called."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, positive
from clarifai_http_annotations.errors import AuthenticationError, ConflictError, InvalidResponseError

ANNOTATION = Annotation.of("in-1", positive("tree"), id="a-1")
SUCCESS = {"status": {"code": 10000, "description": "Ok", "req_id": "r-1"}}
MISSHAPEN = {"id": "a-1", "input_id": "in-1", "data": "no object"}


def misshapen(call: Callable[[Any], Any], connect: Any) -> InvalidResponseError:
    answer = {**SUCCESS, "annotation": MISSHAPEN, "annotations": [MISSHAPEN]}
    client = connect(lambda _: httpx.Response(200, json=answer), max_retries=0)
    with pytest.raises(InvalidResponseError, match="data") as caught:
        call(client)
    return caught.value


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        pytest.param("create", lambda client: client.create(ANNOTATION), id="create"),
        pytest.param("get", lambda client: client.get("a-1", input_id="in-1"), id="get"),
        pytest.param("list", lambda client: list(client.list()), id="list"),
    ],
)
def test_an_answer_of_another_shape_says_what_was_called(
    operation: str, call: Callable[[Any], Any], connect: Any
) -> None:
    error = misshapen(call, connect)
    assert (error.operation, error.attempts) == (operation, 1)
    assert str(error).startswith(f"{operation}: ")


def test_an_answer_of_another_shape_may_have_been_carried_out(connect: Any) -> None:
    assert misshapen(lambda client: client.create(ANNOTATION), connect).maybe_done


@pytest.mark.parametrize("annotations", ["text", 5, True, {"a": 1}], ids=repr)
def test_annotations_that_are_no_list_are_no_answer(annotations: object, connect: Any) -> None:
    client = connect(lambda _: httpx.Response(200, json={**SUCCESS, "annotations": annotations}), max_retries=0)
    with pytest.raises(InvalidResponseError, match="annotations is no list"):
        list(client.list())


@pytest.mark.parametrize("depth", [100, 300, 900])
def test_an_annotation_that_is_nested_deep_is_read_or_no_answer(connect: Any, depth: int) -> None:
    data = '{"regions":[{"data":' * depth + "{}" + "}]}" * depth
    body = f'{{"status":{{"code":10000}},"annotation":{{"id":"a-1","input_id":"in-1","data":{data}}}}}'
    client = connect(lambda _: httpx.Response(200, content=body), max_retries=0)
    with suppress(InvalidResponseError):  # how deep can be read depends on the version of Python
        assert client.get("a-1", input_id="in-1").id == "a-1"


@pytest.mark.parametrize("odd", [[], {}, 7, 1e39, None], ids=repr)
@pytest.mark.parametrize("field", ["id", "input_id"])
def test_an_id_that_is_no_text_is_nobody_s(field: str, odd: object, connect: Any) -> None:
    listed = {"status": {"code": 24150}, "id": "a-1", "input_id": "in-1", field: odd}
    client = connect(lambda _: httpx.Response(200, json={**SUCCESS, "annotations": [listed]}), max_retries=0)
    with pytest.raises(InvalidResponseError, match="says nothing of annotation 'a-1'"):
        client.create(ANNOTATION)


def asked_about(listed: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """A server that refuses a create as a duplicate, and lists one annotation."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(409, json={"status": {"code": 40010}})
        return httpx.Response(200, json={**SUCCESS, "annotations": [listed]})

    return answer


@pytest.mark.parametrize("value", [1e39, -1e300, 10**400], ids=["1e39", "-1e300", "10**400"])
def test_a_number_that_has_no_32_bits_is_not_what_was_sent(value: float, connect: Any) -> None:
    listed = {"id": "a-1", "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": value}]}}
    with pytest.raises((ConflictError, InvalidResponseError), match=r"holds other content|value: "):
        connect(asked_about(listed)).create(ANNOTATION)


def test_what_was_asked_about_and_has_another_shape_is_no_answer(connect: Any) -> None:
    concepts = [{"id": "tree", "value": 1.0, "name": 5}]
    client = connect(asked_about({"id": "a-1", "input_id": "in-1", "data": {"concepts": concepts}}), max_retries=0)
    with pytest.raises(InvalidResponseError, match=r"^create: .*name"):
        client.create(ANNOTATION)


@pytest.mark.parametrize("depth", [300, 450, 900, 100_000])
def test_a_refusal_that_is_nested_deep_is_an_error_that_travels(depth: int, connect: Any) -> None:
    body = '{"status":{"code":11102,"x":' + "[" * depth + "]" * depth + "}}"
    client = connect(lambda _: httpx.Response(401, content=body))
    with pytest.raises(AuthenticationError) as caught:
        client.get("a-1", input_id="in-1")
    for carried in (copy.deepcopy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert str(carried) == str(caught.value)
