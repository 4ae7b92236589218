"""What a request is answered with when a fault meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ._answers import Answer, RefusedItem, for_each_item, in_words
from ._faults import Broken, Fault
from ._routes import empty_lists
from ._state import Recorded
from ._storing import Tree

CarryOut = Callable[[Recorded], Answer]


@dataclass
class Reply:
    """What goes back to a client.

    Attributes:
        http_status: HTTP status.
        body: JSON, or text of a server that is not the API.
        retry_after: Seconds of the header, if there is one.
        connection: What happens to the connection meanwhile.
    """

    http_status: int
    body: Tree | str
    retry_after: float | None = None
    connection: Broken | None = field(default=None)


def fail(fault: Fault, request: Recorded, pick: Callable[[int], set[int]], carry_out: CarryOut) -> Reply:
    """Answer a request that meets a fault.

    Args:
        fault: The fault.
        request: The request.
        pick: Chooses the places of the items that are refused, of so many.
        carry_out: Does what a request asks for.
    """
    if fault.item_code is not None and fault.http_status is None:
        return Reply(*_refusing_some(fault, request, pick, carry_out), fault.retry_after)
    answer = carry_out(request) if fault.executed else None
    if fault.connection is not None:
        return Reply(*(answer or (200, {})), connection=fault.connection)
    assert fault.http_status is not None  # noqa: S101 # every other fault has one
    if fault.text is not None:
        return Reply(fault.http_status, fault.text, fault.retry_after)
    said: Tree = {"status": _status(fault, fault.code or 0), **empty_lists(request.method, request.path)}
    if fault.item_code is not None and (asked := _items_of(request)):
        said["annotations"] = [_refused(tree, fault) for tree in asked]
    return Reply(fault.http_status, said, fault.retry_after)


def _refusing_some(fault: Fault, request: Recorded, pick: Callable[[int], set[int]], carry_out: CarryOut) -> Answer:
    """Refuse some items, which are stored all the same if the fault says so, and carry out the others."""
    asked = _items_of(request)
    if not asked:
        return carry_out(request)
    chosen = pick(len(asked))
    left = [tree for index, tree in enumerate(asked) if fault.executed or index not in chosen]
    answered: list[Tree] = []
    if left:
        http_status, answer = carry_out(replace(request, body={**request.body, "annotations": left}))
        answered = answer.get("annotations", [])
        if len(answered) != len(left):  # refused as a whole
            return http_status, answer
    done = iter(answered)
    said = [next(done) if fault.executed or index not in chosen else {} for index in range(len(asked))]
    items = [_refused(tree, fault) if index in chosen else said[index] for index, tree in enumerate(asked)]
    return for_each_item(items, failed=sum("details" in item["status"] for item in items))


def _items_of(request: Recorded) -> list[Any]:
    asked = request.body.get("annotations") if isinstance(request.body, dict) else None
    return asked if isinstance(asked, list) and request.method in ("POST", "PATCH") else []


def _refused(asked: Any, fault: Fault) -> Tree:
    status = _status(fault, fault.item_code or 0)
    return RefusedItem(**status).answer(asked)


def _status(fault: Fault, code: int) -> Tree:
    return {"code": int(code), "description": in_words(code), "details": f"fault {fault.name} of the emulator"}
