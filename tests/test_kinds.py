"""Every kind of annotation: strict to build, lenient to read, written field for field."""

from __future__ import annotations

import base64
import io
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import BaseModel, ValidationError

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    BoundingBox,
    Data,
    FrameInfo,
    Geo,
    GeoPoint,
    Image,
    Mask,
    Point,
    Polygon,
    Region,
    RegionInfo,
    Span,
    Status,
    TaskAnnotationCount,
    TimeInfo,
    TimeSegment,
    Token,
    Track,
    User,
    Visibility,
    Worker,
    negative,
    positive,
)
from clarifai_http_annotations._wire.encode import to_tree
from clarifai_http_annotations.models._base import read

BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")


def place_of(annotation: Annotation) -> Any:
    """Return the one region info in an annotation's tree."""
    return to_tree(annotation)["data"]["regions"][0]["region_info"]


# --- written ---------------------------------------------------------------------------------------

CORNERS = [{"row": 0.0, "col": 0.0}, {"row": 0.0, "col": 1.0}, {"row": 1.0, "col": 1.0}]


@pytest.mark.parametrize(
    ("place", "info"),
    [
        (BOX, {"bounding_box": {"top_row": 0.1, "left_col": 0.2, "bottom_row": 0.5, "right_col": 0.9}}),
        (Polygon.of((0, 0), (0, 1), (1, 1)), {"polygon": {"points": CORNERS}}),
        (Mask.from_png(PNG), {"mask": {"image": {"base64": base64.b64encode(PNG).decode()}}}),
        (Point(row=0, col=1), {"point": {"row": 0.0, "col": 1.0}}),
        (
            Point(row=0, col=1, z=-3, visibility="NOT_VISIBLE"),
            {"point": {"row": 0.0, "col": 1.0, "z": -3.0, "visibility": "NOT_VISIBLE"}},
        ),
        (
            RegionInfo(keypoint_locations=[Point(row=0, col=1), Point(row=1, col=0)]),
            {"keypoint_locations": [{"row": 0.0, "col": 1.0}, {"row": 1.0, "col": 0.0}]},
        ),
        (
            Span(char_start=0, char_end=5, raw_text="hello"),
            {"span": {"char_start": 0, "char_end": 5, "raw_text": "hello"}},
        ),
        (Token(char_start=3, char_end=3), {"token": {"char_start": 3, "char_end": 3}}),
    ],
    ids=["box", "polygon", "mask", "point", "point with all", "keypoints", "span", "token"],
)
def test_a_place_is_written_under_its_own_name_and_read_back_equal(place: Any, info: Any) -> None:
    annotation = Annotation.of("in", positive("tree"), negative("water"), region=place)
    assert place_of(annotation) == info
    assert read(Annotation, to_tree(annotation)) == read(Annotation, annotation.model_dump())


def test_a_subclass_of_a_place_is_that_place() -> None:
    class MyBox(BoundingBox):
        pass

    assert "bounding_box" in place_of(Annotation.of("in", region=MyBox(**BOX.model_dump())))


