"""Is an annotation where a filter asks for it: within a distance of a point, or in a box of two corners.

What the API does at the date line is not documented: a box is between its two longitudes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import asin, cos, degrees, radians, sin, sqrt

from ..models.status import StatusCode
from ._answers import Refused, malformed
from ._state import dig
from ._storing import Tree, objects
from ._types import is_number, typed

EARTH = 6371.0088
"""Mean radius in kilometers."""

KILOMETERS_OF_A_MILE = 1.609344

UNITS: dict[str, Callable[[float], float]] = {
    "withinKilometers": lambda angle: angle * EARTH,
    "withinMiles": lambda angle: angle * EARTH / KILOMETERS_OF_A_MILE,
    "withinDegrees": degrees,
    "withinRadians": float,
}
"""From an angle between two points, seen from the middle of the earth, to a distance; by types of a limit."""

Point = tuple[float, float]
"""Longitude and latitude in degrees."""


def of_geo(asked: Tree, place: str) -> Iterator[Callable[[Tree], bool]]:
    """Yield the tests of where an annotation is.

    Raises:
        Refused: If nothing is asked for that can be searched by.
    """
    box = typed(asked, "geo_box", list, place)
    if len(objects(box)) < len(box):
        raise malformed(f"{place}geo_box is no list of objects")
    corners = [_point(corner, f"{place}geo_box.") for corner in box]
    limit, point = typed(asked, "geo_limit", dict, place), typed(asked, "geo_point", dict, place)
    unknown = asked.keys() - {"geo_box", "geo_limit", "geo_point"}
    if unknown or len(corners) not in (0, 2) or bool(limit) != bool(point) or not (corners or limit):
        details = f"the emulator searches by {place} with a geo_box of two corners, or a geo_point and a geo_limit"
        raise Refused(400, StatusCode.SEARCH_INVALID_REQUEST, "Search invalid request", details)
    if corners:
        yield _within_box(*corners)
    if limit:
        yield _within_limit(_point({"geo_point": point}, place), limit, f"{place}geo_limit.")


def _within_box(one: Point, other: Point) -> Callable[[Tree], bool]:
    bounds = [sorted(pair) for pair in zip(one, other, strict=True)]

    def test(tree: Tree) -> bool:
        here = _where(tree)
        return here is not None and all(low <= value <= high for value, (low, high) in zip(here, bounds, strict=True))

    return test


def _within_limit(point: Point, limit: Tree, place: str) -> Callable[[Tree], bool]:
    kind, most = typed(limit, "type", str, place), limit.get("value", 0)
    if kind not in UNITS:
        details = f"the emulator searches by {place}type {', '.join(UNITS)}, not {kind!r}"
        raise Refused(400, StatusCode.SEARCH_INVALID_REQUEST, "Search invalid request", details)
    if not is_number(most):
        raise malformed(f"{place}value is no number")

    def test(tree: Tree) -> bool:
        here = _where(tree)
        return here is not None and bool(UNITS[kind](angle(point, here)) <= most)

    return test


def angle(one: Point, other: Point) -> float:
    """Return the angle between two points in radians, seen from the middle of the earth."""
    (east, north), (far_east, far_north) = ([radians(value) for value in point] for point in (one, other))
    half = sin((far_north - north) / 2) ** 2 + cos(north) * cos(far_north) * sin((far_east - east) / 2) ** 2
    return 2 * asin(sqrt(min(1.0, half)))


def _where(tree: Tree) -> Point | None:
    point = dig(tree["data"], "geo", "geo_point")
    return _point({"geo_point": point}, "") if isinstance(point, dict) else None


def _point(holder: Tree, place: str) -> Point:
    point = typed(holder, "geo_point", dict, place)
    longitude, latitude = (point.get(name) or 0.0 for name in ("longitude", "latitude"))
    if not (is_number(longitude) and is_number(latitude)):
        raise malformed(f"{place}geo_point is none")
    return longitude, latitude
