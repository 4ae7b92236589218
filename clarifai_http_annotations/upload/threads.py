"""Carries out the plan of an upload in a blocking client: the caller's thread plans, others send.

What was given and the callbacks run in the caller's thread; while it waits for what is given, `standby` goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import InvalidRequestError
from .crew import Crew, Perform
from .report import UploadReport
from .run import Upload
from .standby import Standby
from .taking import take_from
from .work import Done, Start, Take

LONGEST_WAIT = 1.0
"""Seconds: some systems see Ctrl-C only between waits."""


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
    standby = Standby(upload, crew)
    try:
        source = iter(given)
        standby.begin(given)
        while not isinstance(step := upload.next(), Done):
            seconds = 0.0
            if isinstance(step, Take):
                take_from(upload, source, step.number, standby)
                standby.check()
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
        standby.end()
        upload.interrupt()
        raise
    finally:
        standby.end()
        crew.dismiss()