def test_a_region_that_exists_is_named_by_its_id() -> None:
    annotation = Annotation.of("in", positive("tree"), negative("water"), region=Region(id="r"))
    concepts = [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    assert to_tree(annotation)["data"] == {"regions": [{"id": "r", "data": {"concepts": concepts}}]}


@pytest.mark.parametrize("info", [FrameInfo(time=5000), FrameInfo(number=150)], ids=["time", "number"])
def test_a_frame_holds_its_concepts_or_its_region(info: FrameInfo) -> None:
    frame = to_tree(info)
    whole = Annotation.of("in", negative("bike"), frame=info)
    assert to_tree(whole)["data"] == {
        "frames": [{"frame_info": frame, "data": {"concepts": [{"id": "bike", "value": 0.0}]}}]
    }
    part = to_tree(Annotation.of("in", negative("bike"), frame=info, region=BOX, track_id="t"))
    [region] = part["data"]["frames"][0]["data"]["regions"]
    assert region["track_id"] == "t"
    assert region["data"]["concepts"] == [{"id": "bike", "value": 0.0}]


def test_a_time_segment_holds_its_concepts() -> None:
    annotation = Annotation.of("in", negative("rain"), time_segment=TimeInfo(begin_time=1.5, end_time=2, num_frames=9))
    assert to_tree(annotation)["data"] == {
        "time_segments": [
            {
                "time_info": {"begin_time": 1.5, "end_time": 2.0, "num_frames": 9},
                "data": {"concepts": [{"id": "rain", "value": 0.0}]},
            }
        ]
    }


def test_what_is_not_about_a_place_is_written_too() -> None:
    data = Data(
        tracks=[Track(id="t", data=Data(concepts=[negative("car")]), quality=0.5)],
        metadata={"shot": {"by": "Ada", "concepts": [1]}},
        geo=Geo(geo_point=GeoPoint(longitude=-0.1, latitude=51.5)),
    )
    annotation = Annotation(
        input_id="in",
        data=data,
        annotation_info={"batch": 7, "note": None},
        task_id="task",
        user_id="ada",
        worker=Worker(user=User(id="ada")),
        status="ANNOTATION_PENDING",
    )
    assert to_tree(annotation) == {
        "input_id": "in",
        "data": {
            "tracks": [{"id": "t", "data": {"concepts": [{"id": "car", "value": 0.0}]}, "quality": 0.5}],
            "metadata": {"shot": {"by": "Ada", "concepts": [1]}},
            "geo": {"geo_point": {"longitude": -0.1, "latitude": 51.5}},
        },
        "annotation_info": {"batch": 7, "note": None},
        "task_id": "task",
        "user_id": "ada",
        "worker": {"user": {"id": "ada"}},
        "status": {"code": "ANNOTATION_PENDING"},
    }


def test_every_concept_is_found_wherever_it_is() -> None:
    inside = Data(concepts=[negative("a")], regions=[Region(data=Data(concepts=[positive("b")]))])
    data = Data(concepts=[positive("c")], time_segments=[TimeSegment(data=inside)], tracks=[Track(data=inside)])
    found = [(place, concept.id) for place, concept in Annotation(input_id="in", data=data).each_concept()]
    assert found == [
        ("data.concepts[0]", "c"),
        ("data.time_segments[0].data.concepts[0]", "a"),
        ("data.time_segments[0].data.regions[0].data.concepts[0]", "b"),
        ("data.tracks[0].data.concepts[0]", "a"),
        ("data.tracks[0].data.regions[0].data.concepts[0]", "b"),
    ]


# --- refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Polygon.of((0, 0), (1, 1)), "3 points or more, not 2"),
        (lambda: Polygon(points=[]), "3 points or more, not 0"),
        (lambda: Polygon.of((0, 0), (0, 1), (1, 2)), "between 0 and 1"),
        (lambda: Polygon(points=[{"row": 0.3}, {"col": 0.5}, {"z": 0.5}]), "Field required"),
        (lambda: Point(row=0, col=0, z=float("nan")), "finite"),
        (lambda: Point(row=0, col=0, visibility="HIDDEN"), "none of NOT_SET, VISIBLE"),
        (lambda: Point(row=0, col=0, visibility=9), "none of NOT_SET, VISIBLE"),
        (lambda: Point(row=0, col=0, visibility=True), "none of NOT_SET, VISIBLE"),
        (lambda: Span(char_start=5, char_end=4), "not be after char_end, not 5 and 4"),
        (lambda: Token(char_start=-1, char_end=4), "0 or more"),
        (lambda: Span(char_start=0.5, char_end=4), "whole number"),
        (lambda: Span(char_start=True, char_end=4), "whole number"),
        (lambda: Span(char_start="0", char_end=4), "whole number"),
        (lambda: FrameInfo(), "say which frame"),
        (lambda: FrameInfo(time=2**64), "64 bits"),
        (lambda: FrameInfo(number=2**32), "32 bits"),
        (lambda: Span(char_start=0, char_end=2**32), "32 bits"),
        (lambda: AnnotationTrack(start_frame_ms=2**32), "32 bits"),
        (lambda: TimeInfo(begin_time=2, end_time=1.5), "not after end_time, not 2 and 1.5"),
        (lambda: TimeInfo(begin_time=-1, end_time=1), "0 or more"),
        (lambda: TimeInfo(begin_time="0", end_time=1), "number, not str"),
        (lambda: GeoPoint(longitude=181, latitude=0), "between -180 and 180 degrees"),
        (lambda: GeoPoint(longitude=0, latitude=-90.5), "between -90 and 90 degrees"),
        (lambda: Mask.from_png(b"GIF89a"), "holds no PNG"),
        (lambda: Mask.from_png("not base64!"), "not standard base64"),
        (lambda: Mask.from_png("iVBORw0K\n"), "not standard base64"),
        (lambda: Mask.from_png("ö"), "not standard base64"),
        (lambda: RegionInfo(bounding_box=BOX, point=Point(row=0, col=0)), "one of bounding_box, point"),
        (lambda: Region(track_id=""), "not be empty"),
        (lambda: Annotation(input_id="in", input_level=True), "written by the server"),
        (lambda: Annotation(input_id="in", trusted=False), "written by the server"),
        (lambda: AnnotationTrack(input_id="in"), "written by the server"),
        (lambda: AnnotationTrack(start_frame_nr=5, end_frame_nr=4), "start_frame_nr must not be after"),
        (lambda: AnnotationTrack(start_frame_ms=5, end_frame_ms=4), "start_frame_ms must not be after"),
    ],
)
def test_what_the_api_would_not_take_is_refused_with_the_reason(build: Any, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        build()


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Polygon.of([(0, 0), (0, 1), (1, 1)]), r"unpack the list, Polygon.of\(\*points\)"),  # type: ignore[arg-type]
        (lambda: Polygon.of((0, 0), (0, 1), 5), r"5 is no point: give \(row, col\)"),  # type: ignore[arg-type]
        (lambda: Mask.from_png(5), "bytes, or their base64 as text, not int"),  # type: ignore[arg-type]
        (lambda: Mask.from_array(np.zeros((2, 2))), r"not one of float64; scores become one by scores > 0.5"),
        (lambda: Mask.from_array([[True]]), "array of booleans, not list"),
        (lambda: Annotation.of("in", region=[Point(row=0, col=0)]), "keypoint_locations"),  # type: ignore[arg-type]
        (lambda: Annotation.of("in", track_id="t"), "give region= too"),
        (lambda: Annotation.of("in", frame=5000), r"Frame is said by FrameInfo\(time=milliseconds\) or"),  # type: ignore[arg-type]
        (lambda: Annotation.of("in", time_segment=(1, 2)), r"TimeSegment is said by TimeInfo"),  # type: ignore[arg-type]
        (
            lambda: Annotation.of("in", positive("a"), region=Region(id="r", data=Data(concepts=[negative("a")]))),
            "has data of its own",
        ),
        (lambda: Annotation.of("in", region=Region(track_id="a"), track_id="b"), "has track_id of its own"),
    ],
)
def test_a_place_that_is_none_is_answered_with_what_to_give(build: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        build()


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 2, 3)], ids=str)
def test_a_mask_has_height_and_width(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height and width"):
        Mask.from_array(np.zeros(shape, dtype=bool))


def test_numpy_integers_are_whole_numbers() -> None:
    info = FrameInfo(time=np.int64(5), number=np.uint8(7))
    assert (info.time, info.number) == (5, 7)
    assert type(info.time) is int


# --- masks -----------------------------------------------------------------------------------------


def pixels_of(png: bytes) -> list[list[int]]:
    """Read an 8-bit grey PNG without filters, by the book and not by the code that wrote it."""
    stream = io.BytesIO(png)
    assert stream.read(8) == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    while head := stream.read(8):
        size, kind = struct.unpack(">I4s", head)
        chunks[kind] = stream.read(size)
        assert struct.unpack(">I", stream.read(4)) == (zlib.crc32(kind + chunks[kind]),)
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour, rest) == (8, 0, [0, 0, 0])
    raw = zlib.decompress(chunks[b"IDAT"])
    rows = [raw[start : start + width + 1] for start in range(0, len(raw), width + 1)]
    assert len(rows) == height
    assert {row[0] for row in rows} == {0}
    return [list(row[1:]) for row in rows]


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_a_boolean_array_becomes_a_png_that_is_255_inside(array: Any) -> None:
    text = Mask.from_array(array).image.base64
    assert text is not None
    assert pixels_of(base64.b64decode(text)) == (array * 255).tolist()
    assert Mask.from_array(np.asfortranarray(array)).image.base64 == text
    assert Mask.from_array(array[::-1][::-1]).image.base64 == text


