"""Searching: what a filter says on the wire, and what it finds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Data,
    Filter,
    FrameInfo,
    Hit,
    InvalidRequestError,
    InvalidResponseError,
    Mask,
    MissingValueError,
    Point,
    Polygon,
    Span,
    StatusCode,
    TimeInfo,
    negative,
    positive,
)
from clarifai_http_annotations._wire.searches import conditions
from clarifai_http_annotations.models._base import read
from clarifai_http_annotations.testing import Emulator

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def about(**fields: Any) -> dict[str, Any]:
    return {"annotation": fields}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (positive("tree"), [about(data={"concepts": [{"id": "tree", "value": 1.0}]})]),
        (Filter(concept=negative("tree")), [about(data={"concepts": [{"id": "tree", "value": 0.0}]})]),
        (Filter(id="a"), [about(id="a")]),
        (Filter(input_id="in"), [about(input_id="in")]),
        (Filter(task_id="t"), [about(task_id="t")]),
        (Filter(user_id="ada"), [about(user_id="ada")]),
        (Filter(model_version_id="v"), [about(model_version_id="v")]),
        (Filter(track_id="t"), [about(data={"regions": [{"track_id": "t"}]})]),
        (Filter(status=StatusCode.ANNOTATION_PENDING), [about(status={"code": "ANNOTATION_PENDING"})]),
        (Filter(status="24151"), [about(status={"code": "ANNOTATION_PENDING"})]),
        (Filter(annotation_info={"batch": {"n": 7}}), [about(annotation_info={"batch": {"n": 7}})]),
        (Filter(metadata={"a": 1}), [about(data={"metadata": {"a": 1}})]),
        (Filter(input_level=True), [about(input_level=True)]),
        (Filter(input_level=False), [{**about(input_level=True), "negate": True}]),
        (~Filter(input_level=False), [about(input_level=True)]),
        (Filter(kind="classification"), [about(data={})]),
        (Filter(kind="mask"), [about(data={"regions": [{"region_info": {"mask": {}}}]})]),
        (Filter(kind="frame"), [about(data={"frames": [{"frame_info": {}}]})]),
        (Filter(kind="time_segment"), [about(data={"time_segments": [{"time_info": {}}]})]),
        (Filter(changed_since=NOON), [{"last_updated_time_range": {"start_time": "2026-11-23T12:00:00Z"}}]),
        (
            Filter(changed_since=NOON.astimezone(timezone(timedelta(hours=5))), changed_until=NOON + timedelta(0.5)),
            [{"last_updated_time_range": {"start_time": "2026-11-23T12:00:00Z", "end_time": "2026-11-24T00:00:00Z"}}],
        ),
        (~Filter(input_id="in"), [{**about(input_id="in"), "negate": True}]),
        (~~Filter(input_id="in"), [about(input_id="in")]),
        (
            Filter(input_id="in", task_id="t", concept=positive("tree")),
            [about(input_id="in"), about(task_id="t"), about(data={"concepts": [{"id": "tree", "value": 1.0}]})],
        ),
        ({"annotation": {"worker": {"user": {"id": "ada"}}}}, [about(worker={"user": {"id": "ada"}})]),
    ],
    ids=repr,
)
def test_each_thing_that_a_filter_says_is_one_filter_of_the_api(given: Any, said: Any) -> None:
    """Several filters are ANDed for each annotation; what several fields in one are is not said."""
    assert conditions([given]) == said


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], r"search takes filters.* list\(\) yields every annotation"),
        ([Filter()], r"filters\[0\] says nothing"),
        ([positive("a"), ~Filter()], r"filters\[1\] says nothing"),
        ([~Filter(input_id="in", task_id="t")], "is negated and says 2 things: negate a filter for each"),
        (["tree"], r"filters\[0\] is a str: give positive\('tree'\), negative\('tree'\)"),
        ([5], r"filters\[0\] is a int"),
        ([{"data": {}}], "has annotation, input or last_updated_time_range"),
    ],
)
def test_what_is_no_filter_is_refused_before_anything_is_sent(
    connect: Any, emulator: Emulator, given: Any, problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        list(connect(emulator).search(*given))
    assert emulator.requests == []


@pytest.mark.parametrize(
    "build",
    [
        lambda: Filter(concept="tree"),
        lambda: Filter(kind="keypoints"),
        lambda: Filter(status="DONE"),
        lambda: Filter(input_id=""),
        lambda: Filter(inputs="in"),  # type: ignore[call-arg]
        lambda: Filter(changed_since=datetime(2026, 11, 23)),
    ],
)
def test_a_filter_that_cannot_be_is_refused(build: Any) -> None:
    with pytest.raises(ValidationError):
        build()


def test_not_a_concept_is_answered_with_both_that_it_could_mean() -> None:
    with pytest.raises(TypeError, match=r"negative\('tree'\).*~Filter"):
        ~positive("tree")


def test_a_filter_without_value_is_refused_by_the_guard(connect: Any, emulator: Emulator) -> None:
    """The API would take it for a positive."""
    with pytest.raises(MissingValueError, match=r"searches\[0\].query.filters\[0\].annotation.data.concepts\[0\]"):
        list(connect(emulator).search({"annotation": {"data": {"concepts": [{"id": "tree"}]}}}))
    assert emulator.requests == []


# --- what is found -----------------------------------------------------------------------------------


@pytest.fixture
def client(connect: Any, emulator: Emulator) -> Any:
    """A client of an app with one annotation of every kind."""
    client = connect(emulator)
    png = Mask.from_png(b"\x89PNG\r\n\x1a\n")
    client.create(
        [
            Annotation.of("in-1", positive("tree"), negative("water"), id="whole"),
            Annotation.of("in-1", positive("boat"), region=BOX, id="box"),
            Annotation.of("in-1", negative("boat"), region=Polygon.of((0, 0), (0, 1), (1, 1)), id="polygon"),
            Annotation.of("in-1", positive("boat"), region=png, id="mask"),
            Annotation.of("in-2", positive("boat"), region=Point(row=0, col=0), id="point", task_id="task"),
            Annotation.of("in-2", positive("boat"), region=Span(char_start=0, char_end=1), id="span"),
            Annotation.of("in-2", negative("tree"), frame=FrameInfo(time=5), id="frame", region=BOX, track_id="t"),
            Annotation.of("in-2", positive("rain"), time_segment=TimeInfo(begin_time=0, end_time=1), id="segment"),
            Annotation.of("in-3", id="pending", status="ANNOTATION_PENDING", user_id="ada", annotation_info={"n": 7}),
        ]
    )
    return client


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([positive("tree")], ["whole"]),
        ([negative("tree")], ["frame"]),
        ([positive("tree"), negative("water")], ["whole"]),
        ([positive("tree"), positive("boat")], []),  # one input has both, no annotation has
        ([Filter(concept=positive("boat"), input_id="in-2")], ["point", "span"]),
        ([positive("boat"), ~Filter(kind="mask"), ~Filter(kind="point")], ["box", "span"]),
        ([Filter(kind="classification")], ["whole", "pending"]),
        ([Filter(kind="bounding_box")], ["box", "frame"]),
        ([Filter(kind="polygon")], ["polygon"]),
        ([Filter(kind="span")], ["span"]),
        ([Filter(kind="frame")], ["frame"]),
        ([Filter(kind="time_segment")], ["segment"]),
        ([Filter(track_id="t")], ["frame"]),
        ([Filter(status=StatusCode.ANNOTATION_PENDING)], ["pending"]),
        ([Filter(user_id="ada")], ["pending"]),
        ([Filter(task_id="task")], ["point"]),
        ([Filter(annotation_info={"n": 7})], ["pending"]),
        ([Filter(annotation_info={"n": 8})], []),
        ([~Filter(input_id="in-1"), ~Filter(input_id="in-2")], ["pending"]),
        ([Filter(changed_since=NOON, input_id="in-3")], ["pending"]),
        ([Filter(changed_until=datetime(2020, 1, 1, tzinfo=UTC))], []),
        ([Filter(id="mask")], ["mask"]),
    ],
)
def test_what_passes_every_filter_is_found(client: Any, filters: Any, found: list[str]) -> None:
    assert sorted(hit.annotation.id for hit in client.search(*filters)) == sorted(found)


def test_a_hit_is_typed_and_can_be_edited_and_patched(client: Any, emulator: Emulator) -> None:
    [hit] = client.search(negative("boat"))
    assert type(hit).__name__ == Hit.__name__
    assert (hit.score, hit.input.id, hit.annotation.input_id) == (1.0, "in-1", "in-1")
    hit.annotation.data.regions[0].data.concepts[0].value = 1
    client.patch(hit.annotation)
    assert "region_info" not in json.dumps(emulator.requests[-1].body)
    assert list(client.search(negative("boat"))) == []


@pytest.mark.parametrize(("per_page", "pages"), [(1, 5), (2, 3), (4, 2), (5, 2), (1000, 2)])
def test_every_page_is_read_until_one_is_empty(client: Any, emulator: Emulator, per_page: int, pages: int) -> None:
    before = len(emulator.requests)
    assert len(list(client.search(positive("boat"), per_page=per_page))) == 4
    asked = [request.body["pagination"] for request in emulator.requests[before:]]
    assert asked == [{"page": page, "per_page": per_page} for page in range(1, pages + 1)]


def test_a_search_may_begin_at_a_page(client: Any) -> None:
    everything = [hit.annotation.id for hit in client.search(positive("boat"))]
    hits = client.search(positive("boat"), page=2, per_page=3)
    assert [hit.annotation.id for hit in hits] == everything[3:] != []


@pytest.mark.parametrize("paging", [{"page": 0}, {"per_page": 0}, {"per_page": 1001}, {"page": "1"}, {"page": True}])
def test_a_page_that_cannot_be_is_refused(client: Any, paging: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"page must be 1|per_page must be 1 to 1000"):
        list(client.search(positive("tree"), **paging))


def test_an_answer_without_an_annotation_in_a_hit_is_an_error(connect: Any) -> None:
    answer = {"status": {"code": 10000}, "hits": [{"score": 1, "input": {"id": "in"}}]}
    with pytest.raises(InvalidResponseError, match=r"hits\[0\].annotation: Field required"):
        list(connect(lambda request: httpx.Response(200, json=answer)).search(positive("tree")))


def test_what_an_answer_leaves_out_of_a_hit_is_filled_in() -> None:
    hit = read(Hit, {"annotation": {"id": "a", "input_id": "in"}})
    assert (hit.score, hit.input.id) == (0.0, "")
    assert hit.annotation == Annotation(id="a", input_id="in")
    assert Data() == Data(concepts=[])
