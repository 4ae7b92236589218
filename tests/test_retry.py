"""What is sent again, how long is waited before, and when a call gives up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, AsyncClient, negative
from clarifai_http_annotations._retry import backoff
from clarifai_http_annotations.errors import (
    APIError,
    APITimeoutError,
    AuthenticationError,
    ClarifaiError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from clarifai_http_annotations.testing import no_waiting

OK = {"status": {"code": 10000}, "annotation": {"id": "a-1", "input_id": "in-1"}}
ANNOTATION = Annotation.of("in-1", negative("secret-label"), id="a-1")
PAT = "0123456789abcdef0123456789abcdef"


class Server:
    """Plays a script of answers and failures, the last one for ever; keeps what it was sent."""

    def __init__(self, *script: Any) -> None:
        self.script = script
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        step = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append(request)
        if isinstance(step, BaseException):
            raise step
        return httpx.Response(step) if isinstance(step, int) else step()


def ok() -> httpx.Response:
    return httpx.Response(200, json=OK)


def busy(after: object = None, **headers: str) -> Callable[[], httpx.Response]:
    given = headers if after is None else {"retry-after": str(after), **headers}
    return lambda: httpx.Response(429, json={"status": {"code": 11005}}, headers=given)


def get(client: Any, **arguments: Any) -> Any:
    return client.get("a-1", input_id="in-1", **arguments)


def failure_of(client: Any, **arguments: Any) -> Any:
    with pytest.raises(ClarifaiError) as caught:
        get(client, **arguments)
    return caught.value


# --- waiting ---------------------------------------------------------------------------------------


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_backoff_is_a_random_part_of_a_limit_that_doubles(retry: int, part: float) -> None:
    limit = min(20.0, 0.5 * 2.0 ** min(retry - 1, 20))
    assert backoff(retry, retry_after=None, jitter=lambda: part) == part * limit


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1e9))
def test_a_wait_is_the_longer_of_backoff_and_retry_after(retry: int, part: float, asked: float) -> None:
    plain = backoff(retry, retry_after=None, jitter=lambda: part)
    assert backoff(retry, retry_after=asked, jitter=lambda: part) == max(plain, asked)


def test_two_clients_do_not_wait_alike() -> None:
    assert len({backoff(3, retry_after=None) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "asked",
    [busy(30), busy("Sun, 06 Nov 1994 08:50:00 GMT", date="Sun, 06 Nov 1994 08:49:30 GMT")],
    ids=["seconds", "date"],
)
def test_what_the_server_asks_to_wait_is_waited(asked: Any, connect: Any, clock: Any) -> None:
    assert get(connect(Server(asked, ok))).id == "a-1"
    assert clock.slept == [30.0]


@pytest.mark.parametrize("after", ["soon", "-5", "nan", "inf"])
def test_nonsense_in_retry_after_is_the_ordinary_wait(after: str, connect: Any, clock: Any) -> None:
    get(connect(Server(busy(after), ok)))
    [slept] = clock.slept
    assert 0.0 <= slept <= 0.5


def test_the_longest_wait_that_a_server_may_ask_for_is_five_minutes(connect: Any, clock: Any) -> None:
    get(connect(Server(busy(300), ok), deadline=None))
    assert clock.slept == [300.0]


@pytest.mark.parametrize("after", ["301", "1e9", "1e300"])
def test_an_absurd_wait_is_not_begun(after: str, connect: Any, clock: Any) -> None:
    server = Server(busy(after), ok)
    error = failure_of(connect(server, deadline=None))
    assert (len(server.requests), clock.slept) == (1, [])
    assert "No further try: the server asks to wait for" in str(error)
    assert len(str(error)) < 500


def test_a_wait_that_does_not_fit_the_deadline_is_not_begun(connect: Any, clock: Any) -> None:
    server = Server(busy(20), ok)
    error = failure_of(connect(server, deadline=20.0))
    assert type(error) is RateLimitError
    assert (len(server.requests), clock.slept) == (1, [])
    assert "deadline=20 has no room for a wait of 20 s" in str(error)
    assert "Send fewer requests" in str(error)


def test_a_wait_that_fits_the_deadline_is_begun(connect: Any, clock: Any) -> None:
    assert get(connect(Server(busy(20), ok)), deadline=20.1).id == "a-1"


# --- giving up -------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_retries", [0, 1, 4, 7])
def test_a_request_is_sent_again_so_often_and_not_more(max_retries: int, connect: Any) -> None:
    server = Server(503)
    error = failure_of(connect(server, max_retries=max_retries))
    assert type(error) is InternalServerError
    assert len(server.requests) == error.attempts == max_retries + 1


def test_a_copy_has_retries_of_its_own(connect: Any) -> None:
    server = Server(503)
    failure_of(connect(server, max_retries=4).with_options(max_retries=1))
    assert len(server.requests) == 2


def test_the_http_status_that_a_status_object_names_counts_for_retries_too(connect: Any) -> None:
    unavailable = {"status": {"code": 10020, "http_status_code": 503}}
    server = Server(lambda: httpx.Response(200, json=unavailable), ok)
    assert get(connect(server)).id == "a-1"


@pytest.mark.parametrize("step", [400, 401, 404, 501, httpx.LocalProtocolError("")], ids=str)
def test_what_is_final_is_not_sent_again(step: Any, connect: Any) -> None:
    server = Server(step, ok)
    failure_of(connect(server))
    assert len(server.requests) == 1


def test_what_is_sent_again_is_the_same_to_the_byte(connect: Any) -> None:
    server = Server(httpx.ReadError("reset"), 503, busy(), lambda: httpx.Response(401))
    with pytest.raises(ClarifaiError):
        connect(server).create(ANNOTATION)
    assert len(server.requests) == 4
    assert len({(str(request.url), request.content) for request in server.requests}) == 1


def test_a_delete_that_was_carried_out_unseen_is_a_success(connect: Any) -> None:
    assert connect(Server(httpx.ReadTimeout(""), 404)).delete("a-1", input_id="in-1") is None


def test_a_delete_of_what_was_never_there_is_an_error_even_after_a_refusal(connect: Any) -> None:
    with pytest.raises(NotFoundError):
        connect(Server(busy(), 404)).delete("a-1", input_id="in-1")


@pytest.mark.parametrize("deadline", [0.0, -1.0])
def test_nothing_is_sent_when_the_deadline_is_over_already(deadline: float, connect: Any) -> None:
    server = Server(ok)
    error = failure_of(connect(server), deadline=deadline)
    assert type(error) is APITimeoutError
    assert (server.requests, error.attempts, error.maybe_done) == ([], 0, False)
    assert f"deadline={deadline:g}" in str(error)


def test_no_attempt_begins_after_the_deadline_or_may_outlive_it(connect: Any, clock: Any) -> None:
    client = connect(timeout=60.0, deadline=100.0, max_retries=9)
    allowed = []

    async def silence(request: Any, timeout: Any, seconds: float) -> Any:
        allowed.append(seconds)
        clock.now += 45.0
        raise httpx.ReadTimeout("")

    getattr(client, "inner", client)._send = silence
    error = failure_of(client)
    first, second, third = allowed
    assert (first, 54.5 <= second <= 55.0, 8.5 <= third <= 10.0) == (60.0, True, True)
    assert "deadline=100 is used up" in str(error)


@pytest.mark.parametrize("timeout", [None, httpx.Timeout(5.0)], ids=["none", "httpx"])
@pytest.mark.parametrize("deadline", [None, 30.0])
def test_without_a_number_for_the_attempt_only_the_deadline_ends_it(
    timeout: Any, deadline: float | None, connect: Any
) -> None:
    client = connect()
    allowed = []

    async def final(request: Any, timeout: Any, seconds: float | None) -> Any:
        allowed.append(seconds)
        raise httpx.LocalProtocolError("")

    getattr(client, "inner", client)._send = final
    failure_of(client, timeout=timeout, deadline=deadline)
    assert allowed == [deadline]


def test_an_answer_that_a_hook_of_your_own_client_raises_for_is_an_answer(kind: str, connect: Any, clock: Any) -> None:
    def refuse(response: httpx.Response) -> None:
        response.raise_for_status()

    async def refuse_later(response: httpx.Response) -> None:
        response.raise_for_status()

    cls, hook = (httpx.Client, refuse) if kind == "sync" else (httpx.AsyncClient, refuse_later)
    http = cls(transport=httpx.MockTransport(Server(busy(7), 401)), event_hooks={"response": [hook]})
    error = failure_of(connect(http_client=http))
    assert (type(error), error.status_code, error.attempts) == (AuthenticationError, 401, 2)
    assert clock.slept == [7.0]


@pytest.mark.parametrize("cls", [AssertionError, KeyboardInterrupt, ValueError, ZeroDivisionError, StopIteration])
def test_a_mistake_in_code_passes_through_and_is_not_repeated(cls: type[BaseException], connect: Any) -> None:
    mistake = cls("mine")
    server = Server(mistake, ok)
    with pytest.raises((cls, RuntimeError)) as caught:
        get(connect(server))
    assert mistake in (caught.value, caught.value.__cause__)  # a coroutine wraps StopIteration
    assert len(server.requests) == 1


def test_a_call_that_is_cancelled_while_it_waits_sends_nothing_more() -> None:
    server = Server(busy(60), ok)

    async def cancel() -> None:
        transport = httpx.MockTransport(server)
        async with AsyncClient(pat="k" * 32, user_id="me", app_id="app", transport=transport) as client:
            task = asyncio.create_task(get(client))
            while not server.requests:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel())
    assert len(server.requests) == 1


# --- the switch, and what is logged ------------------------------------------------------------------


def test_no_waiting_turns_every_wait_off(connect: Any, clock: Any) -> None:
    server = Server(busy(100), busy(10**6), 503, ok)
    with no_waiting():
        assert get(connect(server)).id == "a-1"
    assert (len(server.requests), clock.slept) == (4, [0.0] * 3)


def test_waits_are_on_again_after_no_waiting_even_if_it_ends_in_an_error(connect: Any, clock: Any) -> None:
    with pytest.raises(ZeroDivisionError), no_waiting(), no_waiting():
        raise ZeroDivisionError
    get(connect(Server(busy(7), ok)))
    assert clock.slept == [7.0]


def log_of(client: Any, caplog: Any) -> list[tuple[int, str]]:
    with caplog.at_level(logging.DEBUG):
        get(client)
    return [(r.levelno, r.getMessage()) for r in caplog.records if r.name == "clarifai_http_annotations"]


def test_a_retry_is_logged_as_a_warning(connect: Any, caplog: Any) -> None:
    log = log_of(connect(Server(503, httpx.ReadError(""), ok)), caplog)
    first, second = [text for level, text in log if level == logging.WARNING]
    assert ["get: attempt 1 failed" in first, "503" in first] == [True, True]
    assert ["get: attempt 2 failed" in second, "APIConnectionError" in second] == [True, True]


def test_an_attempt_is_logged_for_debugging(connect: Any, caplog: Any) -> None:
    log = log_of(connect(Server(503, httpx.ReadError(""), ok)), caplog)
    debug = " ".join(text for level, text in log if level == logging.DEBUG)
    assert [said in debug for said in ("HTTP 503 in", "APIConnectionError", "HTTP 200 in")] == [True] * 3


@pytest.mark.parametrize(
    "said",
    [
        {"status": {"code": 98004, "details": "secret"}, "annotations": [{"id": "secret"}]},
        {"status": {"code": PAT, "description": PAT, "req_id": PAT}},
        {"message": "secret"},
        "secret",
    ],
    ids=["Clarifai", "key", "gateway", "text"],
)
def test_neither_a_body_nor_the_key_is_logged(said: Any, connect: Any, caplog: Any) -> None:
    server = Server(lambda: httpx.Response(503, json=said), lambda: httpx.Response(200, json={**OK, "x": "secret"}))
    client = connect(server, max_retries=1, pat=PAT)
    with caplog.at_level(logging.DEBUG), pytest.raises(APIError):
        client.create(ANNOTATION)
    assert "HTTP 503" in caplog.text
    assert "secret" not in caplog.text
    assert PAT not in caplog.text