def test_a_mask_is_the_same_from_bytes_and_from_base64() -> None:
    assert Mask.from_png(PNG) == Mask.from_png(bytearray(PNG)) == Mask.from_png(base64.b64encode(PNG).decode())


def test_a_mask_of_an_answer_may_be_a_url() -> None:
    image = {"url": "https://x/mask.png", "hosted": {"prefix": "p"}, "image_info": {"width": 3}}
    mask = read(Mask, {"image": image})
    assert mask.image == read(Image, image)
    assert to_tree(mask) == {"image": {"url": "https://x/mask.png"}}


# --- read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["5000", 5000, 5000.0, "18446744073709551615"], ids=repr)
def test_a_uint64_of_an_answer_is_a_number_or_text(time: Any) -> None:
    info = read(FrameInfo, {"time": time, "number": "0", "index": 3})
    assert (info.time, info.number) == (int(float(time)) if len(str(time)) < 9 else 2**64 - 1, 0)
    assert to_tree(info) == {"time": info.time, "number": 0}


@pytest.mark.parametrize("time", ["soon", "", 1.5, float("inf"), [], {}, True], ids=repr)
def test_what_is_no_whole_number_in_an_answer_is_an_error_and_no_other_exception(time: Any) -> None:
    with pytest.raises(ValidationError):
        read(FrameInfo, {"time": time})


