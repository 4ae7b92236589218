"""From names of classes to ids of concepts and back.

Clarifai's clients make ids of letters, digits, "-" and "_". The rule, which loses nothing:

1. Those characters stay as they are. Every other one becomes ``_x`` and two hexadecimal digits (0-9, a-f) for each
   of its bytes in UTF-8: ``polar bear`` is ``polar_x20bear``.
2. So that it can be undone, a ``_`` that an ``x`` and two such digits follow becomes ``_x5f``.
3. A map (``--concept-map``) goes before the rule.

The rule never makes one id of two names; a map may, and that is refused.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ESCAPED = re.compile(r"_(?=x[0-9a-f]{2})|[^A-Za-z0-9_-]")
_BYTES = re.compile(r"(?:_x[0-9a-f]{2})+")


def concept_id(name: str) -> str:
    """Return the id of the concept for a name: ``"polar bear"`` is ``"polar_x20bear"``, ``"zebra"`` stays."""
    return _ESCAPED.sub(lambda found: "".join(f"_x{byte:02x}" for byte in found[0].encode("utf-8")), name)


def concept_name(id: str) -> str:
    """Return the name that `concept_id` made an id of; an id that it did not make stays as it is."""

    def letters(found: re.Match[str]) -> str:
        try:
            return bytes.fromhex(found[0].replace("_x", "")).decode("utf-8")
        except UnicodeDecodeError:
            return found[0]

    name = _BYTES.sub(letters, id)
    return name if concept_id(name) == id else id


class Names:
    """The ids of the names of a number of files, which must not collide.

    Args:
        map: Ids by name; they go before the rule.
    """

    def __init__(self, map: Mapping[str, str] | None = None) -> None:
        self._map = dict(map or {})
        self._ids: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._codes: dict[str, str] = {}

    def id_of(self, name: str, code: str = "") -> str:
        """Return the id of a concept for its name, and for the code that the file has instead of it, if it does.

        Raises:
            ValueError: If the name is empty, or another name or code has that id already.
        """
        if code:
            id = self.id_of(name)
            other = self._codes.setdefault(id, code)
            if other != code:
                raise ValueError(
                    f"{other!r} and {code!r} are both called {name!r}: give one of them another name in the file of "
                    "class descriptions"
                )
            return id
        found = self._ids.get(name)
        if found is not None:
            return found
        if not name.strip():
            raise ValueError("the name of the concept is empty")
        id = self._map.get(name) or concept_id(name)
        self._claim(id, name)
        self._ids[name] = id
        return id

    def _claim(self, id: str, name: str) -> None:
        """Remember who has an id.

        Raises:
            ValueError: If another name has it.
        """
        user = self._users.setdefault(id, name)
        if user != name:
            raise ValueError(
                f"the names {user!r} and {name!r} would both be the concept {id!r}: give one of them another id "
                "with --concept-map (concept_map=)"
            )


def read_concept_map(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read a map from names to ids: a JSON object, or lines of ``name,id`` or ``name<TAB>id``.

    Raises:
        ValueError: If it is neither, a name is there twice, or an id is empty.
    """
    text = Path(path).read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("{"):
        return _object(text)
    ids: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = next(csv.reader([line], delimiter="\t" if "\t" in line else ","))
        except csv.Error:
            fields = []
        # A name with commas may be in quotes, or not: an id has none.
        name, id = fields if len(fields) == 2 else (line.rpartition(",")[0], line.rpartition(",")[2])
        name, id = name.strip(), id.strip()
        if not name or not id:
            raise ValueError(f"line {number} is not name,id: {line[:80]!r}")
        if ids.setdefault(name, id) != id:
            raise ValueError(f"line {number} gives {name!r} a second id")
    return ids


def _object(text: str) -> dict[str, str]:
    def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(f"it gives {next(name for name in names if names.count(name) > 1)!r} a second id")
        return found

    found = json.loads(text, object_pairs_hook=once_each)
    for name, id in found.items():
        if not isinstance(id, str) or not id.strip():
            raise ValueError(f"the id of {name!r} must be a text, and not empty: {id!r}")
    return dict(found)
