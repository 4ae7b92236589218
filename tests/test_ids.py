"""Derived ids, and what counts as the same content."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, BoundingBox, Concept, negative, positive
from clarifai_http_annotations._wire.ids import canonical, derive_id, float32, holds
from clarifai_http_annotations._wire.outcomes import prepare

# Frozen: a change of one of these is a new major version, since running a file again would store it twice.
GOLDEN: list[tuple[Annotation, str]] = [
    (Annotation.of("in-1", positive("tree")), "8a2da169556c14696fb69172c9978f66"),
    (Annotation.of("in-1", negative("tree")), "c9297931337e90e924ca8b46169f05a9"),
    (Annotation.of("in-1", positive("tree"), negative("water")), "de6721f8a59c4c292975304618cc5aa5"),
    (
        Annotation.of(
            "53d0362a9dfa4e03b2293375e2d0db73",
            positive("boat"),
            region=BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9),
        ),
        "2ebd70053e55c0c17cd4ad708fd0554b",
    ),
    (Annotation.of("in-1", status="ANNOTATION_PENDING"), "9b91b18afe3b4e4ea7c7affef11d132a"),
    (Annotation.of("eingabe-ß", positive("木"), positive("tree", name="Bäume")), "c21746d71c917c1f2561430b557a33e6"),
    (Annotation.of("in-1", Concept(id="tree", value=0.25)), "631937c0a0529e4ce32a1de9dae26970"),
]


@pytest.mark.parametrize(("annotation", "derived"), GOLDEN, ids=[str(n) for n in range(len(GOLDEN))])
@pytest.mark.filterwarnings("ignore::clarifai_http_annotations.UnusualIdWarning")
def test_the_rule_is_frozen(annotation: Annotation, derived: str) -> None:
    assert prepare(annotation, 0).tree["id"] == derived


@pytest.mark.parametrize("value", [1, 1.0, True], ids=repr)
def test_one_content_makes_one_id_however_it_is_written(value: Any) -> None:
    same = {"data": {"concepts": [{"value": value, "id": "tree"}]}, "input_id": "in-1", "id": "not part of it"}
    assert derive_id(same) == GOLDEN[0][1]


def test_minus_zero_is_zero() -> None:
    assert canonical({"value": -0.0}) == canonical({"value": 0}) == '{"value":0}'


def test_numbers_that_only_floats_confuse_stay_apart() -> None:
    assert canonical([2**53, 2**53 + 1]) == "[9007199254740992,9007199254740993]"


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), trees))
def test_the_order_of_keys_does_not_matter(tree: dict[str, Any]) -> None:
    assert canonical(dict(reversed(tree.items()))) == canonical(tree)


@given(st.text(), st.text(), trees, trees)
def test_other_content_makes_another_id(first: str, second: str, one: Any, other: Any) -> None:
    left, right = {"input_id": first, "data": one}, {"input_id": second, "data": other}
    same = first == second and canonical(one) == canonical(other)
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
        ({"a": [1, {"b": None}]}, {"a": [1.0, {}]}, True),
        ({"a": 2**63 + 1}, {"a": float(2**63)}, True),
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


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_number_that_fits_into_32_bits_stays(number: float) -> None:
    assert float32(number) == number
