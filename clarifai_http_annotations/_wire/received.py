"""What of an annotation that a server gave can be stored again, or written to a file.

An answer holds what a request cannot: fields of the server's, fields that this version does not know (``data.text`` of
a text), and for each input the input-level annotation that was made with it. Rules:

1. No label is lost, and none is moved. A field that is not known is left out of ``data``, where it stands beside the
   labels, unless there are concepts in it. Of a region, a frame, or where one is, it keeps the whole from being sent.
2. Only of what a server gave: in what people wrote, a field that is not known is an error.
3. An input-level annotation without concepts says nothing. Sent as another one, it would be a task for somebody.
4. What is left out is named, for whoever counts it or warns of it.
"""

from __future__ import annotations

import warnings

from ..errors import InvalidRequestError
from ..models.annotation import Annotation
from ..models.status import StatusCode
from .encode import Tree, _level_of_the_caller, to_tree
from .guard import find_concepts

ONLY_IN_ANSWERS = ("input_level", "trusted", "consensus_info", "created_at", "modified_at")
"""Fields that nobody can set: one that says something was read. What protobuf prints of an empty one says nothing."""


class UnknownFieldWarning(UserWarning):
    """An annotation from an answer holds a field that this version does not know, and that is left out."""


DONE = (StatusCode.ANNOTATION_SUCCESS, StatusCode.ANNOTATION_MODIFY_SUCCESS)
"""States of an annotation with which there is nothing left to do; a request without a state means them."""


def state_of(annotation: Annotation) -> Tree | None:
    """Return the state of the work on an annotation as a request says it, such as a review that was denied.

    ``None`` is one that is done, or that came with its input.
    """
    code = None if annotation.status is None or annotation.input_level else annotation.status.code
    is_open = isinstance(code, StatusCode) and code.name.startswith("ANNOTATION_") and code not in DONE
    return {"code": code.name} if is_open and isinstance(code, StatusCode) else None


def is_received(annotation: Annotation) -> bool:
    """Tell whether an annotation comes from a server: a client returned it, or it has what only answers have."""
    held = vars(annotation)
    return (
        annotation._origin is not None
        or any(held.get(name) for name in ONLY_IN_ANSWERS)
        or bool(getattr(held.get("status"), "description", None))
    )


def sendable(annotation: Annotation) -> tuple[Tree | None, list[str]]:
    """Return the JSON of an annotation as it can be sent, and the names of the fields that are not in it.

    ``None`` is what came with its input and holds no label: it is neither a label nor a task.

    Raises:
        InvalidRequestError: If it holds what is not known and cannot be left out.
    """
    left_out: list[str] = []
    tree: Tree = to_tree(annotation, left_out if is_received(annotation) else "refuse")
    if vars(annotation).get("input_level") is True and next(find_concepts(tree), None) is None:
        return None, left_out
    if left_out and not any((tree.get("data") or {}).values()):
        raise InvalidRequestError(
            f"{_named(tree)} holds nothing but {_listed(left_out)}, which this version of the library does not know "
            "and cannot send: without it, it would be a task for somebody."
        )
    return tree, left_out


def sent_again(annotation: Annotation) -> Tree:
    """Return the JSON of an annotation that is to be stored, and warn of what is left out.

    Raises:
        InvalidRequestError: If there is no label in it, or it holds what is not known and cannot be left out.
    """
    tree, left_out = sendable(annotation)
    if tree is None:
        raise InvalidRequestError(
            f"{_named(vars(annotation))} came with its input and holds no label: it would be sent as a task.",
            hint="Leave out what has input_level and no concepts.",
        )
    warn(left_out)
    return tree


def warn(left_out: list[str]) -> None:
    """Tell the caller of the library that fields are left out, if any are."""
    if left_out:
        warnings.warn(
            f"An annotation holds {_listed(left_out)}, which this version of the library does not know: that is left "
            "out, and the rest is taken.",
            UnknownFieldWarning,
            stacklevel=_level_of_the_caller(),
        )


def _named(tree: Tree) -> str:
    return f"The annotation {tree.get('id', '')!r} of input {tree.get('input_id')!r}"


def _listed(names: list[str]) -> str:
    return ", ".join(sorted(set(names)))
