"""Who makes annotations, and how far they are."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from ._base import Count32, Id, WireModel


class User(WireModel):
    """A person.

    Attributes:
        id: Id of the user.
    """

    read_defaults: ClassVar[dict[str, Any]] = {"id": ""}

    id: Id


class Worker(WireModel):
    """Who made an annotation: a person, a model or a workflow.

    Attributes:
        user: The person.
        model: The model, as the server describes it: ``{"id": ..., "model_version": {"id": ...}}``.
        workflow: The workflow, likewise: ``{"id": ..., "version": {"id": ...}}``.
    """

    user: User | None = None
    model: dict[str, Any] | None = None
    workflow: dict[str, Any] | None = None


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
