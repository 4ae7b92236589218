"""A track of a video: one concept that is followed through its frames (routes ``annotation_tracks``)."""

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator

from ._base import READING, Checked, Count32, Id, ReadOnly, WireModel
from .annotation import status_of
from .concept import Concept
from .status import Status


class AnnotationType(IntEnum):
    """Kinds of annotation that a search of a track knows. Written by name."""

    TAG = 1
    BOUNDING_BOX = 2
    POLYGON = 4
    POINT = 8
    SPAN = 16
    MASK = 32


class AnnotationTrack(WireModel):
    """A track of a video. Its annotations name it by ``track_id`` of their regions.

    Attributes:
        id: Id of the track; empty as long as there is none, since the server makes it.
        input_id: The video; only in answers, since a request names it in its path.
        concept: What is followed, with its polarity.
        status: State of the work.
        start_frame_nr: First frame, by its number in the original video.
        end_frame_nr: Last frame, which is part of the track.
        start_frame_ms: First frame, in milliseconds of the original video.
        end_frame_ms: Last frame, which is part of the track.
        sample_rate_ms: Milliseconds from one annotation of the track to the next.
        sample_rate_frame: Frames from one annotation of the track to the next; 1 is every frame.
        created_at: When the server stored it; only in answers.
        modified_at: When the server last changed it; only in answers.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    from_server: ClassVar[frozenset[str]] = frozenset({"input_id", "status", "created_at", "modified_at"})

    id: Id = ""
    input_id: Annotated[str | None, ReadOnly] = None
    concept: Concept | None = None
    status: Annotated[Status | None, Checked(status_of)] = None
    start_frame_nr: Count32 | None = None
    end_frame_nr: Count32 | None = None
    start_frame_ms: Count32 | None = None
    end_frame_ms: Count32 | None = None
    sample_rate_ms: Count32 | None = None
    sample_rate_frame: Count32 | None = None
    created_at: Annotated[datetime | None, ReadOnly] = None
    modified_at: Annotated[datetime | None, ReadOnly] = None

    @model_validator(mode="after")
    def _goes_forward(self, info: ValidationInfo) -> Self:
        if info.context is not READING:
            for unit in ("nr", "ms"):
                start, end = getattr(self, f"start_frame_{unit}"), getattr(self, f"end_frame_{unit}")
                if start is not None and end is not None and start > end:
                    raise ValueError(f"start_frame_{unit} must not be after end_frame_{unit}, not {start} and {end}")
        return self
