"""One body for both clients, a clock that nobody waits for, and a clean environment."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import settings

from clarifai_http_annotations import AsyncClient, Client
from clarifai_http_annotations._wire import encode
from clarifai_http_annotations.testing import Emulator

# By chance at a desk, the same every time where it decides whether a change lands.
settings.register_profile("ours", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("ours")

PAT = "0123456789abcdef0123456789abcdef"


class Clock:
    """Seconds that pass only when somebody sleeps, or when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class InLoop:
    """An `AsyncClient` with the face of a `Client`: each call runs to its end in one event loop."""

    def __init__(self, client: AsyncClient, runner: asyncio.Runner) -> None:
        self.inner = client
        self.runner = runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if inspect.iscoroutinefunction(found):
            return lambda *args, **kwargs: self.runner.run(found(*args, **kwargs))
        if name == "with_options":
            return lambda **options: InLoop(found(**options), self.runner)
        if inspect.ismethod(found) and not name.startswith("_"):
            return lambda *args, **kwargs: self._iterate(found(*args, **kwargs))
        return found

    def _iterate(self, items: Any) -> Iterator[Any]:
        async def step() -> Any:  # a Runner takes coroutines only
            return await anext(items)

        async def end() -> None:
            await items.aclose()

        try:
            while True:
                try:
                    yield self.runner.run(step())
                except StopAsyncIteration:
                    return
        finally:
            self.runner.run(end())


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine reaches a test, and every warning is given again."""
    for name in list(os.environ):
        if name.startswith(("CLARIFAI_", "SSL_CERT_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    encode._warned.clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connect(kind: str, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Return a function from a handler of requests (or None) and settings to a client.

    The client has the face of a `Client`, whichever of the two is behind it, and sleeps by `clock`.
    """
    made: list[Any] = []
    with asyncio.Runner() as runner:

        def make(handler: Callable[[httpx.Request], httpx.Response] | None = None, **settings: Any) -> Any:
            transport = {} if handler is None else {"transport": httpx.MockTransport(handler)}
            given = {"pat": PAT, "user_id": "me", "app_id": "app", "rate": None, **transport, **settings}
            client: Any = Client(**given) if kind == "sync" else AsyncClient(**given)
            client._clock, client._sleep = clock, clock.sleep
            made.append(client if kind == "sync" else InLoop(client, runner))
            return made[-1]

        yield make
        for client in made:
            client.close()
