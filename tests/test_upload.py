"""Bulk upload through the public API: what is taken, what is reported, what is raised. One body for both clients."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    APIError,
    AsyncClient,
    AuthenticationError,
    Client,
    ConflictError,
    InvalidRequestError,
    Mask,
    MissingValueError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    UploadError,
    UploadReport,
    UploadResult,
    negative,
    positive,
)
from clarifai_http_annotations.operations import uploads
from clarifai_http_annotations.testing import Emulator, no_waiting
from clarifai_http_annotations.upload import run

Connect = Callable[..., Any]


def rows(number: int) -> Iterator[dict[str, Any]]:
    for index in range(number):
        concepts = [{"id": "tree", "value": index % 2}, {"id": "water", "value": 0}]
        yield {"input_id": f"in-{index}", "data": {"concepts": concepts}}


def posts(emulator: Emulator) -> list[int]:
    return [len(request.body["annotations"]) for request in emulator.requests if request.method == "POST"]


def polarities(emulator: Emulator) -> dict[str, list[float]]:
    return {tree["input_id"]: [c["value"] for c in tree["data"]["concepts"]] for tree in emulator.annotations}


def status(http: int, code: int, **more: Any) -> httpx.Response:
    return httpx.Response(http, json={"status": {"code": code, "description": "said"}, **more})


# --- what is taken -------------------------------------------------------------------------------


def test_any_number_is_stored_in_batches_of_128(connect: Connect, emulator: Emulator) -> None:
    report = connect(emulator).upload(rows(300))
    assert sorted(posts(emulator)) == [44, 128, 128]
    assert (report.stored, report.taken, report.exhausted, report.is_complete) == (300, 300, True, True)
    assert (report.positives, report.negatives) == (150, 450)
    assert (report.requests, report.retries, report.throttled) == (3, 0, 0)
    assert report.bytes > 300 * 80
    assert polarities(emulator) == {f"in-{index}": [float(index % 2), 0.0] for index in range(300)}
    report.raise_for_failures()


def test_rows_and_models_may_be_mixed_and_both_polarities_arrive(connect: Connect, emulator: Emulator) -> None:
    given = [*rows(2), Annotation.of("in-7", positive("tree"), negative("water")), Annotation.of("in-8", negative("x"))]
    assert connect(emulator).upload(iter(given)).stored == 4
    assert polarities(emulator)["in-7"] == [1.0, 0.0]
    assert polarities(emulator)["in-8"] == [0.0]


def test_nothing_is_nothing(connect: Connect, emulator: Emulator) -> None:
    report = connect(emulator).upload([])
    assert (report.taken, report.requests, report.is_complete) == (0, 0, True)


async def stream(number: int) -> AsyncIterator[dict[str, Any]]:
    for row in rows(number):
        await asyncio.sleep(0)
        yield row


def test_an_asynchronous_iterable_is_for_the_asynchronous_client(
    connect: Connect, kind: str, emulator: Emulator
) -> None:
    client = connect(emulator)
    if kind == "async":
        report = client.upload(stream(200))
        assert (report.stored, report.taken, report.exhausted) == (200, 200, True)
    else:
        with pytest.raises(InvalidRequestError, match="AsyncClient takes both"):
            client.upload(stream(200))


@pytest.mark.parametrize(
    "given", [Annotation.of("in", positive("x")), {"input_id": "in"}, "file.jsonl", 3, None], ids=str
)
def test_what_cannot_be_iterated_is_refused(connect: Connect, emulator: Emulator, given: Any) -> None:
    with pytest.raises(InvalidRequestError, match="upload takes an iterable of annotations, not one"):
        connect(emulator).upload(given)
    assert emulator.requests == []


class Columns:
    """What a class of a table has, and gives when it is iterated: its columns."""

    columns: Any = ("input_id", "concept")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


class DataFrame(Columns):  # pandas, dask, Spark
    dtypes: Any = ()


class PolarsFrame(Columns):
    schema: Any = None


class Table:  # of pyarrow: it has no iterator
    column_names: Any = ("input_id", "concept")
    schema: Any = None


@pytest.mark.parametrize("table", [DataFrame(), PolarsFrame(), Table()], ids=lambda table: type(table).__name__)
@pytest.mark.parametrize("method", ["upload", "create"])
def test_a_table_of_another_library_is_refused_and_told_how_to_give_its_rows(
    connect: Connect, emulator: Emulator, table: Any, method: str
) -> None:
    with pytest.raises(InvalidRequestError, match="is a table: it would give its columns") as refused:
        getattr(connect(emulator), method)(table)
    said = str(refused.value)
    assert type(table).__name__ in said
    assert "to_dict('records')" in said
    assert "for row in df.itertuples()" in said
    assert emulator.requests == []


def test_what_has_columns_and_gives_annotations_is_no_table(connect: Connect, emulator: Emulator) -> None:
    class Reader(Columns):
        def __iter__(self) -> Iterator[Any]:
            return rows(3)

    assert connect(emulator).upload(Reader()).stored == 3


@pytest.mark.parametrize("give_up_after", [0, -1, "5", None, True])
def test_a_time_to_give_up_must_be_seconds(connect: Connect, give_up_after: Any) -> None:
    with pytest.raises(InvalidRequestError, match="give_up_after must be seconds"):
        connect().upload([], give_up_after=give_up_after)


def test_a_report_must_be_one(connect: Connect) -> None:
    with pytest.raises(InvalidRequestError, match="report must be an UploadReport, not dict"):
        connect().upload([], report={})


def test_batches_are_cut_at_8_mib_and_one_that_is_larger_fails_alone(connect: Connect, emulator: Emulator) -> None:
    def masked(name: str, size: int) -> Annotation:
        png = b"\x89PNG\r\n\x1a\n" + bytes(size)
        return Annotation.of(name, positive("tree"), region=Mask.from_png(png))

    given = [masked(f"in-{index}", 2_000_000) for index in range(4)] + [masked("large", 7_000_000)]
    report = connect(emulator, max_retries=0).upload(given)
    assert sorted(posts(emulator)) == [1, 3]
    assert (report.stored, report.failed) == (4, 1)
    assert "annotations[4] (input 'large') was not sent: it takes about 9," in str(report.failures[0].error)


def test_no_more_is_taken_than_a_bounded_memory_holds(connect: Connect, clock: Any) -> None:
    taken = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for row in rows(10**9):
            taken += 1
            yield row

    def refuse(_: httpx.Request) -> httpx.Response:
        clock.now += 1.0
        return httpx.Response(503)

    report = connect(refuse).upload(endless(), give_up_after=60)
    assert report.taken == taken < 2000
    assert not report.exhausted
    assert report.unknown + report.not_sent == taken


# --- twins and ids -------------------------------------------------------------------------------


def test_twins_are_sent_once_and_counted(connect: Connect, emulator: Emulator) -> None:
    report = connect(emulator).upload([*rows(10), *rows(10), *rows(3)])
    assert (report.stored, report.repeated, report.taken) == (10, 13, 23)
    assert len(emulator.annotations) == 10


def test_the_same_id_with_other_content_is_a_conflict_and_never_sent(connect: Connect, emulator: Emulator) -> None:
    given = [Annotation.of("in", positive("x"), id="mine"), Annotation.of("in", negative("x"), id="mine")]
    report = connect(emulator).upload(given)
    assert (report.stored, report.conflicts) == (1, 1)
    [failure] = report.failures
    assert isinstance(failure.error, ConflictError)
    assert "annotations[0] has the same id and other content" in str(failure.error)
    assert polarities(emulator) == {"in": [1.0]}


def test_what_is_there_already_is_told_from_what_is_stored(connect: Connect, emulator: Emulator) -> None:
    client = connect(emulator)
    client.upload(rows(50))
    report = client.upload(rows(60))
    assert (report.stored, report.already_there) == (10, 50)
    assert len(emulator.annotations) == 60


def test_content_that_was_patched_since_is_a_conflict(connect: Connect, emulator: Emulator) -> None:
    client = connect(emulator)
    client.upload(rows(3))
    stored = emulator.annotations[1]
    client.set_value(stored["id"], input_id="in-1", concept_id="tree", value=False)
    report = client.upload(rows(3))
    assert (report.already_there, report.conflicts) == (2, 1)
    assert report.failures[0].input_id == "in-1"
    assert polarities(emulator)["in-1"] == [0.0, 0.0]


def test_existing_ones_may_be_asked_for_first(connect: Connect, emulator: Emulator) -> None:
    client = connect(emulator)
    client.upload(rows(100))
    del emulator.requests[:]
    report = client.upload(rows(150), check_existing=True)
    assert (report.stored, report.already_there) == (50, 100)
    assert posts(emulator) == [50]
    assert len({tree["input_id"] for tree in emulator.annotations}) == 150


def test_an_answer_that_turns_a_label_around_is_no_success(connect: Connect) -> None:
    emulator = Emulator()

    def turning(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            body = json.loads(request.content)
            body["annotations"][0]["data"]["concepts"][0]["value"] = 0.0
            request = httpx.Request("POST", request.url, headers=request.headers, json=body)
        return emulator(request)

    report = connect(turning).upload([Annotation.of("in", positive("x"))])
    assert (report.stored, report.conflicts) == (0, 1)


def test_an_answer_that_only_shows_a_label_turned_around_is_asked_about(connect: Connect, emulator: Emulator) -> None:
    def showing(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if request.method != "POST":
            return answer
        tree = answer.json()
        tree["annotations"][0]["data"]["concepts"][0]["value"] = 0.0
        return httpx.Response(200, json=tree)

    report = connect(showing).upload([Annotation.of("in", positive("x"))])
    assert (report.stored, report.already_there, report.requests) == (1, 0, 2)
    assert polarities(emulator) == {"in": [1.0]}


def first_answer_lost(emulator: Emulator) -> Callable[[httpx.Request], httpx.Response]:
    lost = iter([True])

    def handle(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if request.method == "POST" and next(lost, False):
            raise httpx.ReadError("reset")
        return answer

    return handle


def test_a_label_that_was_turned_is_a_conflict_also_if_the_first_answer_was_lost(
    connect: Connect, emulator: Emulator
) -> None:
    client = connect(emulator)
    client.upload(rows(300))
    stored = emulator.annotations[1]
    client.set_value(stored["id"], input_id="in-1", concept_id="tree", value=False)
    report = connect(first_answer_lost(emulator)).upload(rows(300))
    assert (report.stored + report.already_there, report.conflicts) == (299, 1)
    assert polarities(emulator)["in-1"] == [0.0, 0.0]


def test_to_compare_what_is_taken_costs_few_requests(connect: Connect, emulator: Emulator) -> None:
    client = connect(emulator)
    client.upload(rows(1280))
    del emulator.requests[:]
    assert client.upload(rows(1280)).already_there == 1280
    assert len(posts(emulator)) == 10
    assert len(emulator.requests) - 10 <= 45  # as many as fit into a URL of 3,000 characters are asked for in one


def test_a_question_that_is_refused_once_is_asked_again(connect: Connect, emulator: Emulator) -> None:
    refused: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and not refused:
            refused.append(request)
            return httpx.Response(400, json={"status": {"code": 10020, "description": "Failure"}})
        return emulator(request)

    client = connect(handle)
    client.upload(rows(300))
    report = client.upload(rows(300))
    assert (report.already_there, report.unknown, len(refused)) == (300, 0, 1)


@pytest.mark.parametrize("shown", [{}, {"concepts": []}, {"regions": []}], ids=str)
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "dropped"])
def test_a_success_that_shows_nothing_of_what_was_sent_is_asked_about(
    connect: Connect, emulator: Emulator, shown: dict[str, Any], is_kept: bool
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return emulator(request)
        if not is_kept:
            items = [{**item, "data": {}} for item in json.loads(request.content)["annotations"]]
            request = httpx.Request("POST", request.url, headers=request.headers, json={"annotations": items})
        tree = emulator(request).json()
        return httpx.Response(200, json={**tree, "annotations": [{**a, "data": shown} for a in tree["annotations"]]})

    report = connect(handle).upload(rows(20))
    assert (report.stored, report.conflicts) == ((20, 0) if is_kept else (0, 20))


def unreadable(emulator: Emulator) -> Callable[[httpx.Request], httpx.Response]:
    """A server for which the key may only write."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        return answer if request.method == "POST" else status(403, 11007)

    return handle


