"""Ctrl-C at any line of an upload: what was taken is in one count each, and nothing that is stored is "not sent".

A seed that breaks it is in the message. ``INTERRUPT_SEEDS`` sets how many there are.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import UploadReport, UploadResult
from clarifai_http_annotations.operations import uploads
from clarifai_http_annotations.testing import Emulator, no_waiting
from clarifai_http_annotations.upload import planner
from clarifai_http_annotations.upload.journal import Identity, Journal

SEEDS = int(os.environ.get("INTERRUPT_SEEDS", "8"))

Connect = Callable[..., Any]

UPLOAD = str(Path(planner.__file__).parent)
FILES = (UPLOAD, uploads.__file__)


class CtrlC:
    """Raises `KeyboardInterrupt` at the n-th line of the upload's own code, in the caller's thread or task.

    Where asyncio sees Ctrl-C it cancels the caller's task, and raises nothing in others.
    """

    def __init__(self, at: int, *, after: str = "", others: tuple[str, ...] = ()) -> None:
        self.lines, self._at, self._after, self._others = 0, at, after, others

    def __enter__(self) -> CtrlC:
        self._before = sys.gettrace()  # of a debugger, or what measures coverage
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        return self._step if frame.f_code.co_filename.startswith(FILES) else None

    def _step(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "line" and (self.lines or not self._after or frame.f_code.co_name == self._after):
            self.lines += 1
            if self.lines == self._at:
                if self._is_of_another(frame):
                    self._at += 1
                else:
                    raise KeyboardInterrupt
        return self._step

    def _is_of_another(self, frame: FrameType | None) -> bool:
        while frame is not None and frame.f_code.co_name not in self._others:
            frame = frame.f_back
        return frame is not None


def given_rows(number: int) -> list[Any]:
    """Rows, twins, rows that cannot be sent and ids of the caller's."""
    rows: list[Any] = [
        {"input_id": f"in-{n}", "data": {"concepts": [{"id": "tree", "value": n % 2}]}} for n in range(number)
    ]
    rows[5]["id"], rows[6]["id"] = "mine", "mine-too"
    return [*rows[:20], dict(rows[3]), 7, {"input_id": "bad", "data": {"concepts": [{"id": "x"}]}}, *rows[20:]]


class Case:
    """One upload that is interrupted, and what has to be true afterwards."""

    def __init__(self, connect: Connect, kind: str, seed: int, journal: Path) -> None:
        self.is_async, self.seed = kind == "async", seed
        self.dice = random.Random(seed)
        self.emulator = Emulator(duplicates=self.dice.choice(["item", "batch"]))
        self.journal = journal
        self.rows = given_rows(self.dice.choice([10, 140]))
        self.report = UploadReport()
        self.results: list[UploadResult] = []
        self.yielded = 0
        other = {"concepts": [{"id": "other", "value": 1}]}
        self.emulator.client(user_id="me", app_id="app").create([self.rows[2], {**self.rows[5], "data": other}])
        self.before = {tree["input_id"] for tree in self.emulator.annotations}
        self.losses = iter(self.dice.choices([True, False], k=8))
        self.client = connect(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        response = self.emulator(request)
        if request.method == "POST" and next(self.losses, False):
            raise httpx.ReadError("lost")
        return response

    def given(self) -> Iterator[Any] | AsyncIterator[Any]:
        """Rows, of an asynchronous client also by an asynchronous generator."""
        return self._stream() if self.is_async and self.seed % 2 else self._rows()

    def _rows(self) -> Iterator[Any]:
        for row in self.rows:
            self.yielded += 1
            yield row

    async def _stream(self) -> AsyncIterator[Any]:
        for row in self.rows:
            await asyncio.sleep(0)
            self.yielded += 1
            yield row

    def run(self, at: int, *, after: str = "") -> tuple[bool, int]:
        """Upload, and tell whether it was interrupted, and how many lines were run."""
        ctrl_c = CtrlC(at, after=after, others=("perform", "_read") if self.is_async else ())
        with no_waiting(), ctrl_c:
            try:
                self.client.upload(
                    self.given(), journal=self.journal, report=self.report, on_result=self.results.append
                )
            except KeyboardInterrupt:
                return True, ctrl_c.lines
        return False, ctrl_c.lines

    def check(self, *, interrupted: bool) -> None:
        report = self.report
        assert report.taken == self.yielded
        outcomes: list[str] = [failure.outcome for failure in report.failures]
        assert len(outcomes) == report.problems
        for name, counted in (("not_sent", report.not_sent), ("unknown", report.unknown), ("failed", report.failed)):
            assert outcomes.count(name) == counted
        indexes = [failure.index for failure in report.failures]
        assert len(set(indexes)) == len(indexes)
        told = [result.index for result in self.results]
        assert len(set(told)) == len(told)
        there = {tree["input_id"] for tree in self.emulator.annotations}
        for failure in report.failures:
            if failure.outcome == "not_sent":
                assert failure.input_id not in there - self.before - {"in-3"}, failure
        assert report.stored + report.already_there <= len(there)
        if interrupted and not report.is_complete:
            assert report.stopped == "it was interrupted" or not report.not_sent
        with Journal.open(self.journal, Identity("https://api.clarifai.com", "me", "app")) as kept:
            assert len(kept) >= report.stored + report.already_there


@pytest.fixture
def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the same lines come in the same order every time."""

    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_ctrl_c_at_any_line_loses_nothing_of_the_report(
    connect: Connect, kind: str, tmp_path: Path, without_threads: None, seed: int
) -> None:
    calm = Case(connect, kind, seed, tmp_path / "calm")
    interrupted, lines = calm.run(0)
    calm.check(interrupted=interrupted)
    assert not interrupted
    for turn in range(2):
        case = Case(connect, kind, seed, tmp_path / f"{turn}")
        at = random.Random(f"{seed} {turn}").randint(1, lines)
        interrupted, _ = case.run(at)
        try:
            case.check(interrupted=interrupted)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, line {at} of {lines}: {error}\n{case.report}") from error


@pytest.mark.parametrize("seed", range(SEEDS // 2))
def test_ctrl_c_loses_nothing_while_other_threads_or_tasks_send(
    connect: Connect, kind: str, tmp_path: Path, seed: int
) -> None:
    case = Case(connect, kind, seed, tmp_path / "journal")
    interrupted, _ = case.run(random.Random(seed).randint(1, 4000))
    case.check(interrupted=interrupted)


@pytest.mark.parametrize("step", ["finish", "count", "abandon", "taken"])
def test_ctrl_c_while_an_upload_comes_to_its_end_loses_nothing(
    connect: Connect, kind: str, tmp_path: Path, without_threads: None, step: str
) -> None:
    for at in range(1, 40, 3):
        case = Case(connect, kind, 0, tmp_path / f"{step}-{at}")
        interrupted, _ = case.run(at, after=step)
        case.check(interrupted=interrupted)


def test_a_second_ctrl_c_while_the_first_is_written_down_loses_nothing(
    connect: Connect, kind: str, tmp_path: Path, without_threads: None
) -> None:
    for at in range(1, 40, 3):
        case = Case(connect, kind, 0, tmp_path / f"{at}")

        def given(case: Case = case) -> Iterator[Any]:
            yield from case._rows()
            raise KeyboardInterrupt

        vars(case)["given"] = given
        interrupted, _ = case.run(3 * at, after="_close")
        assert interrupted
        case.check(interrupted=interrupted)
