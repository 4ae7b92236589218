"""The event loop of asyncio, which `AsyncClient` needs; imported by what it awaits only."""

from __future__ import annotations

import asyncio

from .errors import ConfigurationError

within = asyncio.timeout
"""A context that ends what is awaited in it after so many seconds."""


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that is running.

    Raises:
        ConfigurationError: If none is, as under trio.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "AsyncClient runs on asyncio, and no event loop of asyncio is running here.",
            hint="Await it under asyncio.run(...); under trio use Client in a thread: trio.to_thread.run_sync(...).",
        ) from None


async def sleep(seconds: float) -> None:
    """Let other tasks go on for so many seconds.

    Raises:
        ConfigurationError: If no event loop of asyncio is running.
    """
    running_loop()
    await asyncio.sleep(seconds)
