"""Uploads to an emulator that fails by seed, in process and over real sockets: what is reported is what is there.

A seed that breaks a promise is in the message; the same seed fails again. ``FAULT_SEEDS`` sets how many there are.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import APIError, UploadReport, UploadResult
from clarifai_http_annotations.testing import Emulator, Fault, Faults, no_waiting, serve

AT_A_TIME = 10
OVER_SOCKETS = int(os.environ.get("FAULT_SEEDS", "100"))  # of each client
IN_PROCESS = OVER_SOCKETS + OVER_SOCKETS // 2

Row = dict[str, Any]


class Case:
    """What one seed uploads, and to what.

    Attributes:
        given: Rows, with twins, ids of the caller's and rows that cannot be sent.
        emulator: The server, which has some of it already.
        before: What it had.
    """

    def __init__(self, seed: int, emulator: Emulator, app: str) -> None:
        self.seed, self.emulator, self.app = seed, emulator, app
        self.dice = random.Random(seed)
        self.given = [self._row(index) for index in range(self.dice.choice((1, 5, 130, 300)))]
        self.given += self.dice.sample(self.given, len(self.given) // 20)  # twins
        self.results: list[UploadResult] = []
        emulator.faults = Faults()
        client = emulator.client(app_id=app)
        self.before = {self.key(tree): polarity(tree) for tree in client_create(client, self._there_before())}
        client.close()
        kinds = [fault for fault in Fault.catalogue() if not fault.final]
        some = self.dice.sample(kinds, self.dice.randint(1, len(kinds)))
        emulator.faults = Faults.seeded(seed, share=self.dice.choice((0.1, 0.3, 0.6)), kinds=some)

    def _row(self, index: int) -> Row:
        name = f"in-{index % 40}"
        concepts = [{"id": f"c{index}", "value": self.dice.randint(0, 1)}, {"id": "all", "value": index % 2}]
        row: Row = {"input_id": name, "data": {"concepts": concepts}}
        if self.dice.random() < 0.2:
            row["id"] = f"own-{index}"
        if self.dice.random() < 0.02:
            del concepts[0]["value"]
        return row

    def _there_before(self) -> list[Row]:
        rows = [row for row in self.given[:100] if all("value" in c for c in row["data"]["concepts"])]
        there = self.dice.sample(rows, len(rows) // 10)
        unique = {(row["input_id"], str(row["data"])): row for row in there}.values()
        other = {"concepts": [{"id": "other", "value": 1}]}
        return [{**row, "data": other} if "id" in row and self.dice.random() < 0.5 else row for row in unique]

    @staticmethod
    def key(tree: Row) -> tuple[str, str]:
        return tree["input_id"], tree["id"]

    def stored(self) -> dict[tuple[str, str], dict[str, float]]:
        return {
            self.key(tree): polarity(tree)
            for tree in self.emulator.annotations
            if tree["data"]["concepts"][0]["app_id"] == self.app
        }

    def check(self, report: UploadReport) -> None:
        """Hold the report to what is there."""
        now = self.stored()
        counts = Counter(result.outcome for result in self.results)
        said = {
            "stored": report.stored,
            "already_there": report.already_there,
            "repeated": report.repeated,
            "conflict": report.conflicts,
            "failed": report.failed,
            "unknown": report.unknown,
            "not_sent": report.not_sent,
        }
        assert counts == Counter({name: number for name, number in said.items() if number})
        assert sorted(result.index for result in self.results) == list(range(len(self.given)))
        assert report.taken == len(self.given)
        assert report.exhausted
        there = {"stored", "already_there"}
        for result in self.results:
            asked = polarity(result.annotation)
            key = (str(result.input_id), str(result.id))
            if result.outcome in there:
                assert now[key] == asked, result
            if result.outcome == "failed":
                assert key not in now, result
            if result.outcome == "conflict":
                assert now[key] != asked, result
        for key, content in self.before.items():
            assert now[key] == content, "what was there before was changed"
        contents = Counter(
            (key[0], str(sorted(content.items()))) for key, content in now.items() if "own" not in key[1]
        )
        assert max(contents.values(), default=1) == 1, "stored twice"
        sent = {str(sorted(polarity(row).items())) for row in self.given} | {"[('other', 1.0)]"}
        assert {str(sorted(content.items())) for content in now.values()} <= sent, "flipped"
        assert not self.emulator.missing_values


def client_create(client: Any, rows: list[Row]) -> list[Row]:
    return [
        {
            "input_id": a.input_id,
            "id": a.id,
            "data": {"concepts": [{"id": c.id, "value": c.value} for c in a.data.concepts]},
        }
        for a in (client.create(rows) if rows else [])
    ]


def polarity(tree: Row) -> dict[str, float]:
    return {concept["id"]: float(concept.get("value", -1)) for concept in tree["data"]["concepts"]}


@pytest.fixture
def run(connect: Callable[..., Any]) -> Iterator[Callable[..., None]]:
    def upload(seed: int, emulator: Emulator, app: str, connection: dict[str, Any], **arguments: Any) -> None:
        case = Case(seed, emulator, app)
        client = connect(**connection, app_id=app)
        try:
            report = client.upload(iter(case.given), on_result=case.results.append, **arguments)
        except APIError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        try:
            case.check(report)
        except (AssertionError, KeyError) as error:
            raise AssertionError(f"seed {seed}: {error!r}\n{report}") from error

    with no_waiting():
        yield upload


@pytest.mark.parametrize("first", range(0, IN_PROCESS, AT_A_TIME))
def test_in_process_what_is_reported_is_what_is_there(run: Callable[..., None], first: int) -> None:
    for seed in range(first, first + AT_A_TIME):
        dice = random.Random(seed)
        emulator = Emulator(
            duplicates=dice.choice(("item", "batch", "item", "batch", "keep")),
            list_lag=dice.choice((0.0, 0.0, 0.01)),
        )
        run(seed, emulator, "app", {"transport": httpx.MockTransport(emulator)}, check_existing=seed % 5 == 0)


@pytest.mark.parametrize("first", range(0, OVER_SOCKETS, AT_A_TIME))
def test_over_sockets_what_is_reported_is_what_is_there(run: Callable[..., None], first: int) -> None:
    duplicates = ("item", "batch")[first // AT_A_TIME % 2]
    emulator = Emulator(duplicates=duplicates)  # type: ignore[arg-type]
    with serve(emulator) as server:
        for seed in range(first, first + AT_A_TIME):
            run(seed, emulator, f"app-{seed}", {"base_url": server.url, "timeout": 0.3})
