"""Uploads that are killed, interrupted, started again and started twice: processes of their own, on real sockets."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from clarifai_http_annotations import Annotation, ConfigurationError, JournalError, UploadReport, negative, positive
from clarifai_http_annotations.testing import Emulator, Faults, serve
from clarifai_http_annotations.upload import journal as journal_module
from clarifai_http_annotations.upload.journal import Identity, Journal

KILLS = int(os.environ.get("FAULT_SEEDS", "100")) // 2

ROWS = 6000

UPLOADER = """
import asyncio, dataclasses, json, signal, sys
from clarifai_http_annotations import AsyncClient, Client, UploadReport
from clarifai_http_annotations.testing import no_waiting

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
kind, url, app, journal = sys.argv[1:5]
settings = dict(pat="any", user_id="me", app_id=app, base_url=url, rate=None, timeout=30)
arguments = {"journal": journal} if journal else {}
report = UploadReport()

def rows():
    for number in range(int(sys.argv[5])):
        yield {"input_id": f"in-{number}", "data": {"concepts": [{"id": "tree", "value": number % 2}]}}

async def upload():
    async with AsyncClient(**settings) as client:
        await client.upload(rows(), report=report, **arguments)

print("begins", flush=True)
try:
    with no_waiting():
        if kind == "async":
            asyncio.run(upload())
        else:
            with Client(**settings) as client:
                client.upload(rows(), report=report, **arguments)
except KeyboardInterrupt:
    print("interrupted")
said = dataclasses.asdict(report)
del said["failures"]
print(json.dumps({**said, "taken": report.taken}))
"""


def start(kind: str, url: str, app: str, journal: Path | str = "") -> subprocess.Popen[str]:
    """Start an upload and return when it begins."""
    command = [sys.executable, "-W", "error", "-c", UPLOADER, kind, url, app, str(journal), str(ROWS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def wait_for_the_first(journal: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the journal knows something that is stored, or the upload is over."""
    while process.poll() is None:
        time.sleep(0.01)
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
            if file.execute("SELECT 1 FROM confirmed LIMIT 1").fetchone():
                return


def values_of(emulator: Emulator, app: str) -> dict[str, float]:
    """Return what is stored in an app, which may hold nothing twice."""
    concepts = [(tree["input_id"], tree["data"]["concepts"][0]) for tree in emulator.annotations]
    stored = [(input_id, concept["value"]) for input_id, concept in concepts if concept["app_id"] == app]
    assert len(stored) == len(dict(stored))
    return dict(stored)


EVERYTHING = {f"in-{number}": float(number % 2) for number in range(ROWS)}


def test_what_is_killed_at_any_moment_and_started_again_is_there_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    dice = random.Random(seed)
    kills = uploads = skipped = 0
    kinds = ["reset_after", "http_503_after", "reset_before", "items_internal_after"]
    faults = Faults.seeded(seed, share=0.05, kinds=kinds)
    emulator = Emulator(latency=0.03, record=False, faults=faults)
    with serve(emulator) as server:
        while kills < KILLS:
            app, journal = f"app-{uploads}", tmp_path / f"{uploads}.journal"
            uploads += 1
            while True:
                process = start(dice.choice(["sync", "async"]), server.url, app, journal)
                if kills < KILLS:
                    if dice.random() < 0.5:  # else it may not have begun yet, as on a machine that is busy
                        wait_for_the_first(journal, process)
                    time.sleep(dice.uniform(0.0, 0.3))
                    process.kill()
                said, _ = process.communicate(timeout=60)
                if process.returncode == 0:
                    break
                assert process.returncode == -signal.SIGKILL, f"KILL_SEED={seed}"
                kills += 1
            assert values_of(emulator, app) == EVERYTHING, f"KILL_SEED={seed}, upload {uploads - 1}"
            report = json.loads(said)
            there = report["stored"] + report["already_there"] + report["skipped"]
            assert there == report["taken"] == ROWS, f"KILL_SEED={seed}: {report}"
            with Journal.open(journal, Identity(server.url, "me", app)) as kept:
                assert len(kept) == ROWS, f"KILL_SEED={seed}"
            skipped += report["skipped"]
    assert skipped > 0, f"KILL_SEED={seed}: no kill hit the middle"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_ctrl_c_ends_it_at_once_and_nothing_of_the_report_is_lost(kind: str) -> None:
    emulator = Emulator(latency=0.02)
    with serve(emulator) as server:
        process = start(kind, server.url, "app")
        while not emulator.requests:
            time.sleep(0.01)
        time.sleep(0.15)
        emulator.latency = 60.0  # from here on the server hangs
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        said, _ = process.communicate(timeout=20)
        took = time.monotonic() - began
        stored = values_of(emulator, "app")
    assert process.returncode == 0
    assert took < 5.0
    interrupted, report = said.splitlines()
    assert interrupted == "interrupted"
    report = json.loads(report)
    assert report["stopped"] == "it was interrupted"
    assert report["taken"] == report["stored"] + report["unknown"] + report["not_sent"] <= ROWS
    assert 0 < report["stored"] <= len(stored) <= report["stored"] + report["unknown"]
    assert stored.items() <= EVERYTHING.items()


