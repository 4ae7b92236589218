"""What follows from an answer, or its absence, for each annotation: it is settled, sent again, asked for or split.

Pure, as the planner is, for which it does this.
"""

from __future__ import annotations

from collections.abc import Callable

from .._wire.lookup import ASKS
from .backlog import NEVER, Backlog
from .ledger import Ledger, not_compared
from .work import Became, Broken, Item, Job, Trouble, Verdict, Why

TRIES = 6
"""Failures of one batch, while others succeed, that make it suspect."""
DEAF = 3
"""Questions in a row that were refused, after which nothing is asked any more."""

PASSING = (Trouble.THROTTLED, Trouble.UNSENT, Trouble.LOST)  # may be over at the next try


class Judge:
    """What follows from answers.

    Args:
        backlog: Takes what is sent again, or asked for.
        ledger: Takes what is settled.
        pause: From the number of tries to the seconds of a backoff.
    """

    def __init__(self, backlog: Backlog, ledger: Ledger, pause: Callable[[int], float]) -> None:
        self._backlog, self._ledger, self._pause = backlog, ledger, pause
        self._app_exists = False
        self._refused = 0  # questions in a row

    def was_answered(self, job: Job) -> None:
        """Learn that a usable answer came: the app exists, and may be asked if this was a question."""
        self._app_exists = True
        if job.is_asking:
            self._refused = 0

    def judge(self, item: Item, verdict: Verdict, now: float) -> None:
        """Go on with an annotation after what an answer says of it."""
        if verdict is Verdict.STORED:
            self._ledger.settle(item, Became.STORED)
        elif verdict is Verdict.HOLDS:
            self._ledger.settle_as_there(item)
        elif verdict is Verdict.OTHER:
            self._ledger.settle(item, Became.CONFLICT)
        elif verdict is Verdict.ABSENT:
            self._absent(item, now)
        elif verdict is Verdict.TAKEN:
            self.ask(item, Why.TAKEN, now)
        elif verdict is Verdict.ASK or verdict is Verdict.TURNED:
            item.maybe_sent |= verdict is Verdict.TURNED
            self.ask(item, Why.UNCLEAR, now)
        elif verdict is Verdict.REFUSED and item.maybe_sent:
            self.ask(item, Why.REFUSED, now)
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
                self.ask(item, Why.UNCLEAR, now)

    def ask(self, item: Item, why: Why, now: float) -> None:
        """Ask for an annotation, unless the server answers no questions."""
        item.why = why
        if self._refused >= DEAF:
            self._unasked(item, now)
        else:
            self._backlog.to_ask.add(item, now + self._pause(item.asked) if item.asked else now)

    def _absent(self, item: Item, now: float) -> None:
        """Go on with an annotation that was asked for and is not listed. Lists may lag behind."""
        item.asked += 1
        if item.why is Why.CHECK:
            self._send_first(item, now)
        elif item.asked >= ASKS:
            self._unknown(item)
        elif item.why is Why.REFUSED or item.why is Why.TAKEN:
            self.ask(item, item.why, now)
        else:
            self._send_again(item, now)

    def _unasked(self, item: Item, now: float) -> None:
        """Go on with an annotation of which a question was refused."""
        item.asked += 1
        if item.why is Why.CHECK:
            self._send_first(item, now)
        elif item.why is Why.UNCLEAR and item.asked == 1 and not item.maybe_sent:
            self._send_again(item, now)  # it was in a batch that was refused because of one: alone it will be plain
        elif item.asked < ASKS and self._refused < DEAF and item.why is not None:
            self.ask(item, item.why, now)  # it may have been this once
        else:
            self._unknown(item)

    def _send_first(self, item: Item, now: float) -> None:
        item.why, item.asked = None, 0
        self._backlog.add(item, now)

    def _unknown(self, item: Item) -> None:
        error = not_compared(item) if item.why is Why.TAKEN else None
        self._ledger.settle(item, Became.UNKNOWN, error)

    def broken(self, job: Job, broken: Broken, now: float, *, others_succeed: bool) -> None:
        """Go on with a request that came to nothing as a whole, and not because of the account."""
        trouble = broken.trouble
        if trouble in PASSING:
            if trouble is Trouble.LOST and job.tries >= TRIES and others_succeed and not job.is_asking:
                self._halve(job, alone=lambda item: self.ask(item, Why.UNCLEAR, now))
            else:
                self._backlog.jobs.add(job, now + self._pause(job.tries))
        elif job.is_asking:  # they cannot be asked for
            self._app_exists = True  # as far as anybody can tell
            self._refused += 1
            for item in job.items:
                self._unasked(item, now)
        elif trouble is Trouble.NOT_FOUND and not self._app_exists:  # or does it? An answer to a question tells
            for item in job.items:
                self.ask(item, Why.CHECK, now)
        elif trouble is Trouble.TAKEN:
            self._one_is_taken(job, now)
        elif not self._ledger.is_hopeless:
            self._halve(job, alone=lambda item: self.judge(item, Verdict.REFUSED, now))
        else:
            for item in job.items:
                self.judge(item, Verdict.REFUSED, now)

    def _one_is_taken(self, job: Job, now: float) -> None:
        """Find out which: by asking, or else by halves."""
        if self._refused and len(job.items) > 1 and not self._ledger.is_hopeless:
            self._halve(job, alone=lambda item: self.ask(item, Why.UNCLEAR, now))
            return
        for item in job.items:
            is_it = len(job.items) == 1 and item.derived
            self.judge(item, Verdict.TAKEN if is_it else Verdict.ASK, now)

    def _halve(self, job: Job, alone: Callable[[Item], None]) -> None:
        """Send the halves of a batch on their own, or go on with what stands alone already."""
        if len(job.items) == 1:
            alone(job.items[0])
            return
        root, middle = self._ledger.suspect(job.items), len(job.items) // 2
        for half in (job.items[:middle], job.items[middle:]):
            self._backlog.jobs.add(Job(half), -NEVER, root.number)  # one batch after the other

    def _send_again(self, item: Item, now: float) -> None:
        at = now + self._pause(1 + item.lost + item.asked)
        if item.root is not None:  # it is suspect, and others should not suffer for it
            self._backlog.jobs.add(Job([item]), at)
        else:
            self._backlog.again.add(item, at)
