"""The values of the annotation API, one noun a file."""

from typing import TYPE_CHECKING

from .._lazy import loader

if TYPE_CHECKING:
    from .annotation import Annotation, Data
    from .concept import Concept, negative, positive
    from .geo import Geo, GeoPoint
    from .mask import Image, Mask
    from .point import Point, Polygon, Visibility
    from .region import BoundingBox, Region, RegionInfo
    from .search import Filter, Hit, Input
    from .status import Status, StatusCode
    from .task import TaskAnnotationCount
    from .text import Span, Token
    from .track import AnnotationTrack, AnnotationType
    from .video import Frame, FrameInfo, TimeInfo, TimeSegment, Track
    from .worker import User, Worker

_HOMES = {
    "annotation": "Annotation Data",
    "concept": "Concept negative positive",
    "geo": "Geo GeoPoint",
    "mask": "Image Mask",
    "point": "Point Polygon Visibility",
    "region": "BoundingBox Region RegionInfo",
    "search": "Filter Hit Input",
    "status": "Status StatusCode",
    "task": "TaskAnnotationCount",
    "text": "Span Token",
    "track": "AnnotationTrack AnnotationType",
    "video": "Frame FrameInfo TimeInfo TimeSegment Track",
    "worker": "User Worker",
}
"""Which module has which names; a module is loaded when somebody asks for one of them."""

if not TYPE_CHECKING:  # or a type checker would take any name for one of ours
    __getattr__ = loader(__name__, _HOMES)

__all__ = [
    "Annotation",
    "AnnotationTrack",
    "AnnotationType",
    "BoundingBox",
    "Concept",
    "Data",
    "Filter",
    "Frame",
    "FrameInfo",
    "Geo",
    "GeoPoint",
    "Hit",
    "Image",
    "Input",
    "Mask",
    "Point",
    "Polygon",
    "Region",
    "RegionInfo",
    "Span",
    "Status",
    "StatusCode",
    "TaskAnnotationCount",
    "TimeInfo",
    "TimeSegment",
    "Token",
    "Track",
    "User",
    "Visibility",
    "Worker",
    "negative",
    "positive",
]
