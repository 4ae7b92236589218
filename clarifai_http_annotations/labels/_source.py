"""A label file as bytes and as lines of text: compressed or not, with its place for every error."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ._label import Unreadable

MAX_LINE = 8 * 1024 * 1024
"""Longest line in bytes, as long as the longest request: an annotation is far shorter."""

HEAD = 64 * 1024
"""Bytes from which the format is told."""


class Source:
    """A file of labels.

    Args:
        path: The file.
        name: What to call it; its path if absent.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path = path
        self.name = name or str(path)
        self._version: tuple[int, ...] | None = None

    def at(self, line: int) -> str:
        """Return the place of a line."""
        return f"{self.name}, line {line}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file, and decompress it if gzip wrote it.

        A byte order mark of UTF-8, which Windows writes, is passed over.

        Raises:
            Unreadable: If there is no such file, it may not be read, it is damaged, or it was changed since it was
                opened first: a reader opens it more than once, and puts together what it finds.
        """
        try:
            with self.path.open("rb") as raw:
                self._check_version(raw)
                if not raw.seekable():
                    raise Unreadable("this is a pipe, and a file is read more than once: save it, and give the file")
                is_gzip = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                if is_gzip:
                    with gzip.open(raw) as unpacked:
                        _pass_mark(unpacked)  # type: ignore[arg-type]  # a GzipFile reads bytes
                        yield unpacked  # type: ignore[misc]  # likewise
                else:
                    _pass_mark(raw)
                    yield raw
                self._check_version(raw)
        except FileNotFoundError:
            raise Unreadable("there is no such file") from None
        except IsADirectoryError:
            raise Unreadable("this is a folder: give the files in it, such as folder/*.csv") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Unreadable(
                f"the gzip data is cut off or damaged ({error}): copy it again, or pack it again"
            ) from None
        except OSError as error:
            raise Unreadable(f"it cannot be read: {error.strerror or error}") from None

    def _check_version(self, file: IO[bytes]) -> None:
        now = os.fstat(file.fileno())
        version = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
        if self._version not in (None, version):
            raise Unreadable("it was changed while it was read, so nobody knows what it says: run it again")
        self._version = version

    def head(self) -> str:
        """Return the beginning as text.

        Raises:
            Unreadable: If the file is empty or no text.
        """
        with self.open() as file:
            data = file.read(HEAD)
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable("this is UTF-16: save it as UTF-8, or run iconv -f utf-16 -t utf-8")
        if b"\0" in data:
            raise Unreadable(
                "this is no text: it holds zero bytes. Is it an image, or packed by something but gzip?",
                self.at(data.count(b"\n", 0, data.index(b"\0")) + 1),
            )
        text = data.decode("utf-8", "replace")
        if not text.strip():
            raise Unreadable("the file is empty, or blank: there are no labels in it")
        return text

    def first_lines(self, count: int) -> list[str]:
        """Return the first lines that are not blank, without what is around them; a line that is too long is cut."""
        found: list[str] = []
        with self.open() as file:
            while len(found) < count and (data := file.readline(MAX_LINE)):
                if text := data.decode("utf-8", "replace").strip():
                    found.append(text)
        return found

    def lines(self) -> Iterator[str]:
        """Yield the lines as text, with their ends.

        Raises:
            Unreadable: If one is no UTF-8 or too long.
        """
        with self.open() as file:
            number = 0
            while data := file.readline(MAX_LINE + 1):
                number += 1
                if len(data) > MAX_LINE:
                    raise Unreadable(
                        f"the line is longer than {MAX_LINE >> 20} MiB, so it is no line of labels. "
                        "A whole JSON document is read with --format json or coco",
                        self.at(number),
                    )
                try:
                    text = data.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise Unreadable(
                        f"byte {error.start + 1} of the line (0x{data[error.start]:02x}) is no UTF-8. Save the file "
                        "as UTF-8, or, if it is of Windows, run iconv -f cp1252 -t utf-8",
                        self.at(number),
                    ) from None
                if "\0" in text:
                    raise Unreadable("the line holds a zero byte, so this is no text", self.at(number))
                yield text


def _pass_mark(file: IO[bytes]) -> None:
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)
