"""Goes on with an upload while the caller's thread waits for what is given.

Only one thread at a time has the **turn**, and only who has it touches the planner. The caller's thread has it always,
but while it takes annotations; a second thread looks every tenth of a second whether it still waits for the same one,
and then sends what is due and learns from what was answered. It calls nothing of the caller's: what is
settled meanwhile is written down and told when the caller's thread is back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from .crew import Crew
from .run import Upload
from .work import Job, Start

LOOK = 0.1
"""Seconds between two looks."""


class Standby:
    """Is entered by the caller's thread whenever it takes what is given.

    Args:
        upload: The upload.
        crew: Sends.
    """

    def __init__(self, upload: Upload, crew: Crew) -> None:
        self._upload, self._crew = upload, crew
        self._turn = threading.RLock()
        self._turn.acquire()
        self._over = threading.Event()
        self._error: BaseException | None = None

    def begin(self, given: Iterable[Any]) -> None:
        """Begin to look, if what is given may have to be waited for, and if there are threads here."""
        if isinstance(given, (list, tuple)):
            return
        thread = threading.Thread(target=self._look, name="upload standby", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # nothing is sent while what is given is waited for
            return

    def __enter__(self) -> None:
        self._turn.release()

    def __exit__(self, *_: object) -> None:
        self._turn.acquire()

    def check(self) -> None:
        """Raise what went wrong in the second thread."""
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        """Take the turn for good."""
        self._over.set()
        self._turn.acquire()

    def _look(self) -> None:
        seen = -1
        while not self._over.wait(LOOK):
            job = None
            if not self._turn.acquire(blocking=False):
                continue
            try:
                if seen == self._upload.position and self._error is None:
                    job = self._go_on()
                seen = self._upload.position
            except BaseException as error:  # noqa: BLE001 # it is raised in the caller's thread
                self._error = error
            finally:
                self._turn.release()
            if job is not None:
                self._crew.carry_out(job)

    def _go_on(self) -> Job | None:
        """Do what is due but taking; return a request that this thread has to send, because there is no other."""
        upload, crew = self._upload, self._crew
        upload.offer()
        for job, outcome in crew.ended(0.0):
            upload.learn(job, outcome)
        while isinstance(step := upload.next(reading=True), Start):
            upload.started(step.job)
            if not crew.start(step.job):
                upload.planner.one_at_a_time()
                crew.busy += 1
                return step.job
        return None
