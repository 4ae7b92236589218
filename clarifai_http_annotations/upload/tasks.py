"""Carries out the plan of an upload in an asyncio client: the caller's task plans, others send.

The callbacks run in the caller's task, and an ordinary iterable is read there: while it waits, nothing else happens in
the loop. An asynchronous one is read in a task of its own, so that the upload goes on while it waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Iterable
from contextlib import nullcontext
from itertools import repeat
from typing import Any

from .._loop import running_loop
from .report import UploadReport
from .run import Upload
from .taking import take_from
from .work import Done, Job, Outcome, Start, Take

LONGEST_WAIT = 1.0
"""Seconds: Pyodide never clears a timer, and node would wait for it before it ends."""

Perform = Callable[[Job], Coroutine[Any, Any, Outcome]]


async def drive(
    upload: Upload,
    given: Iterable[Any] | AsyncIterable[Any],
    perform: Perform,
    sleep: Callable[[float], Awaitable[None]],
) -> UploadReport:
    """Upload what was given.

    Args:
        upload: The upload.
        given: Annotations or rows.
        perform: Sends a request and says what came of it.
        sleep: Waits.

    Raises:
        ConfigurationError: If no event loop of asyncio is running; nothing was taken of what was given.
    """
    running_loop()
    tasks: dict[asyncio.Task[Outcome], Job] = {}
    reader: Reader | None = None
    try:
        if isinstance(given, AsyncIterable):
            reader = Reader(upload, given)
        else:
            source = iter(given)
        while not isinstance(step := upload.next(reading=reader is not None and reader.is_reading), Done):
            seconds = 0.0
            if isinstance(step, Take):
                if reader is None:
                    take_from(upload, source, step.number, nullcontext())
                else:
                    reader.ask(step.number)
                    continue
            elif isinstance(step, Start):
                upload.started(step.job)
                tasks[asyncio.create_task(perform(step.job))] = step.job
            else:
                seconds = max(0.0, step.until - upload.now())
            waited_for = {*tasks} if reader is None or not reader.is_reading else {*tasks, reader.came}
            if waited_for:
                longest = min(seconds, LONGEST_WAIT)
                await asyncio.wait(waited_for, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in tasks if task.done()]:
                    upload.ended(tasks.pop(task), task.result())
            elif seconds:
                await sleep(seconds)
            if reader is not None:
                reader.hand_over()
        if reader is not None:
            await reader.end()
            reader.hand_over()
        return upload.finish()
    except BaseException:
        if reader is not None:
            reader.collect()
        upload.interrupt()
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if reader is not None and not reader.is_over:
            await reader.end()
            reader.collect()
            upload.interrupt()  # something may have come while it ended


class Reader:
    """Reads an asynchronous iterable in a task of its own, never more than it was asked for.

    Attributes:
        came: Done when something came, or nothing more will.
    """

    def __init__(self, upload: Upload, given: AsyncIterable[Any]) -> None:
        self._upload = upload
        self._source = aiter(given)
        self._read_ahead: deque[Any] = deque()
        self._wanted = 0
        self._asked = asyncio.Event()
        self.came = asyncio.get_running_loop().create_future()
        self._has_ended = False
        self._task = asyncio.create_task(self._read())

    @property
    def is_reading(self) -> bool:
        """Whether it was asked for more than came."""
        return self._wanted > 0 and not self._has_ended

    @property
    def is_over(self) -> bool:
        """Whether its task is."""
        return self._task.done()

    def ask(self, number: int) -> None:
        """Ask for so many."""
        self._wanted = number
        self._asked.set()

    async def _read(self) -> None:
        try:
            while await self._asked.wait():
                self._read_ahead.append(await anext(self._source))
                self._wanted -= 1
                if not self._wanted:
                    self._asked.clear()
                self._tell()
        except StopAsyncIteration:
            pass
        finally:
            self._tell()

    def _tell(self) -> None:
        if not self.came.done():
            self.came.set_result(None)

    def hand_over(self) -> None:
        """Hand to the upload what came, and say if nothing more will."""
        if self.came.done():
            self.came = self.came.get_loop().create_future()
        self.collect()
        if self._upload.given:
            self._upload.take()
            self._upload.taken()
        if self._task.done() and not self._has_ended:
            self._has_ended = True
            self._conclude()

    def collect(self) -> None:
        """Give what came to the upload, in one step each, so that Ctrl-C cannot come between."""
        self._upload.given.extend(map(deque.popleft, repeat(self._read_ahead, len(self._read_ahead))))

    def _conclude(self) -> None:
        try:
            self._task.result()
        except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
            self._upload.fail(error, "what was given")
        else:
            self._upload.end()

    async def end(self) -> None:
        """Read no more; what is given gets a moment to end."""
        self._has_ended = True
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LONGEST_WAIT)
        if self._task.done() and not self._task.cancelled():
            self._task.exception()  # it came too late to matter; asyncio would complain that nobody saw it
