"""Every field of ours is one of Clarifai's message: its name, its type, one or many; what is left out has a reason.

A release of `clarifai-grpc` that adds or changes a field fails here, and the failure shows which.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from left_out import LEFT_OUT
from official import members, resources_pb2, status_code_pb2, status_pb2
from pydantic import BaseModel

from clarifai_http_annotations import models
from clarifai_http_annotations.models._base import WireModel, _of_32_bits

MESSAGES = {
    **{
        name: getattr(resources_pb2, name)
        for name, model in ((name, getattr(models, name)) for name in models.__all__)
        if isinstance(model, type) and issubclass(model, WireModel) and hasattr(resources_pb2, name)
    },
    "Status": status_pb2.Status,
    "TaskAnnotationCount": resources_pb2.TaskStatusCountPerUser,
}
"""The message of each model; all but two have the model's name."""

NUMBERS = {"TYPE_FLOAT": "float", "TYPE_DOUBLE": "float", "TYPE_BOOL": "bool", "TYPE_STRING": "str"} | {
    "TYPE_BYTES": "str",  # in base64
    "TYPE_UINT32": "int of 32 bits",
    "TYPE_UINT64": "int of 64 bits",
}
"""Types of protobuf, by name, as those of JSON."""


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_the_fields_of_a_model_are_those_of_the_message(name: str) -> None:
    theirs = {field.name: type_in_words(field) for field in MESSAGES[name].DESCRIPTOR.fields}
    left_out = LEFT_OUT.get(name, {})
    assert left_out.keys() <= theirs.keys(), "these are no longer in the message"
    model: type[BaseModel] = getattr(models, name)
    model.model_rebuild()  # which resolves names of classes that come later
    ours = {
        field: words(Annotated[info.annotation, *info.metadata, None]) for field, info in model.model_fields.items()
    }
    assert ours == {field: kind for field, kind in theirs.items() if field not in left_out}


def type_in_words(field: Any) -> str:
    """Return the type of a field of a message: ``float``, ``Region``, ``list of Region``."""
    if field.message_type is not None:
        special = {"Struct": "JSON", "Timestamp": "time", "Model": "JSON", "Workflow": "JSON"}
        one = special.get(field.message_type.name, field.message_type.name)
    elif field.enum_type is not None:
        one = field.enum_type.name
    else:
        kinds = {getattr(field, kind): python for kind, python in NUMBERS.items()}
        one = kinds.get(field.type, "a type that no field of ours has")
    many = field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED
    return f"list of {one}" if many else one


def words(annotation: Any) -> str:
    """Return the same of the annotation of a model's field."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if inner[0] is int:
            bits = 32 if any(getattr(rule, "func", None) is _of_32_bits for rule in inner) else 64
            return f"int of {bits} bits"
        return words(inner[0])
    if origin in (Union, types.UnionType):
        kinds = [words(kind) for kind in inner if kind is not type(None)]
        return next((kind for kind in kinds if kind in ("Visibility", "StatusCode")), kinds[0])
    if origin is list:
        return f"list of {words(inner[0])}"
    if origin is Literal:
        return "str"
    if origin is dict:
        return "JSON"
    return {"datetime": "time"}.get(annotation.__name__, str(annotation.__name__))


def test_every_status_code_has_its_official_number() -> None:
    theirs = members(status_code_pb2.StatusCode)
    ours = {code.name: int(code) for code in models.StatusCode}
    assert ours == {name: theirs.get(name) for name in ours}


def test_visibilities_and_annotation_types_have_their_official_names_and_numbers() -> None:
    assert {kind.name: int(kind) for kind in models.Visibility} == members(resources_pb2.Point.Visibility)
    theirs = members(resources_pb2.AnnotationDataType)
    del theirs["ANNOTATION_DATA_TYPE_NOT_SET"]  # nothing to ask for
    assert {kind.name: int(kind) for kind in models.AnnotationType} == theirs
