"""Both polarities in every kind of annotation: the exact body, and what is made of the answer.

The bodies in ``samples/requests`` are the documented ones ("Positive and negative annotations", "Add
annotations", "Update annotations", "Filter") with ids, and with ``value`` as a float. The documentation has
none for a polygon with whole points, a point, keypoints, a span, a token, a frame, a time segment and a
track: those follow the API's messages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import respx

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    Data,
    Filter,
    FrameInfo,
    GeoPoint,
    Mask,
    Point,
    Polygon,
    Region,
    RegionInfo,
    Span,
    TimeInfo,
    Token,
    Track,
    Visibility,
    negative,
    positive,
)

SAMPLES = Path(__file__).parent / "samples" / "requests"
INPUT = "53d0362a9dfa4e03b2293375e2d0db73"
URL = "https://api.clarifai.com/v2/users/me/apps/app/annotations"

UPPER = BoundingBox(top_row=0, left_col=0, bottom_row=0.5, right_col=0.5)
LOWER = BoundingBox(top_row=0.6, left_col=0.6, bottom_row=0.8, right_col=0.8)

BOTH = (positive("tree"), negative("water"))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
SEEN, HIDDEN = (
    Point(row=0.1, col=0.2, visibility=Visibility.VISIBLE),
    Point(row=0.3, col=0.4, visibility=Visibility.NOT_VISIBLE),
)


def of(*concepts: Concept, **more: Any) -> list[Annotation]:
    return [Annotation.of("in-1", *concepts, id="a1", **more)]


BUILT: dict[str, list[Annotation]] = {
    "both_present": [Annotation.of(INPUT, positive("tree"), positive("water"))],
    "both_absent": [Annotation.of(INPUT, negative("tree"), negative("water"))],
    "present_and_absent": [Annotation.of(INPUT, positive("tree"), negative("water"))],
    "boxes": [
        Annotation.of(INPUT, positive("tree"), negative("water"), region=UPPER),
        Annotation.of(INPUT, positive("bike"), region=LOWER),
    ],
    "pending": [Annotation.of(INPUT, status="ANNOTATION_PENDING")],
    "polygon": of(*BOTH, region=Polygon.of((0.25, 0.25), (0.25, 0.75), (0.75, 0.5))),
    "mask": of(*BOTH, region=Mask.from_png(PNG)),
    "point": of(*BOTH, region=Point(row=0.5, col=0.25, z=2, visibility=Visibility.VISIBLE)),
    "keypoints": of(*BOTH, region=RegionInfo(keypoint_locations=[SEEN, HIDDEN])),
    "existing_region": of(*BOTH, region=Region(id="r1")),
    "span": of(*BOTH, region=Span(char_start=0, char_end=5, raw_text="hello")),
    "token": of(*BOTH, region=Token(char_start=6, char_end=11, raw_text="world")),
    "frame_by_time": of(*BOTH, frame=FrameInfo(time=5000)),
    "frame_by_number": of(*BOTH, frame=FrameInfo(number=150), region=BOX, track_id="t1"),
    "time_segment": of(*BOTH, time_segment=TimeInfo(begin_time=1.5, end_time=2.5, num_frames=30)),
    "track": [
        Annotation(
            id="a1",
            input_id="in-1",
            data=Data(
                tracks=[
                    Track(
                        id="t1",
                        time_info=TimeInfo(begin_time=0, end_time=9),
                        data=Data(concepts=list(BOTH)),
                        quality=0.5,
                    )
                ]
            ),
        )
    ],
    "metadata_and_geo": of(
        *BOTH,
        metadata={"shot": {"by": "Ada"}},
        geo=GeoPoint(longitude=-0.125, latitude=51.5),
        annotation_info={"batch": 7},
    ),
    "task_of_another_user": of(user_id="ada", task_id="k1", status="ANNOTATION_PENDING"),
}

WHOLE = BoundingBox(top_row=0, left_col=0, bottom_row=1, right_col=1)

CALLS: dict[str, tuple[str, str, Any]] = {
    "patch_concepts": ("PATCH", URL, lambda c: c.patch(of(*BOTH))),
    "patch_region_concepts": ("PATCH", URL, lambda c: c.patch(of(*BOTH, region=Region(id="r1")))),
    "patch_region_coords": ("PATCH", URL, lambda c: c.patch(of(*BOTH, region=WHOLE), action="overwrite")),
    "patch_status": ("PATCH", URL, lambda c: c.patch(of(status="ANNOTATION_SUCCESS"))),
    "patch_remove": (
        "PATCH",
        URL,
        lambda c: c.patch(
            {"id": "a1", "input_id": "in-1", "data": {"concepts": [{"id": "tree"}]}},
            action="remove",
            delete_if_empty_data=True,
        ),
    ),
    "delete_ids": ("DELETE", URL, lambda c: c.delete_many(ids=["a1", "a2"], input_ids=["in-1", "in-2"])),
    "delete_all_of_inputs": ("DELETE", URL, lambda c: c.delete_all_of_inputs(["in-1", "in-2"])),
    "search_by_concept": (
        "POST",
        f"{URL}/searches",
        lambda c: list(c.search(positive("people"), page=2, per_page=20)),
    ),
    "search_by_absent_concept": (
        "POST",
        f"{URL}/searches",
        lambda c: list(c.search(negative("people"), ~Filter(kind="mask"))),
    ),
    "search_by_status": ("POST", f"{URL}/searches", lambda c: list(c.search(Filter(status="ANNOTATION_SUCCESS")))),
}


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    """Answer the way the API is thought to: what was asked, with a status and what the server adds."""
    status = {"code": 24150, "description": "Annotation success"}
    added = {"status": status, "created_at": "2025-02-28T09:41:55.568082659Z", "user_id": "somebody"}
    return {
        "status": {"code": 10000, "description": "Ok", "req_id": "8816febaa1ce4ecab9fb3e3a1614a100"},
        "annotations": [{**annotation, **added} for annotation in body.get("annotations", ())],
    }


@pytest.mark.parametrize("name", sorted(BUILT))
def test_what_is_built_by_types_is_posted_as_documented_and_read_back(connect: Any, name: str) -> None:
    body = json.loads((SAMPLES / f"{name}.json").read_text())
    with respx.mock(assert_all_called=True) as mock:
        route = mock.post(URL, json=body).respond(json=answer_to(body))
        created = connect().create(BUILT[name])
    assert route.call_count == 1
    request = route.calls.last.request
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == body
    for built, stored in zip(BUILT[name], created, strict=True):
        asked = [(place, concept.id, concept.value) for place, concept in built.each_concept()]
        assert [(place, concept.id, concept.value) for place, concept in stored.each_concept()] == asked
        assert stored.created_at is not None


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_is_asked_is_sent_as_documented(connect: Any, name: str) -> None:
    method, url, call = CALLS[name]
    body = json.loads((SAMPLES / f"{name}.json").read_text())
    with respx.mock(assert_all_called=True) as mock:
        route = mock.request(method, url, json=body).respond(json=answer_to(body))
        call(connect())
    assert route.call_count == 1


def test_the_samples_are_all_used() -> None:
    assert {path.stem for path in SAMPLES.iterdir()} == BUILT.keys() | CALLS.keys()


def test_every_kind_is_there_with_both_polarities() -> None:
    """In a region, a frame, a region of a frame, a time segment and a track too."""
    without = {"pending", "task_of_another_user", "both_present", "both_absent"}
    for name, built in BUILT.items():
        values = {concept.value for annotation in built for _, concept in annotation.each_concept()}
        assert values == {0.0, 1.0} or name in without, name


def test_the_documented_cases_hold_both_polarities() -> None:
    """So that a mistake in one of the samples is not a mistake in the test."""
    said = {name: [c.value for a in annotations for _, c in a.each_concept()] for name, annotations in BUILT.items()}
    assert said["both_present"] == [1.0, 1.0]
    assert said["both_absent"] == [0.0, 0.0]
    assert said["present_and_absent"] == [1.0, 0.0]
    assert said["boxes"] == [1.0, 0.0, 1.0]
