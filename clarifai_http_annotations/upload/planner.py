"""What an upload does next, and what an answer means for it. Pure: no clock, no thread, no socket, no JSON.

A driver carries out what `Planner.next` says and tells `Planner.ended` what came of it. Rules:

1. **Once.** An annotation is in one request at a time, always under the same id. What may have been
   carried out is sent again under that id; a twin of what is on its way is not sent.
2. **Stored** is what the server says is stored, or what it lists with the content that was sent. An id
   that the content made and that is taken by then is stored as well.
3. **Failed** is only what was refused, and was never in a request that may have been carried out.
   What was is asked for; if the server does not list it, nobody knows, because lists may lag.
4. **A batch that is refused as a whole** is halved until what is refused stands alone. After three
   batches in a row of which nothing was left, the next ones fail without that.
5. **An outage** (five failures in a row) leaves one request at a time, with a backoff before each.
6. **The account** (key, plan, scopes, app) stops everything at once.
7. Requests are spread under the rate limit, and as many are on their way as it takes to keep to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from .._rate import RateLimiter
from .._retry import backoff
from ..errors import ClarifaiError
from .backlog import MAX_BYTES, NEVER, Backlog
from .ledger import Ledger
from .pulse import MOST_AT_ONCE, Pulse
from .work import (
    Answered,
    Became,
    Broken,
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
TRIES = 6
"""Failures of one batch, while others succeed, that make it suspect."""
ASKS = 4
"""How often an annotation that is not listed is asked for: lists may lag behind."""
DRAIN = 5.0
"""Seconds that requests on their way have when an upload stops."""

PASSING = (Trouble.THROTTLED, Trouble.UNSENT, Trouble.LOST)  # may be over at the next try


class Planner:
    """The state of one upload.

    Args:
        limiter: The limit of the client, shared with its other calls.
        now: The time, in seconds of any clock; later times are given with each call.
        deadline: When it must be over; ``None`` for no end.
        give_up_after: Seconds of failures without a success after which it stops.
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
        self._give_up_after = give_up_after
        self._pulse = Pulse(now, deadline=deadline, give_up_after=give_up_after, at_once=at_once, pause=self._pause)
        self._backlog = Backlog()
        self._ledger = Ledger()
        self._in_flight: dict[int, Job] = {}
        self._requests = 0
        self._app_exists = False
        self._patience_ends = now

    def one_at_a_time(self) -> None:
        """Have one request on its way: there are no threads here."""
        self._pulse.at_once = 1

    # --- what is given ---------------------------------------------------------------------------

    def offer(self, item: Item) -> None:
        """Take an annotation; a twin of one that is not settled yet is settled at once."""
        if not self._ledger.add(item):
            return
        if self._check_existing:
            self._ask(item, Why.CHECK, now=-NEVER)
        else:
            self._backlog.add(item)

    def end(self) -> None:
        """Learn that there is nothing more to take."""
        self.exhausted = True

    def settle(self, item: Item, became: Became, error: ClarifaiError | None = None) -> None:
        """Take what is settled already."""
        self._ledger.settled.append(Settled(item, became, error))

    def settled(self) -> list[Settled]:
        """Take out what is settled."""
        settled, self._ledger.settled = self._ledger.settled, []
        return settled

    # --- what to do ------------------------------------------------------------------------------

    def next(self, now: float) -> Step:
        """Say what to do at a time."""
        if self.exhausted and not self._ledger.open:
            return Done()
        soonest = self._limiter.next(now, spread=True)
        self._stop_in_time(now, soonest)
        if self.stopped is not None:
            return Wait(self._patience_ends) if self._in_flight and now < self._patience_ends else Done()
        wanted = 0 if self._pulse.is_late(now) or self._pulse.is_outage else self._wanted()
        due = self._backlog.due(now, is_last=not wanted and not self._is_checking())
        if self._pulse.is_outage and self._backlog.jobs:
            due = self._backlog.jobs.due  # what was sent before is sent before more is
        due = max(due, soonest, self._pulse.soonest(now, len(self._in_flight)))
        if due <= now and self._limiter.take(now, spread=True, latest=now) <= now:  # a call may have been faster
            return Start(self._start(now))
        if wanted:
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
        job.is_retry = any(item.sent for item in job.items)
        if not job.is_asking:
            for item in job.items:
                item.sent = True
        self._in_flight[job.number] = job
        return job

    # --- what came of it -------------------------------------------------------------------------

    def ended(self, job: Job, outcome: Outcome, now: float) -> None:
        """Learn what came of a request."""
        del self._in_flight[job.number]
        if isinstance(outcome, Answered):
            self._app_exists = True
            verdicts = {said.verdict for said in outcome.said.values()}
            throttled = verdicts == {Verdict.THROTTLED}
            self._count(job, now, passed=not verdicts <= {Verdict.THROTTLED, Verdict.LOST}, throttled=throttled)
            self._limiter.answered(now, sent=job.started, throttled=throttled)
            for item in job.items:
                verdict, error = outcome.said[item.key]
                item.error = error or item.error
                self._judge(item, verdict, now)
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
        self._broken(job, outcome, now)

    def _judge(self, item: Item, verdict: Verdict, now: float) -> None:
        """Go on with an annotation after what an answer says of it."""
        if verdict is Verdict.STORED:
            self._ledger.settle(item, Became.STORED)
        elif verdict is Verdict.HOLDS or (verdict is Verdict.TAKEN and item.maybe_sent):
            self._ledger.settle_as_there(item)
        elif verdict is Verdict.OTHER:
            self._ledger.settle(item, Became.CONFLICT)
        elif verdict is Verdict.ABSENT:
            self._absent(item, now)
        elif verdict is Verdict.TAKEN:
            self._ask(item, Why.TAKEN, now)
        elif verdict is Verdict.ASK or verdict is Verdict.TURNED:
            item.maybe_sent |= verdict is Verdict.TURNED
            self._ask(item, Why.UNCLEAR, now)
        elif verdict is Verdict.REFUSED and item.maybe_sent:
            self._ask(item, Why.REFUSED, now)
        elif verdict is Verdict.REFUSED:
            self._ledger.settle(item, Became.FAILED)
        elif verdict is Verdict.THROTTLED:
            self._send_again(item, now)
        elif verdict is Verdict.ALONE:
            self._backlog.jobs.add(Job([item]), now)
        else:
            item.maybe_sent = True
            item.lost += 1
            if item.lost < TRIES:
                self._send_again(item, now)
            else:
                self._ask(item, Why.UNCLEAR, now)

    def _absent(self, item: Item, now: float) -> None:
        """Go on with an annotation that was asked for and is not listed. Lists may lag behind."""
        item.asked += 1
        if item.why is Why.CHECK:
            item.why, item.asked = None, 0
            self._backlog.add(item)
        elif item.why is Why.TAKEN:
            self._ledger.settle_as_there(item)
        elif item.asked >= ASKS:
            self._ledger.settle(item, Became.UNKNOWN)
        elif item.why is Why.REFUSED:
            self._ask(item, Why.REFUSED, now)
        else:
            self._send_again(item, now)

    def _broken(self, job: Job, broken: Broken, now: float) -> None:
        """Go on with a request that came to nothing as a whole."""
        trouble = broken.trouble
        if trouble is Trouble.FATAL or (trouble is Trouble.NOT_FOUND and job.is_asking):
            self.fatal = self.fatal or broken.error
            self.stop("the API refuses every request", now)
        elif trouble in PASSING:
            others_succeed = broken.was_answered or self._pulse.successes > job.successes
            if trouble is Trouble.LOST and job.tries >= TRIES and others_succeed and not job.is_asking:
                self._halve(job, alone=lambda item: self._ask(item, Why.UNCLEAR, now))
            else:
                self._backlog.jobs.add(job, now + self._pause(job.tries))
        elif job.is_asking:  # they cannot be asked for
            self._app_exists = True  # as far as anybody can tell
            for item in job.items:
                item.asked = ASKS
                self._absent(item, now)
        elif trouble is Trouble.NOT_FOUND and not self._app_exists:  # or does it? An answer to a question tells
            for item in job.items:
                self._ask(item, Why.CHECK, now)
        elif trouble is Trouble.TAKEN:
            for item in job.items:
                is_it = len(job.items) == 1 and item.derived
                self._judge(item, Verdict.TAKEN if is_it else Verdict.ASK, now)
        elif not self._ledger.is_hopeless:
            self._halve(job, alone=lambda item: self._judge(item, Verdict.REFUSED, now))
        else:
            for item in job.items:
                self._judge(item, Verdict.REFUSED, now)

    def _halve(self, job: Job, alone: Callable[[Item], None]) -> None:
        """Send the halves of a batch on their own, or go on with what stands alone already."""
        if len(job.items) == 1:
            alone(job.items[0])
            return
        root, middle = self._ledger.suspect(job.items), len(job.items) // 2
        for half in (job.items[:middle], job.items[middle:]):
            self._backlog.jobs.add(Job(half), -NEVER, root.number)  # one batch after the other

    def _count(self, job: Job, now: float, *, passed: bool, throttled: bool) -> None:
        if passed:
            self._pulse.succeeded(len(self._in_flight), now - job.started)
            return
        if job.tries == 0:
            job.successes = self._pulse.successes
        job.tries += 1
        self._pulse.failed(now, job.started, throttled=throttled)

    def _pause(self, tries: int) -> float:
        return backoff(tries, retry_after=None, jitter=self._jitter) if self._waiting else 0.0

    def _send_again(self, item: Item, now: float) -> None:
        at = now + self._pause(1 + item.lost + item.asked)
        if item.root is not None:  # it is suspect, and others should not suffer for it
            self._backlog.jobs.add(Job([item]), at)
        else:
            self._backlog.again.add(item, at)

    def _ask(self, item: Item, why: Why, now: float) -> None:
        item.why = why
        self._backlog.to_ask.add(item, now + self._pause(item.asked) if item.asked else now)

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
        for item in [item for item in self._ledger.open.values() if item.why is Why.TAKEN]:
            self._ledger.settle_as_there(item)
        self._ledger.abandon(self.stopped or "it was interrupted")
