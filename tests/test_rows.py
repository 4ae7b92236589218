"""The short way of plain rows is the long way, only shorter."""

from __future__ import annotations

import copy
import json
from typing import Any

import kinds
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, BoundingBox, InvalidRequestError, negative, positive
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
    assert short.tree == long.tree
    assert repr(sorted(short.tree)) == repr(sorted(long.tree))
    assert (short.digest, short.derived) == (long.digest, long.derived)
    sent = encode_body({"annotations": [copy.deepcopy(short.tree)]}, fractional_values=True)
    again = encode_body({"annotations": [copy.deepcopy(long.tree)]}, fractional_values=True)
    assert json.loads(sent) == json.loads(again)
    assert short.size >= len(sent) - len('{"annotations":[]}')


values = st.sampled_from(
    [0, 1, 0.0, 1.0, -0.0, True, False, 0.5, 2, -1, None, "1", float("nan"), np.float64(1.0), np.int64(0), np.bool_(1)]
)
ids = st.sampled_from(["a", "tree", "b" * 32, "b" * 33, "", " ", "a b", "é", "\ud800", "-a", None, 3, Text("a")])
concepts = st.fixed_dictionaries({"id": ids, "value": values}, optional={"name": st.just("A")}).flatmap(
    lambda concept: st.sampled_from([concept, Table(concept), {"id": "c"}, 3, [concept]])
)
edges = st.sampled_from([0.0, 1.0, 0.25, 0.5, -0.0, 1, 0, 1.5, "0", None, float("inf")])
boxes = st.fixed_dictionaries(dict.fromkeys(BOX, edges), optional={"more": st.just(1)})
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


@pytest.mark.parametrize(
    "given",
    [
        ROW,
        BOXED,
        Annotation.of("in-1", positive("tree"), negative("water")),
        Annotation.of("in-1", positive("boat"), region=BoundingBox(**BOX), id="mine"),
    ],
    ids=["dict", "dict with a box", "model", "model with a box"],
)
def test_what_is_plain_never_reaches_the_models(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    long = the_long_way(given, monkeypatch)
    monkeypatch.setattr(rows, "check", None)
    row = prepare_row(given, "annotations[0]")
    assert row.is_plain
    assert row == Row(**{**{name: getattr(long, name) for name in Row.__slots__}, "is_plain": True})


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
