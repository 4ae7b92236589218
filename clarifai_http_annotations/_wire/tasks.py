"""Requests about labelling tasks and the people who label."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidRequestError
from ..models.status import StatusCode, known_code
from .answers import Answer
from .guard import encode_body
from .requests import App, Request, quoted, with_query


def workers(app: App, query: dict[str, Any], *, page: int, per_page: int) -> Request:
    """GET one page of those who made annotations."""
    return Request(
        "list_workers",
        "GET",
        with_query(app.path("/annotations/workers"), {**query, "page": page, "per_page": per_page}),
    )


def counts(app: App, task_id: str, query: dict[str, Any]) -> Request:
    """GET how many annotations of a task are in which state."""
    path = app.path(f"/tasks/{quoted(task_id, 'task_id')}/annotations/count")
    return Request("count_task_annotations", "GET", with_query(path, query))


def set_status(app: App, task_id: str, status: StatusCode | str, user_ids: list[str] | None, now: object) -> Request:
    """PATCH the status of a task's annotations; the path says ``task`` and not ``tasks``.

    Raises:
        InvalidRequestError: If no app is named: of all routes this one has none without.
    """
    if app.is_of_the_key:
        raise InvalidRequestError(
            "Nothing was sent: set_task_status needs the app by name, also with its own key.",
            hint="Give user_id= and app_id=, to the client or to with_options().",
        )
    body: dict[str, Any] = {"action": "overwrite", "status_code": _name(status)}
    body |= {"user_ids": user_ids} if user_ids else {}
    listed = [now] if isinstance(now, (str, int)) else list(now)  # type: ignore[call-overload]  # statuses
    body |= {"status_codes": [_name(code) for code in listed]} if listed else {}
    path = app.path(f"/task/{quoted(task_id, 'task_id')}/annotations/status")
    return Request("set_task_status", "PATCH", path, encode_body(body))


def _name(status: object) -> str:
    code = known_code(status)
    if not isinstance(code, StatusCode):
        raise InvalidRequestError(f"Nothing was sent: {status!r} is not a status code, such as 'ANNOTATION_PENDING'.")
    return code.name


def updated(answer: Answer) -> int:
    """Return how many annotations an answer says were changed."""
    count = answer.tree.get("updated_count")
    return int(count) if isinstance(count, int | str) and str(count).isdecimal() else 0