@pytest.mark.parametrize("digits", range(10))
def test_a_time_of_an_answer_has_0_to_9_digits_of_a_second(digits: int) -> None:
    fraction = f".{'123456789'[:digits]}" if digits else ""
    annotation = read(Annotation, {"input_id": "in", "created_at": f"2025-02-28T09:41:55{fraction}Z"})
    assert annotation.created_at is not None
    assert annotation.created_at.microsecond == int(f"{'123456789'[:digits]:0<9}"[:6])


@pytest.mark.parametrize(
    ("said", "visibility"),
    [(1, Visibility.VISIBLE), ("NOT_PRESENT", Visibility.NOT_PRESENT), (9, 9), ("FAINT", "FAINT")],
)
def test_an_enum_of_an_answer_may_be_unknown(said: Any, visibility: Any) -> None:
    point = read(Point, {"col": 0.5, "visibility": said})
    assert (point.row, point.visibility) == (0.0, visibility)


@pytest.mark.parametrize(
    ("cls", "tree"),
    [
        (Polygon, {"points": [{"row": 2}]}),
        (Span, {}),
        (TimeInfo, {"begin_time": 5}),
        (TimeInfo, {"begin_time": "5", "end_time": 2}),
        (GeoPoint, {"longitude": 500}),
        (Mask, {"image": {"base64": "?"}}),
        (RegionInfo, {"point": {}, "span": {}}),
        (TaskAnnotationCount, {"worker": {"user": {}}}),
        (TaskAnnotationCount, {}),
        (AnnotationTrack, {"start_frame_ms": "9", "end_frame_ms": 3, "concept": {"id": "c"}}),
        (Worker, {"model": {"id": "m", "model_version": {"id": "v"}}, "workflow": {}}),
    ],
)
def test_an_answer_is_taken_as_it_is(cls: Any, tree: Any) -> None:
    assert isinstance(read(cls, tree), BaseModel)


