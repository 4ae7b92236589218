"""Every way around the types that a caller could take with a concept; shared by the tests of what leaves.

Nothing here is how the library is meant to be used. `made` builds annotations by such ways, and says which polarity
was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pydantic import Field, field_serializer, model_serializer

from clarifai_http_annotations import (
    Annotation,
    BoundingBox,
    Concept,
    Data,
    Frame,
    FrameInfo,
    Region,
    RegionInfo,
    negative,
    positive,
)
from clarifai_http_annotations.models._base import read

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

batches: st.SearchStrategy[list[Any]] = st.lists(
    st.tuples(concepts, holders, places, st.sampled_from(sorted(ANNOTATIONS))), min_size=1, max_size=3
)
"""One call, by the names of the ways: 1 to 3 annotations with 1 to 4 concepts each."""


def made(batch: list[Any]) -> tuple[list[Any], dict[str, float | None]]:
    """Return the annotations of a batch, and the polarity that was asked for by the id of each concept."""
    asked: dict[str, float | None] = {}
    annotations = []
    for number, (wanted, holder, place, how) in enumerate(batch):
        listed = []
        for index, (detour, value) in enumerate(wanted):
            concept, expected = DETOURS[detour](f"c{number}-{index}", value)
            asked[f"c{number}-{index}"] = expected
            listed.append(concept)
        annotations.append(ANNOTATIONS[how](PLACES[place](HOLDERS[holder](listed))))
    return annotations, asked
