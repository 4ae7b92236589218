"""Positive and negative annotations for Clarifai over plain HTTPS, where a label cannot flip.

An unofficial client of Clarifai's REST annotation API. See README.md.
"""

from typing import TYPE_CHECKING

from ._lazy import loader
from ._version import __version__

if TYPE_CHECKING:
    from ._wire.deletions import DeleteResult
    from ._wire.encode import UnusualIdWarning
    from ._wire.received import UnknownFieldWarning
    from .client import AsyncClient, Client
    from .elsewhere import read_annotations
    from .errors import (
        APIConnectionError,
        APIError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ClarifaiError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        Failure,
        InternalServerError,
        InvalidRequestError,
        InvalidResponseError,
        JournalError,
        MissingValueError,
        NotFoundError,
        PartialFailureError,
        PaymentRequiredError,
        PermissionDeniedError,
        RateLimitError,
        RequestTooLargeError,
        UnprocessableEntityError,
        UploadError,
    )
    from .models import (
        Annotation,
        AnnotationTrack,
        AnnotationType,
        BoundingBox,
        Concept,
        Data,
        Filter,
        Frame,
        FrameInfo,
        Geo,
        GeoPoint,
        Hit,
        Image,
        Input,
        Mask,
        Point,
        Polygon,
        Region,
        RegionInfo,
        Span,
        Status,
        StatusCode,
        TaskAnnotationCount,
        TimeInfo,
        TimeSegment,
        Token,
        Track,
        User,
        Visibility,
        Worker,
        negative,
        positive,
    )
    from .upload.report import UploadReport, UploadResult

_HOMES = {
    "_wire.deletions": "DeleteResult",
    "_wire.encode": "UnusualIdWarning",
    "_wire.received": "UnknownFieldWarning",
    "client": "AsyncClient Client",
    "elsewhere": "read_annotations",
    "errors": (
        "APIConnectionError APIError APIStatusError APITimeoutError AuthenticationError BadRequestError "
        "ClarifaiError ClientClosedError ConfigurationError ConflictError Failure InternalServerError "
        "InvalidRequestError InvalidResponseError JournalError MissingValueError NotFoundError "
        "PartialFailureError PaymentRequiredError PermissionDeniedError RateLimitError RequestTooLargeError "
        "UnprocessableEntityError UploadError"
    ),
    "models": (
        "Annotation AnnotationTrack AnnotationType BoundingBox Concept Data Filter Frame FrameInfo Geo "
        "GeoPoint Hit Image Input Mask Point Polygon Region RegionInfo Span Status StatusCode "
        "TaskAnnotationCount TimeInfo TimeSegment Token Track User Visibility Worker negative positive"
    ),
    "upload.report": "UploadReport UploadResult",
}
"""Which module has which names; a module is loaded when somebody asks for one of them."""

if not TYPE_CHECKING:  # or a type checker would take any name for one of ours
    __getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *" ".join(_HOMES.values()).split()})


__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "Annotation",
    "AnnotationTrack",
    "AnnotationType",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "BoundingBox",
    "ClarifaiError",
    "Client",
    "ClientClosedError",
    "Concept",
    "ConfigurationError",
    "ConflictError",
    "Data",
    "DeleteResult",
    "Failure",
    "Filter",
    "Frame",
    "FrameInfo",
    "Geo",
    "GeoPoint",
    "Hit",
    "Image",
    "Input",
    "InternalServerError",
    "InvalidRequestError",
    "InvalidResponseError",
    "JournalError",
    "Mask",
    "MissingValueError",
    "NotFoundError",
    "PartialFailureError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "Point",
    "Polygon",
    "RateLimitError",
    "Region",
    "RegionInfo",
    "RequestTooLargeError",
    "Span",
    "Status",
    "StatusCode",
    "TaskAnnotationCount",
    "TimeInfo",
    "TimeSegment",
    "Token",
    "Track",
    "UnknownFieldWarning",
    "UnprocessableEntityError",
    "UnusualIdWarning",
    "UploadError",
    "UploadReport",
    "UploadResult",
    "User",
    "Visibility",
    "Worker",
    "__version__",
    "negative",
    "positive",
    "read_annotations",
]
