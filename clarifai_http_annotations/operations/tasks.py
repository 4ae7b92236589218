"""Labelling tasks, and the people who do them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from .. import _wire, models
from .._call import Caller, Timeout
from .._operation import operation, paged
from .._wire import answers, requests
from .._wire.answers import Answer
from ..config import NOT_GIVEN, NotGiven

Ids = str | Iterable[str] | None


class TaskOperations(Caller):
    """Ask who works, and how far a task is.

    The state of one annotation is changed by `patch`: get it, assign ``Status(code=...)`` to its
    ``status``, patch it.
    """

    @paged
    def list_workers(
        self,
        *,
        trusted_only: bool | None = None,
        additional_fields: Ids = None,
        page: int = 1,
        per_page: int = 128,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> AsyncIterator[models.Worker]:
        """Yield those who made annotations in the app, each once: people, models and workflows.

        Args:
            trusted_only: Only those whose annotations are trusted, such as people's.
            additional_fields: What else the answer shall hold: ``"names"`` or ``"all"``.
            page: The page to begin with, from 1.
            per_page: Workers a request, 1 to 1000.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for each page with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If a number is out of range; by the call itself.
            APIStatusError: If the API refused a request.
            APIConnectionError: If no usable answer came.
        """
        requests.check_paging(page, per_page)
        query = {
            "trusted_only": trusted_only,
            "additional_fields": requests.id_list(additional_fields, "additional_fields"),
        }

        def ask(number: int) -> requests.Request:
            return _wire.tasks.workers(self._app, query, page=number, per_page=per_page)

        def read(answer: Answer) -> list[models.Worker]:
            return answers.read_items(answer, "workers", models.Worker)

        return self._list([(ask, read)], _identity, lambda: self._begin(timeout, deadline), page)

    @operation
    async def count_task_annotations(
        self,
        task_id: str,
        *,
        user_ids: Ids = None,
        model_version_ids: Ids = None,
        workflow_version_ids: Ids = None,
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> list[models.TaskAnnotationCount]:
        """Return how many annotations of a task are in which state, for each worker.

        Args:
            task_id: The labelling task.
            user_ids: Only of these users. What is named in this and the next two is counted together.
            model_version_ids: Only of these versions of models.
            workflow_version_ids: Only of these versions of workflows.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            NotFoundError: If there is no such task.
            InvalidRequestError: If the id cannot be part of a URL; nothing was sent.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        query = {
            "user_ids": requests.id_list(user_ids, "user_ids"),
            "model_version_ids": requests.id_list(model_version_ids, "model_version_ids"),
            "workflow_version_ids": requests.id_list(workflow_version_ids, "workflow_version_ids"),
        }
        return await self._call(
            _wire.tasks.counts(self._app, task_id, query),
            self._begin(timeout, deadline),
            lambda answer: answers.read_items(answer, "counts", models.TaskAnnotationCount),
        )

    @operation
    async def set_task_status(
        self,
        task_id: str,
        status: models.StatusCode | str,
        *,
        user_ids: Ids = None,
        from_statuses: models.StatusCode | str | Iterable[models.StatusCode | str] = (),
        timeout: Timeout = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
    ) -> int:
        """Set the state of a task's annotations, and return how many were changed.

        The API deprecates this in favour of its task assignments, which are not about annotations.

        Args:
            task_id: The labelling task.
            status: The new state, such as ``"ANNOTATION_PENDING"``.
            user_ids: Only annotations of these users.
            from_statuses: Only annotations in one of these states.
            timeout: Seconds for an attempt (or an ``httpx.Timeout``); ``None`` for no end.
            deadline: Seconds for the whole call with its retries; ``None`` for no end.

        Raises:
            InvalidRequestError: If a status is none, or the id cannot be part of a URL; nothing was sent.
            APIStatusError: If the API refused the request.
            APIConnectionError: If no usable answer came.
        """
        request = _wire.tasks.set_status(
            self._app, task_id, status, requests.id_list(user_ids, "user_ids"), from_statuses
        )
        return await self._call(request, self._begin(timeout, deadline), _wire.tasks.updated)


def _identity(worker: models.Worker) -> tuple[str, ...] | None:
    """Return the ids that tell a worker from others: of the person, or of the version of a model or a workflow."""
    paths = (("model", "id"), ("model", "model_version", "id"), ("workflow", "id"), ("workflow", "version", "id"))
    ids = (worker.user.id if worker.user else "", *(_id_at(vars(worker), path) for path in paths))
    return ids if any(ids) else None


def _id_at(tree: Any, path: tuple[str, ...]) -> str:
    for step in path:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree if isinstance(tree, str) else ""
