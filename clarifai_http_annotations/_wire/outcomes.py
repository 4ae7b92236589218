"""Which annotation of a batch an answer is about, and what it means for it.

Rules:

1. An answer is matched by its ids. Only one that carries no id (a refused item may come without)
   is matched by input and content, and a refusal among several of one input by their order: then
   it may be another's, so it decides nothing but whose text is whose.
2. What is unclear is settled by asking (`lookup`): any duplicate, a whole batch refused as duplicate,
   an internal failure, a code that is unknown, a polarity that came back turned around, a success
   that shows less than was sent, and an annotation of which an answer says nothing, or contradicts itself.
3. A duplicate key (40010) of an id that the content made is no success by itself: that content was
   stored once, and somebody may have turned a label since.
4. Other content under the same id is a conflict, never a success.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import (
    APIError,
    ConflictError,
    Failure,
    InternalServerError,
    InvalidRequestError,
    PartialFailureError,
)
from ..models.annotation import Annotation
from ..models.status import STORED, StatusCode, known_code
from . import answers
from .answers import Answer
from .ids import canonical, contradicts, holds
from .refusals import status_error
from .rows import listed, prepare_row

Key = tuple[str, str]

if TYPE_CHECKING:

    class Sent(Protocol):
        """An annotation that was sent, as far as an answer is read for it."""

        @property
        def index(self) -> int:
            """Its position in what was given."""

        @property
        def tree(self) -> dict[str, Any]:
            """Its JSON."""

        @property
        def derived(self) -> bool:
            """Whether its id was derived from the content."""

        @property
        def key(self) -> Key:
            """Input and id."""


class Item(NamedTuple):
    """An annotation that is about to be sent.

    Attributes:
        index: Its position in what was given to the call.
        tree: Its JSON, with an id.
        derived: Whether the id was derived from the content.
    """

    index: int  # type: ignore[assignment]  # a tuple's method of this name means nothing here
    tree: dict[str, Any]
    derived: bool

    @property
    def key(self) -> Key:
        return self.tree["input_id"], self.tree["id"]

    @property
    def annotation(self) -> Annotation:
        """The annotation as it is sent."""
        return Annotation.model_validate(self.tree)


class Stored(NamedTuple):
    """The annotation is in the app; ``None`` where nobody wants to read it."""

    annotation: Annotation | None


class Failed(NamedTuple):
    """The annotation is not in the app, or something else is under its id."""

    error: APIError


class Unclear(NamedTuple):
    """Only asking can tell.

    Attributes:
        error: What there is to say if asking does not tell.
        is_taken: Whether the answer says that the id is taken, and the content made it.
        is_accepted: Whether the answer says that it was stored, and shows something else, or less.
    """

    error: APIError
    is_taken: bool = False
    is_accepted: bool = False


Verdict = Stored | Failed | Unclear

UNREAD = Stored(None)
"""The verdict of a caller who does not want to read what is stored: one object for all."""


# --- before sending ------------------------------------------------------------------------------


def plan(annotations: object) -> tuple[list[Item], list[Key]]:
    """Check what `create` was given, derive ids, and merge identical twins.

    Returns:
        The items to send, each once, and the key of every annotation in the order asked.

    Raises:
        InvalidRequestError: If one of them cannot be sent, there are none or more than 128,
            or two have the same id and different content.
    """
    items: dict[Key, Item] = {}
    keys = []
    for index, annotation in enumerate(listed(annotations, "create")):
        item = prepare(annotation, index)
        twin = items.setdefault(item.key, item)
        if twin is not item and canonical(twin.tree) != canonical(item.tree):
            raise InvalidRequestError(
                f"Nothing was sent. annotations[{twin.index}] and annotations[{index}] (input {item.key[0]!r}) "
                f"have the same id {item.key[1]!r} and different content."
            )
        keys.append(item.key)
    return list(items.values()), keys


def prepare(annotation: object, index: int) -> Item:
    """Return the checked tree of an annotation, with an id.

    Raises:
        InvalidRequestError: If it cannot be sent; names index, input and field.
    """
    row = prepare_row(annotation, f"annotations[{index}]")
    return Item(index, row.tree, row.derived)


# --- what an answer means ------------------------------------------------------------------------


def judge(items: "Sequence[Sent]", answer: Answer, redact: Any = str, *, read: bool = True) -> dict[Key, Verdict]:
    """Say for every item what an answer of POST or PATCH means for it.

    Args:
        items: What was sent.
        answer: The answer.
        redact: Takes the key out of a text.
        read: Whether to read what is stored, to return it.

    Raises:
        InvalidResponseError: If the answer has another shape than the API's.
    """
    said = [found for found in answers.items_of(answer) if isinstance(found, dict)]
    matched = match(items, said)
    alone = len(items) == len(said) == 1
    return {(key := item.key): _verdict(item, matched.get(key), answer, alone, redact, read) for item in items}


def match(items: "Sequence[Sent]", answered: Sequence[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Find for each item the part of an answer that is about it, in whatever order they came."""
    matched = {}
    said: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    contradicted = set()
    nameless: dict[str | None, list[dict[str, Any]]] = {}
    for found in answered:
        ids = key_of(found)
        if ids[1] is None:
            nameless.setdefault(ids[0], []).append(found)
        elif (first := said.setdefault(ids, found)) is not found and _code(first) != _code(found):
            contradicted.add(ids)
    for item in items:
        key = item.key
        if key in said:
            if key not in contradicted:
                matched[key] = said[key]
        elif same_input := nameless.get(key[0]):
            content = {name: value for name, value in item.tree.items() if name != "id"}
            refused = (found for found in same_input if _code(found) not in STORED)
            about = next((found for found in same_input if holds(found, content)), None) or next(refused, None)
            if about is not None:
                matched[key] = about
                nameless[key[0]] = [found for found in same_input if found is not about]
    return matched


