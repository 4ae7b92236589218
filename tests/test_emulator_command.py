"""The emulator as a program: it says where it is, serves, and ends when it is told to."""

from __future__ import annotations

import builtins
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, Client, negative
from clarifai_http_annotations.testing.__main__ import main

COMMAND = [sys.executable, "-m", "clarifai_http_annotations.testing"]
WITHOUT_VALUE = {"annotations": [{"input_id": "in-1", "data": {"concepts": [{"id": "water"}]}}]}


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start it; give the process and the four lines that it printed."""
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, "--port", "0", *arguments], **pipes) as process:
        try:
            yield process, [process.stdout.readline().rstrip() for _ in range(4)]  # type: ignore[union-attr]
        finally:
            process.kill()


def exported(lines: list[str]) -> dict[str, str]:
    """Return what the lines would set in a shell."""
    assert all(line.startswith("export ") for line in lines[1:])
    return dict(re.findall(r"(\w+)=(\S+)", "\n".join(lines[1:])))


def test_the_lines_that_it_prints_are_all_that_a_client_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with program() as (process, lines):
        settings = exported(lines)
        assert lines[0].endswith(settings["CLARIFAI_API_BASE"])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", settings["CLARIFAI_API_BASE"])
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with Client() as client:
            client.create(Annotation.of("in-1", negative("water"), id="a"))
            assert [concept.value for _, concept in client.get("a", input_id="in-1").each_concept()] == [0.0]
        process.send_signal(signal.SIGTERM)
        assert process.communicate() == ("", "")
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_it_ends_cleanly_and_says_what_came_without_value(number: signal.Signals) -> None:
    with program() as (process, lines):
        url = exported(lines)["CLARIFAI_API_BASE"] + "/v2/users/me/apps/emulator-app/annotations"
        answer = httpx.post(url, json=WITHOUT_VALUE, headers={"authorization": "Key k"}, trust_env=False)
        assert answer.json()["annotations"][0]["data"]["concepts"][0]["value"] == 1.0  # the trap
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, "")
    assert err.splitlines() == [
        "no value, which HTTP takes for positive: annotations[0].data.concepts[0] (input 'in-1'): concept 'water'",
        "concepts that came without value: 1",
    ]


def test_it_does_what_its_arguments_say() -> None:
    with program("--strict", "--pat", "the key", "--user-id", "u", "--latency-ms", "1") as (_, lines):
        assert lines[2] == "export CLARIFAI_PAT='the key'"
        url = exported(lines)["CLARIFAI_API_BASE"] + "/v2/users/u/apps/emulator-app/annotations"
        headers = {"authorization": "Key the key"}
        with httpx.Client(headers=headers, trust_env=False) as http:
            assert http.post(url, json=WITHOUT_VALUE).status_code == 400
            assert http.get(url, headers={"authorization": "Key other"}).status_code == 401


def test_it_throttles_at_a_rate() -> None:
    with program("--rate", "1", "--retry-after", "7") as (_, lines):
        url = exported(lines)["CLARIFAI_API_BASE"] + "/v2/users/me/apps/emulator-app/annotations"
        with httpx.Client(headers={"authorization": "Key k"}, trust_env=False) as http:
            answers = [http.get(url) for _ in range(20)]
    throttled = [answer for answer in answers if answer.status_code == 429]
    assert throttled
    assert {answer.headers["retry-after"] for answer in throttled} == {"7"}


def test_faults_come_by_seed() -> None:
    with program("--faults-seed", "7", "--faults-rate", "1") as (_, lines):
        url = exported(lines)["CLARIFAI_API_BASE"] + "/v2/users/me/apps/emulator-app/annotations"
        assert not went_well(url)
    with program("--faults-seed", "7", "--faults-rate", "0") as (_, lines):
        assert went_well(exported(lines)["CLARIFAI_API_BASE"] + "/v2/users/me/apps/emulator-app/annotations")


def went_well(url: str) -> bool:
    said = {"annotations": [{"input_id": "in-1", "data": {"concepts": [{"id": "water", "value": 0}]}}]}
    try:
        answer = httpx.post(url, json=said, headers={"authorization": "Key k"}, trust_env=False, timeout=1)
        return bool(answer.json()["status"]["code"] == 10000)
    except (httpx.HTTPError, ValueError):
        return False


# --- in this process ---------------------------------------------------------------------------------


def test_it_serves_until_the_signal_and_leaves_the_handlers_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def end() -> None:
        while signal.getsignal(signal.SIGTERM) is before:  # which would end the tests
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end).start()
    assert main(["--port", "0", "--faults-seed", "1"]) == 0
    assert capsys.readouterr().out.count("export ") == 3
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_port_that_is_taken_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
        main(["--port", str(taken.getsockname()[1])])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"error: cannot listen at 127\.0\.0\.1, port \d+: .*; --port 0 takes a free one\n", said)


def test_a_host_that_others_reach_is_warned_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError("not here")

    monkeypatch.setattr("socket.create_server", refuse)
    for host, is_warned in (("0.0.0.0", True), ("example.org", True), ("localhost", False), ("::1", False)):  # noqa: S104 # refused
        with pytest.raises(SystemExit):
            main(["--host", host])
        assert ("whoever reaches" in capsys.readouterr().err) is is_warned


def test_without_uvicorn_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "_socket" and args[-1:] == (1,):
            raise ImportError("No module named 'uvicorn'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SystemExit):
        main(["--port", "0"])
    assert (
        capsys.readouterr().err == "error: serve() needs uvicorn: pip install 'clarifai-http-annotations[emulator]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "70000"], "argument --port: '70000' is no port: a number from 0 to 65535"),
        (["--rate", "0"], "argument --rate: '0' is no whole number from 1"),
        (["--latency-ms", "-1"], "argument --latency-ms: '-1' is no number from 0"),
        (["--latency-ms", "soon"], "argument --latency-ms: 'soon' is no number"),
        (["--faults-rate", "2"], "argument --faults-rate: '2' is no number from 0 to 1"),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
