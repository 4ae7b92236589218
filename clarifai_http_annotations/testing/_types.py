"""How the emulator reads values: what it takes as which type, and what it refuses as none."""

from __future__ import annotations

from typing import Any

from ..models.status import known_code
from ._answers import malformed, out_of_range
from ._storing import Tree

MAX_PER_PAGE = 1000
DEFAULT_PER_PAGE = 20
MAX_DEPTH = 100
"""Levels of a body, as protobuf's parsers have it."""

WORDS: dict[type, str] = {dict: "object", list: "list", str: "text", bool: "boolean"}
"""Types as JSON calls them."""

LARGEST = 1.7976931348623157e308
"""The largest float."""


def paged(found: list[Tree], page: int, per_page: int) -> list[Tree]:
    """Return a page of a list, or refuse a page that there cannot be."""
    if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
        raise out_of_range("page or per_page is out of range")
    return found[(page - 1) * per_page : page * per_page]


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number; a bool is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST


def is_digits(text: str) -> bool:
    """Tell whether a text is a whole number that is not too long for anything."""
    return text.isascii() and text.isdigit() and len(text) < 10


def typed(tree: Tree, key: str, kind: type[Any], place: str = "") -> Any:
    """Return a field of an object; null and absent are the kind's own nothing, another type is refused."""
    value = tree.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise malformed(f"{place}{key} is no {WORDS[kind]}")
    return value


def texts(tree: Tree, key: str) -> list[str]:
    """Return a list of texts; nothing if it is absent."""
    listed: list[Any] = typed(tree, key, list)
    if not all(isinstance(item, str) for item in listed):
        raise malformed(f"{key} is no list of texts")
    return listed


def whole(tree: Tree, key: str, *, bits: int = 32, default: int = 0) -> int:
    """Return an unsigned whole number: as a number, or as text the way protobuf prints 64 bits."""
    value = tree.get(key)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    if is_number(value) and value == int(value) and 0 <= value < 2**bits:
        return int(value)
    raise malformed(f"{key} is no whole number of {bits} bits")


def status_code(value: object, place: str) -> int:
    """Return the number of a status code that is given by name or number."""
    code = known_code(value)
    if not isinstance(code, int):
        raise malformed(f"{place} is no status code")
    return int(code)


def is_true(query: dict[str, list[str]], key: str) -> bool:
    """Tell whether a parameter says yes."""
    return query.get(key, [""])[-1].lower() in ("true", "1")


def check_depth(tree: Any) -> None:
    """Refuse what is nested deeper than a parser of protobuf's JSON goes, and numbers beyond every float."""
    level = [tree]
    for _ in range(MAX_DEPTH + 1):
        if any(isinstance(item, float) and not is_number(item) for item in level):
            raise malformed("a number is out of range")
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    if level:
        raise malformed(f"JSON that is nested deeper than {MAX_DEPTH} levels")
