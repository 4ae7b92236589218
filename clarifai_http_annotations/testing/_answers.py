"""How the emulator answers: a refusal of a request, of one of its items, and success."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ..models.status import StatusCode, known_code
from ._storing import Tree, as_shown

Answer = tuple[int, Tree]
"""HTTP status and body."""


class Refused(Exception):  # noqa: N818 # not an error of the emulator: an answer of it
    """A request that is refused as a whole."""

    def __init__(
        self, http_status: int, code: int, description: str, details: str = "", *, retry_after: float | None = None
    ) -> None:
        self.http_status = http_status
        self.retry_after = retry_after
        self.status = {"code": int(code), "description": description, "details": details}


@dataclass(frozen=True)
class RefusedItem:
    """One item of a request that is refused, while the others go on.

    Attributes:
        code: Why.
        description: The same in words.
        details: What is wrong.
    """

    code: int
    description: str
    details: str

    def answer(self, asked: Any) -> Tree:
        """Return what is answered for the item: what was asked, with the status that says why not."""
        status = {"code": int(self.code), "description": self.description, "details": self.details}
        return {**(as_shown(asked) if isinstance(asked, dict) else {}), "status": status}


def malformed(details: str) -> Refused:
    """Return the refusal of what cannot be parsed into messages of protobuf."""
    return Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", details)


def invalid(details: str) -> Refused:
    """Return the refusal of what is parsed and makes no request."""
    return Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)


def out_of_range(details: str) -> Refused:
    """Return the refusal of a number that is too small or too large."""
    return Refused(400, StatusCode.CONN_INVALID_RANGE, "Invalid request", details)


def too_large(limit: float) -> Refused:
    """Return the refusal of a body that has too many bytes. What the API answers then is not documented."""
    details = f"the body has more than {limit:.0f} bytes"
    return Refused(413, StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED, "Request too large", details)


def unknown(details: str) -> Refused:
    """Return the refusal of what does not exist."""
    return Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)


def invalid_item(details: str) -> RefusedItem:
    """Return the refusal of an annotation that cannot be stored."""
    return RefusedItem(StatusCode.ANNOTATION_INVALID_ARGUMENT, "Annotation invalid argument", details)


def success(**answer: object) -> Answer:
    """Return the answer to a request that was done."""
    return 200, {"status": {"code": int(StatusCode.SUCCESS), "description": "Ok"}, **answer}


def as_answer(tree: Tree) -> Tree:
    """Return an annotation or a track as an answer shows it: its status in words.

    What is inside is not copied: an answer becomes bytes before anything else happens to it.
    """
    return {**tree, "status": {**tree["status"], "description": in_words(tree["status"]["code"])}}


@cache
def in_words(code: int | str) -> str:
    """Return the name of a status code as words."""
    known = known_code(code)
    name = known.name if isinstance(known, StatusCode) else str(known)
    return name.replace("_", " ").capitalize()


def for_each_item(answered: list[Tree], listed: str = "annotations", *, failed: int) -> Answer:
    """Return the answer to a request whose items each have a status of their own."""
    if not failed:
        return success(**{listed: answered})
    if failed < len(answered):
        return 207, {"status": {"code": 10010, "description": "Mixed Success"}, listed: answered}
    return 400, {"status": {"code": 10020, "description": "Failure"}, listed: answered}
