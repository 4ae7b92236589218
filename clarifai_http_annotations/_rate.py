"""How many requests a second: a limit that adapts to what the server allows. Pure; the caller brings the time.

Rules:

1. Never more than `rate` requests in any sliding second, over all calls of a client and its copies
   (docs, "Rate limits": 15 a second by default).
2. Bulk upload spreads its requests evenly. A single call may use what the last second left over,
   as long as the limit is not cut.
3. A throttled answer cuts the limit to a little less than what got through in the last second. What
   was on its way when the limit was cut does not cut it again.
4. After a cut the limit grows, first slowly, then faster: processes that share an account settle,
   and one that is left alone uses all of it again.
5. A ``Retry-After`` holds every request, not only the one that was refused.
"""

from __future__ import annotations

import os
import threading
from collections import deque

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


class RateLimiter:
    """The limit that the calls of one client share; threads may share it too.

    Args:
        rate: The most requests in any sliding second; ``None`` for as many as there are until the
            server throttles.
    """

    def __init__(self, rate: float | None = None) -> None:
        self.rate = rate
        self._sent: deque[float] = deque(maxlen=max(int(rate), 1) if rate else 1)
        self._slot = float("-inf")
        self._began: float | None = None
        self._passed: deque[float] = deque()
        self._throttled: deque[float] = deque()
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
        if self.rate is not None and len(self._sent) == self._sent.maxlen:
            at = max(at, self._sent[0] + (1.0 if spread else MARGIN) * max(1.0, 1.0 / self.rate))
        return at

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
            self._sent.append(at)
            return at

    def went(self, taken: float, now: float) -> None:
        """Learn that a request went later than it was taken for: the system wakes nobody in time."""
        with self._own_lock():
            if taken in self._sent:
                self._sent[self._sent.index(taken)] = now

    def hold(self, until: float) -> None:
        """Let no request go before a time: a ``Retry-After``."""
        self._held_until = max(self._held_until, until)

    def answered(self, now: float, *, sent: float, throttled: bool) -> None:
        """Learn from an answer.

        Args:
            now: The time.
            sent: When the request went.
            throttled: Whether it was refused because there were too many.
        """
        with self._own_lock():
            (self._throttled if throttled else self._passed).append(now)
            for answers in (self._throttled, self._passed):
                while answers and answers[0] <= now - 1.0:
                    answers.popleft()
            self._first_sent = min(self._first_sent, sent)
            if throttled and (self._cut_at is None or sent > self._cut_at):
                self._cut_to, self._cut_at = self._after_a_cut(now), now

    def _after_a_cut(self, now: float) -> float:
        before = self.current(now)
        is_calm = self._cut_at is None or now - self._cut_at >= CALM
        is_full = self.rate is not None and before >= 0.95 * self.rate and len(self._passed) >= before - 1.0
        if is_calm and is_full and len(self._throttled) == 1:
            return JITTER_BACK * before
        seconds = min(1.0, max(now - self._first_sent, 0.05))
        through = len(self._passed) / seconds
        least = MOST_CUT * before if before < float("inf") else 1.0
        return max(min(through, before) * BACK, least, FLOOR * (self.rate or 0.0))

    def _own_lock(self) -> threading.Lock:
        if self._pid != os.getpid():  # a thread of the parent may have held it when this process was forked
            self._lock, self._pid = threading.Lock(), os.getpid()
        return self._lock
