"""How many requests a second: a limit that adapts to what the server allows. Pure; the caller brings the time.

Rules:

1. Never more than `rate` requests in any sliding second, over all calls of a client and its copies
   (docs, "Rate limits": 15 a second by default). If it is no whole number: never more than the next
   one, n, in any n / `rate` seconds. For 1.9 that is 2 in any 1.05 s, for 0.5 it is 1 in any 2 s.
2. Bulk upload spreads its requests evenly. A single call may use what the last second left over,
   as long as the limit is not cut.
3. A throttled answer cuts the limit to a little less than what got through in the last second. What
   was on its way when the limit was cut does not cut it again.
4. After a cut the limit grows, first slowly, then faster: processes that share an account settle,
   and one that is left alone uses all of it again.
5. A ``Retry-After`` holds every request, not only the one that was refused; none longer than
   `MAX_RETRY_AFTER`.
6. What a request takes of time and memory does not grow with the rate: beyond `MOST_GROUPS` a second
   they are counted in groups, each as if all of it went with its last request.
"""

from __future__ import annotations

import math
import os
import threading
from bisect import bisect_left
from collections import deque

MAX_RETRY_AFTER = 300.0
"""Seconds: the call that is told to wait longer ends, and those after it wait for no more than these. A client that
believed in hours would send nothing while the API is well again, in a warm AWS Lambda invocation after invocation."""

MARGIN = 1.01
"""How much slower than the limit: two requests a second apart may arrive a little closer."""

RAMP = 3.0
"""Seconds in which bulk comes from half the rate to all of it: others may use the account."""

LATE = 0.005
"""Seconds that a request may be late without the next ones being late as well."""

BACK = 0.96
"""A cut leaves this share of what got through ..."""

JITTER_BACK = 0.985
"""... and this share of the limit, if one request alone was throttled at the limit: it came a moment too early."""

CALM = 10.0
"""Seconds without a cut after which that may be."""

MOST_CUT = 0.5
"""No cut takes more than this share at once ..."""

FLOOR = 0.05
"""... and none leaves less than this share of `rate`."""

GROWTH = 2e-5
"""After a cut the limit grows by this times the cube of the seconds since."""


MOST_GROUPS = 1000
"""The most requests, or groups of them, that are remembered; a group is a thousandth of what may go in a second."""

GRAIN = 0.001
"""Seconds: answers that come within these are counted as if they came together."""


