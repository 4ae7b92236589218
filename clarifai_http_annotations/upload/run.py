"""One upload without the waiting: what the driver of threads and the driver of tasks share.

It stands between the planner, which knows no clock and no JSON, and the outside: what was given,
the journal, the report and the callbacks. What is confirmed goes into the journal before it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .._wire.guard import guard
from .._wire.rows import prepare_row
from ..errors import ClarifaiError, InvalidRequestError, JournalError
from ..models.annotation import Annotation
from .counting import Counting, result_of
from .ledger import conflict
from .planner import INTERRUPTED, Planner
from .report import MOST_FAILURES, OnProgress, OnResult, UploadReport
from .taking import Taking
from .work import ALREADY_THERE, STORED, Became, Broken, Item, Job, Settled, Step, Trouble
from .work import Outcome as JobOutcome

if TYPE_CHECKING:  # sqlite3 is loaded with a journal only
    from .journal import Journal

T = TypeVar("T")

LONG = 0.05
"""Seconds after which taking makes way for the answers that have come."""


class Upload:
    """An upload that goes on.

    Args:
        planner: Decides.
        report: Is filled.
        clock: Seconds.
        journal: Keeps what is confirmed, or ``None``.
        fractional_values: Whether values between 0 and 1 may leave.
        on_result: Called for each annotation, or ``None``.
        on_progress: Called after each answer, or ``None``.
    """

    def __init__(
        self,
        planner: Planner,
        report: UploadReport,
        clock: Callable[[], float],
        *,
        journal: Journal | None = None,
        fractional_values: bool = False,
        on_result: OnResult | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.planner = planner
        self.report = report
        self.error: Exception | None = None
        self._clock = clock
        self._journal = journal
        self._fractional_values = fractional_values
        self._on_result, self._on_progress = on_result, on_progress
        self._counting = Counting(report, MOST_FAILURES)
        self._taking = Taking(0)
        self._untold = False
        self._is_over = False
        self._take_until = 0.0
        self._begun = clock() - report.seconds
        report.exhausted, report.stopped = False, None

    def now(self) -> float:
        """Return the time."""
        return self._clock()

    def next(self, *, reading: bool = False) -> Step:
        """Say what to do now; if what was to be taken is still waited for, besides taking."""
        now = self._clock()
        if not reading:
            self._take_until = now + LONG
        return self.planner.next(now, reading=reading)

    # --- taking ----------------------------------------------------------------------------------

    @property
    def given(self) -> list[Any]:
        """Where what is given goes, in one step from where it comes from, so that Ctrl-C cannot come between."""
        return self._taking.given

    @property
    def position(self) -> int:
        """How many were given."""
        return self._taking.first + len(self._taking.given)

    def take(self) -> bool:
        """Look at what was given; tell whether to go on taking before anything else."""
        given, prepared, now = self._taking.given, self._taking.prepared, self._clock()
        while len(prepared) < len(given):
            prepared.append(self._prepare(given[len(prepared)], self._taking.first + len(prepared), now))
        return now < self._take_until

    def _prepare(self, given: Any, index: int, now: float) -> tuple[Item, ClarifaiError | None]:
        try:
            row = prepare_row(given, f"annotations[{index}]")
            if not row.is_plain:
                self._guard(row.tree, index)
        except InvalidRequestError as error:
            error.message = error.message.removeprefix("Nothing was sent. ")
            return _unread(index, given), error
        key = row.tree["input_id"], row.tree["id"]
        return Item(index, given, key, row.digest, row.derived, row.size, row.tree, ready=now), None

    def _guard(self, tree: dict[str, Any], index: int) -> None:
        """Refuse here, by its position, what would not leave in a batch."""
        try:
            guard({"annotations": [tree]}, fractional_values=self._fractional_values)
        except InvalidRequestError as error:
            said = [problem.replace("annotations[0]", f"annotations[{index}]", 1) for problem in error.problems]
            raise type(error)("\n  ".join(said), problems=said) from None

    def taken(self) -> None:
        """Hand what was taken to the planner, and tell the caller of what is settled."""
        self.offer()
        self._taking = Taking(self._taking.first + self._taking.offered)
        self.settle()

    def offer(self) -> None:
        """Hand what was looked at to the planner, without what the journal knows."""
        taking = self._taking
        prepared = taking.prepared[taking.offered :]
        known = iter(self._known([item for item, error in prepared if error is None]))
        for item, error in prepared:
            there = next(known) if error is None else None
            if error is not None:
                self.planner.settle(item, Became.FAILED, error)
            elif there is None:
                self.planner.offer(item, item.ready)
            elif there:
                self.planner.settle(item, Became.SKIPPED)
            else:
                self.planner.settle(item, Became.CONFLICT, conflict(item, "the journal knows it with other content"))
        taking.offered += len(prepared)

    def _known(self, items: list[Item]) -> list[bool | None]:
        """Say what the journal knows of annotations; if it breaks, the upload stops, and it knows nothing."""
        if self._journal is not None and items:
            try:
                return self._journal.known([(*item.key, item.digest) for item in items])
            except JournalError as error:
                self._lose_journal(error)
        return [None] * len(items)

    def _confirm(self, entries: list[tuple[str, str, str]]) -> None:
        """Write into the journal what is in the app; if it breaks, the upload stops, and the report knows it."""
        if self._journal is not None and entries:
            try:
                self._journal.confirm(entries)
            except JournalError as error:
                self._lose_journal(error)

    def _lose_journal(self, error: JournalError) -> None:
        self._journal = None
        self.fail(error, "the journal")

    def end(self) -> None:
        """Learn that everything that was given was taken."""
        self.planner.end()
        self.report.exhausted = True

    # --- answers ---------------------------------------------------------------------------------

    def started(self, job: Job) -> None:
        """Count a request."""
        self.report.requests += 1
        self.report.retries += job.is_retry and not job.is_asking

    def ended(self, job: Job, outcome: JobOutcome) -> None:
        """Learn what came of a request, and tell the caller."""
        self.learn(job, outcome)
        self.settle()

    def learn(self, job: Job, outcome: JobOutcome) -> None:
        """Learn what came of a request; what is settled by that is told by the next `settle`."""
        self.report.bytes += outcome.size
        self.report.throttled += isinstance(outcome, Broken) and outcome.trouble is Trouble.THROTTLED
        self.planner.ended(job, outcome, self._clock())
        self._untold = True

    def settle(self) -> None:
        """Write down what is settled, and tell the caller."""
        settled = self._write_down()
        on_result, on_progress = self._on_result, self._on_progress
        if on_result is not None:
            for entry in settled:
                if self.error is None:
                    self._guarded(on_result, result_of(entry))
        if self._untold and on_progress is not None and self.error is None:
            self._untold = False
            self._guarded(on_progress, self.report)

    def _write_down(self) -> list[Settled]:
        """Write what is settled into the journal and the report, and return it; only then it is cleared."""
        if self._counting.has(self.planner.settled):  # counted, and Ctrl-C came before it was cleared
            self.planner.clear()
        settled = self.planner.settled
        if self._journal is not None:
            self._confirm(
                [(*item.key, item.digest) for item, became, _ in settled if became in (STORED, ALREADY_THERE)]
            )
        self._counting.count(settled)
        self.planner.clear()
        self.report.seconds = self._clock() - self._begun
        return settled

    def _guarded(self, callback: Callable[[T], object], said: T) -> None:
        try:
            callback(said)
        except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
            self.fail(error, "a callback")

    # --- the end ---------------------------------------------------------------------------------

    def fail(self, error: Exception, where: str) -> None:
        """Stop because of an error of the caller's own code, which is raised when what is on its way has ended."""
        self.error = self.error or error
        self.planner.stop(f"{where} raised {type(error).__name__}", self._clock())

    def finish(self) -> UploadReport:
        """Settle what is left and return the report.

        Raises:
            APIError: What stopped it, with the report attached.
            Exception: What the caller's own code raised.
        """
        self._close()
        error = self.error or self.planner.fatal
        if error is None:
            return self.report
        if isinstance(error, ClarifaiError):
            error.report = self.report
        raise error

    def interrupt(self) -> None:
        """Settle what is left, and call nothing: an exception is on its way through. Doing it twice is doing it once.

        Raises:
            KeyboardInterrupt: If Ctrl-C came meanwhile; what is left is settled all the same.
        """
        try:
            self._close(INTERRUPTED)
        except KeyboardInterrupt:
            self._close(INTERRUPTED)
            raise

    def _close(self, interrupted: str | None = None) -> None:
        self._leave()
        self.planner.abandon()
        if interrupted is None:
            self._untold = True
            self.settle()
        else:
            self._write_down()
        if not self._is_over:
            self.report.stopped = self.planner.stopped or interrupted
        self._is_over = True

    def _leave(self) -> None:
        """Settle what was given and not offered."""
        if self._counting.has(self.planner.settled):
            self.planner.clear()
        taking = self._taking
        for given in taking.given[len(taking.prepared) :]:
            taking.prepared.append((_unread(taking.first + len(taking.prepared), given), None))
        known = self.planner.known()
        for item, error in taking.prepared:
            if item.index in known:
                continue
            if error is not None:
                self.planner.settle(item, Became.FAILED, error)
            else:
                self.planner.leave(item)
        self._taking = Taking(taking.first + len(taking.prepared))


def _unread(index: int, given: object) -> Item:
    return Item(index, given, _ids_of(given), "", False, 0)


def _ids_of(given: object) -> tuple[str, str]:
    """Return the input and the id of what could not be read, as far as it tells."""
    said = given.__dict__ if isinstance(given, Annotation) else given
    if not isinstance(said, Mapping):
        return "", ""
    input_id, name = said.get("input_id"), said.get("id")
    return input_id if isinstance(input_id, str) else "", name if isinstance(name, str) else ""
