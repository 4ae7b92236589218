"""What runs inside Pyodide: each function is called by name from a test, and returns what JSON can hold.

``kind`` is the client that is used: ``"async"`` or ``"sync"``.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import sys
import time
import traceback
from collections import Counter
from typing import Any

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    AsyncClient,
    ClarifaiError,
    Client,
    negative,
    positive,
)
from clarifai_http_annotations.testing import Emulator, Faults, no_waiting

ONE = Annotation.of("in-1", positive("tree"), negative("water"))


async def run(line: str) -> str:
    """Run the function that a line of JSON names; return what it returns, or its traceback."""
    asked = json.loads(line)
    try:
        value = globals()[asked["name"]](**asked["arguments"])
        return json.dumps({"value": await value if inspect.isawaitable(value) else value})
    except BaseException:  # noqa: BLE001 # it is shown by the test
        return json.dumps({"error": traceback.format_exc()})


def now(line: str) -> str:
    """Do the same for a function that awaits nothing, from JavaScript that does not wait."""
    step = run(line)
    try:
        step.send(None)
    except StopIteration as done:
        return str(done.value)
    raise RuntimeError("it awaited something")


def said(error: ClarifaiError) -> dict[str, Any]:
    """Return what an error says."""
    names = ("maybe_done", "attempts", "status_code")
    found = {name: getattr(error, name, None) for name in names}
    return {**found, "class": type(error).__name__, "cause": type(error.__cause__).__name__, "text": str(error)}


def settings_of(url: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"pat": "emulator-key", "user_id": "me", "app_id": "app", "base_url": url, "rate": None, **settings}


async def call(kind: str, url: str, settings: dict[str, Any], operation: str, *args: Any, **kwargs: Any) -> Any:
    """Make a call of a client that lives for it alone."""
    if kind == "sync":
        with Client(**settings_of(url, settings)) as client:
            return getattr(client, operation)(*args, **kwargs)
    async with AsyncClient(**settings_of(url, settings)) as client:
        return await getattr(client, operation)(*args, **kwargs)


# --- calls ----------------------------------------------------------------------------------------


async def create(kind: str, url: str, settings: dict[str, Any], waiting: bool = False) -> dict[str, Any]:
    """Create one annotation; return its concepts, or the error."""
    try:
        if waiting:
            [made] = await call(kind, url, settings, "create", ONE)
        else:
            with no_waiting():
                [made] = await call(kind, url, settings, "create", ONE)
    except ClarifaiError as error:
        return said(error)
    return {concept.id: concept.value for _, concept in made.each_concept()}


async def create_of_javascript(kind: str, url: str, text: str) -> Any:
    """Create what JavaScript makes of JSON; return the metadata that is stored."""
    import js  # type: ignore[import-not-found]  # it is there in Pyodide only

    [made] = await call(kind, url, {}, "create", js.JSON.parse(text).to_py())
    return made.data.metadata


def create_now(url: str) -> dict[str, Any]:
    """Create one annotation by a blocking client."""
    try:
        with Client(**settings_of(url, {})) as client:
            client.create(ONE)
    except ClarifaiError as error:
        return said(error)
    return {}


async def get(kind: str, url: str) -> dict[str, float]:
    """Get an annotation; return its concepts."""
    return values(await call(kind, url, {"max_retries": 0}, "get", "a", input_id="in-1"))


async def create_track(kind: str, url: str) -> dict[str, Any]:
    """Make a call that is not repeated when nobody knows what became of it."""
    track = AnnotationTrack(concept=positive("tree"), start_frame_ms=0, end_frame_ms=9)
    try:
        await call(kind, url, {}, "create_tracks", "in-1", [track])
    except ClarifaiError as error:
        return said(error)
    return {}


async def quickstart(kind: str, url: str) -> list[Any]:
    """Create, get, list, turn and delete; return what was there on the way."""
    seen: list[Any] = []
    if kind == "sync":
        with Client(**settings_of(url, {})) as client:
            [made] = client.create(ONE)
            seen.append(values(client.get(made.id, input_id="in-1")))
            client.set_value(made.id, input_id="in-1", concept_id="water", value=True)
            seen += [values(found) for found in client.list(input_ids=["in-1"])]
            client.delete(made.id, input_id="in-1")
            seen.append([found.id for found in client.list()])
        return seen
    async with AsyncClient(**settings_of(url, {})) as other:
        [made] = await other.create(ONE)
        seen.append(values(await other.get(made.id, input_id="in-1")))
        await other.set_value(made.id, input_id="in-1", concept_id="water", value=True)
        seen += [values(found) async for found in other.list(input_ids=["in-1"])]
        await other.delete(made.id, input_id="in-1")
        seen.append([found.id async for found in other.list()])
    return seen


def values(annotation: Annotation) -> dict[str, float]:
    return {str(concept.id): float(concept.value) for _, concept in annotation.each_concept()}


async def beside_each_other(url: str, count: int) -> int:
    """Make calls at once by one client; return how many annotations they made."""
    async with AsyncClient(**settings_of(url, {})) as client:
        calls = [client.create(Annotation.of(f"in-{n}", positive("tree"))) for n in range(count)]
        return len({made.id for [made] in await asyncio.gather(*calls)})


async def longest_standstill(url: str) -> float:
    """Return for how many seconds the event loop stood still while a blocking client waited to send again."""
    turned = [time.monotonic()]

    async def turn() -> None:
        while True:
            await asyncio.sleep(0.01)
            turned.append(time.monotonic())

    turning = asyncio.create_task(turn())
    await create("sync", url, {}, waiting=True)
    turning.cancel()
    turned.append(time.monotonic())
    return max(later - sooner for sooner, later in itertools.pairwise(turned))


async def cancelled(url: str) -> str:
    """Cancel a call that hangs."""
    calling = asyncio.create_task(create("async", url, {"timeout": None, "deadline": None}))
    await asyncio.sleep(0.3)
    calling.cancel()
    try:
        return f"ended: {await calling}"
    except asyncio.CancelledError:
        return "cancelled"


# --- uploads --------------------------------------------------------------------------------------


async def upload(
    kind: str, url: str, count: int, settings: dict[str, Any], journal: str | None = None
) -> dict[str, Any]:
    """Upload rows, half of them negative; return the report and what the callbacks were told."""
    outcomes: Counter[str] = Counter()

    def told(result: Any) -> None:
        outcomes[result.outcome] += 1

    rows = ({"input_id": f"in-{n % 7}", "data": {"concepts": [{"id": f"c{n}", "value": n % 2}]}} for n in range(count))
    with no_waiting():
        report = await call(kind, url, settings, "upload", rows, on_result=told, journal=journal)
    names = ("stored", "already_there", "skipped", "problems", "retries")
    return {"told": dict(outcomes), **{name: getattr(report, name) for name in names}}


def upload_in_process(seed: int, count: int) -> dict[str, Any]:
    """Upload to an emulator in this process that fails by seed, by a blocking client."""
    emulator = Emulator(faults=Faults.seeded(seed))
    rows = [{"input_id": "in-1", "data": {"concepts": [{"id": f"c{n}", "value": n % 2}]}} for n in range(count)]
    with no_waiting(), emulator.client() as client:
        report = client.upload(rows)
    there = [tree["data"]["concepts"][0]["value"] for tree in emulator.annotations]
    return {"stored": report.stored + report.already_there, "there": len(there), "negative": there.count(0.0)}


# --- the place ------------------------------------------------------------------------------------


def refused(settings: dict[str, Any], kind: str) -> dict[str, Any]:
    """Make a client that cannot be made."""
    try:
        (Client if kind == "sync" else AsyncClient)(**settings_of("http://127.0.0.1:9", settings))
    except ClarifaiError as error:
        return said(error)
    return {}


async def in_process(kind: str) -> dict[str, float]:
    """Create on an emulator in this process."""
    emulator = Emulator()
    if kind == "sync":
        with emulator.client() as client:
            return values(client.create(ONE)[0])
    async with emulator.async_client() as other:
        return values((await other.create(ONE))[0])


def versions() -> list[str]:
    return [sys.platform, *(name for name in ("httpcore", "anyio") if name in sys.modules)]


async def milliseconds(kind: str, url: str, count: int) -> list[float]:
    """Return how long each of so many creations took."""
    took = []
    with Client(**settings_of(url, {})) as client:
        async with AsyncClient(**settings_of(url, {})) as other:
            for n in range(count):
                began = time.perf_counter()
                one = Annotation.of(f"in-{n}", positive("tree"))
                _ = client.create(one) if kind == "sync" else await other.create(one)
                took.append(1000 * (time.perf_counter() - began))
    return took
