"""A frame of a video: which one, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from ._base import WireModel

if TYPE_CHECKING:
    from .annotation import Data


class FrameInfo(WireModel):
    """Which frame.

    Attributes:
        time: Milliseconds from the start of the video.
        number: Number of the frame in the video.
    """

    holds_content: ClassVar[bool] = True

    # Answers print uint64 as text: pydantic's ordinary int takes "5000" too.
    time: Annotated[int, Field(ge=0)] | None = None
    number: Annotated[int, Field(ge=0)] | None = None


class Frame(WireModel):
    """A frame of a video and what is in it.

    Attributes:
        frame_info: Which frame.
        data: What is in it.
    """

    holds_content: ClassVar[bool] = True

    frame_info: FrameInfo | None = None
    data: Data | None = None
