"""The short way of plain rows is the long way, only shorter."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import kinds
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from clarifai_http_annotations import Annotation, BoundingBox, Concept, Data, InvalidRequestError, negative, positive
from clarifai_http_annotations._wire import rows
from clarifai_http_annotations._wire.guard import encode_body
from clarifai_http_annotations._wire.ids import derive_id
from clarifai_http_annotations._wire.rows import Row, prepare_row

ROW = {"input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}, {"id": "water", "value": 0.0}]}}
BOX = {"top_row": 0.1, "left_col": 0.0, "bottom_row": 0.5, "right_col": 1.0}
BOXED = {
    "id": "mine",
    "input_id": "in-1",
    "data": {
        "regions": [{"region_info": {"bounding_box": BOX}, "data": {"concepts": [{"id": "boat", "value": True}]}}]
    },
}


class Text(str):
    """A text that is not exactly one."""


class Table(dict[str, Any]):
    """A dict that is not exactly one."""


def the_long_way(given: object, monkeypatch: pytest.MonkeyPatch) -> Row | str:
    with monkeypatch.context() as patch:
        patch.setattr(rows, "_plain", lambda row: None)
        return outcome(given)


def outcome(given: object) -> Row | str:
    try:
        return prepare_row(given, "annotations[7]")
    except InvalidRequestError as error:
        return f"{type(error).__name__}: {error} {error.problems}"


def check_alike(given: object, monkeypatch: pytest.MonkeyPatch) -> None:
    before = copy.deepcopy(given)
    short, long = outcome(given), the_long_way(given, monkeypatch)
    assert repr(given) == repr(before)
    if isinstance(short, str) or isinstance(long, str):
        assert short == long
        return
    assert repr(short.tree) == repr(long.tree)  # with its types, the order of its keys and the sign of its zeros
    assert (short.digest, short.derived) == (long.digest, long.derived)
    assert short.digest == derive_id(short.tree)
    assert not {id(part) for part in changeable(short.tree)} & {id(part) for part in changeable(given)}
    sent = encode_body({"annotations": [copy.deepcopy(short.tree)]}, fractional_values=True)
    assert sent == encode_body({"annotations": [copy.deepcopy(long.tree)]}, fractional_values=True)
    size = len(sent) - len('{"annotations":[]}')
    assert size <= short.size <= 2 * size + 250
    assert size <= long.size <= 2 * size + 250


def changeable(part: object) -> Iterator[object]:
    """Yield every dict and list of a tree, or of what a model holds."""
    if isinstance(part, BaseModel):
        part = vars(part)
    if isinstance(part, (dict, list)):
        yield part
        for inner in part.values() if isinstance(part, dict) else part:
            yield from changeable(inner)


values = st.sampled_from(
    [0, 1, 0.0, 1.0, -0.0, True, False, 0.5, 2, -1, None, "1", float("nan"), np.float64(1.0), np.int64(0), np.bool_(1)]
)
ids = st.sampled_from(["a", "tree", "b" * 32, "b" * 33, "", " ", "a b", "é", "\ud800", "-a", None, 3, Text("a")])
concepts = st.fixed_dictionaries({"id": ids, "value": values}, optional={"name": st.just("A")}).flatmap(
    lambda concept: st.sampled_from([concept, Table(concept), {"id": "c"}, 3, [concept]])
)
edges = st.sampled_from([0.0, 1.0, 0.25, 0.5, -0.0, 1, 0, 1.5, True, "0", None, np.float64(0.5), float("inf")])
boxes = kinds.boxes.map(
    lambda c: {
        "top_row": min(c[:2]),
        "left_col": min(c[2:]),
        "bottom_row": max(c[:2]),
        "right_col": max(c[2:]),
    }
) | st.fixed_dictionaries(dict.fromkeys(BOX, edges), optional={"more": st.just(1)})
plain_concepts = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["a", "b", "c"]), "value": st.sampled_from([0, 1, 1.0, False])})
    | concepts,
    max_size=3,
)
datas = st.fixed_dictionaries({"concepts": plain_concepts}) | st.fixed_dictionaries(
    {
        "regions": st.lists(
            st.fixed_dictionaries(
                {
                    "region_info": st.fixed_dictionaries({"bounding_box": boxes}),
                    "data": st.fixed_dictionaries({"concepts": plain_concepts}),
                },
                optional={"id": st.just("r")},
            ),
            max_size=2,
        )
    }
)
mutants = st.fixed_dictionaries(
    {"input_id": ids, "data": datas | st.sampled_from([None, [], {}, 3])},
    optional={"id": ids, "status": st.just("ANNOTATION_PENDING"), "dta": st.just(1)},
).flatmap(lambda row: st.sampled_from([row, Table(row)]))


@pytest.mark.filterwarnings("ignore::clarifai_http_annotations.UnusualIdWarning")
@given(mutants)
@settings(max_examples=400)
def test_a_row_that_is_nearly_plain_is_what_the_models_make_of_it(row: Any) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        check_alike(row, monkeypatch)


@given(kinds.sendable)
def test_a_row_of_any_kind_is_what_the_models_make_of_it(row: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        check_alike(row, monkeypatch)
        check_alike({key: value for key, value in row.items() if key != "id"}, monkeypatch)
        check_alike(Annotation.model_validate(row), monkeypatch)


def boxed(box: object = BOX, **region: Any) -> dict[str, Any]:
    content = {"concepts": [{"id": "boat", "value": 1}]}
    return {
        "input_id": "in-1",
        "data": {"regions": [{"region_info": {"bounding_box": box}, "data": content, **region}]},
    }


def said(*concepts: object, **more: object) -> dict[str, Any]:
    return {"input_id": "in-1", "data": {"concepts": list(concepts), **more}}


TREE = {"id": "tree", "value": 1}

NEARLY_PLAIN: dict[str, object] = {
    "no dict": ["in-1"],
    "a whole request": {"annotations": [ROW]},
    "what JSON does not have": said({"id": "tree", "value": {1}}),
    "a dict of another kind": Table(ROW),
    "no input": {"data": ROW["data"]},
    "an input of another kind": {**ROW, "input_id": Text("in-1")},
    "an unusual input": {**ROW, "input_id": "in 1"},
    "an unusual id": {**ROW, "id": "a b"},
    "an id that is null": {**ROW, "id": None},
    "something else beside it": {**ROW, "status": "ANNOTATION_PENDING"},
    "more fields": {**ROW, "id": "a", "task_id": "k"},
    "fewer fields": {"input_id": "in-1"},
    "data that is null": {**ROW, "data": None},
    "no data": {**ROW, "data": {}},
    "more data": said(TREE, metadata={"a": True}),
    "other data": {**ROW, "data": {"metadata": {"no": [False] * 90}}},
    "no concepts": said(),
    "concepts in a tuple": {**ROW, "data": {"concepts": (TREE,)}},
    "no concept": said("tree"),
    "no value": said({"id": "tree"}),
    "no value but a name": said({"id": "tree", "name": "Tree"}),
    "a name but no id": said({"value": 1, "name": "Tree"}),
    "a name": said({**TREE, "name": "Tree"}),
    "a value of numpy": said({"id": "tree", "value": np.float64(1.0)}),
    "a fraction": said({"id": "tree", "value": 0.5}),
    "not a number": said({"id": "tree", "value": float("nan")}),
    "a concept twice": said(TREE, TREE),
    "a concept that is both": said(TREE, {"id": "tree", "value": 0}),
    "a concept of an unusual id": said({"id": "a tree", "value": 1}),
    "a concept of another kind of id": said({"id": Text("tree"), "value": 1}),
    "two regions": {"input_id": "in-1", "data": {"regions": boxed()["data"]["regions"] * 2}},
    "no region": {"input_id": "in-1", "data": {"regions": ["tree"]}},
    "a region with an id": boxed(id="r"),
    "a region that is elsewhere": boxed(region_info={"point": {"row": 0.5, "col": 0.5}}),
    "a region with nothing in it": boxed(data={}),
    "a region with bad concepts": boxed(data={"concepts": [TREE, 3]}),
    "a region with other data": boxed(data={"metadata": {"a": 1}}),
    "a region in two places": boxed(region_info={"bounding_box": BOX, "point": {"row": 0.5, "col": 0.5}}),
    "no box": boxed([0.1, 0.0, 0.5, 1.0]),
    "a box with fewer edges": boxed({"top_row": 0.1}),
    "a box with other edges": boxed({**{name: BOX[name] for name in list(BOX)[:3]}, "right": 1.0}),
    "an edge of another kind": boxed({**BOX, "right_col": True}),
    "an edge outside": boxed({**BOX, "right_col": 1.5}),
    "an edge that is no number": boxed({**BOX, "right_col": float("nan")}),
    "upside down": boxed({**BOX, "top_row": 0.6}),
    "of no width": boxed({**BOX, "right_col": 0.0}),
}


@pytest.mark.filterwarnings("ignore::clarifai_http_annotations.UnusualIdWarning")
@pytest.mark.parametrize("given", NEARLY_PLAIN.values(), ids=NEARLY_PLAIN)
def test_what_is_not_quite_plain_is_left_to_the_models(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rows._plain(given) is None
    check_alike(given, monkeypatch)


@pytest.mark.parametrize("value", [1, 0, 1.0, 0.0, -0.0, True, False], ids=repr)
def test_a_plain_value_is_sent_as_the_models_would_send_it(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    concept = {"id": "tree", "value": value}
    for row in ({**said(concept), "id": "mine"}, Annotation.model_validate(said(concept))):
        check_alike(row, monkeypatch)
        assert prepare_row(row, "annotations[0]").is_plain


def test_a_model_that_was_built_without_checks_is_judged_by_its_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (True, 0, -0.0, 0.5, None, "1"):
        concept = Concept.model_construct(id="tree", value=value)  # type: ignore[arg-type]  # as nobody should
        check_alike(
            Annotation.model_construct(input_id="in-1", data=Data.model_construct(concepts=[concept])), monkeypatch
        )


@pytest.mark.parametrize(
    "given",
    [
        ROW,
        BOXED,
        boxed({"top_row": 0, "left_col": 0, "bottom_row": 1, "right_col": 1}),
        Annotation.of("in-1", positive("tree"), negative("water")),
        Annotation.of("in-1", positive("boat"), region=BoundingBox(**BOX), id="mine"),
    ],
    ids=["dict", "dict with a box", "dict with a box of ints", "model", "model with a box"],
)
def test_what_is_plain_never_reaches_the_models(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    long = the_long_way(given, monkeypatch)
    monkeypatch.setattr(rows, "check", None)
    row = prepare_row(given, "annotations[0]")
    assert row.is_plain
    assert isinstance(long, Row)
    assert row == long._replace(is_plain=True, size=row.size)


def test_a_tree_shares_nothing_that_can_change_with_what_was_given() -> None:
    for row in (copy.deepcopy(ROW), copy.deepcopy(BOXED), {**copy.deepcopy(ROW), "annotation_info": {"by": ["me"]}}):
        one: Any = row
        tree = prepare_row(one, "annotations[0]").tree
        before = copy.deepcopy(tree)
        one["data"].clear()
        one.get("annotation_info", {}).clear()
        assert tree == before


def test_an_id_is_the_one_that_the_rule_makes() -> None:
    row = prepare_row(ROW, "annotations[0]")
    assert row.derived
    assert row.tree["id"] == row.digest == derive_id(row.tree)
    boxed = prepare_row(BOXED, "annotations[0]")
    assert not boxed.derived
    assert boxed.digest == derive_id(boxed.tree)


def test_usual_ids_are_remembered_without_end() -> None:
    for number in range(5000):
        prepare_row({"input_id": "in", "data": {"concepts": [{"id": f"c{number}", "value": 1}]}}, "annotations[0]")
    assert 0 < len(rows._seen) <= 4096
