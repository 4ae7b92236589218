"""The table of fates, written a second time from what is known of the API and of sockets, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import _retry
from clarifai_http_annotations._call import connection_error
from clarifai_http_annotations._retry import Fate, fate_of_exception, fate_of_status, may_repeat
from clarifai_http_annotations.errors import APIConnectionError, APIStatusError, ClarifaiError, InvalidResponseError

REFUSED, AMBIGUOUS, FINAL = Fate.REFUSED, Fate.AMBIGUOUS, Fate.FINAL

BY_HTTP = {408: AMBIGUOUS, 429: REFUSED, **dict.fromkeys({*range(500, 600)} - {501, 505}, AMBIGUOUS)}

BY_CODE = [
    *((code, REFUSED) for code in (11005, 11003, 10030, 40030, 41000)),
    *((code, AMBIGUOUS) for code in (40011, 40013, 40015, 40016, 40031, 40032, 99009)),
    *((code, AMBIGUOUS) for code in (*range(98004, 98010), *range(98013, 98022))),
    *((code, FINAL) for code in (11000, 11001, 11002, 11004, 11006, 11007, 11008, 11009)),
    *((code, FINAL) for code in (*range(11100, 11106), 11199, 24155, 24156, 30100, 30102, 30103, 30104, 30199)),
    *((code, FINAL) for code in (40010, 40017, 40033, 39997, 39998)),
]

BY_EXCEPTION = [
    (httpx.ConnectError, REFUSED),
    (httpx.ConnectTimeout, REFUSED),
    (httpx.PoolTimeout, REFUSED),
    (httpx.ProxyError, REFUSED),  # raised while a tunnel is asked for
    (httpx.ReadError, AMBIGUOUS),
    (httpx.ReadTimeout, AMBIGUOUS),
    (httpx.WriteError, AMBIGUOUS),
    (httpx.WriteTimeout, AMBIGUOUS),
    (httpx.CloseError, AMBIGUOUS),
    (httpx.RemoteProtocolError, AMBIGUOUS),
    (httpx.DecodingError, AMBIGUOUS),
    (httpx.LocalProtocolError, FINAL),
    (httpx.UnsupportedProtocol, FINAL),
    (httpx.TooManyRedirects, FINAL),
    (httpx.InvalidURL, FINAL),
    (TimeoutError, AMBIGUOUS),
    (OSError, AMBIGUOUS),
]


@pytest.mark.parametrize("status", range(300, 600))
def test_an_http_status_has_the_fate_of_its_row(status: int) -> None:
    assert fate_of_status(status, None) is BY_HTTP.get(status, FINAL)


@pytest.mark.parametrize(("code", "fate"), [pytest.param(code, fate, id=f"{code}") for code, fate in BY_CODE])
def test_a_code_has_the_fate_of_its_row_whatever_the_http_status(code: int, fate: Fate) -> None:
    assert {fate_of_status(status, code) for status in (None, 200, 400, 429, 500, 503)} == {fate}


@pytest.mark.parametrize("code", [None, 12345, "NEW_THIS_WEEK", 10020, 11106000])
def test_a_code_that_says_nothing_leaves_it_to_the_http_status(code: Any) -> None:
    assert [fate_of_status(status, code) for status in (None, 400, 429, 503)] == [FINAL, FINAL, REFUSED, AMBIGUOUS]


@pytest.mark.parametrize(("cls", "fate"), [pytest.param(*row, id=row[0].__name__) for row in BY_EXCEPTION])
def test_an_exception_has_the_fate_of_its_row(cls: type[Exception], fate: Fate) -> None:
    error = cls("")
    assert fate_of_exception(error) is fate
    assert _retry.fate_of(connection_error(error, str, 0.0)) is fate


def leaves(cls: type[Exception]) -> Iterator[type[Exception]]:
    children = [child for child in cls.__subclasses__() if child.__module__ == "httpx"]
    yield from (leaf for child in children for leaf in leaves(child)) if children else (cls,)


@pytest.mark.parametrize("cls", [*leaves(httpx.RequestError)], ids=lambda cls: cls.__name__)
def test_every_exception_of_a_request_of_httpx_has_a_row(cls: type[Exception]) -> None:
    assert cls in dict(BY_EXCEPTION)


@pytest.mark.parametrize("cls", [httpx.HTTPStatusError, *leaves(httpx.StreamError), httpx.CookieConflict])
def test_what_no_request_raises_by_itself_says_that_nobody_knows(cls: type[Exception]) -> None:
    assert fate_of_exception(cls.__new__(cls)) is AMBIGUOUS


def test_a_subclass_has_the_fate_of_the_nearest_name_above_it() -> None:
    assert fate_of_exception(type("Ours", (httpx.ConnectError,), {})("")) is REFUSED


@pytest.mark.parametrize(
    ("error", "fate"),
    [(InvalidResponseError(), AMBIGUOUS), (APIConnectionError(), AMBIGUOUS), (APIStatusError(), FINAL)]
    + [(ClarifaiError(), FINAL), (KeyboardInterrupt(), FINAL)],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value.name,
)
def test_an_error_without_a_row_has_a_fate(error: BaseException, fate: Fate) -> None:
    assert _retry.fate_of(error) is fate


@pytest.mark.parametrize(
    ("status", "once", "again"), [(429, True, True), (503, False, True), (400, False, False)], ids=str
)
def test_what_nobody_knows_is_repeated_only_if_that_is_harmless(status: int, once: bool, again: bool) -> None:
    error = APIStatusError()
    error.status_code = status
    assert (may_repeat(error, repeatable=False), may_repeat(error, repeatable=True)) == (once, again)
