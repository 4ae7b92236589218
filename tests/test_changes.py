"""What a merge says: exactly the edit, or a refusal. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from clarifai_http_annotations import InvalidRequestError
from clarifai_http_annotations._wire.changes import appends, changes, removal

BOX = {"top_row": 0.1, "left_col": 0.2, "bottom_row": 0.5, "right_col": 0.9}
POLYGON = {"points": [{"row": 0.0, "col": 0.0}, {"row": 0.0, "col": 1.0}, {"row": 1.0, "col": 1.0}]}


def concepts(**values: float) -> list[dict[str, Any]]:
    return [{"id": name, "value": value} for name, value in values.items()]


def region(**more: Any) -> dict[str, Any]:
    return {"regions": [{"id": "r", "region_info": {"polygon": POLYGON}, **more}]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"id": "a"}, {"id": "a"}, {}),
        (
            {"data": {"concepts": concepts(tree=1.0, water=0.0)}},
            {"data": {"concepts": concepts(tree=1.0, water=1.0)}},
            {"data": {"concepts": concepts(water=1.0)}},
        ),
        (
            {"data": {"concepts": concepts(tree=1.0)}},
            {"data": {"concepts": concepts(boat=0.0, tree=1.0)}},
            {"data": {"concepts": concepts(boat=0.0)}},
        ),
        (
            {"data": {"concepts": concepts(tree=1.0)}},
            {"data": {"concepts": [{"id": "tree", "value": 1.0, "name": "Tree"}]}},
            {"data": {"concepts": [{"id": "tree", "value": 1.0, "name": "Tree"}]}},
        ),
        (
            {"data": region(data={"concepts": concepts(tree=1.0)})},
            {"data": region(data={"concepts": concepts(tree=0.0)})},
            {"data": {"regions": [{"id": "r", "data": {"concepts": concepts(tree=0.0)}}]}},
        ),
        (
            {"data": {"regions": [{"id": "r", "region_info": {"bounding_box": BOX}}]}},
            {"data": {"regions": [{"id": "r", "region_info": {"bounding_box": {**BOX, "top_row": 0.3}}}]}},
            {"data": {"regions": [{"id": "r", "region_info": {"bounding_box": {**BOX, "top_row": 0.3}}}]}},
        ),
        ({}, {"status": {"code": "ANNOTATION_PENDING"}}, {"status": {"code": "ANNOTATION_PENDING"}}),
        ({}, {"data": {"concepts": concepts(tree=1.0)}}, {"data": {"concepts": concepts(tree=1.0)}}),
        ({"annotation_info": {"a": {"b": 1, "c": 2}}}, {"annotation_info": {"a": {"b": 1, "c": 3}}}, None),
        ({"annotation_info": {"a": 1}}, {"annotation_info": {"a": True}}, {"annotation_info": {"a": True}}),
        ({"annotation_info": {"a": 1}}, {"annotation_info": {"a": [1]}}, {"annotation_info": {"a": [1]}}),
        ({"annotation_info": {"a": 1}}, {"annotation_info": {}}, {"annotation_info": {}}),
        ({"data": {"metadata": {"a": []}}}, {"data": {"metadata": {"a": [1]}}}, {"data": {"metadata": {"a": [1]}}}),
        ({"data": region()}, {"data": {"regions": []}}, {"data": {"regions": []}}),
        ({"data": {"concepts": concepts(tree=1.0)}}, {"data": {}}, {"data": {}}),
        ({"data": None, "task_id": "t"}, {"task_id": "u"}, {"task_id": "u"}),
    ],
    ids=[
        "nothing",
        "a flip",
        "a new concept",
        "a name goes with its polarity",
        "a flip in a polygon leaves the points alone",
        "a box goes whole",
        "a status",
        "the first data",
        "deep in free JSON",
        "true is not 1 in free JSON",
        "another type",
        "an empty object replaces",
        "an empty list is filled",
        "an empty list replaces",
        "empty data replaces",
        "null was nothing",
    ],
)
def test_a_merge_says_exactly_the_edit(before: Any, after: Any, said: Any) -> None:
    wanted = {"annotation_info": {"a": {"c": 3}}} if said is None else said
    assert changes(before, after, "annotations[0]") == wanted


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            {"data": {"concepts": concepts(tree=1.0, water=0.0)}},
            {"data": {"concepts": concepts(tree=1.0)}},
            "data.concepts: a merge cannot take 'water' out",
        ),
        ({"data": {"geo": {}}}, {"data": {"geo": None}}, "data.geo: a merge cannot take it out"),
        ({"task_id": "t"}, {}, "task_id: a merge cannot take it out"),
        ({"annotation_info": {"a": 1}}, {"annotation_info": {"a": None}}, "annotation_info.a: a merge cannot take"),
        (
            {"data": region()},
            {"data": {"regions": [{"id": "r", "region_info": {"polygon": {"points": POLYGON["points"][:2]}}}]}},
            r"data.regions\[0\].region_info.polygon.points: a merge cannot change a list whose items have no ids",
        ),
        (
            {"data": region()},
            {"data": {"regions": [{"id": "r", "region_info": {"bounding_box": BOX}}]}},
            r"region_info.polygon: a merge cannot take it out",
        ),
        (
            {"data": {"regions": [{"region_info": {"bounding_box": BOX}}]}},
            {"data": {"regions": [{"region_info": {"bounding_box": BOX}, "track_id": "t"}]}},
            "data.regions: a merge cannot change a list whose items have no ids",
        ),
        (
            {"annotation_info": {"a": [1]}},
            {"annotation_info": {"a": [1, 2]}},
            "annotation_info.a: a merge cannot change",
        ),
        (
            {"data": {"concepts": [*concepts(a=1.0), *concepts(a=1.0)]}},
            {"data": {"concepts": concepts(a=0.0)}},
            "data.concepts: a merge cannot change",
        ),
    ],
    ids=[
        "a concept",
        "an object",
        "a scalar",
        "null",
        "points",
        "another kind",
        "a region without id",
        "a list of JSON",
        "twice the same id",
    ],
)
def test_what_a_merge_cannot_say_is_refused_with_what_can(before: Any, after: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem) as caught:
        changes(before, after, "annotations[3] (input 'in')")
    assert str(caught.value).startswith("Nothing was sent. ")
    assert caught.value.problems[0].startswith("annotations[3] (input 'in'), ")
    assert 'action="overwrite"' in str(caught.value)


def test_what_nobody_is_sure_of_is_said_again_as_far_as_it_can_be_said_twice() -> None:
    tree = {
        "id": "a",
        "data": {
            **region(data={"concepts": concepts(tree=0.0)}),
            "metadata": {"a": 1, "b": [1]},
            "time_segments": [{"id": "s", "time_info": {"begin_time": 1.0, "end_time": 2.0}}],
        },
    }
    assert changes(tree, tree, "a", is_sure=False) == {
        "data": {
            "regions": [{"id": "r", "data": {"concepts": concepts(tree=0.0)}}],
            "metadata": {"a": 1},
            "time_segments": [{"id": "s", "time_info": {"begin_time": 1.0, "end_time": 2.0}}],
        }
    }


# --- removal -----------------------------------------------------------------------------------------


def test_a_removal_takes_concept_ids_alone_and_writes_0() -> None:
    tree = {"id": "a", "input_id": "in", "data": {"concepts": [{"id": "tree"}, {"id": "water", "value": 1.0}]}}
    assert removal(tree, "annotations[0]")["data"] == {"concepts": concepts(tree=0.0, water=1.0)}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "data: names nothing to remove"),
        ({}, "data: names nothing to remove"),
        ({"concepts": []}, "data: names nothing to remove"),
        ({"concepts": [{"value": 0.0}]}, r"data.concepts\[0\]: a removal needs its id"),
        ({"concepts": ["tree"]}, r"data.concepts\[0\]: a removal needs its id"),
        ({"regions": [{"region_info": {}}]}, r"data.regions\[0\]: a removal needs its id"),
        (
            {"regions": [{"id": "r", "data": {"concepts": [{"id": "tree"}]}}]},
            r"data.regions\[0\]: a removal takes the whole of 'r' away; name it by its id alone",
        ),
        ({"metadata": {"a": 1}}, "data.metadata: a removal takes items out of lists"),
    ],
)
def test_what_a_removal_cannot_mean_is_refused(data: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        removal({"id": "a", "input_id": "in", "data": data}, "annotations[0]")


def test_a_removal_changes_nothing_but_data() -> None:
    tree = {"id": "a", "input_id": "in", "task_id": "t", "data": {"concepts": [{"id": "tree"}]}}
    with pytest.raises(InvalidRequestError, match="task_id: a removal takes items out of lists"):
        removal(tree, "annotations[0]")


# --- sending again -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "twice_is_twice"),
    [
        ({"data": {"concepts": concepts(tree=1.0)}}, False),
        ({"data": {"regions": [{"id": "r", "region_info": {"bounding_box": BOX}}]}}, False),
        ({"data": {"regions": [{"region_info": {"bounding_box": BOX}}]}}, True),
        ({"data": region()}, True),
        ({"data": {"regions": []}}, False),
        ({"annotation_info": {"a": {"b": 1}}}, False),
        ({"annotation_info": {"a": {"b": [1]}}}, True),
        ({"annotation_info": {"a": []}}, False),
        ({"status": {"code": "ANNOTATION_PENDING"}}, False),
    ],
)
def test_a_merge_that_would_append_twice_is_known(tree: Any, twice_is_twice: bool) -> None:
    assert appends([{"id": "a", "input_id": "in", **tree}]) is twice_is_twice
