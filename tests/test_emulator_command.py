"""``python -m clarifai_http_annotations.testing``: a process on a real socket, from its first line to its exit code."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, Client, RequestTooLargeError, negative, positive
from clarifai_http_annotations.testing import Emulator, Faults, _command

MODULE = "clarifai_http_annotations.testing"
COMMAND = [sys.executable, "-W", "error", "-m", MODULE]
KEY = {"authorization": "Key any"}
LIST = "/v2/users/me/apps/emulator-app/annotations"
README = Path(__file__).parents[1] / "README.md"

posix = pytest.mark.skipif(os.name != "posix", reason="SIGTERM and SIGINT can be sent on POSIX only")


@dataclass
class Started:
    """An emulator in a process of its own.

    Attributes:
        process: The process.
        lines: What it printed when it was ready.
        environ: The variables that those lines export.
    """

    process: subprocess.Popen[str]
    lines: list[str]
    environ: dict[str, str]

    @property
    def url(self) -> str:
        return self.environ["CLARIFAI_API_BASE"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit code and what was written to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@contextmanager
def started(*arguments: str, command: list[str] = COMMAND) -> Iterator[Started]:
    process = subprocess.Popen(
        [*command, *(arguments or ("--port", "0"))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(4)]
        assert all(line.startswith("export ") for line in lines[1:])
        words = (word for line in lines[1:] for word in shlex.split(line)[1:])
        yield Started(process, lines, dict(word.split("=", 1) for word in words))
    finally:
        process.kill()
        process.communicate()


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=20, env={**os.environ, **environ}
    )


def wait_for_label(url: str) -> None:
    """Wait until something is stored: what was posted has come, whether it is answered or not."""
    while not httpx.get(url + "/emulator/labels").json()["labels"]:
        time.sleep(0.01)


# --- what it prints -----------------------------------------------------------------------------------


def test_what_it_prints_is_all_that_a_client_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with started("--port", "0", "--user-id", "somebody", "--app", "one app", "--app", "two", "--pat", "mine") as server:
        assert server.lines[0] == f"# An emulator of Clarifai's annotation routes is at {server.url}"
        assert server.lines[3] == "export CLARIFAI_USER_ID=somebody CLARIFAI_APP_ID='one app'"
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        with Client() as client:
            client.create(Annotation.of("in-1", negative("water")))
            assert [found.user_id for found in client.list()] == ["somebody"]
        assert httpx.get(server.url + LIST, headers=KEY).status_code == 401


def test_port_0_is_another_one_for_each() -> None:
    with started() as one, started() as other:
        assert one.url != other.url
        assert not one.url.endswith((":0", f":{_command.PORT}"))


def test_a_taken_port_is_one_line(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Port {port} of 127.0.0.1 is taken: give another --port, or --port 0 for a free one.\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "a..b"])
def test_an_address_that_is_not_of_this_machine_is_one_line(host: str) -> None:
    done = run("--port", "0", "--host", host)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Nothing can listen at --host {host} --port 0: ")
    assert done.stderr.count("\n") == 1


def test_without_uvicorn_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('No module named uvicorn')")
    done = run("--port", "0", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The emulator needs uvicorn to be served: pip install 'clarifai-http-annotations[emulator]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "65536"], "argument --port: must be a whole number from 0 to 65535, not '65536'"),
        (["--port", "http"], "argument --port: must be a whole number from 0 to 65535, not 'http'"),
        (["--rate", "0"], "argument --rate: must be a whole number of 1 or more, not '0'"),
        (["--retry-after", "nan"], "argument --retry-after: must be a number of 0 or more, not 'nan'"),
        (["--latency-ms", "inf"], "argument --latency-ms: must be a number of 0 or more, not 'inf'"),
        (["--body-limit", "-1"], "argument --body-limit: must be a whole number of 1 or more, not '-1'"),
        (["--faults-share", "2"], "argument --faults-share: must be a number from 0 to 1, not '2'"),
        (["--faults-share", "0.5"], "--faults-share needs --faults-seed"),
        (["--rate", "1" + "0" * 400], "argument --rate: must be a whole number of 1 or more"),
        (["--faults-seed", "x"], "argument --faults-seed: invalid int value: 'x'"),
        (["--app", " "], "argument --app: must not be empty"),
        (["--stric"], "unrecognized arguments: --stric"),
    ],
    ids=lambda value: "=".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_argument_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _command.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_names_every_argument_and_its_default() -> None:
    done = run("--help", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"--host", "--port", "--user-id", "--app", "--pat", "--strict", "--no-strict"} <= set(
        re.findall(r"--[a-z-]+", done.stdout)
    )
    assert all(default in done.stdout for default in ("(127.0.0.1)", "(8642)", "(emulator-user)", "(134217728)"))


# --- what it does --------------------------------------------------------------------------------------


def test_the_arguments_are_those_of_the_emulator() -> None:
    said = ["--strict", "--pat=p", "--rate=2", "--retry-after=1.5", "--latency-ms=20", "--body-limit=900"]
    emulator = _command.emulator_of(_command.parser().parse_args([*said, "--user-id=u", "--app=a"]))
    assert emulator.latency == 0.02
    key = {"authorization": "Key p"}
    body = {"annotations": [{"input_id": "in-1", "data": {"concepts": [{"id": "water"}]}}]}
    with httpx.Client(transport=httpx.MockTransport(emulator), base_url="http://localhost", headers=key) as http:
        assert "strict emulator" in http.post("/v2/users/u/apps/a/annotations", json=body).text
        assert http.get("/v2/users/u/apps/b/annotations").status_code == 404
        assert http.get("/v2/users/u/apps/a/annotations").headers["retry-after"] == "1.5"
        assert http.post("/v2/users/u/apps/a/annotations", content=b" " * 901).status_code == 413


def test_faults_by_chance_are_those_of_the_seed() -> None:
    told = _command.tell(["--faults-seed", "7", "--faults-share", "0.6"])
    ours, theirs = _command.emulator_of(told).faults, Faults.seeded(7, share=0.6)
    assert [ours.next("GET") for _ in range(50)] == [theirs.next("GET") for _ in range(50)]


def test_faults_are_set_from_outside_and_really_happen() -> None:
    with started("--port", "0", "--latency-ms", "1") as server, httpx.Client(base_url=server.url, headers=KEY) as http:
        http.post("/emulator/faults", json={"script": ["http_503_before", None, "reset_after"]})
        assert [http.get(LIST).status_code for _ in range(2)] == [503, 200]
        with pytest.raises(httpx.ReadError):
            http.get(LIST)
        http.post("/emulator/faults", json={"seed": 3, "share": 1, "kinds": ["throttled_429"]})
        assert [http.get(LIST).status_code for _ in range(3)] == [429] * 3
        assert http.delete("/emulator/faults").json() == {"pending": []}
        assert http.get(LIST).status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_is_sent() -> None:
    head = f"POST {LIST} HTTP/1.1\r\nhost: localhost\r\nauthorization: Key any\r\ncontent-length: 1001\r\n\r\n"
    with started("--port", "0", "--body-limit", "1000", "--latency-ms", "1") as server:
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port or 0), timeout=20) as half:
            half.sendall(head.encode())
            assert half.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_connection_goes_on_after_a_body_over_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def chunks() -> Iterator[bytes]:
        yield from [b" " * 600] * 1000

    with started("--port", "0", "--body-limit", "1000") as server:
        with httpx.Client(base_url=server.url, headers=KEY) as http:
            for content in (b" " * 1001, b" " * 5_000_000, chunks()):
                answer = http.post(LIST, content=content)
                assert (answer.status_code, answer.json()["status"]["code"]) == (413, 40033)
                assert http.get(LIST).status_code == 200
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        with Client() as client, pytest.raises(RequestTooLargeError):
            client.create(Annotation.of("in-1", *(positive(f"tree-{n}") for n in range(99))))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 # for a moment
def test_a_host_that_others_reach_is_warned_of(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def look(_: float) -> None:
        printed.extend(capsys.readouterr())
        [url] = re.findall(r"export CLARIFAI_API_BASE=(.*)", printed[0])
        assert httpx.get(url + LIST, headers=KEY).status_code == 200
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", look)
    with pytest.raises(KeyboardInterrupt):
        _command.main(["--port", "0", "--host", host])
    if host in ("127.0.0.1", "localhost"):
        assert printed[1] == ""
    else:
        assert printed[1].startswith(f"Warning: whoever reaches {host} can read and change all of it; ")


# --- how it ends ----------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_word(number: signal.Signals) -> None:
    with started() as server, httpx.Client(base_url=server.url, headers=KEY) as http:
        http.get(LIST)  # its connection stays open
        assert server.stop(number) == (0, "")


@posix
def test_at_the_end_it_says_what_came_without_value() -> None:
    concepts = [{"id": f"tree-{n}"} for n in range(12)]
    with started() as server:
        body = {"annotations": [{"input_id": "in-1", "data": {"concepts": concepts}}]}
        httpx.post(server.url + LIST, json=body, headers=KEY)
        code, said = server.stop()
    assert code == 0
    places = [f"annotations[0].data.concepts[{n}] (input 'in-1'): concept 'tree-{n}'" for n in range(10)]
    assert said.splitlines() == [
        *(f"No value, which HTTP takes for positive: {place}" for place in places),
        "Concepts that came without value: 12",
    ]


@posix
def test_ctrl_c_ends_it_where_a_shell_has_it_ignored() -> None:
    with started(command=["sh", "-c", 'trap "" INT; exec "$0" "$@"', *COMMAND]) as server:
        assert server.stop(signal.SIGINT) == (0, "")


@posix
@pytest.mark.parametrize(("fault", "answered"), [(None, [200]), ("silent_after", [])])
def test_what_has_come_is_answered_and_what_hangs_does_not_hold_it_up(fault: str | None, answered: list[int]) -> None:
    statuses: list[int] = []

    def post(url: str) -> None:
        body = {"annotations": [{"input_id": "in-1", "data": {"concepts": [{"id": "water", "value": 0}]}}]}
        with suppress(httpx.TransportError):  # what hangs is cut off
            statuses.append(httpx.post(url + LIST, json=body, headers=KEY, timeout=20).status_code)

    with started("--port", "0", "--latency-ms", "300") as server:
        httpx.post(server.url + "/emulator/faults", json={"script": [fault]})
        thread = threading.Thread(target=post, args=(server.url,))
        thread.start()
        wait_for_label(server.url)
        assert server.stop() == (0, "")
        thread.join()
    assert statuses == answered


def test_the_process_ends_with_what_the_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    handled: dict[int, Any] = {}

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(signal, "signal", handled.__setitem__)
    monkeypatch.setattr(time, "sleep", interrupt)
    monkeypatch.setattr(sys, "argv", [MODULE, "--port", "0"])
    _command.run()
    assert set(handled) == {signal.SIGINT, signal.SIGTERM}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(sys, "argv", [MODULE, "--port", str(taken.getsockname()[1])])
        with pytest.raises(SystemExit, match="is taken"):
            _command.run()


# --- what the README shows ------------------------------------------------------------------------------


def session() -> list[tuple[str, str]]:
    """Return the commands of the README's session, each with what it prints."""
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    [block] = [block for block in blocks if MODULE in block]
    return re.findall(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", block, re.M)


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_session_of_the_readme_prints_what_it_shows() -> None:
    (start, greeting), *commands = session()
    assert start == f"python -m {MODULE} &\n"
    assert len(commands) >= 5
    with started() as server:
        here = f":{httpx.URL(server.url).port}"
        assert greeting == "".join(f"{line}\n" for line in server.lines).replace(here, f":{_command.PORT}")
        for command, shown in commands:
            done = subprocess.run(
                ["sh", "-c", command],
                capture_output=True,
                text=True,
                env={**os.environ, **server.environ},
            )
            assert (done.stdout, done.stderr) == (shown, ""), command