@pytest.mark.parametrize("check_existing", [False, True])
@pytest.mark.parametrize("duplicates", ["item", "batch"])
def test_with_a_key_that_may_only_write_an_upload_comes_to_its_end(
    connect: Connect, duplicates: Any, check_existing: bool
) -> None:
    emulator = Emulator(duplicates=duplicates)
    connect(emulator).upload([row for index, row in enumerate(rows(1000)) if index % 100 == 7])
    del emulator.requests[:]
    report = connect(unreadable(emulator)).upload(rows(1000), check_existing=check_existing)
    assert (report.stored, report.unknown, report.exhausted, report.stopped) == (990, 10, True, None)
    assert len(emulator.annotations) == 1000
    failure = report.failures[0]
    assert failure.error is not None
    assert failure.error.maybe_done
    assert "which this content made, is taken" in str(failure.error)
    assert isinstance(failure.error.__cause__, PermissionDeniedError | ConflictError)
    asked = sum(request.method == "GET" for request in emulator.requests)
    assert asked <= 12  # after three in a row that were refused there are no more


def test_a_key_that_may_only_write_stores_nothing_twice_and_claims_nothing(
    connect: Connect, emulator: Emulator
) -> None:
    client = connect(unreadable(emulator))
    assert client.upload(rows(1000)).stored == 1000
    report = client.upload(rows(1000))
    assert (report.stored, report.unknown, report.taken, report.exhausted) == (0, 1000, 1000, True)
    mixed = connect(first_answer_lost(emulator), max_retries=0)
    assert mixed.upload(rows(1000)).confirmed == 1000
    assert len(emulator.annotations) == 1000


