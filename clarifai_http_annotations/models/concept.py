"""A concept that is present in, or absent from, what is annotated: the polarity."""

from typing import Any, ClassVar, NoReturn

from pydantic_core import ErrorDetails

from ._base import Id, Unit, WireModel

NO_VALUE = "has no value. HTTP would store it as positive (1.0), gRPC as negative (0.0)"

MISSING_VALUE = f"{NO_VALUE}: say positive(...) or negative(...)"


class Concept(WireModel):
    """A concept and its polarity.

    ``value`` has no default: over HTTP Clarifai stores a concept without it as present,
    over gRPC as absent (docs: "Positive and negative annotations").

    Attributes:
        id: The concept's id in the app.
        value: 1.0 present (positive), 0.0 absent (negative). ``True`` and ``False``, ints and
            numpy scalars are taken. Predictions carry numbers between; annotations do not,
            so those are refused when they are sent (see ``Client(fractional_values=)``).
        name: Display name. Sent if you set it; a name that came in an answer is not sent back.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": "", "value": 1.0}
    from_server: ClassVar[frozenset[str]] = frozenset({"name"})

    id: Id
    value: Unit
    name: str | None = None

    @classmethod
    def _what_is_wrong(cls, detail: ErrorDetails) -> str | None:
        if detail["type"] == "missing" and detail["loc"] == ("value",):
            return f"concept {detail['input'].get('id')!r} {MISSING_VALUE}"
        return super()._what_is_wrong(detail)

    @property
    def is_positive(self) -> bool:
        """Whether the concept is present: ``value`` is 1."""
        return self.value == 1.0

    @property
    def is_negative(self) -> bool:
        """Whether the concept is absent: ``value`` is 0."""
        return self.value == 0.0

    def __invert__(self) -> NoReturn:
        raise TypeError(
            f"~ of a concept could mean two things: negative({self.id!r}) is a concept that is said to be absent, "
            f"~Filter(concept=...) finds what does not have it"
        )

    @property
    def value_was_missing(self) -> bool:
        """Whether the answer had no ``value``, so that 1.0 is the HTTP rule and not the server's word."""
        return "value" not in self.model_fields_set


def positive(concept_id: str, *, name: str | None = None) -> Concept:
    """Return a concept that is present: ``value`` 1.0.

    Raises:
        pydantic.ValidationError: If the id is not text or is empty.
    """
    return _concept(concept_id, 1.0, name)


def negative(concept_id: str, *, name: str | None = None) -> Concept:
    """Return a concept that is absent: ``value`` 0.0.

    Raises:
        pydantic.ValidationError: If the id is not text or is empty.
    """
    return _concept(concept_id, 0.0, name)


def _concept(concept_id: str, value: float, name: str | None) -> Concept:
    # A name that was not given stays unset.
    return Concept(id=concept_id, value=value) if name is None else Concept(id=concept_id, value=value, name=name)
