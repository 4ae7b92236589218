"""The two directions of every wire value: strict when built, lenient when read.

Rules, which every model of this package follows:

1. Built by a user, a value refuses what it does not know and what the API would not take.
2. Read from an answer (`read`), it keeps fields that it does not know, takes what the server
   says as it is, and fills in what the server may leave out (`read_defaults`).
3. ``model_fields_set`` holds what was *said*: by the user, or by the server for content.
   What was filled in, and what only the server decides (`from_server`), is not in it, and
   the encoder leaves it out of requests until the user assigns it.

They have no ``from __future__ import annotations``: pydantic would compile every annotation that is text, 230 of them
at every start of a program.
"""

from collections.abc import Callable
from enum import IntEnum
from numbers import Complex, Real
from operator import index
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, ValidationError, ValidationInfo, model_validator
from pydantic import ModelWrapValidatorHandler as Handler
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

READING = object()
"""Validation context that marks an answer of the server."""

Model = TypeVar("Model", bound="WireModel")
Of = TypeVar("Of", int, float)


class WireModel(BaseModel):
    """A value of Clarifai's API, field for field."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, defer_build=True)

    read_defaults: ClassVar[dict[str, Any]] = {}
    """What an absent field of an answer means."""

    from_server: ClassVar[frozenset[str]] = frozenset()
    """Fields of an answer that do not go back to the server by themselves."""

    holds_content: ClassVar[bool] = False
    """Whether a field that this version does not know is content, which must not be lost on the way back."""

    @model_validator(mode="wrap")
    @classmethod
    def _fill_in_answers(cls, data: Any, handler: Handler[Model], info: ValidationInfo) -> Model:
        if info.context is not READING or not isinstance(data, dict):
            try:
                return handler(data)
            except ValidationError as error:
                raise cls._in_our_words(error) from None
        if None in data.values():  # null is absent, as in all of protobuf's JSON
            data = {name: value for name, value in data.items() if value is not None}
        filled = {name: value for name, value in cls.read_defaults.items() if name not in data}
        model = handler({**data, **filled})
        model.__pydantic_fields_set__.difference_update(filled, cls.from_server)
        extra = model.__pydantic_extra__
        # none, as in a model that was built: older pydantic compares it; else copies, as of `FreeJson`
        object.__setattr__(model, "__pydantic_extra__", _copied(extra) if extra else None)
        return model

    @classmethod
    def _in_our_words(cls, error: ValidationError) -> ValidationError:
        """Return the error for a model that was built; pydantic's own, unless there is more to say."""
        details = error.errors(include_url=False)
        texts = [cls._what_is_wrong(detail) for detail in details]
        if not any(texts):
            return error
        ours: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError(detail["type"], "{text}", {"text": text or detail["msg"]}),
                "loc": detail["loc"],
                "input": detail["input"],
            }
            for detail, text in zip(details, texts, strict=True)
        ]
        return ValidationError.from_exception_data(error.title, ours)

    @classmethod
    def _what_is_wrong(cls, detail: ErrorDetails) -> str | None:
        """Return the text for one thing that is wrong with a model that was built, if there is more to say of it."""
        if detail["type"] != "extra_forbidden" or len(detail["loc"]) > 1:  # what is deeper was said there
            return None
        from ._unknown import no_such_field  # for an error alone

        return no_such_field(cls, detail["loc"][0])

    def __setattr__(self, name: str, value: Any) -> None:
        extra = getattr(self, "__pydantic_extra__", None)
        super().__setattr__(name, value)
        if extra is not None:  # which an assignment to a model that forbids more fields forgets
            object.__setattr__(self, "__pydantic_extra__", extra)

    def __repr_args__(self) -> Any:
        return [(name, value) for name, value in super().__repr_args__() if value not in (None, [], "")]


def read(cls: type[Model], tree: object) -> Model:
    """Read a value that the server sent; the one entry for answers.

    Raises:
        pydantic.ValidationError: If it has another shape than the API's.
    """
    return cls.model_validate(tree, context=READING, extra="allow")


def nothing() -> list[Any]:
    """Return what a list is if nobody says anything; of ``list`` itself pydantic would parse the signature."""
    return []


class Named(IntEnum):
    """Codes of the API, which requests have by name."""


class Checked:
    """Marks a field with a function of its value and of how it came: `READING` is the context of an answer.

    It is what ``BeforeValidator`` and ``AfterValidator`` are, but for the look at the function's signature, which
    they take for every field.

    Args:
        func: Returns the value, or raises a ``ValueError``.
        after: Whether the value has the field's type by then.
    """

    def __init__(self, func: Callable[[Any, ValidationInfo], object], *, after: bool = False) -> None:
        self.func = func
        self._after = after

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        if self._after:
            return core_schema.with_info_after_validator_function(self.func, inner)
        return core_schema.with_info_before_validator_function(self.func, inner)


