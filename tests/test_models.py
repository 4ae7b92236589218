"""Values: strict to build, lenient to read."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    Data,
    Frame,
    FrameInfo,
    Region,
    RegionInfo,
    Status,
    StatusCode,
    negative,
    positive,
)
from clarifai_http_annotations.models._base import read
from clarifai_http_annotations.models.status import known_code

BOX = {"top_row": 0.1, "left_col": 0.2, "bottom_row": 0.5, "right_col": 0.9}

# --- polarity ----------------------------------------------------------------------------------------


def test_positive_is_1_and_negative_is_0() -> None:
    assert (positive("tree").value, negative("tree").value) == (1.0, 0.0)
    assert positive("tree").is_positive
    assert not positive("tree").is_negative
    assert negative("tree").is_negative
    assert not negative("tree").is_positive


def test_a_prediction_is_neither() -> None:
    concept = Concept(id="tree", value=0.97)
    assert not concept.is_positive
    assert not concept.is_negative


def test_a_concept_without_value_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match="value"):
        Concept(id="tree")  # type: ignore[call-arg]


def test_a_name_is_set_only_if_it_was_given() -> None:
    assert "name" not in positive("tree").model_fields_set
    assert negative("tree", name="Tree").name == "Tree"


@pytest.mark.parametrize(
    ("value", "number"),
    [(True, 1.0), (False, 0.0), (1, 1.0), (0, 0.0), (0.5, 0.5), (Decimal(1), 1.0)]
    + [(kind(1), 1.0) for kind in (np.float32, np.float64, np.int8, np.uint64, np.bool_)]
    + [(np.array(0.0), 0.0)],
    ids=repr,
)
def test_numbers_of_every_kind_are_taken(value: Any, number: float) -> None:
    concept = Concept(id="tree", value=value)
    assert concept.value == number
    assert type(concept.value) is float


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -0.001, 1.001, 10**400, "1", "positive", b"1", None, []]
    + [np.array([1.0]), 1j, np.complex128(1), np.float32("nan"), np.str_("1"), {"value": 1}],
    ids=repr,
)
def test_what_is_no_polarity_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be"):
        Concept(id="tree", value=value)


def test_assigning_is_checked_like_building() -> None:
    concept = positive("tree")
    concept.value = False
    assert concept.value == 0.0
    with pytest.raises(ValidationError):
        concept.value = 2


# --- strict ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda: Annotation(input_id="in", dta=Data()),  # type: ignore[call-arg]
        lambda: Annotation(input_id=""),
        lambda: Annotation(input_id=" \n"),
        lambda: Annotation(input_id=5),
        lambda: Annotation(input_id="in", id=""),
        lambda: Annotation(input_id="in", created_at=datetime.now(UTC)),
        lambda: Concept(id="", value=1),
        lambda: Concept(id="\ud800", value=1),
        lambda: Concept(id="tree", val=1),  # type: ignore[call-arg]
        lambda: Region(id=""),
        lambda: FrameInfo(time=-1),
        lambda: Status(code="ANNOTATION_DONE"),
        lambda: Status(code=5),
        lambda: Status(code=True),
        lambda: Status(),  # type: ignore[call-arg]
    ],
)
def test_what_the_api_would_not_take_is_refused(build: Any) -> None:
    with pytest.raises(ValidationError):
        build()


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_box_needs_its_top_above_its_bottom_and_its_left_before_its_right(corners: list[float]) -> None:
    top, left, bottom, right = corners
    if top < bottom and left < right:
        assert BoundingBox(top_row=top, left_col=left, bottom_row=bottom, right_col=right).top_row == top
    else:
        with pytest.raises(ValidationError, match="must be less than"):
            BoundingBox(top_row=top, left_col=left, bottom_row=bottom, right_col=right)


@pytest.mark.parametrize("field", sorted(BOX))
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), "0.5", None])
def test_a_coordinate_is_a_part_of_the_image(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        BoundingBox(**{**BOX, field: value})


def test_an_annotation_has_at_most_one_region() -> None:
    with pytest.raises(ValidationError, match="at most one region an annotation, not 2"):
        Data(regions=[Region(id="a"), Region(id="b")])


def test_an_annotation_has_at_most_one_frame() -> None:
    with pytest.raises(ValidationError, match="at most one frame an annotation, not 3"):
        Data(frames=[Frame()] * 3)


def test_one_concept_cannot_have_both_polarities() -> None:
    with pytest.raises(ValidationError, match=r"concept 'tree' is there twice, with the values 1.0 and 0.0"):
        Annotation.of("in", positive("tree"), negative("tree"))
    assert len(Data(concepts=[positive("tree"), positive("tree")]).concepts) == 2


@pytest.mark.parametrize("code", [24151, "24151", "ANNOTATION_PENDING", StatusCode.ANNOTATION_PENDING], ids=repr)
def test_a_status_is_built_from_number_or_name(code: Any) -> None:
    assert Status(code=code).code is StatusCode.ANNOTATION_PENDING
    assert Annotation.of("in", status=code).status == Status(code=code)


# --- the short way -----------------------------------------------------------------------------------


def test_the_short_way_is_the_wire_shape() -> None:
    assert Annotation.of("in", positive("tree"), id="a") == Annotation(
        id="a", input_id="in", data=Data(concepts=[Concept(id="tree", value=1)])
    )


def test_with_a_region_the_concepts_are_in_it() -> None:
    assert Annotation.of("in", negative("tree"), region=BoundingBox(**BOX)) == Annotation(
        input_id="in",
        data=Data(
            regions=[
                Region(
                    region_info=RegionInfo(bounding_box=BoundingBox(**BOX)),
                    data=Data(concepts=[Concept(id="tree", value=0)]),
                )
            ]
        ),
    )


def test_without_concepts_a_region_has_no_data_and_an_annotation_neither() -> None:
    boxed = Annotation.of("in", region=BoundingBox(**BOX))
    assert boxed.data is not None
    assert boxed.data.regions[0].data is None
    assert Annotation.of("in", status="ANNOTATION_PENDING").data is None


@pytest.mark.parametrize("concept", ["tree", {"id": "tree"}, None], ids=repr)
def test_a_concept_without_polarity_is_answered_with_what_to_say(concept: Any) -> None:
    with pytest.raises(TypeError, match=r"say positive\(.*\) if it is present"):
        Annotation.of("in", concept)


def test_a_list_of_concepts_is_answered_with_how_to_unpack_it() -> None:
    with pytest.raises(TypeError, match=r"unpack the list, Annotation\.of\(input_id, \*concepts\)"):
        Annotation.of("in", [positive("tree")])  # type: ignore[arg-type]


def test_a_region_that_is_no_box_is_answered_with_what_to_give() -> None:
    with pytest.raises(TypeError, match=r"region must be BoundingBox\(top_row="):
        Annotation.of("in", positive("tree"), region=(0.1, 0.1, 0.4, 0.4))  # type: ignore[arg-type]


def test_each_concept_comes_with_its_place() -> None:
    nested = Data(
        regions=[
            Region(data=Data(concepts=[negative("b")])),
        ]
    )
    data = Data(concepts=[positive("a")], regions=nested.regions, frames=[Frame(data=nested), Frame()][:1])
    assert [(place, concept.id) for place, concept in Annotation(input_id="in", data=data).each_concept()] == [
        ("data.concepts[0]", "a"),
        ("data.regions[0].data.concepts[0]", "b"),
        ("data.frames[0].data.regions[0].data.concepts[0]", "b"),
    ]
    assert list(Annotation(input_id="in").each_concept()) == []
    assert list(Annotation.of("in", region=BoundingBox(**BOX)).each_concept()) == []


# --- lenient -----------------------------------------------------------------------------------------


def test_an_answer_keeps_what_this_version_does_not_know() -> None:
    annotation = read(Annotation, {"id": "a", "input_id": "in", "mood": "good", "data": {"text": {"x": 1}}})
    assert annotation.mood == "good"  # type: ignore[attr-defined]
    assert annotation.data is not None
    assert annotation.data.text == {"x": 1}  # type: ignore[attr-defined]


def test_a_concept_without_value_in_an_answer_is_positive_and_knows_that_it_was_missing() -> None:
    absent, null, zero = (read(Concept, {"id": "c", **more}) for more in ({}, {"value": None}, {"value": 0}))
    assert (absent.value, null.value, zero.value) == (1.0, 1.0, 0.0)
    assert (absent.value_was_missing, null.value_was_missing, zero.value_was_missing) == (True, True, False)


@pytest.mark.parametrize("value", [-3, 0.99960595, 7])
def test_an_answer_is_taken_as_it_is(value: float) -> None:
    assert read(Concept, {"id": "", "value": value}).value == value


def test_a_box_of_an_answer_may_lack_its_zeros_and_be_empty() -> None:
    box = read(BoundingBox, {"bottom_row": 0.5})
    assert (box.top_row, box.bottom_row) == (0.0, 0.5)
    assert box.model_fields_set == {"bottom_row"}


def test_an_answer_may_hold_several_regions_and_both_polarities() -> None:
    data = read(Data, {"regions": [{"id": "a"}, {}], "concepts": [{"id": "c", "value": 1}, {"id": "c", "value": 0}]})
    assert (len(data.regions), data.regions[1].id, len(data.concepts)) == (2, "", 2)


@pytest.mark.parametrize(
    ("code", "expected"),
    [(24150, StatusCode.ANNOTATION_SUCCESS), ("CONN_THROTTLED", StatusCode.CONN_THROTTLED), (77777, 77777)]
    + [("24150", StatusCode.ANNOTATION_SUCCESS), ("BRAND_NEW", "BRAND_NEW"), (None, 0), ("", 0), ([], 0), (1.5, 0)],
    ids=repr,
)
def test_a_code_is_read_as_a_number_a_name_or_whatever_is_new(code: object, expected: object) -> None:
    assert read(Status, {"code": code}).code == expected


@pytest.mark.parametrize("text", ["9" * 5000, "²", "1e5", "-1"])
def test_text_that_is_no_plain_number_stays_text(text: str) -> None:
    assert known_code(text) == text


@pytest.mark.parametrize("digits", ["", ".5", ".568082", ".568082659"])
def test_times_have_up_to_nine_digits_of_a_second(digits: str) -> None:
    annotation = read(Annotation, {"input_id": "in", "created_at": f"2025-02-28T09:41:55{digits}Z"})
    assert annotation.created_at is not None
    assert annotation.created_at.replace(microsecond=0) == datetime(2025, 2, 28, 9, 41, 55, tzinfo=UTC)


def test_a_time_of_a_frame_may_be_text() -> None:
    assert read(FrameInfo, {"time": "5000"}).time == read(FrameInfo, {"time": 5000}).time == 5000


def test_what_only_the_server_says_is_not_said_by_the_user_until_he_assigns_it() -> None:
    annotation = read(
        Annotation,
        {"id": "a", "input_id": "in", "status": {"code": 24150}, "created_at": "2025-02-28T09:41:55Z"},
    )
    assert annotation.model_fields_set == {"id", "input_id"}
    annotation.status = Status(code="ANNOTATION_PENDING")
    assert annotation.model_fields_set == {"id", "input_id", "status"}


# --- ordinary objects --------------------------------------------------------------------------------


def test_values_pickle_copy_and_compare() -> None:
    annotation = Annotation.of("in", positive("tree"), region=BoundingBox(**BOX), status="ANNOTATION_PENDING")
    for twin in (pickle.loads(pickle.dumps(annotation)), copy.deepcopy(annotation), annotation.model_copy()):
        assert twin == annotation


def test_a_repr_shows_what_is_there_and_no_more() -> None:
    assert repr(Annotation.of("in", positive("tree"))) == (
        "Annotation(input_id='in', data=Data(concepts=[Concept(id='tree', value=1.0)]))"
    )


@pytest.mark.parametrize(
    ("build", "place"),
    [
        (lambda: Concept(id="water"), ("value",)),  # type: ignore[call-arg]
        (lambda: Data(concepts=[{"id": "water"}]), ("concepts", 0, "value")),
    ],
    ids=["alone", "inside"],
)
def test_a_concept_that_is_built_without_value_says_what_each_protocol_would_make_of_it(
    build: Callable[[], Any], place: tuple[Any, ...]
) -> None:
    with pytest.raises(ValidationError, match=r"concept 'water' has no value\. HTTP would") as caught:
        build()
    [detail] = caught.value.errors()
    assert (detail["type"], detail["loc"], detail["input"]) == ("missing", place, {"id": "water"})


def test_what_else_is_wrong_with_a_concept_is_said_beside_it() -> None:
    with pytest.raises(ValidationError) as caught:
        Concept(id="", valeu=1)  # type: ignore[call-arg]
    said = {detail["loc"]: (detail["type"], detail["msg"]) for detail in caught.value.errors()}
    assert said[("id",)] == ("value_error", "Value error, must not be empty")
    assert said[("valeu",)] == ("extra_forbidden", "there is no such field; did you mean 'value'?")
    assert said[("value",)][1].startswith("concept '' has no value.")
