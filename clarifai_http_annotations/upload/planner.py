"""What an upload does next, and what an answer means for it. Pure: no clock, no thread, no socket, no JSON.

A driver carries out what `Planner.next` says and tells `Planner.ended` what came of it. Rules:

1. **Once.** An annotation is in one request at a time, always under the same id. What may have been
   carried out is sent again under that id; a twin of what is on its way is not sent.
2. **Stored** is what the server says is stored, or what it lists with the content that was sent. An id
   that is taken says nothing by itself, not even one that the content made: a label may have been turned.
3. **Failed** is only what was refused, and was never in a request that may have been carried out.
   What was is asked for; if the server does not list it, nobody knows, because lists may lag. Nobody
   knows either if it may not be asked.
4. **A batch that is refused as a whole** is halved until what is refused stands alone. After three
   batches in a row of which nothing was left, the next ones fail without that.
5. **An outage** (five failures in a row) leaves one request at a time, with a backoff before each.
6. **The account** (key, plan, scopes, app) stops everything at once.
7. A batch that is not full goes when its first annotation has waited for ``flush_after``.
8. Requests are spread under the rate limit, and as many are on their way as it takes to keep to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from .._rate import RateLimiter
from .._retry import backoff
from ..errors import ClarifaiError
from .backlog import MAX_BYTES, NEVER, Backlog
from .judge import PASSING, Judge
from .ledger import Ledger
from .pulse import MOST_AT_ONCE, Pulse
from .work import (
    Answered,
    Became,
    Done,
    Item,
    Job,
    Outcome,
    Settled,
    Start,
    Step,
    Take,
    Trouble,
    Verdict,
    Wait,
    Why,
)

MOST_OPEN, MOST_OPEN_BYTES = 8192, 8 * MAX_BYTES
"""Annotations that were taken and are not settled, and their bytes."""
INTERRUPTED = "it was interrupted"
DRAIN = 5.0
"""Seconds that requests on their way have when an upload stops."""


class Planner:
    """The state of one upload.

    Args:
        limiter: The limit of the client, shared with its other calls.
        now: The time, in seconds of any clock; later times are given with each call.
        deadline: When it must be over; ``None`` for no end.
        give_up_after: Seconds of failures without a success after which it stops.
        flush_after: Seconds that a batch waits to be full; ``None`` for as long as it takes.
        check_existing: Whether to ask for each annotation before it is sent.
        at_once: The most requests on their way.
        waiting: Whether to wait at all; tests do not. ``jitter`` are numbers from 0 to 1 for the backoff.

    Attributes:
        stopped: Why it stopped before the end, if it did; ``fatal`` is the error that stopped it, if one did.
        exhausted: Whether everything that was given was taken.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        now: float,
        *,
        deadline: float | None = None,
        give_up_after: float = 300.0,
        flush_after: float | None = None,
        check_existing: bool = False,
        at_once: int = MOST_AT_ONCE,
        waiting: bool = True,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.stopped: str | None = None
        self.fatal: ClarifaiError | None = None
        self.exhausted = False
        self._limiter = limiter if waiting else RateLimiter(None)
        self._check_existing = check_existing
        self._waiting = waiting
        self._jitter = jitter
        self._give_up_after, self._flush_after = give_up_after, flush_after
        self._pulse = Pulse(now, deadline=deadline, give_up_after=give_up_after, at_once=at_once, pause=self._pause)
        self._backlog = Backlog()
        self._ledger = Ledger()
        self._judge = Judge(self._backlog, self._ledger, self._pause)
        self._in_flight: dict[int, Job] = {}
        self._requests = 0
        self._patience_ends = now

    def one_at_a_time(self) -> None:
        """Have one request on its way: there are no threads here."""
        self._pulse.at_once = 1

    # --- what is given ---------------------------------------------------------------------------

    def offer(self, item: Item, now: float) -> None:
        """Take an annotation; a twin of one that is not settled yet is settled at once."""
        if not self._ledger.add(item):
            return
        if self._check_existing:
            self._judge.ask(item, Why.CHECK, -NEVER)
        else:
            self._backlog.add(item, now)

    def end(self) -> None:
        """Learn that there is nothing more to take."""
        self.exhausted = True

    def settle(self, item: Item, became: Became, error: ClarifaiError | None = None) -> None:
        """Take what is settled already."""
        self._ledger.settled.append(Settled(item, became, error))

    def leave(self, item: Item) -> None:
        """Take what will not be sent, because the upload stops."""
        self._ledger.leave(item, self.stopped or INTERRUPTED)

    @property
    def settled(self) -> list[Settled]:
        """What is settled, until it is cleared: as another list from then on, so that each list is counted once."""
        return self._ledger.settled

    def clear(self) -> None:
        """Learn that what is settled was counted."""
        self._ledger.settled = []

    def known(self) -> set[int]:
        """Return the positions of what was offered or settled, and not cleared."""
        indexes = {item.index for item in self._ledger.open.values()}
        return indexes | {entry.item.index for entry in self._ledger.settled}

    # --- what to do ------------------------------------------------------------------------------

    def next(self, now: float, *, reading: bool = False) -> Step:
        """Say what to do at a time.

        Args:
            now: The time.
            reading: Whether what was to be taken is still waited for: then no more is to be taken.
        """
        if self.exhausted and not self._ledger.open:
            return Done()
        soonest = self._limiter.next(now, spread=True)
        self._stop_in_time(now, soonest)
        if self.stopped is not None:
            return Wait(self._patience_ends) if self._in_flight and now < self._patience_ends else Done()
        wanted = 0 if self._pulse.is_late(now) or self._pulse.is_outage else self._wanted()
        due = self._backlog.due(
            now,
            is_last=not wanted and not self._is_checking(),
            flush=lambda first: self._pulse.flush(first, self._flush_after),
        )
        if self._pulse.is_outage and self._backlog.jobs:
            due = self._backlog.jobs.due  # what was sent before is sent before more is
        due = max(due, soonest, self._pulse.soonest(now, len(self._in_flight)))
        if due <= now and self._limiter.take(now, spread=True, latest=now) <= now:  # a call may have been faster
            return Start(self._start(now))
        if wanted and not reading:
            return Take(wanted)
        return Wait(min(due, self._pulse.ends, self._pulse.gives_up))

    def _stop_in_time(self, now: float, soonest: float) -> None:
        pulse = self._pulse
        if self._in_flight:
            soonest = now  # their answers may come at any time
        if now >= pulse.ends or (not self._in_flight and pulse.is_late(soonest)):
            self.stop("its deadline is over", pulse.ends)
        elif soonest >= pulse.gives_up:
            self.stop(f"nothing succeeded for {self._give_up_after:g} s (give_up_after)", now)

    def _wanted(self) -> int:
        """Return how many annotations to take: as many as the next batch still has room for."""
        if self.exhausted or len(self._ledger.open) >= MOST_OPEN or self._ledger.bytes >= MOST_OPEN_BYTES:
            return 0
        return self._backlog.missing

    def _is_checking(self) -> bool:
        """Tell whether questions are open whose answers fill the next batch."""
        if not self._check_existing:
            return False
        return len(self._backlog.to_ask) > 0 or any(job.is_asking for job in self._in_flight.values())

    def _start(self, now: float) -> Job:
        job = self._backlog.pick(now)
        self._requests += 1
        job.number, job.started = self._requests, now
        self._in_flight[job.number] = job
        job.is_retry = any(item.sent for item in job.items)
        if not job.is_asking:
            for item in job.items:
                item.sent = True
        return job

    # --- what came of it -------------------------------------------------------------------------

    def ended(self, job: Job, outcome: Outcome, now: float) -> None:
        """Learn what came of a request. It counts as on its way until everything is said of what is in it."""
        self._learn(job, outcome, now)
        del self._in_flight[job.number]

    def _learn(self, job: Job, outcome: Outcome, now: float) -> None:
        if isinstance(outcome, Answered):
            verdicts = {said.verdict for said in outcome.said.values()}
            throttled = verdicts == {Verdict.THROTTLED}
            self._count(job, now, passed=not verdicts <= {Verdict.THROTTLED, Verdict.LOST}, throttled=throttled)
            self._limiter.answered(now, sent=job.started, throttled=throttled)
            for item in job.items:
                verdict, error = outcome.said[item.key]
                item.error = error or item.error
                self._judge.judge(item, verdict, now)
            self._judge.was_answered(job)
            return
        throttled = outcome.trouble is Trouble.THROTTLED
        self._count(job, now, passed=outcome.trouble not in PASSING, throttled=throttled)
        if outcome.was_answered:
            self._limiter.answered(now, sent=job.started, throttled=throttled)
        if outcome.retry_after is not None and self._waiting:
            self._pulse.held(now, self._limiter.hold(now, outcome.retry_after))
        for item in job.items:
            item.error = outcome.error
            item.maybe_sent |= outcome.trouble is Trouble.LOST and not job.is_asking
        if outcome.trouble is Trouble.FATAL or (outcome.trouble is Trouble.NOT_FOUND and job.is_asking):
            self.fatal = self.fatal or outcome.error
            self.stop("the API refuses every request", now)
        else:
            others_succeed = outcome.was_answered or self._pulse.successes > job.successes
            self._judge.broken(job, outcome, now, others_succeed=others_succeed)

    def _count(self, job: Job, now: float, *, passed: bool, throttled: bool) -> None:
        if passed:
            self._pulse.succeeded(len(self._in_flight) - 1, now - job.started)
            return
        if job.tries == 0:
            job.successes = self._pulse.successes
        job.tries += 1
        self._pulse.failed(now, job.started, throttled=throttled)

    def _pause(self, tries: int) -> float:
        return backoff(tries, retry_after=None, jitter=self._jitter) if self._waiting else 0.0

    # --- stopping --------------------------------------------------------------------------------

    def stop(self, reason: str, now: float) -> None:
        """Take and send nothing more; requests on their way have `DRAIN` seconds, but not after the deadline."""
        if self.stopped is None:
            self.stopped, self._patience_ends = reason, min(now + DRAIN, self._pulse.ends)

    def abandon(self) -> None:
        """Settle everything that is left: what may have been carried out is unknown, the rest was not sent."""
        for job in self._in_flight.values():
            for item in job.items:
                item.maybe_sent |= not job.is_asking
        self._ledger.abandon(self.stopped or INTERRUPTED)
