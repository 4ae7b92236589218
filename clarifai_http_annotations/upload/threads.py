"""Carries out the plan of an upload in a blocking client: the caller's thread plans, others send.

What was given and the callbacks run in the caller's thread. The threads are daemons, so that a
program that is interrupted ends, and does not wait for a server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import InvalidRequestError
from .report import UploadReport
from .run import Upload
from .work import Done, Job, Outcome, Start, Take

LONGEST_WAIT = 1.0
"""Seconds: some systems see Ctrl-C only between waits."""

Perform = Callable[[Job], Outcome]


class Crew:
    """Threads that send; one more whenever all are busy."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Job, Outcome | BaseException]] = SimpleQueue()
        self._size = 0
        self.busy = 0

    def start(self, job: Job) -> bool:
        """Send a request; ``False`` if there are no threads here."""
        if self.busy == self._size:
            context = copy_context()
            thread = threading.Thread(target=context.run, args=(self._work,), name="upload", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # WebAssembly has none, and a system may have no more
                if self._size == 0:
                    return False
            else:
                self._size += 1
        self.busy += 1
        self._jobs.put(job)
        return True

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                outcome: Outcome | BaseException = self._perform(job)
            except BaseException as error:  # noqa: BLE001 # it is raised in the caller's thread
                outcome = error
            self._ended.put((job, outcome))

    def ended(self, seconds: float) -> Iterator[tuple[Job, Outcome]]:
        """Yield the requests that have ended, waiting up to so many seconds for the first."""
        while self.busy:
            try:
                job, outcome = self._ended.get(timeout=seconds) if seconds > 0 else self._ended.get_nowait()
            except Empty:
                return
            seconds = 0.0
            self.busy -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            yield job, outcome

    def dismiss(self) -> None:
        """Let the threads end, each when it has sent what it is sending."""
        for _ in range(self._size):
            self._jobs.put(None)


def drive(upload: Upload, given: Iterable[Any], perform: Perform, sleep: Callable[[float], None]) -> UploadReport:
    """Upload what was given.

    Args:
        upload: The upload.
        given: Annotations or rows.
        perform: Sends a request and says what came of it.
        sleep: Waits.
    """
    if not isinstance(given, Iterable):
        raise InvalidRequestError(
            "upload of a blocking Client takes an ordinary iterable, not an asynchronous one.",
            hint="AsyncClient takes both.",
        )
    crew = Crew(perform)
    try:
        source = iter(given)
        while not isinstance(step := upload.next(), Done):
            seconds = 0.0
            if isinstance(step, Take):
                _take(upload, source, step.number)
            elif isinstance(step, Start):
                upload.started(step.job)
                if not crew.start(step.job):
                    upload.planner.one_at_a_time()
                    upload.ended(step.job, perform(step.job))
            else:
                seconds = min(max(0.0, step.until - upload.now()), LONGEST_WAIT)
                if not crew.busy:
                    sleep(seconds)
            for job, outcome in crew.ended(seconds):
                upload.ended(job, outcome)
        return upload.finish()
    except BaseException:
        upload.interrupt()
        raise
    finally:
        crew.dismiss()


def _take(upload: Upload, source: Iterator[Any], count: int) -> None:
    for _ in range(count):
        try:
            given = next(source)
        except StopIteration:
            upload.end()
            break
        except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
            upload.fail(error, "what was given")
            break
        if not upload.take(given):
            break
    upload.taken()
