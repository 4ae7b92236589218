"""The route that adds inputs, as far as annotations are concerned: each brings an input-level annotation along."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ..models.status import StatusCode
from ._answers import Answer, RefusedItem, as_answer, for_each_item, invalid
from ._call import Call, check_annotation
from ._searching import listed
from ._state import MEDIA
from ._storing import Tree, copied, without_nulls
from ._types import typed

MAX_INPUTS = 128


def post(call: Call) -> Answer:
    """Add inputs, which are there at once; each is answered for itself.

    A concept without ``value`` is positive here, too. An id that is taken refuses its item (the words are the
    API's, the rest is a guess). Media are not fetched.
    """
    asked = listed(call.body, "inputs")
    if not 1 <= len(asked) <= MAX_INPUTS:
        raise invalid(f"inputs must be a list of 1 to {MAX_INPUTS}")
    call.check_polarities()
    call.check_values()
    for index, tree in enumerate(asked):
        _check_shape(tree, f"inputs[{index}]")
    answered = [_added(call, tree) for tree in asked]
    return for_each_item(answered, "inputs", failed=sum("details" in tree["status"] for tree in answered))


def _check_shape(asked: Tree, place: str) -> None:
    typed(asked, "id", str, f"{place}.")
    data = typed(asked, "data", dict, f"{place}.")
    check_annotation({"data": {key: value for key, value in data.items() if key not in MEDIA}}, place)


def _added(call: Call, asked: Tree) -> Tree:
    input_id, data = asked.get("id") or uuid4().hex, asked.get("data") or {}
    if input_id in call.stored.inputs:
        return RefusedItem(StatusCode.INPUT_DUPLICATE, "Input duplicate", "Input has a duplicate ID.").answer(asked)
    made = call.stored.add_input(input_id, data)
    shown: Any = {**without_nulls({key: copied(data[key]) for key in MEDIA & data.keys()}), **made["data"]}
    status = {"code": int(StatusCode.INPUT_DOWNLOAD_SUCCESS)}
    times = {key: made[key] for key in ("created_at", "modified_at")}
    return as_answer({"id": input_id, "data": shown, **times, "status": status})
