"""Which annotation of a batch an answer is about, and what it means for it.

Rules:

1. An answer is matched by its ids. Only one that carries no id (a refused item may come without)
   is matched by input and content, and a refusal among several of one input by their order: then
   it may be another's, so it decides nothing but whose text is whose.
2. A duplicate key (40010) of an id that the content made is stored: that content was, and if it was
   not patched since, it is there. Asking tells; a list may lag behind, so silence does not count.
3. What is unclear is settled by asking: any duplicate, a whole batch refused as duplicate,
   an internal failure, a code that is unknown, a polarity that came back turned around, and an
   annotation of which an answer says nothing, or contradicts itself.
4. Other content under the same id is a conflict, never a success.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import (
    APIError,
    ConflictError,
    Failure,
    InternalServerError,
    InvalidRequestError,
    PartialFailureError,
)
from ..models._base import read as read_model
from ..models.annotation import Annotation, Origin
from ..models.status import STORED, StatusCode, known_code
from . import answers
from .answers import Answer
from .ids import canonical, contradicts, holds
from .refusals import status_error
from .rows import listed, prepare_row

Key = tuple[str, str]

CHOOSE = "Choose another id, or leave it out to have one derived from the content."


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
        error: What there is to say if it is not there.
        otherwise: What it is if asking does not tell.
        is_turned: Whether an answer showed another polarity than was sent.
    """

    error: APIError
    otherwise: Stored | None = None
    is_turned: bool = False

    @property
    def unsettled(self) -> Stored | Failed:
        """What it is if asking did not tell."""
        return self.otherwise or Failed(self.error)


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
            return Unclear(turned, is_turned=True)
        return stored
    status = answers.redacted({"req_id": answer.request_id, **_status(found)}, redact)
    error = status_error(status, message="was not stored, without a reason")
    if item.derived and code == StatusCode.DATABASE_DUPLICATE_KEY and key_of(found) == item.key:
        return Unclear(error, already_stored(item) if read else UNREAD)
    maybe_anothers = key_of(found) != item.key and not alone
    says_little = not isinstance(code, StatusCode) or isinstance(error, (ConflictError, InternalServerError))
    return Unclear(error) if maybe_anothers or says_little else Failed(error)


def _is_as_asked(code: StatusCode | int | str | None, item: "Sent", answer: Answer) -> bool:
    """Tell whether a code is the one that the caller gave, or is left out because the answer says it for all."""
    if code is None:
        return answer.code in (StatusCode.SUCCESS, StatusCode.ACCEPTED)
    return code == known_code(item.tree.get("status", {}).get("code"))


def already_stored(item: "Sent") -> Stored:
    """Return the verdict for content that is there already: the annotation as it was sent."""
    annotation = read_model(Annotation, item.tree)
    annotation._origin = Origin(item.tree)
    annotation._origin.is_sure = False
    return Stored(annotation)


Listed = tuple[dict[str, Any], Annotation]
"""An annotation as the server listed it: as it came, and read."""


def read_listed(answer: Answer, filters: Mapping[str, Any]) -> list[Listed]:
    """Return what a page lists; what has no ids is nothing that was asked about.

    Raises:
        InvalidResponseError: If one of it has another shape than the API's, or was not asked for (``filters``).
    """
    answers.check_asked(answer, (key_of(tree) for tree in answers.items_of(answer) if isinstance(tree, dict)), filters)
    return [
        (tree, answers.read_model(answer, tree, f"annotations[{index}]", Annotation))
        for index, tree in enumerate(answers.items_of(answer))
        if isinstance(tree, dict) and None not in key_of(tree)
    ]


def settle(item: Item, found: Iterable[Listed], verdict: Unclear) -> Stored | Failed:
    """Say what an unclear item is, now that the server was asked what it has under its id.

    Args:
        item: The item.
        found: What the server listed.
        verdict: What it was until now.
    """
    for tree, annotation in found:
        if key_of(tree) == item.key:
            if holds(tree, item.tree):
                return Stored(annotation)
            return Failed(other_content(item.key))
    return verdict.unsettled


def other_content(key: Key) -> ConflictError:
    """Return the error of an annotation under whose id the server has another one."""
    return ConflictError(f"was not stored: id {key[1]!r} of input {key[0]!r} holds other content", hint=CHOOSE)


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