# --- failures ------------------------------------------------------------------------------------


def test_a_row_that_cannot_be_sent_fails_alone_with_its_place(connect: Connect, emulator: Emulator) -> None:
    bad = [{"input_id": "a", "data": {"concepts": [{"id": "x"}]}}, 3, {"input_id": "", "data": None}]
    fraction = {"input_id": "b", "data": {"concepts": [{"id": "x", "value": 0.5}]}}
    report = connect(emulator).upload([*rows(2), *bad, fraction, *rows(4)])
    assert (report.stored, report.failed, report.repeated) == (4, 4, 2)
    errors = [failure.error for failure in report.failures]
    assert [failure.index for failure in report.failures] == [2, 3, 4, 5]
    assert [failure.annotation for failure in report.failures] == [*bad, fraction]
    assert isinstance(errors[0], MissingValueError)
    assert str(errors[0]).startswith("annotations[2] (input 'a'), data.concepts[0].value: concept 'x' has no value.")
    assert str(errors[1]).startswith("annotations[3] is a int")
    assert str(errors[3]).startswith("annotations[5].data.concepts[0] (input 'b'): concept 'x' has the value 0.5")
    with pytest.raises(UploadError, match=r"upload: of 10 annotations 4 failed\.") as caught:
        report.raise_for_failures()
    assert caught.value.report is report
    assert "  [2] input 'a': annotations[2] (input 'a'), data.concepts[0].value" in str(caught.value)


