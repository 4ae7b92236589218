"""Every operation of this library once, on a watched emulator: which of Clarifai's RPCs each of them asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from watching import Watching

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    AnnotationType,
    Client,
    Filter,
    FrameInfo,
    Point,
    Status,
    negative,
    positive,
)

VIDEO, WAITING = "in-1", ["ANNOTATION_PENDING", "ANNOTATION_AWAITING_REVIEW"]
FOUND = Annotation.of(
    VIDEO,
    negative("boat"),
    id="found",
    region=Point(row=0.5, col=0.0, visibility="VISIBLE"),
    frame=FrameInfo(number=3),
    track_id="track",
    task_id="task",
)
SAID = Annotation.of(VIDEO, positive("tree"), negative("water"), id="said")
TRACK = AnnotationTrack(id="track", concept=negative("boat"), start_frame_nr=0, end_frame_ms=40)


def everything(client: Client) -> dict[str, Callable[[], Any]]:
    """Return every operation by its name, in an order in which one finds what the others stored."""

    read: list[Annotation] = []

    def edit() -> Any:
        read[0].status = Status(code="ANNOTATION_AWAITING_REVIEW")
        return client.patch(read)

    return {
        "create": lambda: client.create([SAID, FOUND]),
        "upload": lambda: client.upload([Annotation.of(VIDEO, negative("boat"))]).raise_for_failures(),
        "get": lambda: read.append(client.get("said", input_id=VIDEO)),
        "list": lambda: client.list(ids=["said"], input_ids=[VIDEO], list_all_annotations=True),
        "patch": edit,
        "set_value": lambda: client.set_value("said", input_id=VIDEO, concept_id="water", value=True),
        "search": lambda: client.search(negative("boat"), Filter(kind="point"), ~Filter(status="ANNOTATION_PENDING")),
        "list_workers": lambda: client.list_workers(trusted_only=True, additional_fields=["name"]),
        "count_task_annotations": lambda: client.count_task_annotations("task", user_ids=["me"]),
        "set_task_status": lambda: client.set_task_status(
            "task", "ANNOTATION_SUCCESS", from_statuses=["ANNOTATION_PENDING"]
        ),
        "create_tracks": lambda: client.create_tracks(VIDEO, TRACK),
        "list_tracks": lambda: client.list_tracks(VIDEO, ids=["track"]),
        "patch_tracks": lambda: client.patch_tracks(VIDEO, AnnotationTrack(id="track", concept=positive("boat"))),
        "search_track": lambda: client.search_track(
            VIDEO, track_id="track", frame_number_start=1, annotation_type=AnnotationType.POINT, max_frames=5
        ),
        "delete_tracks": lambda: client.delete_tracks("track", input_id=VIDEO),
        "delete": lambda: client.delete("said", input_id=VIDEO),
        "delete_many": lambda: client.delete_many([FOUND]),
        "delete_all_of_inputs": lambda: client.delete_all_of_inputs([VIDEO]),
    }


def tour() -> dict[str, list[tuple[str, Any]]]:
    """Call every operation; return for each the names of the RPCs that it asked, with their messages."""
    watching = Watching()
    asked: dict[str, list[tuple[str, Any]]] = {}
    with watching.client() as client:
        for name, call in everything(client).items():
            before = len(watching.sent)
            result = call()
            if isinstance(result, Iterable):
                assert list(result) != [], f"{name} finds nothing"
            asked[name] = [(rpc.name, message) for rpc, message in watching.sent[before:]]
    return asked
