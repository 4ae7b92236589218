"""Where on earth."""

from typing import Annotated, Any, ClassVar

from pydantic import ValidationInfo

from ._base import READING, Checked, Number, WireModel


def _within(most: float) -> Checked:
    def check(value: float, info: ValidationInfo) -> float:
        if info.context is not READING and not -most <= value <= most:
            raise ValueError(f"must be between {-most:g} and {most:g} degrees, not {value!r}")
        return value

    return Checked(check, after=True)


class GeoPoint(WireModel):
    """A place on earth.

    Attributes:
        longitude: Degrees east, -180 to 180.
        latitude: Degrees north, -90 to 90.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"longitude": 0.0, "latitude": 0.0}
    holds_content: ClassVar[bool] = True

    longitude: Annotated[Number, _within(180)]
    latitude: Annotated[Number, _within(90)]


class Geo(WireModel):
    """Where something is.

    Attributes:
        geo_point: The place.
    """

    holds_content: ClassVar[bool] = True

    geo_point: GeoPoint | None = None
