"""Does an annotation match a filter: what the API's ``Filter`` message says it supports.

A filter is read into tests, each of one thing; all of them must hold. Rules:

1. A text that is empty, a number 0 and ``false`` say nothing, as in protobuf: they are what is absent.
2. Objects that are empty ask for a kind: ``region_info: {mask: {}}``. ``data: {}`` asks for annotations
   without region, frame and time segment.
3. A concept is found wherever it is in an annotation; without ``value`` it is positive: the rule of HTTP.
4. What is not supported refuses the search. Nothing is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from .._wire.ids import float32
from ..models.status import StatusCode, known_code
from ._answers import Refused, malformed
from ._geo import of_geo
from ._state import dig, is_trusted, makers
from ._storing import Tree, find_concepts, objects
from ._types import status_code, typed

Test = Callable[[Tree], bool]

REGION_KINDS = ("bounding_box", "mask", "point", "polygon", "span", "token", "keypoint_locations")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def read_filter(asked: Tree) -> Test:
    """Return the test that a filter asks for."""
    only(asked, ("annotation", "negate", "last_updated_time_range"))
    annotation: Tree = typed(asked, "annotation", dict)
    tests = [*_of_annotation(annotation), *_of_times(typed(asked, "last_updated_time_range", dict))]
    if typed(asked, "negate", bool):
        return lambda tree: not all(test(tree) for test in tests)
    return lambda tree: all(test(tree) for test in tests)


def only(asked: Tree, supported: tuple[str, ...], place: str = "") -> None:
    """Refuse fields that the emulator cannot search by."""
    for key in asked:
        if key not in supported:
            details = f"the emulator does not search by {place}{key}"
            raise Refused(400, StatusCode.SEARCH_INVALID_REQUEST, "Search invalid request", details)


# --- an annotation's own fields ----------------------------------------------------------------------


def _of_annotation(asked: Tree) -> Iterator[Test]:
    named = ("id", "input_id", "task_id", "user_id", "model_version_id")
    flags = {"trusted": is_trusted, "input_level": lambda tree: tree.get("input_level") is True}
    only(asked, (*named, *flags, "worker", "annotation_info", "status", "data"), "annotation.")
    for key in named:
        if text := typed(asked, key, str, "annotation."):
            yield _named(key, text)
    for key, flag in flags.items():
        if typed(asked, key, bool, "annotation."):
            yield flag
    code = typed(asked, "status", dict, "annotation.").get("code")
    if code not in (None, 0, ""):
        yield _with_status(status_code(code, "annotation.status.code"))
    info = typed(asked, "annotation_info", dict, "annotation.")
    yield lambda tree: includes(tree.get("annotation_info") or {}, info)
    yield made_by(typed(asked, "worker", dict, "annotation."))
    if asked.get("data") is not None:
        yield from _of_data(typed(asked, "data", dict, "annotation."))


def _named(key: str, text: str) -> Test:
    if key == "model_version_id":
        return lambda tree: text in (tree.get(key), makers(tree).get("model"))
    return lambda tree: tree.get(key) == text


def _with_status(code: int) -> Test:
    return lambda tree: known_code(tree["status"]["code"]) == code


def made_by(worker: Tree) -> Test:
    """Return the test of who made an annotation: everybody that is named, by id."""
    only(worker, ("user", "model", "workflow"), "worker.")
    for kind, fields in (("user", ("id",)), ("model", ("model_version", "id")), ("workflow", ("version", "id"))):
        inner, place = typed(worker, kind, dict, "worker."), f"worker.{kind}."
        for field in fields:
            only(inner, (field,), place)
            inner = typed(inner, field, str if field == "id" else dict, place)
            place += f"{field}."
    asked = makers({"worker": worker})
    return lambda tree: asked.items() <= makers(tree).items()


def _of_times(asked: Tree) -> Iterator[Test]:
    only(asked, ("start_time", "end_time"), "last_updated_time_range.")
    start, end = (read_time(asked[key]) if asked.get(key) is not None else None for key in ("start_time", "end_time"))
    if start is not None:
        yield lambda tree: start <= datetime.fromisoformat(tree["modified_at"])
    if end is not None:
        yield lambda tree: datetime.fromisoformat(tree["modified_at"]) <= end


def read_time(text: object) -> datetime:
    """Return a time of RFC 3339, as protobuf's JSON has it; what is finer than a microsecond is cut."""
    try:
        if isinstance(text, str) and RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper())
    except ValueError:  # such as a 31st of February
        pass
    raise malformed(f"{text!r} is no time")


