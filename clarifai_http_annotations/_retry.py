"""What may be sent again, how long to wait before, and when to give up. Pure; tenacity is the machine.

Rules:

1. What an operation means decides, not its verb. A request that was refused before any work
   was done may always be sent again. One whose fate nobody knows may be if it is repeatable:
   reads are, and so are writes whose ids are known.
2. The table below says which is which. Clarifai's code counts before the HTTP status.
3. The wait is the longer of a backoff with full jitter and the server's ``Retry-After``.
4. A wait that does not fit into the deadline is not begun: the error comes at once.
5. The retries of one client share a quota, so that an outage is not multiplied: a retry
   takes from it, a success gives back (the AWS SDKs' standard mode).
"""

import random
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, NamedTuple, Self, TypeVar, cast

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from ._rate import MAX_RETRY_AFTER
from .errors import APIConnectionError, APIError, APIStatusError, APITimeoutError, InvalidResponseError

T = TypeVar("T")


class Fate(Enum):
    """What became of a request that ended in an error."""

    REFUSED = "refused before any work was done"
    AMBIGUOUS = "nobody knows"
    FINAL = "the same request would end the same way"


# --- the table -----------------------------------------------------------------------------------

FATE_BY_HTTP: dict[int, Fate] = {
    408: Fate.AMBIGUOUS,
    429: Fate.REFUSED,
    # any failure behind the API or a proxy, also those of proxies' own making (520 to 599)
    **dict.fromkeys(range(500, 600), Fate.AMBIGUOUS),
    # what is not there will not be there
    501: Fate.FINAL,
    505: Fate.FINAL,
}
"""Any other status is FINAL."""

FATE_BY_CODE: dict[int, Fate] = {
    # throttled, or a queue that is full: "try the request again"
    **dict.fromkeys((10030, 11003, 11005, 40030, 41000), Fate.REFUSED),
    # timeouts, deadlocks and lost connections behind the API
    **dict.fromkeys((40011, 40013, 40015, 40016, 40031, 40032), Fate.AMBIGUOUS),
    **dict.fromkeys(range(98004, 98010), Fate.AMBIGUOUS),
    **dict.fromkeys(range(98013, 98022), Fate.AMBIGUOUS),
    99009: Fate.AMBIGUOUS,
    # said once, said for good: the account, the key, the request
    **dict.fromkeys((11000, 11001, 11002, 11004, 11006, 11007, 11008, 11009, 11200, 69000, 69001), Fate.FINAL),
    **dict.fromkeys(range(11100, 11200), Fate.FINAL),
    **dict.fromkeys(range(30100, 30200), Fate.FINAL),
    **dict.fromkeys((24155, 24156, 40010, 40017, 40033), Fate.FINAL),
    # maintenance: "try again in a few hours"
    **dict.fromkeys((39997, 39998), Fate.FINAL),
}
"""A code that is not here says nothing of it: the HTTP status decides."""

FATE_BY_EXCEPTION: dict[str, Fate] = {
    # never sent
    "ConnectError": Fate.REFUSED,
    "ConnectTimeout": Fate.REFUSED,
    "PoolTimeout": Fate.REFUSED,
    "ProxyError": Fate.REFUSED,
    # sent or not, carried out or not: these cannot be told apart
    "ReadError": Fate.AMBIGUOUS,
    "ReadTimeout": Fate.AMBIGUOUS,
    "WriteError": Fate.AMBIGUOUS,
    "WriteTimeout": Fate.AMBIGUOUS,
    "CloseError": Fate.AMBIGUOUS,
    "RemoteProtocolError": Fate.AMBIGUOUS,
    "DecodingError": Fate.AMBIGUOUS,
    # nothing that another try would change
    "LocalProtocolError": Fate.FINAL,
    "UnsupportedProtocol": Fate.FINAL,
    "TooManyRedirects": Fate.FINAL,
    "InvalidURL": Fate.FINAL,
}
"""By the name of an exception of httpx; a subclass counts as the nearest name above it."""


def fate_of_exception(error: BaseException) -> Fate:
    """Return what an exception of the transport says; an unknown one says that nobody knows."""
    for cls in type(error).__mro__:
        if cls.__name__ in FATE_BY_EXCEPTION:
            return FATE_BY_EXCEPTION[cls.__name__]
    return Fate.AMBIGUOUS


def fate_of_status(http_status: int | None, code: int | str | None) -> Fate:
    """Return what an answer of the API says of the request's fate."""
    if isinstance(code, int) and code in FATE_BY_CODE:
        return FATE_BY_CODE[code]
    return FATE_BY_HTTP.get(http_status or 0, Fate.FINAL)


def fate_of(error: BaseException) -> Fate:
    """Return the fate that an error stands for; what is no error of a call is FINAL."""
    if isinstance(error, APIStatusError):
        return fate_of_status(error.http_status_code or error.status_code, error.code)
    if isinstance(error, InvalidResponseError):
        return Fate.AMBIGUOUS
    if isinstance(error, APIConnectionError):
        return error._fate if isinstance(error._fate, Fate) else Fate.AMBIGUOUS
    return Fate.FINAL


def may_repeat(error: BaseException, *, repeatable: bool) -> bool:
    """Tell whether the request that ended in this error may be sent again."""
    fate = fate_of(error)
    return fate is Fate.REFUSED or (fate is Fate.AMBIGUOUS and repeatable)


