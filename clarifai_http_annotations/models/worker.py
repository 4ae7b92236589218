"""Who makes annotations, and how far they are."""

from typing import Any, ClassVar

from ._base import FreeJson, Id, WireModel


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
    model: FreeJson | None = None
    workflow: FreeJson | None = None
