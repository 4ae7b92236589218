"""What to say of a field that a model does not have; loaded for an error alone."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from ._base import WireModel
from ._later import Later

CONCEPTS = (
    'say Annotation.of(input_id, positive("tree"), negative("water")), or '
    'data={"concepts": [{"id": "tree", "value": 1}, {"id": "water", "value": 0}]}'
)

REGION = (
    "say Annotation.of(input_id, positive(...), region=BoundingBox(top_row=..., left_col=..., bottom_row=..., "
    "right_col=...)) with parts of the image's size from 0 to 1, or Polygon, Mask, Point in its place"
)

INPUT = "the input is named by input_id, and is in the app already"

OF_ANNOTATION = {
    INPUT: "image image_id image_url img img_id input file filename file_name path url video text",
    CONCEPTS: "concepts concept concept_id label labels label_id tag tags class class_id class_name classes category "
    "category_id category_name name value polarity present positive positives negative negatives not_concepts",
    REGION: "regions region bbox bboxes bounding_box bounding_boxes box boxes rect polygon mask segmentation point",
}
"""What people call what an annotation has, in the flat dicts of their own."""

OF_CONCEPT = {
    "the concept is named by id": "concept_id concept label class class_id category category_id tag",
    "the polarity is value: 1 present, 0 absent": "polarity present positive negative is_positive label_value score",
}

WORDS = {
    model: {word: advice for advice, words in advices.items() for word in words.split()}
    for model, advices in {"Annotation": OF_ANNOTATION, "Concept": OF_CONCEPT}.items()
}


def no_such_field(cls: type[WireModel], name: object) -> str:
    """Return what to say of a field that there is not: where it belongs, or which is meant, if that can be told."""
    said = "there is no such field"
    asked = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name)).lower()
    advice = next((words.get(asked) for kind in cls.__mro__ if (words := WORDS.get(kind.__name__))), None)
    homes = [place for place, model in _parts(cls) if asked in model.__pydantic_fields__]
    near = next((f"write {place}.{asked}" for place in homes if place.isidentifier()), None)
    if near and advice:
        return f"{said}: {advice if asked in advice else f'{near}; or {advice}'}"
    if near or advice:
        return f"{said}: {near or advice}"
    if close := get_close_matches(asked, set(cls.__pydantic_fields__) - {name}, n=1):
        return f"{said}; did you mean {close[0]!r}?"
    return f"{said}: write {homes[0]}.{asked}" if homes else said


def _parts(cls: type[WireModel]) -> Iterator[tuple[str, type[WireModel]]]:
    """Yield the models that a model may hold, each with its shortest place, the nearest first."""
    seen, level = {cls}, [("", cls)]
    while level:
        below = []
        for place, model in level:
            for name, field in model.__pydantic_fields__.items():
                for part, index in _models_in(field.annotation):
                    if part not in seen:
                        seen.add(part)
                        below.append((f"{place}{name}{index}", part))
        yield from below
        level = [(f"{place}.", model) for place, model in below]


def _models_in(annotation: Any, index: str = "") -> Iterator[tuple[type[WireModel], str]]:
    """Yield the models that the annotation of a field names, and ``"[]"`` if it holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        yield annotation, index
    elif isinstance(annotation, type) and issubclass(annotation, Later):
        yield annotation.model(), index
    else:
        for inner in get_args(annotation):
            yield from _models_in(inner, "[]" if getattr(annotation, "__origin__", None) is list else index)