# --- waiting -------------------------------------------------------------------------------------

BASE = 0.5
"""Seconds: the longest backoff before the first retry; doubled for each one after it."""

CAP = 20.0
"""Seconds: the longest backoff."""

_waiting = True


def set_waiting(enabled: bool) -> bool:
    """Turn waits between attempts on or off for this process, and return what it was before."""
    global _waiting
    before, _waiting = _waiting, enabled
    return before


def is_waiting() -> bool:
    """Tell whether there are waits between attempts."""
    return _waiting


def backoff(retry: int, *, retry_after: float | None, jitter: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait before the first, second, ... retry (``retry`` 1, 2, ...)."""
    longest = min(CAP, BASE * 2.0 ** min(retry - 1, 16))
    return max(jitter() * longest, retry_after or 0.0)


class Quota:
    """Retries that the calls of one client may still make; calls of many threads share it.

    Without a lock: two threads at once miscount by one retry, a lock could be held across a fork.
    """

    def __init__(self, *, capacity: float = 500.0, cost: float = 5.0, tokens: float = 500.0) -> None:
        self.capacity, self.cost, self.tokens = capacity, cost, tokens

    def take(self) -> bool:
        """Pay for a retry; ``False`` if there is not enough left."""
        if self.tokens < self.cost:
            return False
        self.tokens -= self.cost
        return True

    def give_back(self, *, retried: bool) -> None:
        """Count a success: the price of the retry that made it, or a little if there was none."""
        self.tokens = min(self.capacity, self.tokens + (self.cost if retried else 1.0))


class Deadline(NamedTuple):
    """A point in time by which a call must be over; ``at`` is ``None`` if there is none.

    Attributes:
        at: Seconds of the client's clock.
        seconds: What the caller asked for.
        clock: The clock.
    """

    at: float | None
    seconds: float | None
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float | None, clock: Callable[[], float]) -> Self:
        return cls(None if seconds is None else clock() + seconds, seconds, clock)

    def left(self) -> float | None:
        """Return the seconds that are left, not below 0; ``None`` without an end."""
        return None if self.at is None else max(0.0, self.at - self.clock())


# --- the machine ---------------------------------------------------------------------------------


async def repeat(
    attempt: Callable[[], Awaitable[T]],
    *,
    repeatable: bool,
    max_retries: int,
    deadline: Deadline,
    quota: Quota,
    sleep: Callable[[float], Awaitable[None]],
    before_sleep: Callable[[int, APIError, float], None],
) -> T:
    """Run an attempt until it succeeds, may not be repeated, or time, tries or quota run out.

    Args:
        attempt: Sends, reads and parses once; raises an `APIError` for a failure.
        repeatable: Whether it may run again when nobody knows what became of it.
        max_retries: How often it may run again.
        deadline: When the call must be over.
        quota: The client's.
        sleep: Waits.
        before_sleep: Called with the number of the attempt that failed, its error, and the wait.

    Raises:
        APIError: The last one; its hint says why there was no further try, if that is not plain.
    """
    retried = False

    def wait(state: RetryCallState) -> float:
        asked = getattr(_error(state), "retry_after", None)
        return backoff(state.attempt_number, retry_after=asked) if _waiting else 0.0

    def stop(state: RetryCallState) -> bool:
        error, pause, left = _error(state), state.upcoming_sleep, deadline.left()
        if state.attempt_number > max_retries:
            return True
        if left is not None and pause >= left:
            room = "is used up" if left == 0.0 else f"has no room for a wait of {pause:.3g} s"
            _add_hint(error, f"No further try: deadline={deadline.seconds:g} {room}.")
            return True
        if pause > MAX_RETRY_AFTER:
            _add_hint(error, f"No further try: the server asks to wait for {pause:g} s.")
            return True
        if not quota.take():
            _add_hint(error, "No further try: too many calls of this client are failing (retry quota).")
            return True
        return False

    def note(state: RetryCallState) -> None:
        nonlocal retried
        retried = True
        before_sleep(state.attempt_number, _error(state), state.upcoming_sleep)

    machine = AsyncRetrying(
        retry=retry_if_exception(lambda error: may_repeat(error, repeatable=repeatable)),
        wait=wait,
        stop=stop,
        sleep=sleep,
        before_sleep=note,
        reraise=True,
    )
    result: T = await machine(attempt)
    quota.give_back(retried=retried)
    return result


def _error(state: RetryCallState) -> APIError:
    return cast("APIError", cast("Any", state.outcome).exception())  # `may_repeat` lets nothing else come here


def _add_hint(error: APIError, hint: str) -> None:
    error.hint = f"{hint} {error.hint}" if error.hint else hint


def timed_out(deadline: Deadline, pause: float = 0.0) -> APITimeoutError:
    """Return the error for a deadline that is over before an attempt could begin, or before it may."""
    if pause:
        text = f"was not sent (again): deadline={deadline.seconds:g} has no room for the {pause:.3g} s until it may be"
        hint = "The rate limit (rate=) or a Retry-After of the server asks for them: give the call more time."
    else:
        text = f"was not sent (again): deadline={deadline.seconds:g} was over before it could be"
        hint = "Give the call more time."
    error = APITimeoutError(text, hint=hint)
    error._fate = Fate.FINAL
    return error