def test_two_processes_on_one_journal_disturb_neither_it_nor_each_other(tmp_path: Path) -> None:
    journal = tmp_path / "shared.journal"
    emulator = Emulator(latency=0.01, record=False)
    with serve(emulator) as server:
        processes = [start(kind, server.url, "app", journal) for kind in ("sync", "async", "sync")]
        said = [process.communicate(timeout=60)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0]
        assert values_of(emulator, "app") == EVERYTHING
        with Journal.open(journal, Identity(server.url, "me", "app")) as kept:
            assert len(kept) == ROWS
    for report in map(json.loads, said):
        assert report["stored"] + report["already_there"] + report["skipped"] == ROWS
    connection = sqlite3.connect(journal)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


# --- in process, both clients --------------------------------------------------------------------

Connect = Callable[..., Any]


def rows(number: int) -> list[dict[str, Any]]:
    return [{"input_id": f"in-{n}", "data": {"concepts": [{"id": "tree", "value": n % 2}]}} for n in range(number)]


def test_a_second_run_skips_all_and_sends_nothing(connect: Connect, emulator: Emulator, tmp_path: Path) -> None:
    client, journal = connect(emulator), tmp_path / "journal"
    assert client.upload(rows(300), journal=journal).stored == 300
    del emulator.requests[:]
    report = client.upload(rows(300), journal=str(journal))
    assert (report.skipped, report.requests, report.is_complete) == (300, 0, True)
    assert emulator.requests == []
    assert client.upload(rows(301), journal=journal).stored == 1


def test_an_id_that_the_journal_knows_with_other_content_is_a_conflict(
    connect: Connect, emulator: Emulator, tmp_path: Path
) -> None:
    client, journal = connect(emulator), tmp_path / "journal"
    client.upload([Annotation.of("in", positive("tree"), id="mine")], journal=journal)
    assert client.upload([Annotation.of("in", positive("tree"), id="mine")], journal=journal).skipped == 1
    report = client.upload([Annotation.of("in", negative("tree"), id="mine")], journal=journal)
    assert (report.conflicts, report.requests) == (1, 0)
    assert "the journal knows it with other content" in str(report.failures[0].error)


def test_only_what_is_confirmed_is_in_the_journal(connect: Connect, tmp_path: Path) -> None:
    emulator = Emulator(inputs=[f"in-{n}" for n in range(50)])
    client, path = connect(emulator), tmp_path / "journal"
    report = client.upload([*rows(60), 3], journal=path)
    assert (report.stored, report.failed) == (50, 11)
    with Journal.open(path, Identity("https://api.clarifai.com", "me", "app")) as journal:
        assert len(journal) == 50


def test_a_journal_of_another_app_is_refused_before_anything_is_sent(
    connect: Connect, emulator: Emulator, tmp_path: Path
) -> None:
    client, path = connect(emulator), tmp_path / "journal"
    client.upload(rows(3), journal=path)
    del emulator.requests[:]
    with pytest.raises(ConfigurationError, match="other"):
        client.with_options(app_id="other").upload(rows(3), journal=path)
    assert emulator.requests == []


@pytest.mark.parametrize("method", ["known", "confirm"])
def test_a_journal_that_breaks_stops_the_upload_and_the_report_is_attached(
    connect: Connect, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*_: object) -> None:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(journal_module.Journal, method, broken)
    mine = UploadReport()
    with pytest.raises(JournalError) as caught:
        connect(emulator).upload(rows(300), journal=tmp_path / "journal", report=mine)
    assert caught.value.report is mine
    assert mine.taken == mine.stored + mine.unknown + mine.not_sent > 0
    assert mine.stored <= len(emulator.annotations) <= mine.stored + mine.unknown
