"""The values of the annotation API, one noun a file."""

from .annotation import Annotation, Data
from .concept import Concept, negative, positive
from .region import BoundingBox, Region, RegionInfo
from .status import Status, StatusCode
from .video import Frame, FrameInfo

__all__ = [
    "Annotation",
    "BoundingBox",
    "Concept",
    "Data",
    "Frame",
    "FrameInfo",
    "Region",
    "RegionInfo",
    "Status",
    "StatusCode",
    "negative",
    "positive",
]
