"""Parts of a video: a frame, a span of time, a thing that is followed through frames."""

from typing import Any, ClassVar, Self

from pydantic import ValidationInfo, model_validator

from ._base import READING, Count, Count32, Id, Number, WireModel
from .annotation import Data


class FrameInfo(WireModel):
    """Which frame: by time or by number.

    Clarifai's JSON shows both in an answer: there, 0 beside another number may be what nobody said.

    Attributes:
        time: Milliseconds from the start of the video.
        number: Number of the frame in the original video.
    """

    from_server: ClassVar[frozenset[str]] = frozenset({"index"})  # deprecated: depends on the sampling
    holds_content: ClassVar[bool] = True

    time: Count | None = None
    number: Count32 | None = None

    @model_validator(mode="after")
    def _names_a_frame(self, info: ValidationInfo) -> Self:
        if info.context is not READING and self.time is None and self.number is None:
            raise ValueError("say which frame: time (milliseconds) or number")
        return self


class Frame(WireModel):
    """A frame of a video and what is in it.

    Attributes:
        id: Id of the frame; empty as long as there is none, since the server makes it.
        frame_info: Which frame.
        data: What is in it.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    holds_content: ClassVar[bool] = True

    id: Id = ""
    frame_info: FrameInfo | None = None
    data: Data | None = None


class TimeInfo(WireModel):
    """From when to when.

    Attributes:
        begin_time: Where it begins. The API does not name the unit.
        end_time: Where it ends, not before the beginning.
        num_frames: How many frames that are.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"begin_time": 0.0, "end_time": 0.0}
    holds_content: ClassVar[bool] = True

    begin_time: Number
    end_time: Number
    num_frames: Count32 | None = None

    @model_validator(mode="after")
    def _goes_forward(self, info: ValidationInfo) -> Self:
        if info.context is not READING and not 0.0 <= self.begin_time <= self.end_time:
            raise ValueError(
                f"begin_time must be 0 or more and not after end_time, not {self.begin_time:g} and {self.end_time:g}"
            )
        return self


class TimeSegment(WireModel):
    """A span of time of a video or a recording, and what is in it.

    Attributes:
        id: Id of the segment; empty as long as there is none.
        time_info: From when to when.
        data: What is in it.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    holds_content: ClassVar[bool] = True

    id: Id = ""
    time_info: TimeInfo | None = None
    data: Data | None = None


class Track(WireModel):
    """Something that is followed over a number of frames.

    Attributes:
        id: Id of the track; empty as long as there is none.
        time_info: From when to when.
        data: What is followed.
        quality: How good the track is, as whoever made it says.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}
    holds_content: ClassVar[bool] = True

    id: Id = ""
    time_info: TimeInfo | None = None
    data: Data | None = None
    quality: Number | None = None
