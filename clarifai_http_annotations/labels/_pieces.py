"""A large JSON document read piece by piece: the items of one of its lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from ._label import Unreadable
from ._source import Source

MOST_LEVELS = 100
"""COCO has five. ijson keeps the path of every level, so memory would grow with the square of their number."""


class Piece(dict[str, Any]):
    """An object of JSON that remembers a key that was there twice."""

    twice = ""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            self.twice = key
        super().__setitem__(key, value)


def items(source: Source, key: str) -> Iterator[Any]:
    """Yield what is in one of the lists of a document.

    Raises:
        Unreadable: If it is no JSON, is nested too deep, or ijson is not installed.
    """
    try:
        import ijson  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise Unreadable(
            "COCO and LVIS files are read with ijson: pip install 'clarifai-http-annotations[cli]'"
        ) from None
    count = 0
    with source.open() as file:
        try:
            for item in ijson.items(_Shallow(file), f"{key}.item", use_float=True, map_type=Piece):
                yield item
                count += 1
        except (ijson.JSONError, UnicodeDecodeError) as error:
            where = f"{source.name}, after {key}[{count - 1}]" if count else None
            raise Unreadable(_in_words(str(error)), where) from None


def _in_words(error: str) -> str:
    if "UTF8" in error or "utf-8" in error:
        return "a text in it is no UTF-8: save the file as UTF-8, or, if it is of Windows, run iconv -f cp1252 -t utf-8"
    if "premature EOF" in error or "Incomplete" in error:  # as each of ijson's parsers says it
        return "this is not JSON: it ends too early. Copy or download it again"
    what, _, rest = error.partition("\n")
    near = " ".join(rest.partition("(right here)")[0].split())[:80]
    return f"this is not JSON: {what.rstrip('.')}" + (f", near {near}" if near else "")


class _Shallow:
    """Hands on the bytes of a document, and counts its levels.

    Args:
        file: The document.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._level = 0
        self._is_text = False
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            Unreadable: If there are too many levels.
        """
        data = self._file.read(size)
        if self._deepest(data) > MOST_LEVELS:
            raise Unreadable(f"it is nested deeper than {MOST_LEVELS} levels, so it is no file of labels")
        return data

    def _deepest(self, data: bytes) -> int:
        """Return a number of levels that some bytes do not go beyond; the exact one if it is many."""
        seen = self._rest + data
        cut = (len(seen) - len(seen.rstrip(b"\\"))) % 2  # half of an escape stays for the next bytes
        seen, self._rest = seen[: len(seen) - cut], seen[len(seen) - cut :]
        marks = seen.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARKS)
        texts = marks.split(b'"')
        outside = b"".join(texts[int(self._is_text) :: 2])
        self._is_text ^= len(texts) % 2 == 0
        level = deepest = self._level
        self._level += sum(map(outside.count, (b"[", b"{"))) - sum(map(outside.count, (b"]", b"}")))
        if level + outside.count(b"[") + outside.count(b"{") <= MOST_LEVELS:
            return MOST_LEVELS
        for mark in outside:
            level += 1 if mark in b"[{" else -1
            deepest = max(deepest, level)
        return deepest


_NO_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
