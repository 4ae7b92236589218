"""What an error or an answer means for an upload: the table of `upload.reading`, line by line."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations._call import connection_error
from clarifai_http_annotations._wire.answers import Answer, RawAnswer, parse_answer
from clarifai_http_annotations.errors import APIError, ConflictError, InvalidResponseError
from clarifai_http_annotations.upload import reading
from clarifai_http_annotations.upload.work import Item, Trouble, Verdict


def refused(http: int, code: int | None = None, **headers: str) -> APIError:
    body = b"" if code is None else b'{"status": {"code": %d, "description": "said"}}' % code
    try:
        parse_answer(RawAnswer(http, headers, body))
    except APIError as error:
        return error
    raise AssertionError("it is an answer")


STATUS = [
    *((http, code, Trouble.FATAL) for http, code in [(401, None), (402, None), (403, None), (302, None), (405, None)]),
    *((400, code, Trouble.FATAL) for code in (11000, 11001, 11002, 11004, 11006, 11007, 11008, 11009, 11200, 69000)),
    (400, 11103, Trouble.FATAL),
    (401, 11102, Trouble.FATAL),
    (404, None, Trouble.NOT_FOUND),
    (404, 11101, Trouble.NOT_FOUND),
    (400, 24156, Trouble.REFUSED),
    (403, 24156, Trouble.REFUSED),
    (404, 30102, Trouble.REFUSED),
    (404, 21200, Trouble.REFUSED),
    *((429, code, Trouble.THROTTLED) for code in (None, 11003, 11005)),
    *((200, code, Trouble.THROTTLED) for code in (10030, 11003, 11005, 40030, 41000)),
    *((503, code, Trouble.UNSENT) for code in (39997, 39998)),
    (501, None, Trouble.UNSENT),
    *((http, None, Trouble.LOST) for http in (500, 502, 503, 504, 520, 408)),
    *((400, code, Trouble.LOST) for code in (40011, 40032, 98004, 99009)),
    (409, None, Trouble.TAKEN),
    (400, 40010, Trouble.TAKEN),
    *((http, code, Trouble.REFUSED) for http, code in [(400, None), (400, 10020), (422, None), (413, None)]),
    *((400, code, Trouble.REFUSED) for code in (11100, 11102, 24155, 40003, 40033)),
    (200, None, Trouble.LOST),  # it was executed, or it was a sign-in page
]


@pytest.mark.parametrize(("http", "code", "trouble"), STATUS)
def test_an_answer_that_refuses_the_request(http: int, code: int | None, trouble: Trouble) -> None:
    error = refused(http, code, **{"retry-after": "3"})
    broken = reading.broken(error, 17)
    assert (broken.trouble, broken.error, broken.size) == (trouble, error, 17)
    is_an_answer = not (http == 200 and code is None)
    assert broken.was_answered == is_an_answer
    assert broken.retry_after == (3.0 if is_an_answer else None)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (httpx.ConnectError("refused"), Trouble.UNSENT),
        (httpx.ConnectTimeout(""), Trouble.UNSENT),
        (httpx.PoolTimeout(""), Trouble.UNSENT),
        (httpx.ProxyError("no"), Trouble.UNSENT),
        (httpx.ReadTimeout(""), Trouble.LOST),
        (httpx.ReadError(""), Trouble.LOST),
        (httpx.WriteError(""), Trouble.LOST),
        (httpx.RemoteProtocolError(""), Trouble.LOST),
        (TimeoutError(), Trouble.LOST),
        (httpx.UnsupportedProtocol("ftp"), Trouble.FATAL),
        (httpx.LocalProtocolError("header"), Trouble.FATAL),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_a_failure_of_the_connection(error: Exception, trouble: Trouble) -> None:
    broken = reading.broken(connection_error(error, str, 0.1))
    assert (broken.trouble, broken.was_answered) == (trouble, False)


# --- answers of one annotation each -------------------------------------------------------------


def item(derived: bool = True) -> Item:
    tree = {"input_id": "in", "id": "a", "data": {"concepts": [{"id": "x", "value": 1.0}]}}
    return Item(0, None, ("in", "a"), "a", derived, 10, tree)


def verdict(found: list[dict[str, Any]], *, derived: bool = True, items: list[Item] | None = None) -> Any:
    answer = Answer(200, 10010, "r", {"annotations": found})
    return reading.answered(items or [item(derived)], answer, str, 5).said["in", "a"]


SHOWN = {"input_id": "in", "id": "a", "data": {"concepts": [{"id": "x", "value": 1}]}}


def with_code(code: int | None, **more: Any) -> dict[str, Any]:
    return {**SHOWN, **more, **({} if code is None else {"status": {"code": code}})}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (with_code(24150), Verdict.STORED),
        (with_code(24151), Verdict.STORED),
        (with_code(24155), Verdict.REFUSED),
        (with_code(24156), Verdict.REFUSED),
        (with_code(11101), Verdict.REFUSED),
        (with_code(11005), Verdict.THROTTLED),
        (with_code(40030), Verdict.THROTTLED),
        (with_code(40010), Verdict.TAKEN),
        (with_code(99009), Verdict.LOST),
        (with_code(98004), Verdict.LOST),
        (with_code(123456), Verdict.LOST),
        (with_code(24150, data={"concepts": [{"id": "x", "value": 0}]}), Verdict.TURNED),
        (with_code(24150, data={"concepts": [{"id": "y", "value": 1}]}), Verdict.TURNED),
        (with_code(24150, data=None), Verdict.STORED),  # it is not repeated
        (with_code(24150, data={}), Verdict.TURNED),
        (with_code(24150, data={"concepts": []}), Verdict.TURNED),
        ({"input_id": "in", "id": "b"}, Verdict.LOST),
    ],
)
def test_what_is_said_of_an_annotation(found: dict[str, Any], expected: Verdict) -> None:
    said = verdict([found])
    assert said.verdict is expected
    assert (said.error is None) == (expected is Verdict.STORED)


def test_a_duplicate_of_an_id_that_the_caller_chose_is_asked_for() -> None:
    assert verdict([with_code(40010)], derived=False).verdict is Verdict.ASK


def test_a_refusal_that_may_be_anothers_makes_it_go_alone() -> None:
    other = Item(1, None, ("in", "b"), "b", True, 10, {**SHOWN, "id": "b"})
    nameless = {"input_id": "in", "status": {"code": 24155}}
    stored = {**SHOWN, "id": "b", "status": {"code": 24150}}
    assert verdict([nameless, stored], items=[item(), other]).verdict is Verdict.ALONE
    third = Item(2, None, ("in", "c"), "c", True, 10, {**SHOWN, "id": "c"})
    assert verdict([nameless, stored], items=[item(), other, third]).verdict is Verdict.LOST  # of which of the two?


def test_a_refusal_to_be_asked_says_nothing_of_the_account() -> None:
    forbidden = refused(403, 11007)
    assert reading.broken(forbidden).trouble is Trouble.FATAL
    assert reading.broken(forbidden, is_asking=True).trouble is Trouble.REFUSED
    assert reading.broken(refused(401), is_asking=True).trouble is Trouble.FATAL
    assert reading.broken(refused(429), is_asking=True).trouble is Trouble.THROTTLED


def test_what_a_list_says_of_an_annotation() -> None:
    def listed(found: list[Any]) -> Any:
        return reading.listed([item()], Answer(200, 10000, "r", {"annotations": found})).said["in", "a"]

    assert listed([]).verdict is Verdict.ABSENT
    assert listed([3, {"id": "a"}]).verdict is Verdict.ABSENT
    with pytest.raises(InvalidResponseError, match="not asked for"):
        listed([SHOWN, {**SHOWN, "id": "b"}])
    assert listed([SHOWN]).verdict is Verdict.HOLDS
    other = listed([{**SHOWN, "data": {"concepts": [{"id": "x", "value": 0}]}}])
    assert other.verdict is Verdict.OTHER
    assert isinstance(other.error, ConflictError)
    assert "id 'a' of input 'in' holds other content" in str(other.error)
