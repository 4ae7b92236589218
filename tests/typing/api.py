"""Code of users, as type checkers should see it. It is checked and never run.

Each wrong use is marked with an ignore. One that is not needed is an error itself, for mypy --strict
and for pyright, so the marks prove that both refuse these lines.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

import httpx

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    AnnotationType,
    APIConnectionError,
    APIError,
    APIStatusError,
    AsyncClient,
    BoundingBox,
    ClarifaiError,
    Client,
    Concept,
    ConfigurationError,
    Data,
    DeleteResult,
    Failure,
    Filter,
    Frame,
    FrameInfo,
    GeoPoint,
    Hit,
    InvalidRequestError,
    Mask,
    PartialFailureError,
    Point,
    Polygon,
    RateLimitError,
    Region,
    RegionInfo,
    Span,
    Status,
    StatusCode,
    TaskAnnotationCount,
    TimeInfo,
    TimeSegment,
    Token,
    Track,
    UploadError,
    UploadReport,
    UploadResult,
    Visibility,
    Worker,
    negative,
    positive,
    read_annotations,
)
from clarifai_http_annotations.testing import Emulator, Fault, Faults, Recorded, Server, no_waiting, serve

# --- values --------------------------------------------------------------------------------------

assert_type(positive("tree"), Concept)
assert_type(negative("tree", name="Tree"), Concept)
assert_type(Concept(id="tree", value=1.0).is_positive, bool)
assert_type(Concept(id="tree", value=True).value, float)
assert_type(Concept(id="tree", value=0).name, str | None)
assert_type(Concept(id="tree", value=0).value_was_missing, bool)

box = BoundingBox(top_row=0.1, left_col=0, bottom_row=0.5, right_col=1)
assert_type(box.top_row, float)

annotation = Annotation.of("in-1", positive("tree"), negative("water"), region=box, id="a", status="ANNOTATION_PENDING")
assert_type(annotation, Annotation)
assert_type(Annotation.of("in-1", status=StatusCode.ANNOTATION_PENDING), Annotation)
assert_type(annotation.id, str)
assert_type(annotation.input_id, str)
assert_type(annotation.data, Data | None)
assert_type(annotation.status, Status | None)
assert_type(annotation.created_at, datetime | None)
assert_type(annotation.each_concept(), Iterator[tuple[str, Concept]])
if annotation.data is not None:
    assert_type(annotation.data.concepts, list[Concept])
    assert_type(annotation.data.regions, list[Region])
    assert_type(annotation.data.frames, list[Frame])
    assert_type(annotation.data.regions[0].data, Data | None)
if annotation.status is not None:
    assert_type(annotation.status.code, StatusCode | int | str)

Annotation(input_id="in-1")
Annotation(input_id="in-1", data=Data(concepts=[positive("tree")]))
Annotation(input_id="in-1", status=Status(code=StatusCode.ANNOTATION_PENDING))
assert_type(read_annotations("[]"), list[Annotation])
assert_type(read_annotations(b"[]", missing_value="negative"), list[Annotation])


Annotation.of("in-1", positive("tree"), region=Polygon.of((0, 0), (0, 1.0), Point(row=1, col=1)))
Annotation.of("in-1", negative("tree"), region=Mask.from_png(b""), frame=FrameInfo(time=5000), track_id="t")
Annotation.of("in-1", region=Mask.from_array(object()), frame=FrameInfo(number=150))
Annotation.of("in-1", region=RegionInfo(keypoint_locations=[Point(row=0, col=0, visibility=Visibility.VISIBLE)]))
Annotation.of("in-1", region=Region(id="r"), task_id="t", user_id="ada", annotation_info={"a": 1})
Annotation.of("in-1", region=Span(char_start=0, char_end=5, raw_text="hello"))
Annotation.of(
    "in-1", region=Token(char_start=0, char_end=5), metadata={"a": [1]}, geo=GeoPoint(longitude=0, latitude=0)
)
Annotation.of("in-1", time_segment=TimeInfo(begin_time=0, end_time=1.5))
assert_type(annotation.worker, Worker | None)
assert_type(annotation.each_region(), Iterator[tuple[str, Region]])
if annotation.data is not None:
    assert_type(annotation.data.time_segments, list[TimeSegment])
    assert_type(annotation.data.tracks, list[Track])
    assert_type(annotation.data.metadata, dict[str, Any] | None)
if annotation.status is not None:
    assert_type(annotation.status.code_name, str | None)
annotation.status = Status(code="ANNOTATION_PENDING")
assert_type(~Filter(concept=positive("tree"), kind="mask", status="ANNOTATION_PENDING"), Filter)

Annotation.of("in-1", frame=5000)  # type: ignore[arg-type]
Annotation.of("in-1", region="r")  # type: ignore[arg-type]
Filter(inputs="in-1")  # type: ignore[call-arg]


class Mine(Annotation):
    """A subclass of a user."""


assert_type(Mine.of("in-1"), Mine)

Concept(id="tree")  # type: ignore[call-arg]
positive("tree", 1.0)  # type: ignore[call-arg, arg-type]
Annotation.of("in-1", "tree")  # type: ignore[arg-type]
Annotation.of("in-1", region=(0.1, 0.2, 0.5, 0.9))  # type: ignore[arg-type]
Annotation(data=Data())  # type: ignore[call-arg]
Annotation(input_id="in-1", dta=Data())  # type: ignore[call-arg]
BoundingBox(top_row=0.1)  # type: ignore[call-arg]
read_annotations("[]", missing_value="maybe")  # type: ignore[arg-type]


# --- the blocking client -------------------------------------------------------------------------


def blocking(several: Iterator[Annotation]) -> None:
    with Client(pat="...", user_id="me", app_id="app", timeout=5, max_retries=0, deadline=None) as client:
        assert_type(client, Client)
        assert_type(client.create(annotation), list[Annotation])
        assert_type(client.create([annotation, annotation], timeout=None, deadline=10), list[Annotation])
        assert_type(client.create((annotation,)), list[Annotation])
        assert_type(client.create(several, timeout=httpx.Timeout(5)), list[Annotation])
        assert_type(client.create({"input_id": "in-1"}), list[Annotation])
        assert_type(client.create([{"input_id": "in-1", "data": {"concepts": []}}]), list[Annotation])
        assert_type(client.get("a", input_id="in-1"), Annotation)
        assert_type(client.list(), Iterator[Annotation])
        assert_type(next(client.list(ids="a", input_ids=["in-1"])), Annotation)
        for found in client.list(user_ids=("me",), list_all_annotations=True, page=2, per_page=1000):
            assert_type(found, Annotation)
        assert_type([found.id for found in client.list(task_id="t")], list[str])
        assert_type(client.is_closed, bool)
        client.delete("a", input_id="in-1", timeout=1, deadline=2)
        deleting: Callable[..., None] = client.delete
        deleting("a", input_id="in-1")
        assert_type(client.patch(annotation), list[Annotation])
        assert_type(client.patch([{"id": "a", "input_id": "in-1"}], action="remove"), list[Annotation])
        assert_type(client.set_value("a", input_id="in-1", concept_id="tree", value=False), Annotation)
        assert_type(client.search(positive("tree"), ~Filter(input_id="in-1"), per_page=5), Iterator[Hit])
        assert_type(next(client.search({"annotation": {"id": "a"}})).annotation, Annotation)
        assert_type(client.delete_many(client.list()), DeleteResult)
        client.delete_many(ids=["a"], input_ids=["in-1"])
        client.delete_many([{"id": "a", "input_id": "in-1"}])
        client.delete_all_of_inputs("in-1")
        assert_type(client.list_workers(trusted_only=True), Iterator[Worker])
        assert_type(client.count_task_annotations("t", user_ids="ada"), list[TaskAnnotationCount])
        assert_type(client.set_task_status("t", StatusCode.ANNOTATION_PENDING), int)
        assert_type(client.list_tracks("in-1"), Iterator[AnnotationTrack])
        assert_type(client.create_tracks("in-1", AnnotationTrack(concept=positive("car"))), list[AnnotationTrack])
        assert_type(client.patch_tracks("in-1", [AnnotationTrack(id="t")]), list[AnnotationTrack])
        assert_type(client.search_track("in-1", track_id="t", annotation_type=AnnotationType.TAG), list[Annotation])
        client.delete_tracks(["t"], input_id="in-1")
        client.close()

        client.patch(annotation, action="replace")  # type: ignore[arg-type]
        client.set_value("a", "in-1", "tree", True)  # type: ignore[call-arg]
        client.set_value("a", input_id="in-1", concept_id="tree")  # type: ignore[call-arg]
        client.search("tree")  # type: ignore[arg-type]
        client.delete_many(["a"])  # type: ignore[list-item]
        client.get("a", "in-1")  # type: ignore[call-arg]
        client.get("a")  # type: ignore[call-arg]
        client.create("in-1")  # type: ignore[arg-type]
        client.create([positive("tree")])  # type: ignore[list-item]
        client.list(per_page="20")  # type: ignore[arg-type]
        client.list(inputs=["in-1"])  # type: ignore[call-arg]
        client.list()[0]  # type: ignore[index]
        client.create(annotation, timeout="5")  # type: ignore[arg-type]


def options(client: Client, other: AsyncClient) -> None:
    assert_type(client.with_options(timeout=5, deadline=None, max_retries=2), Client)
    assert_type(other.with_options(app_id="zoo", fractional_values=True), AsyncClient)
    client.with_options(timeout="5")  # type: ignore[arg-type]
    client.with_options(base_url="http://x")  # type: ignore[call-arg]


def settings() -> None:
    Client(transport=httpx.MockTransport(Emulator()), verify="ca.pem", proxy="http://localhost:3128")
    AsyncClient(transport=httpx.MockTransport(Emulator()), verify=False)
    Client(http_client=httpx.Client())
    AsyncClient(http_client=httpx.AsyncClient())

    Client("pat")  # type: ignore[call-arg]
    Client(pat=5)  # type: ignore[arg-type]
    Client(timeout="5")  # type: ignore[arg-type]
    Client(retries=3)  # type: ignore[call-arg]
    Client(http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    AsyncClient(http_client=httpx.Client())  # type: ignore[arg-type]
    Client(transport=Emulator())  # type: ignore[arg-type]


# --- the asynchronous client ---------------------------------------------------------------------


async def asynchronous() -> None:
    async with AsyncClient() as client:
        assert_type(client, AsyncClient)
        assert_type(await client.create([annotation, annotation]), list[Annotation])
        await assert_type(client.create(annotation), Coroutine[Any, Any, list[Annotation]])
        assert_type(await client.get("a", input_id="in-1"), Annotation)
        assert_type(client.list(), AsyncIterator[Annotation])
        async for found in client.list(input_ids=["in-1"]):
            assert_type(found, Annotation)
        assert_type([found.id async for found in client.list()], list[str])
        await client.delete("a", input_id="in-1")
        assert_type(await client.patch([annotation]), list[Annotation])
        assert_type(await client.set_value("a", input_id="in-1", concept_id="tree", value=1), Annotation)
        assert_type(client.search(negative("tree")), AsyncIterator[Hit])
        assert_type((await client.delete_many(client.list())).skipped, list[tuple[str, str]])
        await client.delete_many([annotation])
        assert_type([worker async for worker in client.list_workers()], list[Worker])
        await client.aclose()

        print(client.get("a", input_id="in-1").id)  # type: ignore[attr-defined]
        await client.list()  # type: ignore[misc]
        await client.get("a", "in-1")  # type: ignore[call-arg]
        list(client.list())  # type: ignore[call-overload]


def rows() -> Iterator[dict[str, Any]]:
    yield {"input_id": "in-1"}


async def stream() -> AsyncIterator[Annotation]:
    yield annotation


def uploads(client: Client, mine: UploadReport) -> None:
    report = client.upload(rows(), journal=Path("journal"), check_existing=True, report=mine, on_progress=print)
    assert_type(report, UploadReport)
    assert_type(report.stored, int)
    assert_type(report.stopped, str | None)
    assert_type(report.failures, list[UploadResult])
    assert_type(report.failures[0].error, ClarifaiError | None)
    client.upload([annotation], on_result=lambda result: print(result.outcome, result.input_id), deadline=60)
    client.upload([annotation], timeout=5, give_up_after=60, flush_after=None, journal="journal")
    try:
        report.raise_for_failures()
    except UploadError as error:
        assert_type(error.report, UploadReport | None)
    client.upload(["in-1"])  # type: ignore[list-item]
    client.upload(3)  # type: ignore[arg-type]
    client.upload(rows(), rate=3)  # type: ignore[call-arg]


async def async_uploads(client: AsyncClient) -> None:
    assert_type(await client.upload(rows()), UploadReport)
    assert_type(await client.upload(stream(), deadline=60), UploadReport)


def contexts(client: Client, other: AsyncClient) -> None:
    one: AbstractContextManager[Client] = client
    two: AbstractAsyncContextManager[AsyncClient] = other
    with one, no_waiting():
        pass
    print(two)


# --- errors --------------------------------------------------------------------------------------


def errors(client: Client) -> None:
    try:
        client.create(annotation)
    except PartialFailureError as error:
        assert_type(error.succeeded, list[Annotation])
        assert_type(error.failed, list[Failure])
        assert_type(error.failed[0].index, int)
        assert_type(error.failed[0].annotation, Annotation)
        assert_type(error.failed[0].error, APIError)
    except InvalidRequestError as error:
        assert_type(error.problems, tuple[str, ...])
        as_value_error: ValueError = error
        print(as_value_error)
    except RateLimitError as error:
        assert_type(error.retry_after, float | None)
    except APIStatusError as error:
        assert_type(error.status_code, int | None)
        assert_type(error.code, int | str | None)
        assert_type(error.code_name, str | None)
        assert_type(error.description, str)
        assert_type(error.details, str)
        assert_type(error.request_id, str | None)
    except APIConnectionError as error:
        assert_type(error.maybe_done, bool)
        print(error.status_code)  # type: ignore[attr-defined]
    except APIError as error:
        assert_type(error.operation, str | None)
        assert_type(error.attempts, int)
        assert_type(error.elapsed, float)
    except ConfigurationError as error:
        as_value_error = error
    except ClarifaiError as error:
        assert_type(error.message, str)
        assert_type(error.hint, str | None)


# --- what tests of users write -------------------------------------------------------------------


def fixtures(clarifai_server: Server, clarifai_emulator: Emulator) -> None:
    assert_type(clarifai_server.emulator, Emulator)
    assert_type(clarifai_emulator.client(), Client)


def names_that_there_are_not() -> None:
    import clarifai_http_annotations as package

    print(package.Uploader)  # type: ignore[attr-defined]


def emulator() -> None:
    emulator = Emulator(pat="mine", inputs=["in-1"], apps={("ada", "zoo")}, strict=True)
    assert_type(emulator.client(timeout=1), Client)
    assert_type(emulator.async_client(), AsyncClient)
    assert_type(emulator.requests, list[Recorded])
    assert_type(emulator.missing_values, list[str])
    assert_type(emulator.annotations, list[dict[str, Any]])
    failing = Emulator(faults=Faults.seeded(7, share=0.1), rate=15, latency=0.1, list_lag=2.0, duplicates="batch")
    assert_type(failing.stored_times, dict[tuple[str, str], int])
    with serve(failing) as server:
        assert_type(server.url, str)
        assert_type(server.client(), Client)
        assert_type(server.async_client(timeout=1), AsyncClient)
    Emulator(faults=["reset_after", None, Fault.named("http_503_before")])
    assert_type(emulator(httpx.Request("GET", "http://localhost")), httpx.Response)