def key_of(found: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the ids of an annotation in an answer; what is no text is no id."""
    input_id, name = found.get("input_id"), found.get("id")
    return input_id if isinstance(input_id, str) else None, name if isinstance(name, str) else None


def _status(found: dict[str, Any]) -> dict[str, Any]:
    status = found.get("status")
    return status if isinstance(status, dict) else {}


def _code(found: dict[str, Any]) -> StatusCode | int | str | None:
    code = _status(found).get("code")
    return code if type(code) is int and code in STORED else known_code(code) or None  # what is stored needs no name


def _verdict(
    item: "Sent", found: dict[str, Any] | None, answer: Answer, alone: bool, redact: Any, read: bool
) -> Verdict:
    if found is None:
        return Unclear(answers.anothers(answer, f"it says nothing of annotation {item.key[1]!r}"))
    code = _code(found)
    if code in STORED or _is_as_asked(code, item, answer):
        stored = Stored(answers.read_model(answer, found, f"annotations[{item.index}]", Annotation)) if read else UNREAD
        if contradicts(found, item.tree):
            turned = answers.invalid_response(answer, f"it turns a concept of annotation {item.key[1]!r} around")
            turned.hint = "Look at what is stored, with get(), before anything is trained on it."
            return Unclear(turned, is_accepted=True)
        if lacks(found.get("data"), item.tree.get("data")):
            less = answers.invalid_response(answer, f"it shows less of annotation {item.key[1]!r} than was sent")
            return Unclear(less, is_accepted=True)
        return stored
    status = answers.redacted({"req_id": answer.request_id, **_status(found)}, redact)
    error = status_error(status, message="was not stored, without a reason")
    if item.derived and code == StatusCode.DATABASE_DUPLICATE_KEY and key_of(found) == item.key:
        return Unclear(error, is_taken=True)
    maybe_anothers = key_of(found) != item.key and not alone
    says_little = not isinstance(code, StatusCode) or isinstance(error, (ConflictError, InternalServerError))
    return Unclear(error) if maybe_anothers or says_little else Failed(error)


SHOWN = frozenset({"data", "concepts", "regions", "frames", "time_segments", "tracks"})
"""Parts of an annotation that hold labels."""


def lacks(shown: Any, sent: Any) -> bool:
    """Tell whether an answer that shows data leaves out concepts, or what holds them: it may not have kept them.

    What is not shown at all (the server does not repeat it) leaves nothing out.
    """
    if not isinstance(shown, dict) or not isinstance(sent, dict):
        return False
    for key, part in sent.items():
        if key not in SHOWN or not part:
            continue
        there = shown.get(key)
        if not there or not isinstance(there, type(part)):
            return True
        if key == "data":
            if lacks(there, part):
                return True
        elif len(there) < len(part) or (key != "concepts" and _one_lacks(there, part)):
            return True
    return False


def _one_lacks(shown: list[Any], sent: list[dict[str, Any]]) -> bool:
    """Tell the same of parts in a list, as far as it is plain which is which."""
    if len(shown) != len(sent):  # those that were there before a patch are shown as well
        return False
    pairs = zip(shown, sent, strict=True)
    return any(
        lacks(one, part) for one, part in pairs if isinstance(one, dict) and part.get("id") in (None, one.get("id"))
    )


def _is_as_asked(code: StatusCode | int | str | None, item: "Sent", answer: Answer) -> bool:
    """Tell whether a code is the one that the caller gave, or is left out because the answer says it for all."""
    if code is None:
        return answer.code in (StatusCode.SUCCESS, StatusCode.ACCEPTED)
    return code == known_code(item.tree.get("status", {}).get("code"))


def conclude(
    items: Sequence[Item], keys: Sequence[Key], verdicts: dict[Key, Stored | Failed], what: str = "create: stored"
) -> list[Annotation]:
    """Return what is stored, in the order asked.

    Args:
        items: What was sent.
        keys: The key of every annotation that was asked for.
        verdicts: What became of each.
        what: The operation and what it does to an annotation, for the error.

    Raises:
        APIError: If there is one annotation and it failed.
        PartialFailureError: If there are several and some, or all, failed.
    """
    by_key = {item.key: item for item in items}
    failures = [
        Failure(index, by_key[key].annotation, verdict.error)
        for index, key in enumerate(keys)
        if isinstance(verdict := verdicts[key], Failed)
    ]
    if failures and len(items) == 1:
        raise failures[0].error
    stored = [
        verdict.annotation
        for key in keys
        if isinstance(verdict := verdicts[key], Stored) and verdict.annotation is not None
    ]
    if failures:
        others = "the others are (.succeeded)" if stored else "none is"
        operation, done = what.split(": ")
        message = f"{operation}: {len(failures)} of {len(keys)} annotations were not {done}; {others}."
        raise PartialFailureError(message, succeeded=stored, failed=failures)
    return stored
