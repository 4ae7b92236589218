"""Bulk upload, written once for `Client` and `AsyncClient`; each carries out the plan in its own way."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .. import _retry
from .._call import Call, Caller, Timeout, codes_of, logger
from .._operation import operation
from .._retry import Deadline
from .._wire import requests
from .._wire.rows import refuse_table
from ..config import NOT_GIVEN, check_deadline, check_timeout
from ..errors import APIError, ConfigurationError, InvalidRequestError
from ..models.annotation import Annotation

if TYPE_CHECKING:  # a program that uploads nothing does not load it
    from ..upload.journal import Journal
    from ..upload.report import UploadReport, UploadResult
    from ..upload.run import Upload
    from ..upload.work import Job, Outcome

UNLIMITED_AT_ONCE = 4
"""Requests on their way without a rate limit."""


class UploadOperations(Caller):
    """Upload any number of annotations."""

    @operation
    async def upload(
        self,
        annotations: Iterable[Annotation | Mapping[str, Any]] | AsyncIterable[Annotation | Mapping[str, Any]],
        *,
        journal: str | os.PathLike[str] | None = None,
        check_existing: bool = False,
        report: UploadReport | None = None,
        on_result: Callable[[UploadResult], object] | None = None,
        on_progress: Callable[[UploadReport], object] | None = None,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | None = None,
        give_up_after: float = 300.0,
        flush_after: float | None = 1.0,
    ) -> UploadReport:
        """Store any number of annotations, in no particular order, and report what became of each.

        An annotation without an id gets one that is derived from its content. What may have been carried
        out is sent again under the same id, so nothing is stored twice, as long as the server keeps at
        most one annotation for an input and an id (its routes imply that; its documentation does not
        say it). A failure is a result here, not an exception: see `UploadReport.failures` and
        `UploadReport.raise_for_failures`.
        Of annotations that a client returned the same is stored as by `create`; input-level ones without labels fail.

        Requests of up to 128 annotations and 8 MiB are spread under ``rate=`` of the client. Memory stays
        bounded however many annotations there are. Ctrl-C, cancellation and an error in what is given
        are raised again; ``report=`` then has what was done.

        What is given and the callbacks run in the caller's thread or task, but an asynchronous iterable
        is read in a task of its own. While it keeps the upload waiting, the upload goes on: batches
        that are not full go after ``flush_after``, answers are learned from, and the deadline holds;
        callbacks wait. What cannot be: an ordinary iterable that blocks is not interrupted, so after its
        deadline an upload ends as soon as that gives something (which is reported as not sent) or ends;
        an asynchronous one is cancelled. An ordinary iterable that blocks under `AsyncClient` blocks the
        event loop, and with it the upload; so it does where there are no threads (WebAssembly).

        Args:
            annotations: What to store: `Annotation` objects, or dicts of the same shape; any iterable,
                and for `AsyncClient` any asynchronous one too.
            journal: A file that keeps what is confirmed, so that the same upload, started again after it
                was killed, sends only the rest. It belongs to one server, user and app, by the names that
                the client has: ``"me"`` of another key is another person, and needs another journal.
            check_existing: Ask the server for each annotation before it is sent.
            report: A report to fill while the upload goes on.
            on_result: Called with each annotation's `UploadResult`, good or bad.
            on_progress: Called with the report after each answer.
            timeout: Seconds for a request (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole upload; what is not sent by then is reported.
            give_up_after: Seconds of failures without a success after which to stop. Up to 300 s that the server asks
                to wait for (``Retry-After``) do not count.
            flush_after: Seconds that a batch which is not full waits for more, since its first annotation
                was taken; half of what is left of the deadline, if that is less. ``None`` to send
                nothing but full batches before everything is taken.

        Returns:
            What was done.

        Raises:
            InvalidRequestError: If what is given cannot be iterated, or is a table of another library.
            ConfigurationError: If the journal is of another app, or is none; nothing was sent.
            AuthenticationError: If the key is refused; it stops at once, with the report as ``.report``.
                Likewise `PaymentRequiredError`, `PermissionDeniedError`, and `NotFoundError` for an
                app that does not exist.
            JournalError: If the journal cannot be written.
        """
        from ..upload.planner import Planner
        from ..upload.pulse import MOST_AT_ONCE
        from ..upload.report import UploadReport
        from ..upload.run import Upload

        _check(annotations, report)
        _check_seconds("give_up_after", give_up_after)
        if flush_after is not None:
            _check_seconds("flush_after", flush_after)
        of_attempt = self._settings.timeout if timeout is NOT_GIVEN else check_timeout(timeout)
        over = Deadline.after(check_deadline(deadline), self._clock)
        kept = None if journal is None else self._open_journal(journal)
        try:
            planner = Planner(
                self._limiter,
                self._clock(),
                deadline=over.at,
                give_up_after=float(give_up_after),
                flush_after=flush_after,
                check_existing=check_existing,
                at_once=UNLIMITED_AT_ONCE if self._limiter.rate is None else MOST_AT_ONCE,
                waiting=_retry.is_waiting(),
            )
            upload = Upload(
                planner,
                UploadReport() if report is None else report,
                self._clock,
                journal=kept,
                fractional_values=self._settings.fractional_values,
                on_result=on_result,
                on_progress=on_progress,
            )

            async def perform(job: Job) -> Outcome:
                call = Call(of_attempt, over, job.started, attempts=job.tries)
                return await self._perform(job, call)

            return await self._drive(upload, annotations, perform)
        finally:
            if kept is not None:
                kept.close()

    async def _drive(self, upload: Upload, annotations: Any, perform: Callable[[Job], Any]) -> UploadReport:
        """Carry out the plan of an upload."""
        raise NotImplementedError  # Client and AsyncClient differ in this

    async def _perform(self, job: Job, call: Call) -> Outcome:
        """Send a request of an upload once, and say what came of it."""
        from ..upload import reading

        redact = self._settings.key.redact
        request = self._question(job) if job.is_asking else self._order(job)
        size = len(request.body or b"")
        self._limiter.went(job.started, self._clock())
        try:
            answer = await self._exchange(request, call, not job.is_asking)
            if job.is_asking:
                return reading.listed(job.items, answer)
            answered = reading.answered(job.items, answer, redact, size)
            await self._drop_if(call, (said.error for said in answered.said.values()))
            for said in answered.said.values():
                if isinstance(said.error, APIError):
                    call.describe(said.error, request)
            return answered
        except APIError as error:
            await self._drop_if(call, [error])
            call.describe(error, request)
            logger.debug("upload: a request of %d annotations failed (%s)", len(job.items), codes_of(error))
            return reading.broken(error, size, is_asking=job.is_asking)

    def _order(self, job: Job) -> requests.Request:
        trees = [item.tree for item in job.items]
        fractional_values = self._settings.fractional_values
        return requests.create(self._app, trees, fractional_values=fractional_values, operation="upload")

    def _question(self, job: Job) -> requests.Request:
        filters = requests.asking(item.key for item in job.items)
        return requests.page(self._app, filters, page=1, per_page=requests.MAX_PER_PAGE, operation="upload")

    def _open_journal(self, path: str | os.PathLike[str]) -> Journal:
        from ..upload.journal import Identity, Journal

        if not self._settings.app_id:
            raise ConfigurationError(
                "A journal is of one app, which has to be named: give user_id= and app_id= beside app_key=."
            )
        return Journal.open(path, Identity.of(self._settings))


def _check(annotations: object, report: object) -> None:
    from ..upload.report import UploadReport

    refuse_table(annotations, "upload")
    if isinstance(annotations, (Annotation, Mapping, str, bytes)) or not isinstance(
        annotations, (Iterable, AsyncIterable)
    ):
        raise InvalidRequestError(
            f"upload takes an iterable of annotations, not one {type(annotations).__name__}.",
            hint="create() takes one annotation; a file is read first."
            if isinstance(annotations, (Annotation, Mapping, str, bytes))
            else None,
        )
    if report is not None and not isinstance(report, UploadReport):
        raise InvalidRequestError(f"report must be an UploadReport, not {type(report).__name__}.")


def _check_seconds(name: str, seconds: object) -> None:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not seconds > 0:  # type: ignore[operator]  # it is a number
        raise InvalidRequestError(f"{name} must be seconds, above 0, not {seconds!r}.")
