"""A part of an image: where it is, and what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator

from ._base import READING, Id, Unit, WireModel

if TYPE_CHECKING:
    from .annotation import Data


class BoundingBox(WireModel):
    """A box in parts of the image's height and width, 0 to 1, from the top left corner.

    Attributes:
        top_row: Upper edge, a part of the height; less than ``bottom_row``.
        left_col: Left edge, a part of the width; less than ``right_col``.
        bottom_row: Lower edge.
        right_col: Right edge.
    """

    # protobuf's JSON may leave zeros out
    read_defaults: ClassVar[dict[str, Any]] = dict.fromkeys(("top_row", "left_col", "bottom_row", "right_col"), 0.0)

    top_row: Unit
    left_col: Unit
    bottom_row: Unit
    right_col: Unit

    @model_validator(mode="after")
    def _has_an_area(self, info: ValidationInfo) -> Self:
        if info.context is not READING:
            for low, high in (("top_row", "bottom_row"), ("left_col", "right_col")):
                if not getattr(self, low) < getattr(self, high):
                    raise ValueError(
                        f"{low} must be less than {high}, not {getattr(self, low):g} and {getattr(self, high):g}"
                    )
        return self


class RegionInfo(WireModel):
    """Where a region is.

    Attributes:
        bounding_box: A box.
    """

    holds_content: ClassVar[bool] = True

    bounding_box: BoundingBox | None = None


class Region(WireModel):
    """A region of an image and what is in it.

    Attributes:
        id: Id of the region; empty as long as there is none, since the server makes it. Give it to
            refer to an existing region.
        region_info: Where it is.
        data: What is in it.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    from_server: ClassVar[frozenset[str]] = frozenset({"value"})  # of a prediction
    holds_content: ClassVar[bool] = True

    id: Id = ""
    region_info: RegionInfo | None = None
    data: Data | None = None