# --- data ----------------------------------------------------------------------------------------------


def _of_data(asked: Tree) -> Iterator[Test]:
    place = "annotation.data."
    only(asked, ("concepts", "regions", "frames", "time_segments", "metadata", "geo"), place)
    if not any(asked.values()):
        yield lambda tree: not any(tree["data"].get(key) for key in ("regions", "frames", "time_segments"))
    for concept in listed(asked, "concepts", place):
        yield _of_concept(concept, f"{place}concepts.")
    for region in listed(asked, "regions", place):
        yield _of_region(region, f"{place}regions.")
    for key, info in (("frames", "frame_info"), ("time_segments", "time_info")):
        for part in listed(asked, key, place):
            only(part, (info,), f"{place}{key}.")
            only(typed(part, info, dict, place), (), f"{place}{key}.{info}.")
            yield _with_part(key)
    if asked.get("geo") is not None:
        yield from of_geo(typed(asked, "geo", dict, place), f"{place}geo.")
    if metadata := typed(asked, "metadata", dict, place):
        yield lambda tree: any(includes(tree["data"].get("metadata"), {key: value}) for key, value in metadata.items())


def _with_part(key: str) -> Test:
    return lambda tree: bool(tree["data"].get(key))


def _of_concept(asked: Tree, place: str) -> Test:
    only(asked, ("id", "name", "value"), place)
    said = {key: text for key in ("id", "name") if (text := typed(asked, key, str, place))}
    value = asked.get("value")
    sought = float32(1.0 if value is None else value)

    def test(tree: Tree) -> bool:
        return any(
            said.items() <= concept.items() and float32(concept["value"]) == sought
            for _, concept in find_concepts(tree["data"])
        )

    return test


def _of_region(asked: Tree, place: str) -> Test:
    """Ask for one region that has the kind and the track."""
    only(asked, ("region_info", "track_id"), place)
    info = {key: value for key, value in typed(asked, "region_info", dict, place).items() if value is not None}
    only(info, REGION_KINDS, f"{place}region_info.")
    for kind, shape in info.items():
        if shape not in ({}, [], [{}]):
            only({f"{kind} that is not empty": shape}, (), f"{place}region_info.")
    track_id = typed(asked, "track_id", str, place)

    def test(tree: Tree) -> bool:
        return any(
            kinds_of(region) >= info.keys() and track_id in ("", region.get("track_id"))
            for region in regions_of(tree["data"])
        )

    return test


def regions_of(data: Any) -> Iterator[Tree]:
    """Yield the regions of data, also those inside its frames, time segments and tracks."""
    if isinstance(data, dict):
        yield from objects(data.get("regions"))
        for key in ("frames", "time_segments", "tracks"):
            for part in objects(data.get(key)):
                yield from regions_of(part.get("data"))


def kinds_of(region: Tree) -> set[str]:
    """Return what says where a region is: nothing, or a kind such as ``bounding_box``."""
    info = region.get("region_info")
    return {kind for kind in REGION_KINDS if dig(info, kind)}


def includes(stored: Any, asked: Any) -> bool:
    """Tell whether free JSON has everything that other JSON names, at every depth; a bool is no number."""
    if isinstance(asked, dict):
        return isinstance(stored, dict) and all(
            key in stored and includes(stored[key], value) for key, value in asked.items()
        )
    return bool(stored == asked) and isinstance(stored, bool) == isinstance(asked, bool)


def listed(tree: Tree, key: str, place: str = "") -> list[Tree]:
    """Return a list of objects; nothing if it is absent."""
    items: list[Any] = typed(tree, key, list, place)
    if not all(isinstance(item, dict) for item in items):
        raise malformed(f"{place}{key} is no list of objects")
    return items