def test_null_in_an_answer_is_absent() -> None:
    data = read(Data, {"concepts": None, "regions": [{"id": None, "region_info": None}], "heatmaps": None})
    assert (data.concepts, data.regions[0].id) == ([], "")
    assert to_tree(data) == {"regions": [{}]}


def test_who_made_an_annotation_is_read_and_not_sent_back() -> None:
    tree = {
        "id": "a",
        "input_id": "in",
        "user_id": "ada",
        "worker": {"user": {"id": "ada"}},
        "model_version_id": "v",
        "embed_model_version_id": "e",
        "input_level": False,
        "trusted": True,
        "consensus_info": {"group": {"concepts": [{}]}},
        "task_id": "task",
        "annotation_info": {"batch": 7},
    }
    annotation = read(Annotation, tree)
    assert annotation.worker is not None
    assert annotation.worker.user is not None
    assert (annotation.user_id, annotation.worker.user.id, annotation.trusted) == ("ada", "ada", True)
    kept = {"id", "input_id", "task_id", "annotation_info"}
    assert to_tree(annotation) == {name: tree[name] for name in kept}


def test_every_kind_pickles() -> None:
    annotation = Annotation.of("in", negative("a"), region=Mask.from_png(PNG), frame=FrameInfo(time=3))
    assert pickle.loads(pickle.dumps(annotation)) == annotation


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=9))
def test_the_points_of_a_polygon_keep_their_order_row_first(points: list[tuple[float, float]]) -> None:
    polygon = Polygon.of(*points)
    assert [(point.row, point.col) for point in polygon.points] == points
    assert Polygon.of(*polygon.points) == polygon


def test_a_whole_float_is_a_whole_number() -> None:
    """Seconds times 1000 are one."""
    assert FrameInfo(time=1.5 * 1000).time == 1500


def test_a_frame_and_a_time_segment_exclude_each_other() -> None:
    with pytest.raises(TypeError, match="not both"):
        Annotation.of("in", frame=FrameInfo(time=5), time_segment=TimeInfo(begin_time=0, end_time=1))


def test_every_region_and_its_place_is_found() -> None:
    keypoints = RegionInfo(keypoint_locations=[Point(row=0, col=0)])
    inside = Annotation.of("in", region=keypoints, frame=FrameInfo(time=5))
    assert [(where, region.place) for where, region in inside.each_region()] == [
        ("data.frames[0].data.regions[0]", [Point(row=0, col=0)])
    ]
    [(_, region)] = Annotation.of("in", region=BOX).each_region()
    assert region.place == BOX
    assert list(Annotation(input_id="in").each_region()) == []
    assert (Region(id="r").place, RegionInfo().place) == (None, None)


@pytest.mark.parametrize(
    ("code", "name"), [(24151, "ANNOTATION_PENDING"), ("ANNOTATION_DREAMING", "ANNOTATION_DREAMING"), (5, None)]
)
def test_a_status_names_its_code(code: Any, name: str | None) -> None:
    assert read(Status, {"code": code}).code_name == name


def test_metadata_and_a_place_on_earth_stand_beside_what_is_said() -> None:
    point = GeoPoint(longitude=1, latitude=2)
    data = Annotation.of("in", negative("a"), metadata={"b": 1}, geo=point).data
    assert data == Data(concepts=[negative("a")], metadata={"b": 1}, geo=Geo(geo_point=point))
    assert to_tree(Annotation.of("in", metadata={}))["data"] == {"metadata": {}}