# --- fields ------------------------------------------------------------------------------------


def as_number(value: object) -> float:
    """Return a finite float for a bool, an int, a float or a numpy scalar.

    Raises:
        ValueError: For text, arrays, complex numbers, NaN and infinities.
    """
    if type(value) is not float:
        if isinstance(value, (str, bytes)) or not hasattr(type(value), "__float__"):
            raise ValueError(f"must be a number, not {type(value).__name__}")
        if getattr(value, "shape", None) or (isinstance(value, Complex) and not isinstance(value, Real)):
            raise ValueError(f"must be one real number, not {type(value).__name__}")
        try:
            value = float(value)  # type: ignore[arg-type]  # it has __float__, asked above
        except (TypeError, ValueError, OverflowError):
            raise ValueError("must be a number between 0 and 1") from None
    if value - value != 0.0:  # true for NaN and both infinities, and cheaper than asking for each
        raise ValueError("must be a finite number")
    return value


def _unit(value: object, info: ValidationInfo) -> float:
    number = as_number(value)
    if info.context is not READING and not 0.0 <= number <= 1.0:
        raise ValueError(f"must be between 0 and 1, not {number!r}")
    return number


def _of_text(text: str, kind: type[Of]) -> Of:
    """Return the number that a server sent as text. Python's own error would repeat the text, which may be the key."""
    try:
        return kind(text)
    except ValueError:
        raise ValueError("must be a number, and is another text") from None


def _number(value: object, info: ValidationInfo) -> float:
    if info.context is READING and isinstance(value, str):
        return _of_text(value, float)
    return as_number(value)


MOST = 2**64 - 1
"""The largest uint64."""

MOST_32 = 2**32 - 1
"""The largest uint32."""


def _count(value: object, info: ValidationInfo) -> int:
    is_reading = info.context is READING
    if is_reading and isinstance(value, str):  # protobuf's JSON prints uint64 as text
        number = _of_text(value, int)
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, bool) or not hasattr(type(value), "__index__"):
        # what a server says is not repeated: it may hold the key
        raise ValueError("must be a whole number" + ("" if is_reading else f", not {value!r}"))
    else:
        number = index(value)  # type: ignore[arg-type]  # it has __index__, asked above; numpy's integers have
    if is_reading and number > MOST and not isinstance(value, int):
        raise ValueError("must be a whole number of 64 bits")
    if not is_reading and not 0 <= number <= MOST:
        raise ValueError(f"must be 0 or more, and fit into 64 bits, not {number}")
    return number


def _of_32_bits(value: int, info: ValidationInfo) -> int:
    if info.context is not READING and value > MOST_32:
        raise ValueError(f"must fit into 32 bits, not {value}")
    return value


def is_unicode(text: str) -> bool:
    """Tell whether a text can be written: it holds no half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _sendable_id(value: str, info: ValidationInfo) -> str:
    if info.context is not READING:
        if not value.strip():
            raise ValueError("must not be empty")
        if not is_unicode(value):
            raise ValueError("must be valid Unicode, without half a surrogate pair")
    return value


def _read_only(value: object, info: ValidationInfo) -> object:
    if info.context is not READING and value is not None:
        raise ValueError("is written by the server and cannot be sent; leave it out")
    return value


def _own(value: Any, info: ValidationInfo) -> Any:
    return _copied(value) if info.context is READING else value


def _copied(value: Any) -> Any:
    """Return a copy of JSON. Loops: some Pythons make a frame of every comprehension, and it may be deep."""
    if type(value) is dict:
        tree = {}
        for key, item in value.items():
            tree[key] = _copied(item)
        return tree
    if type(value) is list:
        items = []
        for item in value:
            items.append(_copied(item))  # noqa: PERF401 # see above
        return items
    return value


FreeJson = Annotated[dict[str, Any], Checked(_own, after=True)]
"""JSON that nothing is known of. Of an answer it is a copy: who edits it does not edit what the answer said."""

Unit = Annotated[float, Checked(_unit)]
"""A number between 0 and 1, both included."""

Number = Annotated[float, Checked(_number)]
"""A finite number."""

Count = Annotated[int, Checked(_count)]
"""A whole number, 0 or more, that fits into 64 bits."""

Count32 = Annotated[Count, Checked(_of_32_bits, after=True)]
"""The same where the API has 32 bits: it would refuse the whole request."""

Id = Annotated[str, Checked(_sendable_id, after=True)]
"""An id: not empty."""

ReadOnly = Checked(_read_only)
"""Marks a field that only answers have."""
