"""The values of the annotation API, one noun a file."""

from .annotation import Annotation, Data
from .concept import Concept, negative, positive
from .geo import Geo, GeoPoint
from .mask import Image, Mask
from .point import Point, Polygon, Visibility
from .region import BoundingBox, Region, RegionInfo
from .search import Filter, Hit, Input
from .status import Status, StatusCode
from .text import Span, Token
from .track import AnnotationTrack, AnnotationType
from .video import Frame, FrameInfo, TimeInfo, TimeSegment, Track
from .worker import TaskAnnotationCount, User, Worker

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
