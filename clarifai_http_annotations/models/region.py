"""A part of an image or a text: where it is, and what is there."""

from typing import Any, ClassVar, Self

from pydantic import Field, ValidationInfo, model_validator

from ._base import READING, Id, Unit, WireModel, nothing
from .annotation import Data
from .mask import Mask
from .point import Point, Polygon
from .text import Span, Token


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


Place = BoundingBox | Polygon | Mask | Point | Span | Token


class RegionInfo(WireModel):
    """Where a region is: one of these.

    Attributes:
        bounding_box: A box.
        polygon: An area between points.
        mask: Pixels.
        point: A point.
        keypoint_locations: Points in the order of the ``keypoint_names`` of the concept's ``keypoint_info``.
        span: Characters of a text.
        token: One token of a text.
    """

    holds_content: ClassVar[bool] = True

    bounding_box: BoundingBox | None = None
    polygon: Polygon | None = None
    mask: Mask | None = None
    point: Point | None = None
    keypoint_locations: list[Point] = Field(default_factory=nothing)
    span: Span | None = None
    token: Token | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self, info: ValidationInfo) -> Self:
        said = [name for name in type(self).__pydantic_fields__ if vars(self).get(name)]
        if info.context is not READING and len(said) > 1:
            raise ValueError(f"a region is in one place: give one of {', '.join(said)}")
        return self

    @property
    def place(self) -> Place | list[Point] | None:
        """Where it is: the one of these that is there, keypoints as a list; ``None`` if this version knows none."""
        found = (getattr(self, name) for name in type(self).__pydantic_fields__)
        return next((place for place in found if place), None)

    @classmethod
    def of(cls, place: Place) -> Self:
        """Wrap a place: ``RegionInfo.of(Point(row=0.5, col=0.5))``.

        Raises:
            TypeError: If it is none.
        """
        for kind, name in _KINDS.items():
            if type(place) is kind or (isinstance(place, kind) and type(place) not in _KINDS):
                return cls(**{name: place})
        raise TypeError(
            "region must be BoundingBox(top_row=..., ...), Polygon.of(...), Mask.from_png(...), Point, Span, Token, "
            f"RegionInfo(keypoint_locations=[...]) or Region(id=...), not a {type(place).__name__}"
        )


_KINDS: dict[type[WireModel], str] = {
    BoundingBox: "bounding_box",
    Polygon: "polygon",
    Mask: "mask",
    Point: "point",
    Token: "token",  # before Span, whose shape it has
    Span: "span",
}


class Region(WireModel):
    """A region of an image or a text, and what is in it.

    Attributes:
        id: Id of the region; empty as long as there is none, since the server makes it. Give it to
            refer to an existing region.
        region_info: Where it is.
        data: What is in it.
        track_id: The track that it is part of, in a video.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    from_server: ClassVar[frozenset[str]] = frozenset({"value"})  # of a prediction
    holds_content: ClassVar[bool] = True

    id: Id = ""
    region_info: RegionInfo | None = None
    data: Data | None = None
    track_id: Id | None = None

    @property
    def place(self) -> Place | list[Point] | None:
        """Where it is: its box, polygon, mask, point, span, token or keypoints (a list)."""
        return None if self.region_info is None else self.region_info.place
