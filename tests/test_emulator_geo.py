"""Searches of the emulator by where an annotation is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations.testing import Emulator
from clarifai_http_annotations.testing._geo import UNITS, angle

URL = "http://localhost/v2/users/me/apps/app/annotations"
LONDON, PARIS, QUITO, SUVA = (-0.1276, 51.5072), (2.3522, 48.8566), (-78.4678, -0.1807), (178.45, -18.14)
PLACES = {"london": LONDON, "paris": PARIS, "quito": QUITO, "suva": SUVA}


def point(place: tuple[float, float]) -> dict[str, Any]:
    return {"geo_point": {"longitude": place[0], "latitude": place[1]}}


def ask(emulator: Emulator, path: str, body: Any) -> Any:
    return emulator(httpx.Request("POST", f"{URL}{path}", json=body, headers={"authorization": "Key k"})).json()


def search(emulator: Emulator, geo: Any, **more: Any) -> Any:
    filters = [{"annotation": {"data": {"geo": geo}}, **more}]
    return ask(emulator, "/searches", {"searches": [{"query": {"filters": filters}}]})


def found(emulator: Emulator, geo: Any, **more: Any) -> set[str]:
    return {hit["annotation"]["id"] for hit in search(emulator, geo, **more)["hits"]}


@pytest.fixture
def emulator(emulator: Emulator) -> Emulator:
    trees = [{"id": name, "input_id": "in-1", "data": {"geo": point(place)}} for name, place in PLACES.items()]
    ask(emulator, "", {"annotations": [*trees, {"id": "nowhere", "input_id": "in-1"}]})
    return emulator


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        ("withinKilometers", 343, {"london"}),
        ("withinKilometers", 345, {"london", "paris"}),
        ("withinMiles", 213, {"london"}),
        ("withinMiles", 215, {"london", "paris"}),
        ("withinDegrees", 3.05, {"london"}),
        ("withinDegrees", 3.15, {"london", "paris"}),
        ("withinRadians", 0.053, {"london"}),
        ("withinRadians", 0.055, {"london", "paris"}),
        ("withinRadians", 3.15, set(PLACES)),
        ("withinKilometers", 0, {"london"}),
    ],
)
def test_what_is_within_a_distance_is_found(emulator: Emulator, kind: str, value: float, names: set[str]) -> None:
    assert found(emulator, {**point(LONDON), "geo_limit": {"type": kind, "value": value}}) == names


@pytest.mark.parametrize(
    ("corners", "names"),
    [
        (((-1, 48), (3, 52)), {"london", "paris"}),
        (((3, 48), (-1, 52)), {"london", "paris"}),
        ((PARIS, PARIS), {"paris"}),
        (((-180, -90), (180, 0)), {"quito", "suva"}),
        (((10, 0), (20, 10)), set()),
    ],
)
def test_what_is_in_a_box_is_found_whichever_two_corners_it_has(
    emulator: Emulator, corners: Any, names: set[str]
) -> None:
    assert found(emulator, {"geo_box": [point(corner) for corner in corners]}) == names


def test_a_box_and_a_limit_must_both_hold_and_a_filter_may_be_negated(emulator: Emulator) -> None:
    box = {"geo_box": [point((-1, 48)), point((3, 52))]}
    near = {**point(PARIS), "geo_limit": {"type": "withinKilometers", "value": 1}}
    assert found(emulator, {**box, **near}) == {"paris"}
    assert found(emulator, box, negate=True) == {"quito", "suva", "nowhere"}


def test_what_came_with_an_input_is_found_by_where_it_is() -> None:
    emulator = Emulator(inputs={"in-1": {"geo": point(LONDON)}, "in-2": {}})
    assert len(found(emulator, {"geo_box": [point((-1, 51)), point((0, 52))]})) == 1


@pytest.mark.parametrize(
    ("geo", "code"),
    [
        ({}, 40002),
        (point(LONDON), 40002),
        ({"geo_limit": {"type": "withinMiles", "value": 1}}, 40002),
        ({"geo_box": [point(LONDON)]}, 40002),
        ({"geo_box": [point(LONDON)] * 3}, 40002),
        ({"geo_circle": {}}, 40002),
        ({**point(LONDON), "geo_limit": {"type": "withinYards", "value": 1}}, 40002),
        ({**point(LONDON), "geo_limit": {"type": "withinMiles", "value": "far"}}, 11100),
        ({"geo_box": [{"geo_point": {"longitude": "x"}}, point(LONDON)]}, 11100),
        ({"geo_box": 5}, 11100),
        ({"geo_box": [5, point(LONDON), point(PARIS)]}, 11100),
        (5, 11100),
    ],
    ids=repr,
)
def test_what_cannot_be_searched_by_is_refused(emulator: Emulator, geo: Any, code: int) -> None:
    answer = search(emulator, geo)
    assert (answer["status"]["code"], answer["hits"]) == (code, [])


points = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(one=points, other=points)
def test_a_distance_is_the_same_in_both_directions_and_at_most_half_around_the_earth(one: Any, other: Any) -> None:
    assert angle(one, other) == pytest.approx(angle(other, one))
    assert angle(one, one) == 0.0
    assert 0.0 <= UNITS["withinDegrees"](angle(one, other)) <= 180.0 + 1e-9
