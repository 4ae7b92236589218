"""How an upload is getting on: whether there is an outage, how much may be on its way, and when it is over."""

from __future__ import annotations

from collections.abc import Callable

from .._rate import MAX_RETRY_AFTER

MOST_AT_ONCE = 64
"""Requests on their way: 15 a second would need as many if each took 4 seconds."""

FIRST_AT_ONCE = 4
"""Requests on their way at the beginning; one more for each success that came while all were."""

OUTAGE = 5
"""Failures in a row that make an outage; a throttled request, which the rate limit heeds, is a third of one."""

ROOM = 1.5
"""A request is not begun if less than this times the time of a slow one is left."""


class Pulse:
    """Successes and failures, and what follows from them.

    Args:
        now: The time.
        deadline: When everything must be over; ``None`` for no end.
        give_up_after: Seconds of failures without a success after which to stop.
        at_once: The most requests on their way.
        pause: From the number of tries to the seconds of a backoff.

    Attributes:
        successes: Requests that were answered.
        ends: When the deadline is over; never without one.
    """

    def __init__(
        self, now: float, *, deadline: float | None, give_up_after: float, at_once: int, pause: Callable[[int], float]
    ) -> None:
        self.successes = 0
        self.at_once = at_once
        self._window = FIRST_AT_ONCE
        self.ends = float("inf") if deadline is None else deadline
        self._give_up_after = give_up_after
        self._pause = pause
        self._took = 0.0
        self._streak = 0.0
        self._failing_since: float | None = None
        self._held_until, self._excused = now, 0.0
        self._probe_at = now

    def succeeded(self, in_flight: int, took: float) -> None:
        """Count a request that was answered, while so many others are on their way."""
        self.successes += 1
        self._streak, self._failing_since, self._excused = 0.0, None, 0.0
        self._took = max(0.8 * self._took, took)
        if in_flight + 1 >= self._window:
            self._window += 1

    def failed(self, now: float, started: float, *, throttled: bool) -> None:
        """Count a failure of the server, or of the way to it."""
        self._streak += 1 / 3 if throttled else 1
        if self._failing_since is None:
            self._failing_since = started
            self._excused = min(max(0.0, self._held_until - now), MAX_RETRY_AFTER)  # a wait that goes on still counts
        if self.is_outage:
            self._probe_at = now + self._pause(int(self._streak) - OUTAGE + 1)

    def held(self, now: float, until: float) -> None:
        """Count no patience for a ``Retry-After``, up to the longest: it is waited out and tried again before it ends.

        A server that asks for time again and again is given up all the same.
        """
        more = until - max(now, self._held_until)
        self._excused = min(self._excused + max(0.0, more), MAX_RETRY_AFTER)
        self._held_until = max(self._held_until, until)

    @property
    def is_outage(self) -> bool:
        """Whether one request at a time goes, after a backoff."""
        return self._streak >= OUTAGE

    def soonest(self, now: float, in_flight: int) -> float:
        """Return when one more request may go as far as this is concerned; never, as long as nothing else happens."""
        if in_flight >= (1 if self.is_outage else min(self._window, self.at_once)) or self.is_late(now):
            return float("inf")
        return max(now, self._probe_at) if self.is_outage else now

    def is_late(self, now: float) -> bool:
        """Tell whether a request that begins at a time would not be over before the deadline."""
        return now + ROOM * self._took >= self.ends

    def flush(self, first: float, after: float | None) -> float:
        """Return when a batch goes although it is not full: so long after its first, and well before the deadline.

        Args:
            first: When its first annotation was ready.
            after: Seconds that it waits for more; ``None`` for as long as it takes.
        """
        if after is None:
            return float("inf")
        left = self.ends - ROOM * self._took - first
        return first + max(0.0, min(after, left / 2))

    @property
    def gives_up(self) -> float:
        """When it has failed for long enough, if nothing succeeds until then."""
        if self._failing_since is None:
            return float("inf")
        return self._failing_since + self._give_up_after + self._excused
