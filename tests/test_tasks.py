"""Tasks, the people who do them, and tracks of videos."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    AnnotationType,
    BoundingBox,
    ConflictError,
    FrameInfo,
    InternalServerError,
    InvalidRequestError,
    MissingValueError,
    NotFoundError,
    Status,
    StatusCode,
    TaskAnnotationCount,
    User,
    Worker,
    negative,
    positive,
)
from clarifai_http_annotations.models._base import read
from clarifai_http_annotations.testing import Emulator

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)


@pytest.fixture
def client(connect: Any, emulator: Emulator) -> Any:
    """A client of an app in which two people have a task."""
    client = connect(emulator)
    for user in ("ada", "bob"):
        client.create(
            [
                Annotation.of(f"in-{n}", user_id=user, task_id="task", status="ANNOTATION_PENDING", id=user)
                for n in range(2)
            ]
        )
    client.create(Annotation.of("in-9", positive("tree"), id="a"))
    return client


def test_a_task_waits_for_another_person(client: Any, emulator: Emulator) -> None:
    assert emulator.requests[0].body["annotations"][0] == {
        "id": "ada",
        "input_id": "in-0",
        "user_id": "ada",
        "task_id": "task",
        "status": {"code": "ANNOTATION_PENDING"},
    }
    [one, _] = client.list(user_ids="ada")
    assert (one.user_id, one.worker.user.id) == ("ada", "ada")
    assert one.status.code_name == "ANNOTATION_PENDING"


@pytest.mark.parametrize("code", ["ANNOTATION_SUCCESS", "ANNOTATION_AWAITING_REVIEW", "ANNOTATION_REVIEW_DENIED"])
def test_a_status_is_patched_and_nothing_else(client: Any, emulator: Emulator, code: str) -> None:
    annotation = client.get("ada", input_id="in-0")
    annotation.status = Status(code=code)
    [patched] = client.patch(annotation)
    assert emulator.requests[-1].body == {
        "annotations": [{"id": "ada", "input_id": "in-0", "status": {"code": code}}],
        "action": "merge",
    }
    assert patched.status.code is StatusCode[code]


def test_what_is_done_is_counted_for_each_worker(client: Any) -> None:
    client.patch(Annotation.of("in-0", negative("tree"), id="bob", status="ANNOTATION_SUCCESS"))
    counts = client.count_task_annotations("task")
    assert [(count.worker.user.id, count.pending, count.success) for count in counts] == [("ada", 2, 0), ("bob", 1, 1)]
    [count] = client.count_task_annotations("task", user_ids="bob")
    assert isinstance(count, TaskAnnotationCount)
    assert (count.awaiting_review, count.review_denied, count.awaiting_consensus_review) == (0, 0, 0)


def test_workers_are_listed_page_by_page(client: Any, emulator: Emulator) -> None:
    workers = list(client.list_workers(per_page=2, trusted_only=True, additional_fields="names"))
    assert [worker.user.id for worker in workers] == ["ada", "bob", "emulator-user"]
    assert all(isinstance(worker, Worker) for worker in workers)
    asked = [request.query for request in emulator.requests if request.path.endswith("/workers")]
    assert asked[0] == {"trusted_only": ["true"], "additional_fields": ["names"], "page": ["1"], "per_page": ["2"]}
    assert len(asked) == 3


def test_a_model_or_a_workflow_may_be_a_worker() -> None:
    worker = read(Worker, {"model": {"id": "m", "model_version": {"id": "v"}}})
    assert worker.user is None
    assert worker.model == {"id": "m", "model_version": {"id": "v"}}
    assert Worker(user=User(id="ada")) == read(Worker, {"user": {"id": "ada"}})


def test_the_status_of_a_task_is_set_at_once(client: Any, emulator: Emulator) -> None:
    changed = client.set_task_status("task", "ANNOTATION_SUCCESS", user_ids=["ada"], from_statuses="ANNOTATION_PENDING")
    assert changed == 2
    assert emulator.requests[-1].path == "/v2/users/me/apps/app/task/task/annotations/status"
    assert emulator.requests[-1].body == {
        "action": "overwrite",
        "status_code": "ANNOTATION_SUCCESS",
        "user_ids": ["ada"],
        "status_codes": ["ANNOTATION_PENDING"],
    }
    assert client.set_task_status("task", 24157, from_statuses=[StatusCode.ANNOTATION_PENDING, 24150]) == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.count_task_annotations(""),
        lambda client: client.count_task_annotations("task", user_ids=[""]),
        lambda client: client.count_task_annotations("task", user_ids=["x" * 5000]),
        lambda client: client.set_task_status("task", "DONE"),
        lambda client: client.set_task_status("..", "ANNOTATION_PENDING"),
        lambda client: client.set_task_status("task", "ANNOTATION_PENDING", from_statuses=["DONE"]),
        lambda client: list(client.list_workers(per_page=0)),
        lambda client: list(client.list_tracks("")),
        lambda client: list(client.list_tracks("in", page=0)),
        lambda client: client.create_tracks("in", []),
        lambda client: client.create_tracks("in", "t"),
        lambda client: client.create_tracks("in", [5]),
        lambda client: client.create_tracks("in", {"concpt": {"id": "car", "value": 1}}),
        lambda client: client.patch_tracks("in", AnnotationTrack(concept=negative("car"))),
        lambda client: client.delete_tracks([], input_id="in"),
        lambda client: client.delete_tracks("t", input_id=""),
        lambda client: client.search_track("in", track_id=""),
        lambda client: client.search_track("in", track_id="t", max_frames=61),
        lambda client: client.search_track("in", track_id="t", max_frames=0),
        lambda client: client.search_track("in", track_id="t", max_duration=3001),
        lambda client: client.search_track("in", track_id="t", frame_time_start=-1),
        lambda client: client.search_track("in", track_id="t", frame_number_start=True),
        lambda client: client.search_track("in", track_id="t", annotation_type="BOX"),
        lambda client: client.search_track("in", track_id="t", annotation_type=3),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(connect: Any, emulator: Emulator, call: Any) -> None:
    with pytest.raises(InvalidRequestError):
        call(connect(emulator))
    assert emulator.requests == []


# --- tracks ------------------------------------------------------------------------------------------

TRACK = AnnotationTrack(
    id="t", concept=negative("car"), start_frame_nr=10, end_frame_nr=40, start_frame_ms=400, end_frame_ms=1600
)


def test_a_track_is_created_listed_patched_and_deleted(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    [created] = client.create_tracks("video", TRACK)
    assert emulator.requests[-1].body == {
        "annotation_tracks": [
            {
                "id": "t",
                "concept": {"id": "car", "value": 0.0},
                "start_frame_nr": 10,
                "end_frame_nr": 40,
                "start_frame_ms": 400,
                "end_frame_ms": 1600,
            }
        ]
    }
    assert (created.input_id, created.concept.value, created.start_frame_ms) == ("video", 0.0, 400)
    assert [track.id for track in client.list_tracks("video", per_page=1)] == ["t"]
    assert list(client.list_tracks("video", ids=[])) == []
    assert list(client.list_tracks("video", ids="u")) == []
    created.concept.value = 1
    created.end_frame_nr = 50
    [patched] = client.patch_tracks("video", created)
    assert emulator.requests[-1].body["action"] == "overwrite"
    assert (patched.concept.value, patched.end_frame_nr, patched.start_frame_nr) == (1.0, 50, 10)
    client.delete_tracks("t", input_id="video")
    assert emulator.tracks == []
    with pytest.raises(NotFoundError):
        client.delete_tracks("t", input_id="video")
    assert emulator.missing_values == []


@pytest.mark.parametrize("operation", ["create_tracks", "patch_tracks"])
def test_a_track_without_polarity_is_refused(connect: Any, emulator: Emulator, operation: str) -> None:
    """It is the one place of the API where a concept stands alone."""
    with pytest.raises(MissingValueError, match=r"concept.value: concept 'car' has no value"):
        getattr(connect(emulator), operation)("video", {"id": "t", "concept": {"id": "car"}})
    assert emulator.requests == []


def test_a_track_that_exists_is_a_conflict(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    client.create_tracks("video", [TRACK])
    with pytest.raises(ConflictError):
        client.create_tracks("video", [TRACK])


@pytest.mark.parametrize(("operation", "attempts"), [("create_tracks", 1), ("patch_tracks", 3)])
def test_a_new_track_is_not_sent_twice(connect: Any, operation: str, attempts: int) -> None:
    sent: list[httpx.Request] = []

    def broken(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(502)

    with pytest.raises(InternalServerError) as caught:
        getattr(connect(broken, max_retries=2), operation)("video", TRACK)
    assert (len(sent), caught.value.maybe_done) == (attempts, True)


def test_a_track_that_an_earlier_attempt_deleted_is_gone(connect: Any, emulator: Emulator) -> None:
    lost: list[bool] = []

    def loses_the_first_answer(request: httpx.Request) -> httpx.Response:
        answer = emulator(request)
        if request.method == "DELETE" and not lost:
            lost.append(True)
            return httpx.Response(502)
        return answer

    client = connect(loses_the_first_answer)
    client.create_tracks("video", TRACK)
    client.delete_tracks(["t"], input_id="video")
    assert emulator.tracks == []


def test_the_annotations_of_a_track_are_found_from_a_frame_on(connect: Any, emulator: Emulator) -> None:
    client = connect(emulator)
    for number, value in ((10, 1), (20, 0), (30, 1)):
        concept = positive("car") if value else negative("car")
        frame = FrameInfo(time=number * 40, number=number)
        client.create(Annotation.of("video", concept, region=BOX, frame=frame, track_id="t", id=f"f{number}"))
    found = client.search_track(
        "video",
        track_id="t",
        frame_number_start=20,
        frame_time_start=100,
        annotation_type=AnnotationType.BOUNDING_BOX,
        max_frames=60,
        max_duration=3000,
        model_version_id="v",
    )
    body = emulator.requests[-1].body
    assert body.pop("worker") == {"model": {"model_version": {"id": "v"}}}
    assert body == {
        "track_id": "t",
        "frame_number_start": 20,
        "frame_time_start": 100,
        "annotation_type": "BOUNDING_BOX",
        "max_frames": 60,
        "max_duration": 3000,
    }
    assert isinstance(found, list)
    found = client.search_track("video", track_id="t", frame_number_start=20, annotation_type="BOUNDING_BOX")
    assert [(annotation.id, next(annotation.each_concept())[1].value) for annotation in found] == [
        ("f20", 0.0),
        ("f30", 1.0),
    ]
    assert [place for place, region in found[0].each_region() if region.place == BOX] == [
        "data.frames[0].data.regions[0]"
    ]


def test_a_search_of_a_track_needs_no_more_than_the_track(connect: Any, emulator: Emulator) -> None:
    assert connect(emulator).search_track("video", track_id="t") == []
    assert emulator.requests[-1].body == {"track_id": "t"}
