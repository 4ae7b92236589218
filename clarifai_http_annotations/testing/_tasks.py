"""The routes of labelling tasks and of the people who label."""

from __future__ import annotations

from ..models.status import StatusCode
from ._answers import Answer, invalid, success
from ._call import Call
from ._state import is_trusted, makers, tasks_of
from ._storing import Tree
from ._types import is_true, status_code, texts, typed

COUNTED = {
    StatusCode.ANNOTATION_PENDING: "pending",
    StatusCode.ANNOTATION_AWAITING_REVIEW: "awaiting_review",
    StatusCode.ANNOTATION_SUCCESS: "success",
    StatusCode.ANNOTATION_REVIEW_DENIED: "review_denied",
    StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW: "awaiting_consensus_review",
}


def workers(call: Call) -> Answer:
    """List the people who made annotations, each once, in the order of their first."""
    trusted_only = is_true(call.query, "trusted_only")
    names = {
        name: None
        for tree in call.stored.annotations.values()
        if (name := makers(tree).get("user")) and (is_trusted(tree) or not trusted_only)
    }
    return success(workers=call.page_of([{"user": {"id": name}} for name in names]))


def count(call: Call, task_id: str) -> Answer:
    """Count the annotations of a task by who made them and by status."""
    made_by = call.made_by_those_asked_for()
    counts: dict[tuple[tuple[str, str], ...], Tree] = {}
    for tree in _of_task(call, task_id):
        if made_by(tree):
            of_one = counts.setdefault(
                tuple(makers(tree).items()),
                {
                    "user_id": makers(tree).get("user", ""),
                    "worker": tree["worker"],
                    **dict.fromkeys(COUNTED.values(), 0),
                },
            )
            if (state := COUNTED.get(tree["status"]["code"])) is not None:
                of_one[state] += 1
    return success(app_id=call.stored.name[1], task_id=task_id, counts=list(counts.values()))


def set_status(call: Call, task_id: str) -> Answer:
    """Set the status of a task's annotations, of these people and with these statuses; no name filters nothing."""
    if call.body.get("action") != "overwrite":
        raise invalid("action must be overwrite")
    if call.body.get("status_code") is None:
        raise invalid("status_code is required")
    code = status_code(call.body["status_code"], "status_code")
    made_by = call.made_by(texts(call.body, "user_ids"), [], [])
    codes = {status_code(item, "status_codes") for item in typed(call.body, "status_codes", list)}
    changed = [
        tree for tree in _of_task(call, task_id) if made_by(tree) and (not codes or tree["status"]["code"] in codes)
    ]
    for tree in changed:
        tree |= {"status": {"code": code}, "modified_at": call.stored.now()}
    users = dict.fromkeys(makers(tree).get("user") for tree in changed)
    return success(user_ids=[name for name in users if name], updated_count=len(changed))


def _of_task(call: Call, task_id: str) -> list[Tree]:
    return [tree for tree in call.stored.annotations.values() if task_id in tasks_of(tree)]
