"""Threads that send the requests of an upload."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from queue import Empty, SimpleQueue

from .work import Job, Outcome

Perform = Callable[[Job], Outcome]


class Crew:
    """Threads that send; one more whenever all are busy. They are daemons: a program that ends does not wait for them.

    Attributes:
        busy: How many requests are on their way.
    """

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[Job, Outcome | BaseException]] = SimpleQueue()
        self._context = copy_context()  # the caller's, whoever starts a thread
        self._size = 0
        self.busy = 0

    def start(self, job: Job) -> bool:
        """Send a request; ``False`` if there are no threads here."""
        if self.busy == self._size:
            context = self._context.copy()
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
            self.carry_out(job)

    def carry_out(self, job: Job) -> None:
        """Send a request in this thread."""
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
