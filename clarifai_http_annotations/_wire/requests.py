"""From an operation to its request: method, path, query and body. Section 1 of what is known of the API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from ..errors import InvalidRequestError
from .guard import encode_body

MAX_ANNOTATIONS = 128
"""Annotations in one POST or PATCH (docs: "Add annotations")."""

MAX_PER_PAGE = 1000
"""Annotations on a page (docs: "Pagination")."""

MAX_QUERY = 4000
"""Characters of a query. Servers and proxies commonly stop at 8,000 for the whole request line."""


class Request(NamedTuple):
    """A request, before a server, a key or a clock is known.

    Attributes:
        operation: The client's method that makes it, for errors and logs.
        method: HTTP method.
        path: Path and query; every id in it is quoted.
        body: JSON in UTF-8, or ``None``.
        repeatable: Whether sending it a second time leaves the same state as sending it once,
            so that it may be sent again when nobody knows what became of the first.
    """

    operation: str
    method: str
    path: str
    body: bytes | None = None
    repeatable: bool = True


class App(NamedTuple):
    """The app whose annotations are meant; ``user_id`` may be ``"me"``, the owner of the key.

    Both are empty where the app is that of the key: the routes are the same without them then.
    """

    user_id: str
    app_id: str

    @property
    def is_of_the_key(self) -> bool:
        """Whether no app is named."""
        return not self.user_id and not self.app_id

    def path(self, rest: str) -> str:
        """Return a path inside the app."""
        if self.is_of_the_key:
            return f"/v2{rest}"
        return f"/v2/users/{quoted(self.user_id, 'user_id')}/apps/{quoted(self.app_id, 'app_id')}{rest}"


def quoted(name: object, argument: str) -> str:
    """Quote an id so that it stays one segment of a path, whatever is in it.

    Raises:
        InvalidRequestError: If it is empty, no text, or a ``.`` or ``..`` that a server would
            take for a place in the path however it is quoted.
    """
    if not isinstance(name, str) or not name.strip():
        found = repr(name) if isinstance(name, str) else type(name).__name__
        raise InvalidRequestError(f"{argument} must be a text that is not empty, not {found}.")
    if name in (".", ".."):
        raise InvalidRequestError(f"{argument} {name!r} cannot be part of a URL: it would mean another place.")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{argument} {name!r} cannot be part of a URL: it is not valid Unicode.") from None


def create(app: App, trees: Sequence[dict[str, Any]], *, fractional_values: bool, operation: str = "create") -> Request:
    """POST 1 to 128 annotations that have ids: with them it is repeatable."""
    body = encode_body({"annotations": list(trees)}, fractional_values=fractional_values)
    return Request(operation, "POST", app.path("/annotations"), body)


def get(app: App, annotation_id: str, input_id: str, *, operation: str = "get") -> Request:
    """GET one annotation."""
    return Request(operation, "GET", _one(app, annotation_id, input_id))


def delete(app: App, annotation_id: str, input_id: str) -> Request:
    """DELETE one annotation; repeatable, because "it is gone" is then success."""
    return Request("delete", "DELETE", _one(app, annotation_id, input_id))


def _one(app: App, annotation_id: str, input_id: str) -> str:
    return app.path(f"/inputs/{quoted(input_id, 'input_id')}/annotations/{quoted(annotation_id, 'annotation_id')}")


def page(app: App, filters: Mapping[str, Any], *, page: int, per_page: int, operation: str = "list") -> Request:
    """GET one page of a listing."""
    query = _encode_query({**filters, "page": page, "per_page": per_page})
    return Request(operation, "GET", app.path(f"/annotations?{query}"))


def with_query(path: str, query: Mapping[str, Any]) -> str:
    """Return a path with a query; what is ``None`` is left out.

    Raises:
        InvalidRequestError: If it is too long for a URL.
    """
    encoded = _encode_query({key: value for key, value in query.items() if value is not None})
    if len(encoded) > MAX_QUERY:
        raise InvalidRequestError("These ids are too long for one URL; give fewer.")
    return f"{path}?{encoded}" if encoded else path


def _encode_query(query: Mapping[str, Any]) -> str:
    plain = {key: str(value).lower() if isinstance(value, bool) else value for key, value in query.items()}
    try:
        return urlencode(plain, doseq=True)
    except UnicodeEncodeError:
        raise InvalidRequestError("An id that is not valid Unicode cannot be part of a URL.") from None


# --- long lists of ids ---------------------------------------------------------------------------


def id_list(value: object, argument: str) -> list[str] | None:
    """Return ids as a list: ``None`` stays, one text is a list of one.

    Raises:
        InvalidRequestError: If one of them is no text, or empty.
    """
    if value is None:
        return None
    try:
        ids = [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]  # asked by try
    except TypeError:
        raise InvalidRequestError(f"{argument} must be ids, not {type(value).__name__}.") from None
    for index, name in enumerate(ids):
        if not isinstance(name, str) or not name.strip():
            raise InvalidRequestError(f"{argument}[{index}] must be a text that is not empty, not {name!r}.")
    return ids


def listing(filters: Mapping[str, Any], *, page: int, per_page: int) -> list[dict[str, Any]]:
    """Return the queries, without page numbers, that a listing needs; none if a list of ids is empty.

    Raises:
        InvalidRequestError: If a number is out of range or the ids are not pairs.
    """
    check_paging(page, per_page)
    for name in ("list_all_annotations", "return_model_output"):
        if not isinstance(filters.get(name), (bool, type(None))):
            raise InvalidRequestError(f"{name} must be True or False, not {filters[name]!r}.")
    if filters.get("task_id") is not None:
        quoted(filters["task_id"], "task_id")
    parts = list(split(filters))
    if page > 1 and len(parts) > 1:
        raise InvalidRequestError(
            f"page={page} cannot be told when a list of ids is too long for one URL; leave page out, or give fewer ids."
        )
    return [] if any(value == [] for value in filters.values()) else parts


def check_paging(page: object, per_page: object) -> None:
    """Check where a listing begins and how large its pages are.

    Raises:
        InvalidRequestError: If one of them is out of range.
    """
    if not _is_count(page):
        raise InvalidRequestError(f"page must be 1 or more, not {page!r}.")
    if not _is_count(per_page) or per_page > MAX_PER_PAGE:  # type: ignore[operator]  # it is a number, asked just now
        raise InvalidRequestError(f"per_page must be 1 to {MAX_PER_PAGE}, not {per_page!r}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def asking(keys: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the filters of a listing that asks what there is under inputs and ids, whoever made it."""
    pairs = list(keys)
    return {
        "ids": [name for _, name in pairs],
        "input_ids": [input_id for input_id, _ in pairs],
        "list_all_annotations": True,
    }


