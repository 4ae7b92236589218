"""One call of an operation: attempts, their time, and what an error should say of them."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from . import _retry
from ._messages import raw_answer
from ._operation import Operations
from ._rate import RateLimiter
from ._retry import Deadline, Fate
from ._wire.answers import Answer, RawAnswer, invalid_response, parse_answer
from ._wire.requests import App, Request
from .config import NOT_GIVEN, NotGiven, Settings, check_deadline, check_timeout
from .errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ClientClosedError,
    InternalServerError,
    InvalidResponseError,
)

T = TypeVar("T")

Listing = tuple[Callable[[int], Request], Callable[[Answer], list[T]]]
"""From the number of a page to its request, and from its answer to what it lists."""

CLOSED = "This client was closed; make a new one, or keep it open for as long as you need."

CONNECTING = 0.75
"""The longest part of an attempt's time that connecting may take."""

NO_END = 100
"""Pages in a row without anything new, after which a list has no end. While others write, a few may be so."""

PAGES = "Check what stands between here and the API: it seems to ignore the number of the page."

logger = logging.getLogger("clarifai_http_annotations")

Timeout = float | httpx.Timeout | None | NotGiven

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, OSError, UnicodeError)
"""What a transport may raise. Anything else is a mistake in code, not in the network, and is let through."""


class Call:
    """What the requests of one call share.

    Attributes:
        timeout: Of an attempt.
        deadline: Of the call.
        started: When it began, in seconds of the client's clock.
        attempts: Requests made so far.
        maybe_done: Whether one of them ended so that the server may have carried it out.
        connection: That of the last answer, as httpx gives it; ``None`` if it gives none.
    """

    connection: Any = None

    def __init__(
        self, timeout: float | httpx.Timeout | None, deadline: Deadline, started: float, *, attempts: int = 0
    ) -> None:
        self.timeout, self.deadline, self.started, self.attempts = timeout, deadline, started, attempts
        self.maybe_done = False

    def describe(self, error: APIError, request: Request) -> None:
        """Write into an error what was called and what it took."""
        error.operation, error.method = request.operation, request.method
        error.path = request.path.partition("?")[0]
        error.attempts, error.elapsed = self.attempts, self.deadline.clock() - self.started
        error.maybe_done = self.maybe_done