class _Sent:
    """The requests of the last second, and when there is room for one more (rules 1 and 6)."""

    def __init__(self, rate: float) -> None:
        most = math.ceil(rate)
        self._size = math.ceil(most / MOST_GROUPS)
        self._seconds = most / rate
        self._taken: deque[float] = deque(maxlen=most // self._size)  # when the first of each group was to go
        self._went: deque[float] = deque(maxlen=most // self._size)  # when the last of it did
        self._room = 0
        self._newest = float("-inf")

    def next(self, margin: float) -> float:
        """Return the soonest that one more may go; the seconds are taken as so many times as long."""
        if self._room or len(self._went) < (self._went.maxlen or 0):
            return self._newest
        return max(self._newest, self._went[0] + margin * self._seconds)

    def add(self, at: float) -> None:
        """Count a request that is to go at a time."""
        if not self._room:
            self._taken.append(at)
            self._went.append(at)
            self._room = self._size
        self._room -= 1
        self._went[-1] = max(self._went[-1], at)
        self._newest = at

    def went(self, taken: float, now: float) -> None:
        """Learn that a request went later than it was taken for, unless it is forgotten by now."""
        index = bisect_left(self._taken, taken)
        if index == len(self._taken) or self._taken[index] != taken:
            index -= 1
        if index >= 0 and taken <= self._newest:
            self._went[index] = max(self._went[index], now)


class _LastSecond:
    """How many answers came in the last second."""

    def __init__(self) -> None:
        self._groups: deque[tuple[float, int]] = deque()
        self.count = 0

    def add(self, now: float) -> None:
        """Count one more."""
        began, several = self._groups.pop() if self._groups and now - self._groups[-1][0] < GRAIN else (now, 0)
        self._groups.append((began, several + 1))
        self.count += 1

    def forget(self, now: float) -> None:
        """Forget what is older than a second."""
        while self._groups and self._groups[0][0] <= now - 1.0:
            self.count -= self._groups.popleft()[1]


class RateLimiter:
    """The limit that the calls of one client share; threads may share it too.

    Args:
        rate: The most requests in any sliding second (rule 1); ``None`` for as many as there are until
            the server throttles.
    """

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self._sent = None if rate is None else _Sent(rate)
        self._slot = float("-inf")
        self._began: float | None = None
        self._passed, self._throttled = _LastSecond(), _LastSecond()
        self._first_sent = float("inf")
        self._held_until = float("-inf")
        self._cut_at: float | None = None
        self._cut_to = float("inf")
        self._lock, self._pid = threading.Lock(), os.getpid()

    def current(self, now: float) -> float:
        """Return the requests a second that are allowed at a time."""
        ceiling = float("inf") if self.rate is None else self.rate
        if self._began is not None:
            ceiling *= min(1.0, 0.5 + 0.5 * max(0.0, now - self._began) / RAMP)
        if self._cut_at is None:
            return ceiling
        return min(ceiling, self._cut_to + GROWTH * max(0.0, now - self._cut_at) ** 3)

    def next(self, now: float, *, spread: bool = False) -> float:
        """Return when the next request may go: ``now``, or a time after it."""
        at = max(now, self._held_until)
        if spread or (self.rate is not None and self._cut_at is not None):
            at = max(at, self._slot + MARGIN / self.current(now))
        return at if self._sent is None else max(at, self._sent.next(1.0 if spread else MARGIN))

    def take(self, now: float, *, spread: bool = False, latest: float = float("inf")) -> float:
        """Return when the next request may go, and count it as sent then, unless that is later than ``latest``."""
        with self._own_lock():
            at = self.next(now, spread=spread)
            if at > latest:
                return at
            if spread and self._began is None:
                self._began = now
            slot = self._slot + MARGIN / self.current(now)
            self._slot = slot if at - LATE <= slot <= at else at
            if self._sent is not None:
                self._sent.add(at)
            return at

    def went(self, taken: float, now: float) -> None:
        """Learn that a request went later than it was taken for: the system wakes nobody in time."""
        with self._own_lock():
            if self._sent is not None:
                self._sent.went(taken, now)

    def hold(self, now: float, seconds: float) -> float:
        """Let no request go for so many seconds, a ``Retry-After``; return when one may as far as that is concerned."""
        until = now + min(seconds, MAX_RETRY_AFTER)
        with self._own_lock():
            self._held_until = max(self._held_until, until)
        return until

    def answered(self, now: float, *, sent: float, throttled: bool) -> None:
        """Learn from an answer.

        Args:
            now: The time.
            sent: When the request went.
            throttled: Whether it was refused because there were too many.
        """
        with self._own_lock():
            (self._throttled if throttled else self._passed).add(now)
            self._throttled.forget(now)
            self._passed.forget(now)
            self._first_sent = min(self._first_sent, sent)
            if throttled and (self._cut_at is None or sent > self._cut_at):
                self._cut_to, self._cut_at = self._after_a_cut(now), now

    def _after_a_cut(self, now: float) -> float:
        before = self.current(now)
        is_calm = self._cut_at is None or now - self._cut_at >= CALM
        is_full = self.rate is not None and before >= 0.95 * self.rate and self._passed.count >= before - 1.0
        if is_calm and is_full and self._throttled.count == 1:
            return JITTER_BACK * before
        seconds = min(1.0, max(now - self._first_sent, 0.05))
        through = self._passed.count / seconds
        least = MOST_CUT * before if before < float("inf") else 1.0
        return max(min(through, before) * BACK, least, FLOOR * (self.rate or 0.0))

    def _own_lock(self) -> threading.Lock:
        if self._pid != os.getpid():  # a thread of the parent may have held it when this process was forked
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock
