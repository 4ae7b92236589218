"""What is counted of a labelling task."""

from typing import Any, ClassVar

from pydantic import Field

from ._base import Count32, WireModel
from .worker import Worker


class TaskAnnotationCount(WireModel):
    """How many annotations of a task somebody has in each state.

    Attributes:
        worker: Whose they are.
        user_id: The person's id; the API prefers ``worker``.
        pending: Still to do.
        awaiting_review: Done, and to be looked at.
        success: Done.
        review_denied: Refused in review.
        awaiting_consensus_review: To be agreed on.
    """

    read_defaults: ClassVar[dict[str, Any]] = dict.fromkeys(
        ("pending", "awaiting_review", "success", "review_denied", "awaiting_consensus_review"), 0
    )

    worker: Worker = Field(default_factory=Worker)
    user_id: str = ""
    pending: Count32
    awaiting_review: Count32
    success: Count32
    review_denied: Count32
    awaiting_consensus_review: Count32
