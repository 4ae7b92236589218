"""Strategies for annotations of every kind, as JSON that can be sent; shared by property tests."""

from __future__ import annotations

import base64
import copy
from typing import Any

from hypothesis import strategies as st

from clarifai_http_annotations._wire.ids import float32

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9)).decode()

names = st.sampled_from(["tree", "water", "boat", "bike", "rain"])
units = st.floats(0, 1, width=32).map(float32)
concept_lists = st.dictionaries(names, st.sampled_from([0.0, 1.0]), min_size=1, max_size=4).map(
    lambda said: [{"id": name, "value": value} for name, value in said.items()]
)
counts = st.integers(0, 2**32 - 1)
json_values = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=5,
)
free_json = st.dictionaries(names, json_values, min_size=1, max_size=3)

points = st.fixed_dictionaries(
    {"row": units, "col": units}, optional={"z": units, "visibility": st.sampled_from(["VISIBLE", "NOT_VISIBLE"])}
)
boxes = st.tuples(units, units, units, units).filter(lambda c: c[0] != c[1] and c[2] != c[3])
spans = st.tuples(counts, counts).map(lambda c: {"char_start": min(c), "char_end": max(c)})
places = st.one_of(
    boxes.map(
        lambda c: {
            "bounding_box": {
                "top_row": min(c[:2]),
                "left_col": min(c[2:]),
                "bottom_row": max(c[:2]),
                "right_col": max(c[2:]),
            }
        }
    ),
    st.lists(points, min_size=3, max_size=5).map(lambda listed: {"polygon": {"points": listed}}),
    st.just({"mask": {"image": {"base64": PNG}}}),
    points.map(lambda point: {"point": point}),
    st.lists(points, min_size=1, max_size=4).map(lambda listed: {"keypoint_locations": listed}),
    spans.map(lambda span: {"span": span}),
    spans.map(lambda span: {"token": span}),
)
flat = st.fixed_dictionaries({"concepts": concept_lists})
regions = st.fixed_dictionaries(
    {"region_info": places, "data": flat}, optional={"id": st.just("r"), "track_id": st.sampled_from(["t1", "t2"])}
).map(lambda region: [region])
named = st.fixed_dictionaries({"regions": regions.map(lambda listed: [{**listed[0], "id": "r"}])})
inside = flat | st.fixed_dictionaries({"regions": regions})
frame_infos = st.fixed_dictionaries({"time": counts}, optional={"number": counts})
frames = st.fixed_dictionaries({"frame_info": frame_infos, "data": inside}, optional={"id": st.just("f")}).map(
    lambda frame: [frame]
)
times = st.tuples(units, units).map(lambda pair: {"begin_time": min(pair), "end_time": max(pair)})
segments = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["s1", "s2", "s3"]), "time_info": times, "data": flat | named}),
    min_size=1,
    max_size=3,
    unique_by=lambda segment: str(segment["id"]),
)
tracks = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["t1", "t2"]), "data": flat | named}, optional={"time_info": times}),
    min_size=1,
    max_size=2,
    unique_by=lambda track: str(track["id"]),
)
geos = st.fixed_dictionaries({"longitude": units, "latitude": units}).map(lambda point: {"geo_point": point})

datas: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "concepts": concept_lists,
        "regions": regions,
        "frames": frames,
        "time_segments": segments,
        "tracks": tracks,
        "metadata": free_json,
        "geo": geos,
    },
).filter(bool)

sendable: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"id": st.just("a"), "input_id": st.just("in"), "data": datas},
    optional={"annotation_info": free_json, "task_id": st.sampled_from(["k1", "k2"])},
)
"""One annotation, with the id ``a`` of the input ``in``."""


def _with_ids(tree: Any) -> Any:
    for key, one in (("regions", "r"), ("frames", "f")):
        for part in tree.get(key, ()):
            part["id"] = one
    for key in ("regions", "frames", "time_segments", "tracks"):
        for part in tree.get(key, ()):
            _with_ids(part["data"])
    return tree


stored = sendable.map(lambda tree: {**tree, "data": _with_ids(copy.deepcopy(tree["data"]))})
"""The same, with an id in every region and frame."""
