"""The routes of annotations: POST, PATCH, GET and DELETE."""

from __future__ import annotations

from ..models.status import StatusCode
from ._answers import Answer, Refused, RefusedItem, as_answer, for_each_item, invalid, invalid_item, success, unknown
from ._call import Call, asked_annotations
from ._patching import AT_MOST_ONE, is_empty, patched
from ._state import Key, is_trusted, status_of, tasks_of
from ._storing import Tree, copied, with_values
from ._types import is_true, texts, typed

DUPLICATE = "Object has a duplicate ID; another object with same ID already exist"
ACTIONS = ("merge", "overwrite", "remove")


def post(call: Call) -> Answer:
    """Store annotations; each is answered for itself."""
    asked = asked_annotations(call)
    call.rules.check_poison(asked)
    if call.rules.duplicates == "batch":
        _refuse_duplicates(call, asked)
    answered, failed = [], 0
    for tree in asked:
        refused = _refusal(call, tree)
        answered.append(refused.answer(tree) if refused else as_answer(_stored(call, tree)))
        failed += refused is not None
    return for_each_item(answered, failed=failed)


def _refuse_duplicates(call: Call, asked: list[Tree]) -> None:
    keys = [(tree.get("input_id"), tree["id"]) for tree in asked if tree.get("id")]
    if len(set(keys)) < len(keys) or any(key in call.stored.annotations for key in keys):
        raise Refused(400, StatusCode.DATABASE_DUPLICATE_KEY, "Database duplicate key", DUPLICATE)


def _stored(call: Call, asked: Tree) -> Tree:
    """Return an annotation as it is stored, now or already."""
    there = call.stored.annotations.get((asked["input_id"], asked.get("id") or ""))
    return call.stored.add(asked) if there is None or call.rules.duplicates == "overwrite" else there


def _refusal(call: Call, asked: Tree) -> RefusedItem | None:
    input_id = asked.get("input_id")
    if not input_id:
        return invalid_item("input_id is required")
    if not call.has_input(input_id):
        return invalid_item(f"input {input_id} does not exist")
    if call.rules.duplicates == "item" and (input_id, asked.get("id")) in call.stored.annotations:
        return RefusedItem(StatusCode.DATABASE_DUPLICATE_KEY, "Database duplicate key", DUPLICATE)
    return _too_many(asked.get("data") or {})


def _too_many(data: Tree) -> RefusedItem | None:
    """Refuse more than one region or frame (docs, "Add annotations")."""
    for key in AT_MOST_ONE:
        if len(data.get(key) or ()) > 1:
            return invalid_item(f"at most one of {key} an annotation")
    return None


# --- PATCH -----------------------------------------------------------------------------------------


def patch(call: Call) -> Answer:
    """Change annotations; each is answered for itself. Nobody knows what an absent action means: it is refused."""
    action = call.body.get("action")
    asked = asked_annotations(call)
    if action not in ACTIONS:
        raise invalid(f"action must be one of {', '.join(ACTIONS)}")
    drop_empty = typed(call.body, "delete_if_empty_data", bool) and action == "remove"
    answered, failed = [], 0
    for tree in asked:
        changed = _changed(call, tree, action)
        if isinstance(changed, RefusedItem):
            answered.append(changed.answer(tree))
            failed += 1
            continue
        key = changed["input_id"], changed["id"]
        call.stored.annotations[key] = changed
        answered.append(as_answer(changed))
        if drop_empty and is_empty(changed["data"]) and changed.get("input_level") is not True:
            del call.stored.annotations[key]
    return for_each_item(answered, failed=failed)


def _changed(call: Call, asked: Tree, action: str) -> Tree | RefusedItem:
    """Return an annotation as a patch leaves it. The rule of HTTP fills in values before anything is merged."""
    key = asked.get("input_id"), asked.get("id")
    if not all(key):
        return invalid_item("input_id and id are required")
    stored = call.stored.annotations.get(key)  # type: ignore[arg-type]  # both are there
    if stored is None:
        details = f"annotation {key[1]} of input {key[0]} does not exist"
        return RefusedItem(StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)
    data = asked.get("data")
    said = {**asked, "data": None if data is None else with_values(data), "status": status_of(asked)}
    changed = copied(patched(stored, said, action))
    changed["data"] = call.stored.shown(changed["data"])
    refused = _too_many(changed["data"])
    return refused or {**changed, "modified_at": call.stored.now()}


# --- GET -------------------------------------------------------------------------------------------


def listing(call: Call) -> Answer:
    """List annotations, what was stored last first. Only trusted ones, unless all are asked for or somebody's."""
    query = call.query
    ids, input_ids = query.get("ids"), query.get("input_ids")
    if ids and len(ids) != len(input_ids or ()):
        raise invalid("ids and input_ids are pairs")
    pairs = set(zip(input_ids or (), ids or (), strict=False))
    made_by = call.made_by_those_asked_for()
    everything = is_true(query, "list_all_annotations") or bool(made_by.names)
    found = [
        tree
        for tree in call.stored.in_order()
        if (not pairs or (tree["input_id"], tree["id"]) in pairs)
        and (not input_ids or tree["input_id"] in input_ids)
        and ("task_id" not in query or not tasks_of(tree).isdisjoint(query["task_id"]))
        and made_by(tree)
        and (everything or is_trusted(tree))
        and call.stored.is_listed((tree["input_id"], tree["id"]))
    ]
    return success(annotations=[as_answer(tree) for tree in call.page_of(found)])


def get(call: Call, input_id: str, annotation_id: str) -> Answer:
    """Give one annotation."""
    return success(annotation=as_answer(call.stored.annotations[_existing(call, input_id, annotation_id)]))


def _existing(call: Call, input_id: str, annotation_id: str) -> Key:
    if (input_id, annotation_id) not in call.stored.annotations:
        raise unknown(f"annotation {annotation_id} of input {input_id} does not exist")
    return input_id, annotation_id


# --- DELETE ----------------------------------------------------------------------------------------


def delete(call: Call, input_id: str, annotation_id: str) -> Answer:
    """Delete one annotation."""
    del call.stored.annotations[_deletable(call, input_id, annotation_id)]
    return success()


def _deletable(call: Call, input_id: str, annotation_id: str) -> Key:
    """Return what may be deleted. What came with an input goes with it only (docs); how that is said is a guess."""
    key = _existing(call, input_id, annotation_id)
    if call.stored.annotations[key].get("input_level") is True:
        details = f"annotation {annotation_id} is input-level: it is deleted with its input {input_id} only"
        raise Refused(400, StatusCode.ANNOTATION_INVALID_ARGUMENT, "Annotation invalid argument", details)
    return key


def delete_many(call: Call) -> Answer:
    """Delete pairs of input and id, or everything of some inputs but what came with them (docs).

    A pair that does not exist, or came with its input, refuses the request, and nothing is deleted (a guess).
    """
    ids, input_ids = texts(call.body, "ids"), texts(call.body, "input_ids")
    if not input_ids:
        raise invalid("input_ids are required: there is no way to delete all annotations of an app")
    if ids and len(ids) != len(input_ids):
        raise invalid("ids and input_ids are pairs")
    keys = (
        {_deletable(call, *pair) for pair in zip(input_ids, ids, strict=True)}
        if ids
        else {
            key
            for key, tree in call.stored.annotations.items()
            if key[0] in input_ids and tree.get("input_level") is not True
        }
    )
    for key in keys:
        del call.stored.annotations[key]
    return success()
