"""The command at a terminal: something moves, Ctrl-C leaves a right journal, and the same command goes on."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clarifai_http_annotations import Annotation, positive
from clarifai_http_annotations.testing import Emulator, Server, serve

pty = pytest.importorskip("pty", reason="a terminal of this kind is there on POSIX only")

PAT = "0123456789abcdef0123456789abcdef"
ROWS = 5_000
COMMAND = [sys.executable, "-m", "clarifai_http_annotations.cli"]


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Emulator(pat=PAT, latency=0.1, record=False)) as server:
        yield server


class Terminal:
    """A command at a terminal of 120 columns."""

    def __init__(self, server: Server, folder: Path, *arguments: str, **environ: str) -> None:
        self.shown = ""
        self._master, slave = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if name != "CI"}
        settings = {"CLARIFAI_API_BASE": server.url, "CLARIFAI_PAT": PAT, "CLARIFAI_APP_ID": "app"}
        home = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "COLUMNS": "120", "TERM": "xterm"}
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**kept, **settings, **home, **environ},
            start_new_session=True,
            preexec_fn=lambda: _control(slave),
        )
        os.close(slave)

    def read_until(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """Read until something is shown."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.shown)):
            assert time.monotonic() < end, self.shown
            assert self._read(), self.shown
        return found

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> None:
        self._process.terminate()

    def wait(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        os.close(self._master)
        return self._process.wait(timeout=30)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 60.0)[0]:
            return False
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode("utf-8", "replace"))
        return bool(piece)


def _control(slave: int) -> None:
    """Make the terminal that of the process, so that Ctrl-C reaches it."""
    import fcntl
    import termios

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def write_rows(folder: Path) -> None:
    rows = "".join(f"in-{index},tree,{index % 2}\n" for index in range(ROWS))
    (folder / "labels.csv").write_text("input_id,concept_id,value\n" + rows)


def test_progress_is_shown_ctrl_c_says_how_to_go_on_and_it_goes_on(server: Server, tmp_path: Path) -> None:
    write_rows(tmp_path)
    first = Terminal(server, tmp_path, "upload", "labels.csv", "--rate", "15")
    done = int(first.read_until(r"(?m)\b([1-9]\d+)/5000\b.*\d+:\d\d")[1])  # of how many, and how long it still takes
    assert 0 < done < ROWS
    first.press("\x03")
    assert first.wait() == 130
    assert "Interrupted. Run the same command again to go on" in first.shown
    with server.client(user_id="me", app_id="app") as client:
        assert done <= len([*client.list(per_page=1000)]) < ROWS

    second = Terminal(server, tmp_path, "upload", "labels.csv", "--rate", "1000")
    assert second.wait() == 0, second.shown
    skipped = int(re.search(r"([\d,]+)\s+skipped by the journal", second.shown)[1].replace(",", ""))  # type: ignore[index]  # or the test fails
    assert skipped >= done
    with server.client(user_id="me", app_id="app") as client:
        values = [(a.input_id, c.value) for a in client.list(per_page=1000) for _, c in a.each_concept()]
    assert sorted(values) == sorted((f"in-{index}", float(index % 2)) for index in range(ROWS))
    assert PAT not in first.shown + second.shown


def test_sigterm_ends_it_as_ctrl_c_does(server: Server, tmp_path: Path) -> None:
    write_rows(tmp_path)
    terminal = Terminal(server, tmp_path, "upload", "labels.csv", "--rate", "15")
    terminal.read_until(r"(?m)\b([1-9]\d+)/5000\b")
    terminal.end()
    assert terminal.wait() == 130
    assert "the journal has what is stored" in terminal.shown


def test_a_key_that_is_not_there_is_asked_for_and_not_shown(server: Server, tmp_path: Path) -> None:
    terminal = Terminal(server, tmp_path, "list", CLARIFAI_PAT="")
    terminal.read_until("personal access token")
    terminal.press(f"{PAT}\n")
    assert terminal.wait() == 0, terminal.shown
    assert PAT not in terminal.shown


def test_delete_asks_and_takes_no_for_an_answer(server: Server, tmp_path: Path) -> None:
    with server.client(user_id="me", app_id="app") as client:
        [stored] = client.create(Annotation.of("in", positive("tree")))
        terminal = Terminal(server, tmp_path, "delete", stored.id, "--input-id", "in")
        terminal.read_until(r"Delete 1 of input 'in'\?")
        assert "+tree" in terminal.shown
        terminal.press("n\n")
        assert terminal.wait() == 0
        assert len([*client.list()]) == 1


def test_nothing_moves_where_there_is_no_terminal(server: Server, tmp_path: Path) -> None:
    write_rows(tmp_path)
    settings = {"CLARIFAI_API_BASE": server.url, "CLARIFAI_PAT": PAT, "CLARIFAI_APP_ID": "app", "HOME": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "upload", "labels.csv", "--rate", "1000"],
        cwd=tmp_path,
        env={**os.environ, **settings, "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "/5000" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 2  # which columns, and where the journal is


# --- what the README shows ----------------------------------------------------------------------------


def session() -> list[tuple[str, str]]:
    """Return the commands of the README's session, each with what it prints."""
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    [block] = [block for block in re.findall(r"```console\n(.*?)```", readme, re.S) if "birds.csv" in block]
    parts = re.split(r"^\$ (.*)\n", block, flags=re.M)[1:]
    return [*zip(parts[::2], parts[1::2], strict=True)]


def as_shown(text: str) -> str:
    """Return what does not depend on the machine: no times, no folders, no spaces at the end of a line."""
    text = re.sub(r"in [\d.]+ s \([\d,]+/s\)", "in TIME", text)
    text = re.sub(r"journal: .*/journals/(\S+)-[0-9a-f]{12}\.journal", r"journal: \1", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_the_session_of_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    commands = session()
    assert len(commands) >= 7
    (tmp_path / "birds.csv").write_text(commands[0][1], encoding="utf-8")
    with serve(Emulator()) as server:
        names = {"API_BASE": server.url, "PAT": "any-key", "USER_ID": "emulator-user", "APP_ID": "my-app"}
        environ = {**os.environ, **{f"CLARIFAI_{name}": value for name, value in names.items()}}
        environ.pop("COLUMNS", None)  # pytest's own
        environ |= {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
        program = f'clarifai-annotations() {{ {sys.executable} -m clarifai_http_annotations.cli "$@"; }}\n'
        for command, shown in commands:
            done = subprocess.run(
                ["bash", "-c", f"{program}{command}"],
                cwd=tmp_path,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
            )
            assert as_shown(done.stdout) == as_shown(shown), command
