"""Derived ids, and what counts as the same content."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from typing import Any, get_args

import kinds
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    FrameInfo,
    InvalidRequestError,
    models,
    negative,
    positive,
)
from clarifai_http_annotations._wire.guard import FREE_JSON
from clarifai_http_annotations._wire.ids import FLOATS, INTEGERS, canonical, derive_id, float32, holds
from clarifai_http_annotations._wire.outcomes import prepare
from clarifai_http_annotations.models._base import WireModel
from clarifai_http_annotations.testing._storing import as_shown

# Frozen: a change of one of these is a new major version, since running a file again would store it twice.
GOLDEN: list[tuple[Annotation, str]] = [
    (Annotation.of("in-1", positive("tree")), "e43abdf74dab03969eebd6c1b032a46f"),
    (Annotation.of("in-1", negative("tree")), "6020331182e6f939f3878a6040a82815"),
    (Annotation.of("in-1", positive("tree"), negative("water")), "55b4d88fa55521657643c873cff06cba"),
    (
        Annotation.of(
            "53d0362a9dfa4e03b2293375e2d0db73",
            positive("boat"),
            region=BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9),
        ),
        "0a9681529834b523022538dd6523556d",
    ),
    (Annotation.of("in-1", status="ANNOTATION_PENDING"), "462b56faf6cfbacf1276f9fc39228db9"),
    (Annotation.of("eingabe-ß", positive("木"), positive("tree", name="Bäume")), "1c79bedd8ada01bc780b66729720a210"),
    (Annotation.of("in-1", Concept(id="tree", value=0.25)), "df07c74ce1cd29e44515f21bf50abe1d"),
    (
        Annotation.of("in-1", Concept(id="tree", value=0.1), metadata={"rate": 0.1, "n": [1.0, True, None]}),
        "5fb85334f87bf307950b53df69a06c7d",
    ),
    (Annotation.of("in-1", positive("boat"), frame=FrameInfo(number=16_777_217)), "156568b131a853a8761337fc3b6c7356"),
]


@pytest.mark.parametrize(("annotation", "derived"), GOLDEN, ids=[str(n) for n in range(len(GOLDEN))])
@pytest.mark.filterwarnings("ignore::clarifai_http_annotations.UnusualIdWarning")
def test_the_rule_is_frozen(annotation: Annotation, derived: str) -> None:
    assert prepare(annotation, 0).tree["id"] == derived


def test_an_id_is_a_hash_of_the_rule_the_input_and_the_canonical_content() -> None:
    text = 'clarifai-http-annotations/2\0in-1\0{"data":{"concepts":[{"id":"tree","value":1}]}}'
    assert hashlib.sha256(text.encode()).hexdigest()[:32] == GOLDEN[0][1]


@pytest.mark.parametrize("value", [1, 1.0, True], ids=repr)
def test_one_content_makes_one_id_however_it_is_written(value: Any) -> None:
    same = {"data": {"concepts": [{"value": value, "id": "tree"}]}, "input_id": "in-1", "id": "not part of it"}
    assert derive_id(same) == GOLDEN[0][1]


def test_the_canonical_form_is_what_the_api_keeps() -> None:
    tree = {
        "data": {
            "concepts": [{"id": "b", "value": True, "name": "B"}, {"id": "a", "value": 0.1}, {"id": "b", "value": 1}],
            "regions": [
                {"region_info": {"bounding_box": {"top_row": -0.0, "left_col": 0.1, "bottom_row": 1, "right_col": 0.5}}}
            ],
            "frames": [{"frame_info": {"time": 2**53 + 1, "number": 16777217.0}}],
            "tracks": [],
            "geo": {"geo_point": {"longitude": 0.0, "latitude": 0}},
            "metadata": {"z": 0.1, "a": [-0.0, 1.0, True, None, {}, 2**53 + 1]},
        },
        "task_id": None,
        "annotation_info": {},
    }
    assert canonical(tree) == (
        '{"data":{"concepts":[{"id":"a","value":0.10000000149011612},{"id":"b","value":1}],'
        '"frames":[{"frame_info":{"number":16777217,"time":9007199254740993}}],'
        '"geo":{"geo_point":{}},'
        '"metadata":{"a":[0,1,true,null,{},9007199254740992],"z":0.1},'
        '"regions":[{"region_info":{"bounding_box":{"bottom_row":1,"left_col":0.10000000149011612,"right_col":0.5}}}]}}'
    )


def test_every_number_of_an_annotation_is_kept_either_in_32_bits_or_as_a_whole_number() -> None:
    modules = (models.annotation, models.concept, models.geo, models.mask, models.point, models.text, models.video)
    found: dict[type, set[str]] = {float: set(), int: set()}
    for module in (*modules, models.region):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, WireModel):
                for name, field in model.model_fields.items():
                    for kind in found:
                        found[kind] |= {name} if kind in types_in(field.annotation) else set()
    of_enums = {"visibility", "code"}
    assert found[float] == set(FLOATS)
    assert found[int] - of_enums == INTEGERS - {"index"}  # which is only in answers


def types_in(annotation: Any) -> set[Any]:
    return {annotation}.union(*map(types_in, get_args(annotation))) if get_args(annotation) else {annotation}


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), trees))
def test_the_order_of_keys_does_not_matter(tree: dict[str, Any]) -> None:
    assert canonical(dict(reversed(tree.items()))) == canonical(tree)


@given(st.text(), st.text(), st.dictionaries(st.text(), trees), st.dictionaries(st.text(), trees))
def test_other_content_makes_another_id(first: str, second: str, one: Any, other: Any) -> None:
    left, right = {"input_id": first, "data": one}, {"input_id": second, "data": other}
    same = first == second and canonical({"data": one}) == canonical({"data": other})
    assert (derive_id(left) == derive_id(right)) == same


# --- what the server stored is what was sent ---------------------------------------------------------

SENT = {
    "input_id": "in",
    "data": {
        "regions": [
            {
                "region_info": {"bounding_box": {"top_row": 0.1, "left_col": 0.0, "bottom_row": 0.5, "right_col": 1}},
                "data": {"concepts": [{"id": "a", "value": 1.0}, {"id": "b", "value": 0.0}]},
            }
        ]
    },
}


def stored(*concepts: dict[str, Any], top_row: float = float32(0.1), **box: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "input_id": "in",
        "created_at": "now",
        "status": {"code": 24150},
        "data": {
            "concepts": [],
            "regions": [
                {
                    "id": "made by the server",
                    "region_info": {"bounding_box": {"top_row": top_row, "bottom_row": 0.5, "right_col": 1.0, **box}},
                    "data": {"concepts": list(concepts)},
                }
            ],
        },
    }


def test_what_the_server_adds_reorders_rounds_and_leaves_out_does_not_count() -> None:
    assert holds(stored({"id": "b", "name": "B"} | {"value": 0.0}, {"id": "a", "value": 1.0, "app_id": "x"}), SENT)
    assert holds(stored({"id": "b", "value": 0}, {"id": "a"}), SENT)  # without value it reads as positive


def test_the_state_of_the_work_may_have_moved_on() -> None:
    sent = {"input_id": "in", "status": {"code": "ANNOTATION_PENDING"}}
    assert holds({"input_id": "in", "status": {"code": 24150}}, sent)


@pytest.mark.parametrize(
    ("sent", "shown", "same"),
    [
        ("VISIBLE", {"visibility": 1}, True),  # Clarifai's answers have numbers
        ("VISIBLE", {"visibility": "VISIBLE"}, True),
        ("NOT_SET", {}, True),
        ("NOT_SET", {"visibility": 0}, True),
        (1, {"visibility": 1}, True),
        ("VISIBLE", {"visibility": 2}, False),
        ("VISIBLE", {}, False),
        ("NOT_SET", {"visibility": 1}, False),
    ],
    ids=repr,
)
def test_a_visibility_is_compared_by_what_it_means(sent: object, shown: dict[str, Any], same: bool) -> None:
    point = {"row": 0.5, "col": 0.5}
    assert holds({"point": {**point, **shown}}, {"point": {**point, "visibility": sent}}) is same


@pytest.mark.parametrize(
    "other",
    [
        stored({"id": "a", "value": 1.0}, {"id": "b", "value": 1.0}),
        stored({"id": "a", "value": 0.0}, {"id": "b", "value": 0.0}),
        stored({"id": "a", "value": 1.0}),
        stored({"id": "a", "value": 1.0}, {"id": "b"}),
        stored({"id": "a", "value": 1.0}, {"id": "b", "value": 0.0}, {"id": "c", "value": 1.0}),
        stored({"id": "a", "value": 1.0}, {"id": "b", "value": 0.0}, top_row=0.11),
        stored({"id": "a", "value": 1.0}, {"id": "b", "value": 0.0}, left_col=0.2),
        {"id": "x", "input_id": "in", "data": {"concepts": [{"id": "a", "value": 1.0}]}},
        {"id": "x", "input_id": "in", "data": {"regions": "odd"}},
        {"id": "x", "input_id": "in", "data": []},
    ],
    ids=[
        "positive",
        "negative",
        "fewer",
        "without value",
        "more",
        "moved",
        "not at the edge",
        "no region",
        "odd",
        "no object",
    ],
)
def test_other_content_is_other_content(other: dict[str, Any]) -> None:
    assert not holds(other, SENT)


@pytest.mark.parametrize(
    ("sent", "stored", "same"),
    [
        ({"status": "a"}, {"status": "b"}, False),  # elsewhere the state of the work, which moves on
        ({"value": 0}, {}, False),  # elsewhere a polarity
        ({"concepts": [1]}, {"concepts": [2]}, False),
        ({"visibility": "VISIBLE"}, {"visibility": 1}, False),
        ({"a": 0.1}, {"a": 0.10000000149011612}, False),  # 32 bits of it
        ({"a": True}, {"a": 1}, False),
        ({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]}, True),
        ({"a": None}, {}, False),
        ({"a": -0.0}, {"a": 0}, True),
        ({"a": 16777217}, {"a": 16777216}, False),
        ({"a": 2**63 + 1}, {"a": float(2**63)}, True),  # one double, and doubles are what the API keeps
        ({"a": 10**400}, {"a": 10**400}, True),
        ({"a": 1}, {"a": float("inf")}, False),  # which JSON of a server can say as 1e999
        ({"concepts": {"a": 1}}, {"concepts": {"a": 1, "server": 2}}, True),
        ({"a": 1}, {"a": 10**400}, False),
        ({"a": []}, {"a": [1]}, False),
        ({"a": {"b": 1}}, {"a": []}, False),
        ({"a": "x"}, {"a": "x", "server": "y"}, True),
        ({}, None, True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", ["metadata", "annotation_info"])
def test_json_of_the_user_is_compared_as_it_is(key: str, sent: object, stored: object, same: bool) -> None:
    assert holds({key: stored}, {key: sent}) is same


def test_concepts_that_are_no_concepts_are_not_what_was_sent() -> None:
    assert not holds({"concepts": ["a"]}, {"concepts": [{"id": "a", "value": 1}]})
    assert not holds({"concepts": None}, {"concepts": [{"id": "a", "value": 1}]})


@pytest.mark.parametrize(
    ("sent", "shown", "same"),
    [
        ({"number": 16777217}, {"number": 16777216}, False),  # one number in 32 bits of a float
        ({"number": 16777217}, {"number": 16777217}, True),
        ({"time": 2**53 + 1}, {"time": str(2**53)}, False),
        ({"time": 2**53 + 1}, {"time": str(2**53 + 1)}, True),
        ({"time": 5}, {"time": "nonsense"}, False),
        ({"time": 0}, {"index": 0, "number": 0}, True),
        ({"time": 0}, {"time": "7"}, False),
    ],
    ids=repr,
)
def test_whole_numbers_are_compared_as_whole_numbers(sent: object, shown: object, same: bool) -> None:
    assert holds({"frame_info": shown}, {"frame_info": sent}) is same


def test_a_number_that_32_bits_cannot_hold_is_the_same_as_itself_alone() -> None:
    assert holds({"quality": 1e308}, {"quality": 1e308})
    assert not holds({"quality": 1e307}, {"quality": 1e308})


@pytest.mark.parametrize(
    ("sent", "shown", "same"),
    [
        ({"concepts": []}, {}, True),
        ({"concepts": []}, {"concepts": [{"id": "a", "value": 1}]}, False),
        ({"geo": {}}, {}, True),
        ({"geo": {"geo_point": {"longitude": 0.0, "latitude": 0.0}}}, {"geo": {"geo_point": {}}}, True),
        ({"geo": {"geo_point": {"longitude": 0.0, "latitude": 0.0}}}, {"geo": {}}, False),
        ({"regions": [{"region_info": {"span": {"char_start": 0, "char_end": 1, "raw_text": ""}}}]}, "as it is", True),
        ({"a": [[1, {"b": 0}]]}, {"a": [[1, {}]]}, True),
    ],
    ids=repr,
)
def test_what_protobuf_leaves_out_is_nothing_and_a_place_is_something(sent: Any, shown: Any, same: bool) -> None:
    if shown == "as it is":
        shown = {"regions": [{"region_info": {"span": {"char_end": 1}}}]}
    assert holds({"data": shown}, {"data": sent}) is same


# --- one rule ----------------------------------------------------------------------------------------


def rewritten(tree: Any, draw: Any, key: str = "", *, is_free: bool = False) -> Any:
    """Return the same content, written in another way."""
    if isinstance(tree, dict):
        is_free |= key in FREE_JSON
        inner = {name: rewritten(value, draw, name, is_free=is_free) for name, value in tree.items()}
        return dict(draw(st.permutations(list(inner.items()))))
    if isinstance(tree, list):
        items = [rewritten(item, draw, "" if is_free else key, is_free=is_free) for item in tree]
        if key == "concepts" and not is_free:
            items = [{**item, **draw(st.sampled_from([{}, {"name": "N"}]))} for item in draw(st.permutations(items))]
        return items
    if isinstance(tree, float) and key in FLOATS and not is_free:
        kinds: list[Any] = [np.float32, np.float64, lambda number: -0.0 if number == 0 else number]
        kinds += [int, np.int8, bool] if tree in (0, 1) else []
        return draw(st.sampled_from(kinds))(tree)
    if type(tree) is int:
        return draw(st.sampled_from([int, float] if abs(tree) <= 2**53 else [int]))(tree)
    return tree


@given(kinds.sendable, st.data())
def test_the_same_content_has_one_id_and_is_the_same_however_it_is_written(tree: Any, data: st.DataObject) -> None:
    other = rewritten(tree, data.draw)
    one, two = prepare(nameless(tree), 0), prepare(nameless(other), 0)
    assert one.tree["id"] == two.tree["id"]
    assert holds(one.tree, two.tree)
    assert holds(two.tree, one.tree)
    model = prepare(Annotation.model_validate(nameless(other)), 0)
    assert model.tree["id"] == one.tree["id"]


@given(kinds.sendable, st.data())
def test_content_is_the_same_if_and_only_if_its_id_is(tree: Any, data: st.DataObject) -> None:
    other = data.draw(st.one_of(kinds.sendable, st.just(tree).map(lambda same: changed(same, data.draw))))
    one, two = prepare(nameless(tree), 0).tree, prepare(nameless(other), 0).tree
    is_one = one["id"] == two["id"]
    for item in (one, two):
        del item["id"]
    assert is_one == (holds(one, two) and holds(two, one))
    assert holds(as_shown(one), one)  # what the server makes of it is the same
    assert is_one == (holds(as_shown(one), two) and holds(as_shown(two), one))


def nameless(tree: Any) -> Any:
    return {key: value for key, value in tree.items() if key != "id"}


def changed(tree: Any, draw: Any) -> Any:
    """Return JSON with one scalar in it changed a little, as far as it can still be sent."""
    places = list(scalars(tree))
    tree = copy.deepcopy(tree)
    *way, last = draw(st.sampled_from(places))
    node = tree
    for step in way:
        node = node[step]
    value = node[last]
    near: dict[type, list[Any]] = {
        bool: [not value if isinstance(value, bool) else value, int(value) if isinstance(value, bool) else value],
        int: [value, value + 1 if isinstance(value, int) and value < 2**32 - 1 else value],
        float: [value, 0.0, 1.0] if last == "value" else [value],
    }
    node[last] = draw(st.sampled_from(near.get(type(value), [value])))
    try:
        prepare(nameless(tree), 0)
    except InvalidRequestError:
        node[last] = value
    return tree


def scalars(tree: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, (dict, list)):
        for step, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from scalars(item, (*place, step))
    else:
        yield place


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_that_fits_into_32_bits_stays(number: float) -> None:
    assert float32(number) == number
