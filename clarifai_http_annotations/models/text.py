"""A part of a text."""

from typing import Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator

from ._base import READING, Count32, WireModel


class Span(WireModel):
    """Characters of a text.

    Attributes:
        char_start: The first character, from 0.
        char_end: The end, not before the start. Whether the character at the end belongs to the span is
            not documented: keep to one reading throughout a project.
        raw_text: The text of the span.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"char_start": 0, "char_end": 0}
    holds_content: ClassVar[bool] = True

    char_start: Count32
    char_end: Count32
    raw_text: str | None = None

    @model_validator(mode="after")
    def _goes_forward(self, info: ValidationInfo) -> Self:
        if info.context is not READING and self.char_start > self.char_end:
            raise ValueError(f"char_start must not be after char_end, not {self.char_start} and {self.char_end}")
        return self


class Token(Span):
    """One token of a text; the same shape as a span."""
