"""Points of an image, and what is made of them."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationInfo, model_validator

from ._base import READING, Checked, Named, Number, Unit, WireModel, nothing


class Visibility(Named):
    """Whether a point can be seen. Written by name; an answer may carry others, as number or text."""

    NOT_SET = 0
    VISIBLE = 1
    NOT_VISIBLE = 2
    """Occluded."""
    NOT_PRESENT = 3
    """Not in the image."""


def _visibility(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and value in Visibility.__members__:
        return Visibility[value]
    if isinstance(value, int) and not isinstance(value, bool) and value in Visibility._value2member_map_:
        return Visibility(value)
    if info.context is READING:
        return value
    raise ValueError(f"{value!r} is none of {', '.join(Visibility.__members__)}")


class Point(WireModel):
    """A point in parts of the image's height and width, 0 to 1, from the top left corner.

    Attributes:
        row: A part of the height.
        col: A part of the width.
        z: Depth, if there is one; the API names no unit.
        visibility: A `Visibility` or its name.
    """

    # protobuf's JSON may leave zeros out
    read_defaults: ClassVar[dict[str, Any]] = {"row": 0.0, "col": 0.0}
    holds_content: ClassVar[bool] = True

    row: Unit
    col: Unit
    z: Number | None = None
    visibility: Annotated[Visibility | int | str | None, Checked(_visibility)] = None


class Polygon(WireModel):
    """An area between points, each with its row **and** its column.

    Attributes:
        points: 3 or more, in the order in which they are joined; the last one is joined to the first.
    """

    holds_content: ClassVar[bool] = True

    points: list[Point] = Field(default_factory=nothing)

    @model_validator(mode="after")
    def _has_an_area(self, info: ValidationInfo) -> Self:
        if info.context is not READING and len(self.points) < 3:
            raise ValueError(f"a polygon has 3 points or more, not {len(self.points)}")
        return self

    @classmethod
    def of(cls, *points: Point | tuple[float, float]) -> Self:
        """Build a polygon from points or pairs: ``Polygon.of((row, col), (row, col), (row, col))``.

        Args:
            *points: Row first, then column, both 0 to 1. Pixels as other tools give them are mostly the
                other way round: ``(y / height, x / width)``.

        Raises:
            TypeError: If one of them is no pair.
            pydantic.ValidationError: If there are fewer than 3, or one lies outside the image.
        """
        if len(points) == 1 and not isinstance(points[0], Point):
            raise TypeError("points are given one by one: unpack the list, Polygon.of(*points)")
        return cls(points=[_point(point) for point in points])


def _point(given: Point | Iterable[float]) -> Point:
    if isinstance(given, Point):
        return given
    try:
        row, col = given
    except (TypeError, ValueError):
        raise TypeError(f"{given!r} is no point: give (row, col)") from None
    return Point(row=row, col=col)