class Caller(Operations):
    """What operations need of a client."""

    _settings: Settings
    _quota: _retry.Quota
    _limiter: RateLimiter
    _clock: Callable[[], float] = staticmethod(time.monotonic)

    async def _send(self, request: Request, timeout: httpx.Timeout, seconds: float | None) -> RawAnswer:
        """Send a request and read its answer, within so many seconds in all; ``None`` for no end."""
        raise NotImplementedError  # Client and AsyncClient differ in this

    async def _sleep(self, seconds: float) -> None:
        raise NotImplementedError  # Client and AsyncClient differ in this

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed."""
        raise NotImplementedError  # Client and AsyncClient differ in this

    @property
    def _app(self) -> App:
        return App(self._settings.user_id, self._settings.app_id)

    def _begin(self, timeout: Timeout, deadline: float | NotGiven | None) -> Call:
        of_attempt = self._settings.timeout if timeout is NOT_GIVEN else check_timeout(timeout)
        of_call = self._settings.deadline if deadline is NOT_GIVEN else check_deadline(deadline)
        return Call(of_attempt, Deadline.after(of_call, self._clock), self._clock())

    async def _call(self, request: Request, call: Call, read: Callable[[Answer], T], *, per_item: bool = False) -> T:
        """Send a request until it is answered, as the rules of `_retry` allow, and return what ``read`` makes of it.

        Raises:
            APIError: If it is not answered with success; it says what was called and what it took.
        """

        async def attempt() -> T:
            try:
                answer = await self._attempt(request, call, per_item)
                try:
                    return read(answer)
                except RecursionError:
                    raise invalid_response(answer, "it is nested too deep") from None
            except APIError as error:
                await self._drop_if(call, [error])
                call.maybe_done |= _retry.fate_of(error) is Fate.AMBIGUOUS or isinstance(error, InternalServerError)
                call.describe(error, request)
                logger.debug("%s %s: %s", request.method, request.path, type(error).__name__)
                raise

        return await _retry.repeat(
            attempt,
            repeatable=request.repeatable,
            max_retries=self._settings.max_retries,
            deadline=call.deadline,
            quota=self._quota,
            sleep=self._sleep,
            before_sleep=_log_retry,
        )

    def _list(
        self,
        listings: Sequence[Listing[T]],
        key_of: Callable[[T], tuple[str, ...] | None],
        begin: Callable[[], Call],
        page: int = 1,
    ) -> AsyncIterator[T]:
        """Return what is on all pages of listings, each item once, in the order in which it came first.

        Args:
            listings: What to ask for.
            key_of: What an item is told by; an item without (``None``) is never taken for another one.
            begin: Begins the call of a page.
            page: The page to begin with.

        Raises:
            InvalidRequestError: If it cannot be asked for; at once, and not when the first item is wanted.
        """
        begin()
        for request, _ in listings[:1]:
            request(page)
        return self._pages(listings, key_of, begin, page)

    async def _pages(
        self,
        listings: Sequence[Listing[T]],
        key_of: Callable[[T], tuple[str, ...] | None],
        begin: Callable[[], Call],
        page: int,
    ) -> AsyncIterator[T]:
        from ._seen import SeenKeys  # only for those who list

        with SeenKeys() as seen:
            for request, read in listings:
                number, in_vain = page, 0
                while found := await self._call(request(number), begin(), read):
                    in_vain += 1
                    for item in found:
                        key = key_of(item)
                        is_new = key is not None and seen.add(*key)
                        in_vain = 0 if is_new else in_vain
                        if is_new or key is None:
                            yield item
                    if in_vain == NO_END:
                        operation = request(number).operation
                        raise InvalidResponseError(f"{operation}: {NO_END} pages hold nothing new.", hint=PAGES)
                    number += 1

    async def _drop_if(self, call: Call, errors: Iterable[object]) -> None:
        """Close the connection of the last answer if that was another's: so may be the next one.

        It is closed below httpx, which then opens another: that of an injected client too, if its transport says
        which it is (``network_stream``). One that requests share (HTTP/2) is not: there answers name their request.
        """
        if not any(getattr(error, "_is_anothers", False) for error in errors):
            return
        connection, call.connection = call.connection, None
        with suppress(OSError):  # it is closed
            if hasattr(connection, "aclose"):  # of an AsyncClient only, which may wait
                await connection.aclose()
            elif connection is not None:
                connection.close()

    async def _attempt(self, request: Request, call: Call, per_item: bool) -> Answer:
        """Send a request once, when the rate limit lets it go."""
        taken = await self._pace(call)
        sent = self._clock()
        self._limiter.went(taken, sent)
        try:
            answer = await self._exchange(request, call, per_item)
        except APIStatusError as error:
            self._learn(sent, error)
            raise
        self._learn(sent)
        return answer

    def _learn(self, sent: float, error: APIStatusError | None = None) -> None:
        """Let the rate limit learn from an answer."""
        now = self._clock()
        throttled = error is not None and _retry.fate_of(error) is Fate.REFUSED
        self._limiter.answered(now, sent=sent, throttled=throttled)
        if error is not None and error.retry_after is not None and _retry.is_waiting():
            self._limiter.hold(now, error.retry_after)

    async def _pace(self, call: Call) -> float:
        """Wait until the rate limit lets a request go, and return when that is.

        Raises:
            APITimeoutError: If that is after the deadline; nothing was sent.
        """
        now = self._clock()
        pause = self._limiter.next(now) - now if _retry.is_waiting() else 0.0
        left = call.deadline.left()
        if left is not None and pause >= left:
            raise _retry.timed_out(call.deadline, pause if left else 0.0)
        taken = self._limiter.take(now) if _retry.is_waiting() else now
        if taken > now:
            await self._sleep(taken - now)
        return taken

    async def _exchange(self, request: Request, call: Call, per_item: bool) -> Answer:
        """Send a request and read its answer."""
        left = call.deadline.left()
        if left == 0.0:
            raise _retry.timed_out(call.deadline)
        call.attempts += 1
        started = self._clock()
        try:
            raw = await self._send(request, *_limits(call.timeout, left))
        except httpx.HTTPStatusError as error:  # raise_for_status in a hook of an injected client: it is an answer
            raw = raw_answer(error.response, error.response.content if error.response.is_stream_consumed else b"")
        except TRANSPORT_ERRORS as error:
            failure = connection_error(error, self._settings.key.redact, self._clock() - started)
            shows_the_key = self._settings.key.redact(str(error)) != str(error)
            raise failure from None if shows_the_key else error
        except RuntimeError as error:  # httpx's word for a client that was closed meanwhile
            if self.is_closed:
                raise ClientClosedError(CLOSED) from error
            raise
        call.connection = raw.connection
        took = self._clock() - started
        logger.debug("%s %s: HTTP %d in %.3f s", request.method, request.path, raw.status_code, took)
        return parse_answer(raw, per_item=per_item, redact=self._settings.key.redact, now=time.time())


def _limits(timeout: float | httpx.Timeout | None, left: float | None) -> tuple[httpx.Timeout, float | None]:
    """Return httpx's timeout and the seconds for an attempt as a whole, neither longer than what is left."""
    total = min((seconds for seconds in (timeout, left) if isinstance(seconds, float)), default=None)
    if total is None:
        return httpx.Timeout(timeout), None
    each = {name: total if of is None else min(of, total) for name, of in httpx.Timeout(timeout).as_dict().items()}
    # Connecting ends before the attempt does, so that httpx closes what it opened and says that nothing was sent.
    return httpx.Timeout(**{**each, "connect": min(each["connect"], CONNECTING * total)}), total


def _log_retry(attempt: int, error: APIError, pause: float) -> None:
    """Say that a request will be sent again."""
    logger.warning(
        "%s: attempt %d failed (%s), the next is in %.1f s", error.operation, attempt, codes_of(error), pause
    )


def codes_of(error: APIError) -> str:
    """Return what to log of an error: what the server answered may be long or private, so only its codes."""
    names = ("status_code", "code", "request_id")
    codes = [f"{name} {value}" for name in names if (value := getattr(error, name, None))]
    return ", ".join([type(error).__name__, *codes])


def connection_error(error: Exception, redact: Callable[[str], str], took: float) -> APIConnectionError:
    """Return the error for what a transport raised. Its own text can be empty, so it is not relied on."""
    name, text = type(error).__name__, redact(str(error)).strip()
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        failure: APIConnectionError = APITimeoutError(f"got no answer in {took:.1f} s ({name})")
        failure.hint = "Give it more time with timeout= and deadline=, or check the network."
    else:
        failure = APIConnectionError(f"got no answer: {name}{f': {text}' if text else ''}")
        failure.hint = "Check base_url=, proxy= and the network."
    failure._fate = _retry.fate_of_exception(error)
    if _certificate_refused(error):
        failure._fate = Fate.FINAL
        failure.hint = "verify= or SSL_CERT_FILE takes the file of a private certificate authority."
    return failure


def _certificate_refused(error: BaseException | None) -> bool:
    while error is not None:
        if any(cls.__name__ == "SSLCertVerificationError" for cls in type(error).__mro__):  # ssl may not be there
            return True
        error = error.__cause__ or error.__context__
    return False
