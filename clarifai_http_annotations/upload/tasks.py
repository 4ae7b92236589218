"""Carries out the plan of an upload in an asyncio client: the caller's task plans, others send.

What was given and the callbacks run in the caller's task.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from typing import Any

from .._loop import running_loop
from .report import UploadReport
from .run import Upload
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
    try:
        source = aiter(given) if isinstance(given, AsyncIterable) else _awaited(given)
        while not isinstance(step := upload.next(), Done):
            seconds = 0.0
            if isinstance(step, Take):
                await _take(upload, source, step.number)
            elif isinstance(step, Start):
                upload.started(step.job)
                tasks[asyncio.create_task(perform(step.job))] = step.job
            else:
                seconds = max(0.0, step.until - upload.now())
                if not tasks:
                    await sleep(seconds)
            if tasks:
                longest = min(seconds, LONGEST_WAIT)
                ended, _ = await asyncio.wait(tasks, timeout=longest, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    upload.ended(tasks.pop(task), task.result())
        return upload.finish()
    except BaseException:
        upload.interrupt()
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _awaited(given: Iterable[Any]) -> AsyncIterator[Any]:
    for one in given:
        yield one


async def _take(upload: Upload, source: AsyncIterator[Any], count: int) -> None:
    for _ in range(count):
        try:
            given = await anext(source)
        except StopAsyncIteration:
            upload.end()
            break
        except Exception as error:  # noqa: BLE001 # it is raised again, when what is on its way has ended
            upload.fail(error, "what was given")
            break
        if not upload.take(given):
            break
    upload.taken()
