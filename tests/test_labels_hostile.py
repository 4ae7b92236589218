"""Files that are no labels, are damaged, or are very long: a message with a place, and flat memory."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kinds
import pytest
from reading_labels import NAME, read, read_path, refusal

from clarifai_http_annotations.labels import LabelError, _source, read_labels

CSV = "image,label,present\na,dog,1\nb,cat,0\n"
LINES = (
    '{"input_id": "a", "data": {"concepts": [{"id": "dog", "value": 1}]}}\n'
    '{"input_id": "b", "data": {"concepts": [{"id": "cat", "value": 0}]}}\n'
)
FILES = {
    "jsonl": LINES,
    "json": f"[\n{LINES.replace('}]}}', '}]}},', 1)}\n]",
    "csv": CSV,
    "tsv": CSV.replace(",", "\t"),
    "open-images": CSV.replace("image,label,present", "ImageID,LabelName,Confidence"),
    "coco": json.dumps(
        {
            "images": [
                {"id": "a", "width": 9, "height": 9, "neg_category_ids": []},
                {"id": "b", "width": 9, "height": 9, "neg_category_ids": [2]},
            ],
            "annotations": [{"image_id": "a", "category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]]}],
            "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
        },
        indent=1,
    ),
}
FILES["lvis"] = FILES["coco"]
FORMATS = [None, *FILES]
SAID = [("a", "dog", 1.0), ("b", "cat", 0.0)]


def said(folder: Path, content: bytes, name: str) -> list[tuple[str, str, float]]:
    found = read(folder, content, shape="polygon")
    assert found.problems == []
    forced = read(folder, content, shape="polygon", format=name)
    assert forced == found
    return list(dict.fromkeys(found.polarities))


# --- what has to work ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "make",
    [
        str.encode,
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: gzip.compress(b"\xef\xbb\xbf" + text.encode()),
        lambda text: gzip.compress(text[:9].encode()) + gzip.compress(text[9:].encode()),
        lambda text: text.rstrip().encode(),
    ],
    ids=["plain", "mark", "CRLF", "mark and CRLF", "gzip", "mark in gzip", "two gzips", "no last line end"],
)
def test_every_format_is_told_and_read(name: str, make: Callable[[str], bytes], tmp_path: Path) -> None:
    assert said(tmp_path, make(FILES[name]), name) == SAID


# --- what is no file of labels ------------------------------------------------------------------------

PNG = base64.b64decode(kinds.PNG)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty, or blank: there are no labels in it"),
        (b" \r\n\t\n \x0b\xc2\xa0", "the file is empty, or blank"),
        (b"\xef\xbb\xbf\n", "the file is empty, or blank"),
        (gzip.compress(b"", mtime=0), "the file is empty, or blank"),
        (PNG, "this is no text: it holds zero bytes. Is it an image, or packed by something but gzip?"),
        (gzip.compress(PNG, mtime=0), "this is no text: it holds zero bytes"),
        (CSV.encode("utf-16"), "this is UTF-16: save it as UTF-8, or run iconv -f utf-16 -t utf-8"),
        (CSV.encode("utf-16-be"), "this is no text: it holds zero bytes"),
        (b"\xfe\xff" + CSV.encode("utf-16-be"), "this is UTF-16"),
        (b"PK\x03\x04\x14\0\0\0", "this is no text: it holds zero bytes"),
        (b"\x1f\x8b", "the gzip data is cut off or damaged"),
        (b"\x1f\x8b\x08\x00not gzip at all", "the gzip data is cut off or damaged"),
        (gzip.compress(CSV.encode(), mtime=0)[:-20], "the gzip data is cut off or damaged"),
        (gzip.compress(CSV.encode(), mtime=0)[:-8] + bytes(8), "the gzip data is cut off or damaged"),
        (gzip.compress(CSV.encode(), mtime=0) + b"x", "the gzip data is cut off or damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:4]),
)
def test_what_is_no_text_is_refused_by_name(content: bytes, says: str, format: str | None, tmp_path: Path) -> None:
    place, _, message = refusal(tmp_path, content, format=format).partition(": ")
    assert place.startswith("labels")
    assert message.startswith(says)


def test_a_gzip_that_is_cut_off_later_is_read_up_to_there(tmp_path: Path) -> None:
    many = "image,label,present\n" + "".join(f"{os.urandom(8).hex()},dog,1\n" for _ in range(20_000))
    found = read(tmp_path, gzip.compress(many.encode())[:-5000])
    assert 10_000 < len(found.annotations) < 20_000
    assert found.problems == [
        (
            "labels: the gzip data is cut off or damaged (Compressed file ended before the end-of-stream marker was "
            "reached): copy it again, or pack it again"
        )
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_opened_is_refused_by_name(format: str | None, tmp_path: Path) -> None:
    assert read_path(tmp_path / NAME, format=format).problems == ["labels: there is no such file"]
    (tmp_path / NAME).mkdir()
    assert read_path(tmp_path / NAME, format=format).problems == [
        "labels: this is a folder: give the files in it, such as folder/*.csv"
    ]


def test_the_system_says_what_else_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.symlink_to(path)
    assert read_path(path).problems == ["labels: it cannot be read: Too many levels of symbolic links"]


def test_a_pipe_is_refused_since_a_file_is_read_more_than_once(tmp_path: Path) -> None:
    receiver, sender = os.pipe()
    with os.fdopen(receiver), os.fdopen(sender, "w") as file:
        file.write(CSV)
        file.flush()
        [problem] = read_path(Path(f"/dev/fd/{receiver}")).problems
    assert problem.startswith("labels: this is a pipe, and a file is read more than once: save it")


def test_a_file_that_cannot_be_read_does_not_keep_the_next_from_being_read(tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text(CSV)
    problems: list[Any] = []
    files = (tmp_path / "missing", good, str(tmp_path), good)
    labels = list(read_labels(*files, on_problem=problems.append))
    assert [label.place for label in labels] == [f"{good}, line 2", f"{good}, line 3"] * 2
    assert [problem.place for problem in problems] == [str(tmp_path / "missing"), str(tmp_path)]
    with pytest.raises(LabelError, match="missing: there is no such file"):
        next(read_labels(*files))


# --- bytes in the middle ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("byte", "says"),
    [
        (b"\xea", "byte 3 of the line (0xea) is no UTF-8. Save the file as UTF-8, or, if it is of Windows, run iconv"),
        (b"\xc3", "byte 3 of the line (0xc3) is no UTF-8"),
    ],
)
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_byte_that_is_no_utf8_is_named_with_its_line_and_what_came_before_is_read(
    name: str, byte: bytes, says: str, tmp_path: Path
) -> None:
    first, second, *rest = FILES[name].encode().splitlines(keepends=True)
    third = (rest or [first])[0]
    found = read(tmp_path, first + second + third[:2] + byte + third[3:] + second)
    assert found.polarities == (SAID if name == "jsonl" else SAID[:1])
    [problem] = found.problems
    assert problem.startswith(f"labels, line 3: {says}")


def test_a_zero_byte_near_the_beginning_is_named_with_its_line_too(tmp_path: Path) -> None:
    assert refusal(tmp_path, CSV + "c,d\0g,1\n") == (
        "labels, line 4: this is no text: it holds zero bytes. Is it an image, or packed by something but gzip?"
    )


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_zero_byte_is_named_with_its_line(name: str, tmp_path: Path) -> None:
    filling = FILES[name].splitlines(keepends=True)[1] * 9000  # beyond what the format is told from
    content = FILES[name] + filling + "x\0y\n"
    found = read(tmp_path, content)
    assert found.problems == [f"labels, line {content.count(chr(10))}: the line holds a zero byte, so this is no text"]


# --- long files ---------------------------------------------------------------------------------------


def peak_of(labels: Iterator[Any]) -> tuple[int, int]:
    """Return how many labels there are, and the most memory that reading them took."""
    next(labels, None)  # what is loaded only once
    tracemalloc.start()
    try:
        count = sum(1 for _ in labels)
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("head", "format", "line"),
    [
        (b"", None, 1),
        (CSV.encode(), None, 4),
        (LINES.encode(), None, 3),
        (LINES.encode() + b'{"input_id": "', None, 3),
        (b'{"input_id": "', "jsonl", 1),
        (CSV.encode() + b'a,"', None, 4),
    ],
    ids=["first", "csv", "jsonl", "a text in jsonl", "first of jsonl", "a field in quotes"],
)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_of_a_line_of_100_megabytes_only_a_part_is_held(
    head: bytes, format: Any, line: int, is_packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / NAME
    if is_packed:
        with gzip.open(path, "wb", compresslevel=1) as packed:
            packed.write(head)
            for _ in range(100):
                packed.write(b"x" * (1 << 20))
    else:
        with path.open("wb") as file:
            file.write(head + b"x" * _source.HEAD)
            file.truncate(100 << 20)  # zeros that take no place on the disk
    problems: list[Any] = []
    _, peak = peak_of(read_labels(path, format=format, on_problem=problems.append))
    assert peak < 3 * _source.MAX_LINE
    [(place, message)] = problems
    assert place == f"{path}, line {line}"
    assert message.startswith("the line is longer than 8 MiB, so it is no line of labels")


MANY = {
    "csv": ("image,label,present\n", "image-{},dog,1\n", ""),
    "jsonl": ("", '{{"input_id": "image-{}", "data": {{"concepts": [{{"id": "dog", "value": 0}}]}}}}\n', ""),
    "open-images": ("ImageID,LabelName,Confidence\n", "image-{},/m/1,0\n", ""),
    "coco": (
        '{"categories": [{"id": 1, "name": "dog"}], "images": [{"id": 1, "width": 9, "height": 9}], "annotations": [',
        '{{"id": {}, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9]}},\n',
        '{"image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9]}]}',
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_more_rows_take_no_more_memory(name: str, tmp_path: Path) -> None:
    start, row, end = MANY[name]
    peaks = []
    for rows in (2_000, 10_000):
        path = tmp_path / f"{rows}"
        path.write_text(start + "".join(map(row.format, range(rows))) + end)
        count, peak = peak_of(read_labels(path))
        assert count >= rows - 1
        peaks.append(peak)
    assert peaks[1] < 1.5 * peaks[0] + 50_000


def test_200_000_rows_are_not_held(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text("image,label,present\n" + "".join(f"image-{n},dog,1\n" for n in range(200_000)))
    labels = read_labels(path)
    held = [(number, sys.getallocatedblocks()) for number, _ in enumerate(labels) if number in (9, 199_999)]
    assert [number for number, _ in held] == [9, 199_999]
    assert held[1][1] - held[0][1] < 1_000


def test_a_long_unclosed_quote_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(CSV + 'c,"' + "dog,1\nd," * 500_000)
    problems: list[Any] = []
    _, peak = peak_of(read_labels(path, on_problem=problems.append))
    assert peak < 2 << 20
    assert problems[0].place == f"{path}, line 4"


def test_a_document_is_told_from_lines_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"[" + b" " * (1 << 20) + LINES.split("\n")[0].encode() + b"]")
    assert read_path(path).polarities == SAID[:1]


# --- a file that somebody else writes ------------------------------------------------------------------


def test_a_file_that_is_changed_between_two_looks_at_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    document = json.loads((Path(__file__).parents[1] / "examples" / "lvis_sample.json").read_text())
    path.write_text(json.dumps(document))
    problems: list[str] = []
    labels = read_labels(path, on_problem=lambda problem: problems.append(problem.message))
    next(labels)  # its categories and images were read
    for category in document["categories"]:
        category["id"] += 1
    path.write_text(json.dumps(document) + "\n")
    list(labels)
    assert problems == ["it was changed while it was read, so nobody knows what it says: run it again"]


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("image,label,value\n" + "a,dog,1\n" * 10)
    problems: list[str] = []
    labels = read_labels(path, on_problem=lambda problem: problems.append(problem.message))
    next(labels)
    with path.open("a") as file:
        file.write("a,dog,0\n")
    list(labels)
    assert problems == ["it was changed while it was read, so nobody knows what it says: run it again"]