def pair_size(key: tuple[str, str]) -> int:
    """Return how many characters of a query it takes to ask for one input and id."""
    return len(_encode_query({"input_ids": key[0], "ids": key[1]})) + 1


def split(filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Split a query with a long list of ids into queries that fit into a URL.

    ``ids`` and ``input_ids`` are pairs and stay so; the other filters go along with each part.

    Raises:
        InvalidRequestError: If ``ids`` and ``input_ids`` are not pairs, or another list is too long.
    """
    ids, input_ids = filters.get("ids"), filters.get("input_ids")
    if ids is not None and len(ids) != len(input_ids or ()):
        found = "no input_ids" if input_ids is None else f"{len(input_ids)} input_ids"
        raise InvalidRequestError(f"ids and input_ids are pairs, of the same length and order: {len(ids)} and {found}.")
    common = {key: value for key, value in filters.items() if value is not None and key not in ("ids", "input_ids")}
    room = MAX_QUERY - len(_encode_query(common))
    if room < MAX_QUERY // 4:
        longest = max(common, key=lambda key: len(_encode_query({key: common[key]})))
        raise InvalidRequestError(
            f"{longest} is too long for a URL, and only ids and input_ids can be split; give fewer."
        )
    if input_ids is None:
        yield common
        return
    pairs = dict.fromkeys(zip(input_ids, ids, strict=True) if ids is not None else ((name,) for name in input_ids))
    part: dict[str, list[str]] = {}
    used = 0
    for names in pairs:  # each once, or what is in two parts would be listed twice
        pair = dict(zip(("input_ids", "ids"), names, strict=False))
        size = len(_encode_query(pair)) + 1
        if part and used + size > room:
            yield {**common, **part}
            part, used = {}, 0
        for key, value in pair.items():
            part.setdefault(key, []).append(value)
        used += size
    if part:
        yield {**common, **part}
