"""From names of classes to ids of concepts and back.

Clarifai's clients make ids of letters, digits, "-" and "_". The rule, which loses nothing:

1. Those characters stay as they are. Every other one becomes ``_x`` and two hexadecimal digits (0-9, a-f) for each
   of its bytes in UTF-8: ``polar bear`` is ``polar_x20bear``.
2. So that it can be undone, a ``_`` that an ``x`` and two such digits follow becomes ``_x5f``.
3. A map (``--concept-map``) goes before the rule.

The rule never makes one id of two names; a map may, and that is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

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

    def id_of(self, name: str) -> str:
        """Return the id of a concept for its name.

        Raises:
            ValueError: If the name is empty, or another one has that id already.
        """
        found = self._ids.get(name)
        if found is not None:
            return found
        if not name.strip():
            raise ValueError("the name of the concept is empty")
        id = self._map.get(name) or concept_id(name)
        self.use(id, name)
        self._ids[name] = id
        return id

    def use(self, id: str, name: str) -> None:
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


def read_concept_map(path: Path) -> dict[str, str]:
    """Read a map from names to ids: a JSON object, or lines of ``name,id`` or ``name<TAB>id``.

    Raises:
        ValueError: If it is neither, a name is there twice, or an id is empty.
    """
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("{"):
        found = json.loads(text)
        if not all(isinstance(id, str) for id in found.values()):
            raise ValueError("the ids must be texts")
        return dict(found)
    ids: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, _, id = line.partition("\t") if "\t" in line else line.rpartition(",")
        name, id = name.strip(), id.strip()
        if not name or not id:
            raise ValueError(f"line {number} is not name,id: {line[:80]!r}")
        if ids.setdefault(name, id) != id:
            raise ValueError(f"line {number} gives {name!r} a second id")
    return ids
