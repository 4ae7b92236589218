"""A model that is loaded when there is a value of it, and not before.

An annotation may hold regions, frames, tracks; most hold concepts alone. Of 22 models such a program needs 4, and the
others would be half of what the start of this package costs.
"""

from collections.abc import Callable
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from ._base import READING, WireModel, read


def later(module: str, name: str) -> Any:
    """Return what stands for a model in the annotations of fields: a class of its name.

    Args:
        module: The module of this package that has the model.
        name: Its name there.
    """
    found: list[type[WireModel]] = []

    def model() -> type[WireModel]:
        if not found:
            found.append(getattr(import_module(f".{module}", __package__), name))
        return found[0]

    return type(name, (Later,), {"__module__": f"{__package__}.{module}", "model": staticmethod(model)})


class Later:
    """What all of them have: how pydantic checks, dumps and describes such a field, which is as the model says."""

    model: Callable[[], type[WireModel]]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: object, info: ValidationInfo) -> WireModel:
            model = cls.model()
            return read(model, value) if info.context is READING else model.model_validate(value)

        return core_schema.with_info_plain_validator_function(check)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        model = cls.model()
        ref = f"{model.__module__}.{model.__qualname__}:{id(model)}"  # as pydantic writes it
        outer = _describing.get()
        if ref in outer:  # a part of itself, as a region is of the data that it holds
            return {"allOf": [handler(core_schema.definition_reference_schema(ref))]}
        model.model_rebuild()
        token = _describing.set(outer | {ref})
        try:
            return handler({**model.__pydantic_core_schema__, "ref": ref})
        finally:
            _describing.reset(token)


_describing: ContextVar[frozenset[str]] = ContextVar("describing", default=frozenset())
"""The models whose JSON schema is being written."""
