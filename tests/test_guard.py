"""No concept leaves without its polarity, whatever was done to it on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, field_serializer, model_serializer

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    Data,
    Frame,
    FrameInfo,
    InvalidRequestError,
    MissingValueError,
    Region,
    RegionInfo,
    negative,
    positive,
)
from clarifai_http_annotations._wire.guard import encode_body, find_concepts
from clarifai_http_annotations.models._base import read
from clarifai_http_annotations.testing import Emulator

# --- everything that can be done to a concept: (id, polarity) -> (object, what was asked) --------------

construct: Any = Concept.model_construct  # what it takes is checked by nobody, which is the point

Detour = Callable[[str, float], tuple[Any, float | None]]
"""What was asked is ``None`` where nobody can tell, so that the request has to be refused."""


class Excluded(Concept):
    value: float = Field(exclude=True)


class Aliased(Concept):
    value: float = Field(alias="val")


class Flipping(Concept):
    @field_serializer("value")
    def flip(self, value: float) -> float:
        return 1.0 - value


class Silent(Concept):
    @model_serializer
    def say_nothing(self) -> dict[str, Any]:
        return {"id": self.id}


def subclass_with_a_default(name: str, asked: float) -> tuple[Any, float]:
    class Quiet(Concept):
        value: float = asked

    return Quiet(id=name), asked


def forgetful(name: str, asked: float) -> tuple[Any, float]:
    concept = Concept(id=name, value=asked)
    concept.__pydantic_fields_set__.clear()
    return concept, asked


def assigned(name: str, asked: float) -> tuple[Any, float]:
    concept = Concept(id=name, value=1.0 - asked)
    concept.value = asked
    return concept, asked


def assigned_behind_its_back(name: str, asked: float) -> tuple[Any, float]:
    concept = Concept(id=name, value=1.0 - asked)
    concept.__dict__["value"] = asked
    return concept, asked


def deleted(name: str, asked: float) -> tuple[Any, None]:
    concept = Concept(id=name, value=asked)
    del concept.value
    return concept, None


DETOURS: dict[str, Detour] = {
    "as it should be": lambda name, asked: (Concept(id=name, value=asked), asked),
    "by the short way": lambda name, asked: ((positive if asked else negative)(name), asked),
    "bool": lambda name, asked: (Concept(id=name, value=bool(asked)), asked),
    "bool behind its back": lambda name, asked: (construct(id=name, value=bool(asked)), asked),
    "numpy float32": lambda name, asked: (Concept(id=name, value=np.float32(asked)), asked),
    "numpy bool": lambda name, asked: (construct(id=name, value=np.bool_(asked)), asked),
    "numpy int": lambda name, asked: (construct(id=name, value=np.int64(asked)), asked),
    "minus zero": lambda name, asked: (Concept(id=name, value=-0.0), 0.0),
    "model_construct": lambda name, asked: (construct(id=name, value=asked), asked),
    "model_construct, none set": lambda name, asked: (
        construct(_fields_set=set(), id=name, value=asked),
        asked,
    ),
    "model_construct without value": lambda name, asked: (construct(id=name), None),
    "model_copy": lambda name, asked: (
        Concept(id=name, value=1.0 - asked).model_copy(update={"value": asked}),
        asked,
    ),
    "model_copy to None": lambda name, asked: (positive(name).model_copy(update={"value": None}), None),
    "model_copy to text": lambda name, asked: (positive(name).model_copy(update={"value": "1"}), None),
    "model_copy to NaN": lambda name, asked: (positive(name).model_copy(update={"value": float("nan")}), None),
    "model_copy to 2": lambda name, asked: (positive(name).model_copy(update={"value": 2}), None),
    "model_copy to a list": lambda name, asked: (positive(name).model_copy(update={"value": [asked]}), None),
    "fraction": lambda name, asked: (Concept(id=name, value=0.5), None),
    "assigned": assigned,
    "assigned behind its back": assigned_behind_its_back,
    "attribute deleted": deleted,
    "fields_set cleared": forgetful,
    "subclass with a default": subclass_with_a_default,
    "subclass that excludes": lambda name, asked: (Excluded(id=name, value=asked), asked),
    "subclass with an alias": lambda name, asked: (Aliased(id=name, val=asked), asked),
    "subclass whose serializer flips": lambda name, asked: (Flipping(id=name, value=asked), asked),
    "subclass whose serializer is silent": lambda name, asked: (Silent(id=name, value=asked), asked),
    "plain dict": lambda name, asked: ({"id": name, "value": asked}, asked),
    "plain dict with an int": lambda name, asked: ({"id": name, "value": int(asked)}, asked),
    "plain dict with a bool": lambda name, asked: ({"id": name, "value": bool(asked)}, asked),
    "plain dict without value": lambda name, asked: ({"id": name}, None),
    "plain dict with null": lambda name, asked: ({"id": name, "value": None}, None),
    "plain dict with text": lambda name, asked: ({"id": name, "value": "0"}, None),
    "another mapping": lambda name, asked: (MappingProxyType({"id": name, "value": asked}), asked),
    "bare text": lambda name, asked: (name, None),
    "from an answer": lambda name, asked: (read(Concept, {"id": name, "value": asked, "name": "n"}), asked),
    "from an answer without value": lambda name, asked: (read(Concept, {"id": name}), 1.0),
}

# --- everything that can be done to what holds it ------------------------------------------------------


class HidingData(Data):
    concepts: list[Concept] = Field(default_factory=list, exclude=True)


def appended(concepts: list[Any]) -> Data:
    data = Data()
    data.concepts.extend(concepts)
    return data


def forgotten(concepts: list[Any]) -> Data:
    data = Data.model_construct(concepts=concepts)
    data.__pydantic_fields_set__.clear()
    return data


HOLDERS: dict[str, Callable[[list[Any]], Any]] = {
    "appended": appended,
    "model_construct": lambda concepts: Data.model_construct(concepts=concepts),
    "fields_set cleared": forgotten,
    "model_copy": lambda concepts: Data().model_copy(update={"concepts": concepts}),
    "subclass that excludes": lambda concepts: HidingData.model_construct(concepts=concepts),
    "plain dict": lambda concepts: {"concepts": concepts},
    "tuple": lambda concepts: Data.model_construct(concepts=tuple(concepts)),  # type: ignore[arg-type]
}

PLACES: dict[str, Callable[[Any], Any]] = {
    "the whole input": lambda data: data,
    "a region": lambda data: Data.model_construct(
        regions=[
            Region.model_construct(
                region_info=RegionInfo(bounding_box=BoundingBox(top_row=0, left_col=0, bottom_row=1, right_col=1)),
                data=data,
            )
        ]
    ),
    "a region, plain": lambda data: {"regions": [{"id": "r", "data": data}]},
    "a frame": lambda data: Data.model_construct(
        frames=[Frame.model_construct(frame_info=FrameInfo(time=0), data=data)]
    ),
    "a region of a frame": lambda data: {
        "frames": [{"frame_info": {"number": 3}, "data": {"regions": [{"data": data}]}}]
    },
}

ANNOTATIONS: dict[str, Callable[[Any], Any]] = {
    "model_construct": lambda data: Annotation.model_construct(input_id="in", data=data),
    "none set": lambda data: Annotation.model_construct(_fields_set=set(), input_id="in", data=data),
    "model_copy": lambda data: Annotation(input_id="in").model_copy(update={"data": data}),
    "plain dict": lambda data: {"input_id": "in", "data": data},
}

# most draws can be sent: a single concept that cannot is enough to have the whole call refused
sayable = sorted(name for name, detour in DETOURS.items() if detour("c", 1.0)[1] is not None)
detours = st.one_of(st.sampled_from(sayable), st.sampled_from(sayable), st.sampled_from(sorted(DETOURS)))
concepts = st.lists(st.tuples(detours, st.sampled_from([0.0, 1.0])), min_size=1, max_size=4)
holders, places = st.sampled_from(sorted(HOLDERS)), st.sampled_from(sorted(PLACES))


def polarities(tree: Any) -> dict[str, Any]:
    return {concept["id"]: concept.get("value") for _, concept in find_concepts(tree)}


@settings(max_examples=500)
@given(
    batch=st.lists(st.tuples(concepts, holders, places, st.sampled_from(sorted(ANNOTATIONS))), min_size=1, max_size=3)
)
def test_every_concept_leaves_as_it_was_asked_or_nothing_leaves(batch: list[Any]) -> None:
    asked: dict[str, float | None] = {}
    annotations = []
    for number, (wanted, holder, place, how) in enumerate(batch):
        made = []
        for index, (detour, value) in enumerate(wanted):
            concept, expected = DETOURS[detour](f"c{number}-{index}", value)
            asked[f"c{number}-{index}"] = expected
            made.append(concept)
        annotations.append(ANNOTATIONS[how](PLACES[place](HOLDERS[holder](made))))
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
