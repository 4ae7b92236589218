"""No concept leaves without its polarity, whatever was done to it on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from detours import batches, made
from hypothesis import given, settings
from hypothesis import strategies as st

from clarifai_http_annotations import (
    Annotation,
    Concept,
    InvalidRequestError,
    MissingValueError,
)
from clarifai_http_annotations._wire.guard import encode_body, find_concepts
from clarifai_http_annotations.testing import Emulator


def polarities(tree: Any) -> dict[str, Any]:
    return {concept["id"]: concept.get("value") for _, concept in find_concepts(tree)}


@settings(max_examples=500)
@given(batch=batches)
def test_every_concept_leaves_as_it_was_asked_or_nothing_leaves(batch: list[Any]) -> None:
    annotations, asked = made(batch)
    emulator = Emulator()
    with emulator.client() as client:
        if None in asked.values():
            with pytest.raises(InvalidRequestError):
                client.create(annotations)
            assert emulator.requests == []
            return
        client.create(annotations)
    [request] = emulator.requests
    left = polarities(request.body)
    assert left == asked
    assert all(type(value) is float for value in left.values())
    assert emulator.missing_values == []


# --- the choke point itself: shapes that no type of this package makes yet ------------------------------

SHAPES: dict[str, Callable[[list[Any]], dict[str, Any]]] = {
    "time segment": lambda concepts: {"annotations": [{"data": {"time_segments": [{"data": {"concepts": concepts}}]}}]},
    "track": lambda concepts: {"annotation_tracks": [{"data": {"tracks": [{"data": {"concepts": concepts}}]}}]},
    "patch": lambda concepts: {"action": "merge", "annotations": [{"id": "a", "data": {"concepts": concepts}}]},
    "search filter": lambda concepts: {
        "searches": [{"query": {"filters": [{"annotation": {"data": {"concepts": concepts}}}]}}]
    },
    "list in a list": lambda concepts: {"odd": [[{"concepts": concepts}]]},
}

values: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([0, 1, 0.0, 1.0, -0.0, True, False, 0.5, 2, -1, None, "1", "", [], {}, float("nan"), float("inf")]),
    st.floats(),
)
loose = st.lists(
    st.one_of(
        st.builds(lambda value: {"id": "c", "value": value}, values),
        st.just({"id": "c"}),
        st.sampled_from(["tree", None, 1, 1.0, []]),
    ),
    max_size=4,
)


@given(shape=st.sampled_from(sorted(SHAPES)), asked=loose, fractional=st.booleans())
def test_the_bytes_of_any_request_hold_a_number_in_every_concept(
    shape: str, asked: list[Any], fractional: bool
) -> None:
    meant = [concept.get("value") if isinstance(concept, dict) else None for concept in asked]
    sayable = all(
        isinstance(value, (int, float)) and (0 <= value <= 1 if fractional else value in (0, 1)) for value in meant
    )
    tree = SHAPES[shape](asked)
    if not sayable:
        with pytest.raises(InvalidRequestError):
            encode_body(tree, fractional_values=fractional)
        return
    sent = [
        concept["value"] for _, concept in find_concepts(json.loads(encode_body(tree, fractional_values=fractional)))
    ]
    assert sent == meant
    assert all(type(value) is float for value in sent)


def test_free_json_of_the_user_is_left_alone() -> None:
    tree = {"annotations": [{"annotation_info": {"concepts": ["mine"]}, "data": {"metadata": {"concepts": {"a": 1}}}}]}
    assert json.loads(encode_body(tree)) == tree


@pytest.mark.parametrize("wrong", [{"id": "tree", "value": 1}, "tree", 1], ids=["object", "text", "number"])
def test_concepts_that_are_no_list_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"data\.concepts: .*is not a concept"):
        encode_body({"data": {"concepts": wrong}})


def test_concepts_that_are_null_are_no_concepts() -> None:
    assert encode_body({"data": {"concepts": None}}) == b'{"data":{"concepts":null}}'


def test_the_refusal_names_every_place_the_input_the_concept_and_what_each_protocol_would_do() -> None:
    tree = {
        "annotations": [
            {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}, {"id": "water"}]}},
            {"input_id": "in-2", "data": {"concepts": [{"id": "boat"}]}},
        ]
    }
    with pytest.raises(MissingValueError) as refused:
        encode_body(tree)
    text = str(refused.value)
    assert "annotations[0].data.concepts[1] (input 'in-1'): concept 'water' has no value" in text
    assert "annotations[1].data.concepts[0] (input 'in-2'): concept 'boat' has no value" in text
    assert "HTTP would store it as positive (1.0), gRPC as negative (0.0)" in text
    assert len(refused.value.problems) == 2


def test_a_fraction_leaves_only_from_a_client_that_was_made_for_it(connect: Any, emulator: Emulator) -> None:
    annotation = Annotation.of("in", Concept(id="tree", value=0.25))
    with pytest.raises(InvalidRequestError, match="fractional_values=True"):
        connect(emulator).create(annotation)
    connect(emulator, fractional_values=True).create(annotation)
    assert [polarities(request.body) for request in emulator.requests] == [{"tree": 0.25}]


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_value_outside_0_to_1_never_leaves(value: float) -> None:
    with pytest.raises(InvalidRequestError, match="must be between 0 and 1"):
        encode_body({"concepts": [{"id": "tree", "value": value}]}, fractional_values=True)


def _nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"concepts": []}
    for _ in range(levels):
        tree = {"data": tree}
    return tree


def _loop() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    tree["data"] = tree
    return tree


@pytest.mark.parametrize(
    "tree",
    [_nested(100_000), _loop(), {"id": "\ud800"}, {"row": float("nan")}, {"odd": object()}],
    ids=["deep", "loop", "surrogate", "NaN", "object"],
)
def test_what_cannot_be_json_is_refused_and_not_sent(tree: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="Nothing was sent"):
        encode_body(tree)