def test_fractions_leave_if_the_client_says_so(connect: Connect, emulator: Emulator) -> None:
    fraction = {"input_id": "b", "data": {"concepts": [{"id": "x", "value": 0.5}]}}
    report = connect(emulator, fractional_values=True).upload([fraction])
    assert (report.stored, report.positives, report.negatives) == (1, 0, 0)
    assert polarities(emulator) == {"b": [0.5]}


def test_refused_items_fail_and_their_neighbours_are_stored(connect: Connect) -> None:
    emulator = Emulator(inputs=[f"in-{index}" for index in range(200) if index % 10])
    report = connect(emulator).upload(rows(200))
    assert (report.stored, report.failed) == (180, 20)
    assert posts(emulator) == [128, 72]
    assert all("does not exist" in str(failure.error) for failure in report.failures)
    assert "upload: POST /v2/users/me/apps/app/annotations answered" in str(report.failures[0].error)


def refusing(emulator: Emulator, is_bad: Callable[[dict[str, Any]], bool], answer: httpx.Response) -> Any:
    """Return a server that refuses a batch as a whole if something in it is bad."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and any(map(is_bad, json.loads(request.content)["annotations"])):
            emulator.requests.append(None)  # type: ignore[arg-type]  # counted all the same
            return httpx.Response(answer.status_code, content=answer.content)
        return emulator(request)

    return handle


@pytest.mark.parametrize(
    "answer",
    [
        status(400, 10020),
        status(400, 11102),
        status(400, 24155),
        status(422, 0),
        status(404, 11101),
        status(413, 40033),
    ],
    ids=["failure", "invalid request", "invalid argument", "422", "404", "413"],
)
def test_a_batch_that_is_refused_as_a_whole_is_split_until_the_bad_one_stands_alone(
    connect: Connect, emulator: Emulator, answer: httpx.Response
) -> None:
    client = connect(refusing(emulator, lambda tree: tree["input_id"] == "in-77", answer))
    report = client.upload(rows(128))
    assert (report.stored, report.failed) == (127, 1)
    assert report.failures[0].input_id == "in-77"
    assert len(emulator.requests) <= 1 + 2 * 7 + 5  # halves, and to ask whether the app is there


def test_after_three_batches_of_which_nothing_is_left_splitting_stops(connect: Connect, emulator: Emulator) -> None:
    client = connect(refusing(emulator, lambda tree: True, status(400, 10020)))
    report = client.upload(rows(128 * 10))
    assert report.failed == report.taken == 1280
    assert 3 * 255 + 7 <= len(emulator.requests) <= 4 * 255  # some are on their way when the third is done


def test_an_item_on_which_the_server_always_fails_is_unknown_and_the_others_are_stored(
    connect: Connect, emulator: Emulator
) -> None:
    client = connect(refusing(emulator, lambda tree: tree["input_id"] == "in-3", httpx.Response(500)))
    report = client.upload(rows(200))
    assert (report.stored, report.unknown) == (199, 1)
    assert report.failures[0].input_id == "in-3"
    assert report.stopped is None


def test_what_may_have_been_carried_out_is_sent_again_and_is_there_once(connect: Connect, emulator: Emulator) -> None:
    lost = iter([True, True, True])

    def losing(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if request.method == "POST" and next(lost, False):
            raise httpx.ReadError("reset")
        return answer

    report = connect(losing).upload(rows(150))
    assert (report.stored, report.already_there) == (150, 0)
    assert len(emulator.annotations) == 150
    assert report.retries >= 1


ACCOUNT = [
    (status(401, 11009), AuthenticationError),
    (httpx.Response(401), AuthenticationError),
    (status(200, 11008), AuthenticationError),
    (status(402, 11006), PaymentRequiredError),
    (status(400, 69001), PaymentRequiredError),
    (status(403, 11007), PermissionDeniedError),
    (httpx.Response(302, headers={"location": "/sign-in"}), APIError),
    (status(405, 11103), APIError),
]


@pytest.mark.parametrize(("answer", "error"), ACCOUNT, ids=lambda case: getattr(case, "__name__", None))
def test_an_error_of_the_account_stops_at_once_and_is_raised_with_the_report(
    connect: Connect, emulator: Emulator, answer: httpx.Response, error: type[APIError]
) -> None:
    answers = iter([None, None])

    def handle(request: httpx.Request) -> httpx.Response:
        if next(answers, answer) is None:
            return emulator(request)
        emulator.requests.append(None)  # type: ignore[arg-type]  # counted all the same
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    mine = UploadReport()
    with pytest.raises(error) as caught:
        connect(handle).upload(rows(10_000), report=mine)
    assert caught.value.report is mine
    assert len(emulator.requests) <= 8
    assert mine.stored == 256
    assert mine.taken == 256 + mine.not_sent
    assert mine.stopped == "the API refuses every request"
    assert not mine.exhausted


def test_an_app_that_does_not_exist_stops_at_once(connect: Connect) -> None:
    emulator = Emulator(apps=[("emulator-user", "other")])
    with pytest.raises(NotFoundError) as caught:
        connect(emulator).upload(rows(10_000))  # in 79 requests, if nothing stopped them
    assert caught.value.report is not None
    assert caught.value.report.not_sent == caught.value.report.taken
    assert len(emulator.requests) < 40  # mostly 2; more are on their way by then if the machine is busy


# --- time ----------------------------------------------------------------------------------------


def test_a_deadline_stops_in_time_and_says_what_is_left(
    connect: Connect, clock: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "UNLIMITED_AT_ONCE", 1)  # or several would make the time pass at once

    def slow(request: httpx.Request) -> httpx.Response:
        clock.now += 1.0
        return emulator(request)

    began = clock.now
    report = connect(slow).upload(rows(100_000), deadline=10)
    assert clock.now - began <= 10.0
    assert report.stopped == "its deadline is over"
    assert not report.exhausted
    assert 600 <= report.stored == len(emulator.annotations)
    assert report.taken == report.stored + report.not_sent + report.unknown
    with pytest.raises(UploadError, match=r"It stopped: its deadline is over\. There is more"):
        report.raise_for_failures()


def test_it_gives_up_after_a_time_without_any_success(connect: Connect, clock: Any) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    began, mine = clock.now, UploadReport()
    report = connect(refuse).upload(rows(1000), give_up_after=100, report=mine)
    assert report is mine
    assert 80 <= clock.now - began <= 130
    assert report.stopped == "nothing succeeded for 100 s (give_up_after)"
    assert report.not_sent == report.taken > 0
    assert report.requests <= 25  # one at a time, with a backoff before each
    assert "was not sent: the upload stopped" in str(report.failures[0].error)
    assert report.failures[0].error is not None
    assert isinstance(report.failures[0].error.__cause__, APIError)


def test_a_retry_after_is_waited_for(connect: Connect, clock: Any, emulator: Emulator) -> None:
    answers = iter([httpx.Response(429, headers={"retry-after": "9"}, json={"status": {"code": 11005}})])
    began = clock.now
    report = connect(lambda request: next(answers, None) or emulator(request)).upload(rows(10))
    assert report.stored == 10
    assert report.throttled == 1
    assert clock.now - began >= 9.0


def test_items_that_are_throttled_one_by_one_are_sent_again(connect: Connect, emulator: Emulator) -> None:
    times = iter(range(3))

    def handle(request: httpx.Request) -> httpx.Response:
        if next(times, None) is None:
            return emulator(request)
        items = json.loads(request.content)["annotations"]
        said = [{**item, "status": {"code": 11005, "description": "Throttled"}} for item in items]
        return httpx.Response(207, json={"status": {"code": 10010}, "annotations": said})

    assert connect(handle).upload(rows(10)).stored == 10


def test_a_request_that_failed_is_logged_without_what_was_in_it(
    connect: Connect, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "clarifai_http_annotations")
    answers = iter([status(503, 40031)])
    connect(lambda request: next(answers, None) or emulator(request)).upload(rows(10))
    [line] = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert {record.levelname for record in caplog.records} == {"DEBUG"}  # a report is not repeated on a terminal
    assert line == "upload: a request of 10 annotations failed (InternalServerError, status_code 503, code 40031)"


# --- the caller's own code -----------------------------------------------------------------------


def test_everything_runs_in_the_thread_of_the_caller_and_never_at_once(connect: Connect, emulator: Emulator) -> None:
    threads: set[int] = set()
    busy = threading.Lock()

    def here(_: object = None) -> None:
        assert busy.acquire(blocking=False)
        threads.add(threading.get_ident())
        busy.release()

    def given() -> Iterator[dict[str, Any]]:
        for row in rows(1000):
            here()
            yield row

    connect(emulator).upload(given(), on_result=here, on_progress=here)
    assert threads == {threading.get_ident()}


def test_each_result_and_the_progress_are_told(connect: Connect) -> None:
    emulator = Emulator(inputs=[f"in-{index}" for index in range(99)])
    told: list[UploadResult] = []
    progress: list[int] = []
    report = connect(emulator).upload(
        [*rows(100), *rows(1), 3], on_result=told.append, on_progress=lambda live: progress.append(live.taken)
    )
    assert sorted(result.index for result in told) == list(range(102))
    assert {result.outcome for result in told} == {"stored", "repeated", "failed"}
    stored = next(result for result in told if result.index == 7)
    assert (stored.outcome, stored.input_id, stored.error) == ("stored", "in-7", None)
    assert stored.id is not None
    assert len(stored.id) == 32
    assert progress[-1] == report.taken == 102


def test_failures_beyond_those_that_are_kept_are_counted_and_told(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST_FAILURES", 5)
    told: list[UploadResult] = []
    report = connect(Emulator(inputs=[])).upload(rows(20), on_result=told.append)
    assert (report.failed, len(report.failures), len(told)) == (20, 5, 20)


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("where", ["given", "on_result", "on_progress"])
def test_an_error_of_the_callers_own_code_comes_back_and_nothing_is_lost(
    connect: Connect, emulator: Emulator, where: str
) -> None:
    def given() -> Iterator[dict[str, Any]]:
        yield from rows(300)
        if where == "given":
            raise BrokenError
        yield from rows(10_000)

    def fail(_: object) -> None:
        raise BrokenError

    mine = UploadReport()
    callbacks = {} if where == "given" else {where: fail}
    with pytest.raises(BrokenError):
        connect(emulator).upload(given(), report=mine, **callbacks)
    assert mine.stored == len(emulator.annotations) >= 128
    assert mine.taken == mine.stored + mine.repeated + mine.not_sent
    assert mine.stopped == f"{'what was given' if where == 'given' else 'a callback'} raised BrokenError"


def test_an_interruption_comes_back_at_once_with_the_report_filled(connect: Connect, emulator: Emulator) -> None:
    def given() -> Iterator[dict[str, Any]]:
        yield from rows(300)
        raise KeyboardInterrupt

    mine = UploadReport()
    with pytest.raises(KeyboardInterrupt):
        connect(emulator).upload(given(), report=mine)
    assert mine.taken == 300
    assert mine.stored + mine.unknown + mine.not_sent == 300
    assert mine.stopped == "it was interrupted"
    assert mine.stored <= len(emulator.annotations) <= mine.stored + mine.unknown


def test_a_report_of_ones_own_is_filled_while_it_goes_on_and_goes_on_counting(
    connect: Connect, emulator: Emulator
) -> None:
    mine = UploadReport()
    seen: list[int] = []
    client = connect(emulator)
    client.upload(rows(500), report=mine, on_progress=lambda live: seen.append(mine.stored))
    assert seen[0] in (128, 116)
    assert client.upload(rows(10), report=mine) is mine
    assert (mine.stored, mine.already_there, mine.taken) == (500, 10, 510)


def test_the_lines_of_a_file_fail_with_what_reads_them(connect: Connect, emulator: Emulator) -> None:
    report = connect(emulator).upload(iter(['{"input_id": "in-1"}\n']))
    assert report.failed == 1
    assert "labels.read_labels() read" in str(report.failures[0].error)
    assert str(report).startswith("1 annotation in ")


def test_the_report_reads_well(connect: Connect, emulator: Emulator) -> None:
    report = connect(emulator).upload([*rows(20), *rows(5), *range(4)])
    lines = str(report).splitlines()
    assert lines[0].startswith("29 annotations in 0.0 s")
    assert lines[1:5] == [
        "           20  stored",
        "            5  repeated in what was given",
        "            4  failed",
        "           10  positive and 30 negative concepts in what is there",
    ]
    assert lines[5].startswith("            1  requests, 0 of them retries, 0 throttled; 0.0 MB")
    assert lines[6].startswith("[25] input None: annotations[25] is a int")
    assert lines[-1] == "... and 1 more: .failures has 4 of them"
    assert "failures" not in repr(report)


# --- places --------------------------------------------------------------------------------------


def test_a_blocking_upload_works_in_the_thread_of_a_running_loop() -> None:
    emulator = Emulator()

    async def notebook() -> UploadReport:
        return emulator.client().upload(rows(300))

    assert asyncio.run(notebook()).stored == 300


def test_without_threads_one_request_goes_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    emulator = Emulator()
    assert emulator.client().upload(rows(1000)).stored == 1000


def test_a_system_that_has_no_more_threads_makes_do_with_those_that_it_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def few(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", few)
    emulator = Emulator()
    assert emulator.client().upload(rows(2000)).stored == 2000


def test_a_bug_in_a_transport_comes_back_as_it_is(connect: Connect) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    mine = UploadReport()
    with pytest.raises(ZeroDivisionError):
        connect(broken).upload(rows(10), report=mine)
    assert mine.unknown == 10


def test_cancelling_the_task_cancels_the_upload_and_fills_the_report() -> None:
    emulator = Emulator()

    async def main() -> UploadReport:
        mine, first = UploadReport(), asyncio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            if first.is_set():
                await asyncio.sleep(60)
            first.set()
            return emulator(request)

        settings = {"pat": "x", "user_id": "me", "app_id": "app", "rate": None}
        async with AsyncClient(transport=httpx.MockTransport(slow), **settings) as client:  # type: ignore[arg-type]
            task = asyncio.create_task(client.upload(rows(1000), report=mine))
            await first.wait()
            for _ in range(50):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return mine

    report = asyncio.run(main())
    assert report.stored == len(emulator.annotations) == 128
    assert report.unknown >= 128
    assert report.taken == report.stored + report.unknown + report.not_sent


def test_two_uploads_at_once_share_a_client() -> None:
    emulator = Emulator()
    client: Client = emulator.client()
    threads = [threading.Thread(target=client.upload, args=(list(rows(1000)),)) for _ in range(2)]
    with no_waiting():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(emulator.annotations) == 1000
