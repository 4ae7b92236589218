"""The library in WebAssembly: real Pyodide under node, real wheels, and the emulator on a socket of this machine."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from clarifai_http_annotations import __version__
from clarifai_http_annotations.testing import Emulator, Fault, Faults, serve

Run = Callable[..., Any]
EXAMPLE = Path(__file__).parents[3] / "examples" / "webassembly" / "node.mjs"
LONGEST = 60.0
"""Seconds for an example to end."""
OF_A_REQUEST = [fault.name for fault in Fault.catalogue() if not fault.final and fault.item_code is None]
ASKED = {"tree": 1.0, "water": 0.0}


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the URL of a server that always answers the same, and the headers of the requests that come."""
    came: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            came.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            if status != 204:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 # so the module has it

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", came
        finally:
            server.shutdown()
            thread.join()


def stored_once(emulator: Emulator) -> bool:
    return set(emulator.stored_times.values()) == {1}


# --- calls ----------------------------------------------------------------------------------------


def test_it_is_pyodide_and_nothing_of_sockets_is_loaded(plain: Run) -> None:
    assert plain("versions") == ["emscripten"]


def test_null_of_javascript_is_null(run: Run, emulator: Emulator) -> None:
    metadata = {"by": None, "of": [None, {"x": None}]}
    data = {"concepts": [{"id": "tree", "value": 0}], "metadata": metadata}
    with serve(emulator) as server:
        text = json.dumps({"input_id": "in-1", "data": data, "annotation_info": None})
        assert run("create_of_javascript", url=server.url, text=text) == metadata
    assert emulator.annotations[0]["data"]["metadata"] == metadata


def test_what_is_asked_is_what_is_stored_got_listed_turned_and_deleted(run: Run, emulator: Emulator) -> None:
    with serve(emulator) as server:
        assert run("quickstart", url=server.url) == [ASKED, {"tree": 1.0, "water": 1.0}, []]
    assert emulator.requests[0].body["annotations"][0]["data"]["concepts"] == [
        {"id": "tree", "value": 1.0},
        {"id": "water", "value": 0.0},
    ]


def test_calls_run_beside_each_other(plain: Run, emulator: Emulator) -> None:
    with serve(emulator) as server:
        assert plain("beside_each_other", url=server.url, count=30) == 30
    assert len(emulator.annotations) == 30


def test_a_request_has_the_headers_of_every_client_and_those_of_fetch(run: Run) -> None:
    body = json.dumps({"status": {"code": 10000}, "annotations": []}).encode()
    with answering(200, body) as (url, came):
        run("create", url=url, settings={"max_retries": 0})
    assert came[0]["authorization"] == "Key emulator-key"
    assert came[0]["content-type"] == "application/json"
    assert came[0]["x-clarifai-request-id-prefix"].startswith("clarifai-http-annotations-")
    assert "cookie" not in came[0]


def test_a_compressed_answer_is_read(run: Run) -> None:
    concepts = [{"id": "tree", "value": 1.0}, {"id": "water", "value": 0.0}]
    said = {"status": {"code": 10000}, "annotation": {"id": "a", "input_id": "in-1", "data": {"concepts": concepts}}}
    with answering(200, gzip.compress(json.dumps(said).encode()), content_encoding="gzip") as (url, _):
        assert run("get", url=url) == ASKED


def test_an_answer_without_a_body_is_an_error_that_says_so(run: Run) -> None:
    with answering(204) as (url, _):
        error = run("create", url=url, settings={"max_retries": 0})
    assert error["class"] == "InvalidResponseError"
    assert "HTTP 204" in error["text"]


# --- retries --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", OF_A_REQUEST)
def test_a_request_that_fails_is_sent_again_and_stored_once(run: Run, fault: str) -> None:
    emulator = Emulator(faults=[fault, fault])
    with serve(emulator) as server:
        assert run("create", url=server.url, settings={"timeout": 1}) == ASKED
    assert stored_once(emulator)
    assert not emulator.faults.pending


@pytest.mark.parametrize("fault", ["reset_after", "closed_after", "truncated_after", "garbage_after"])
def test_a_connection_that_breaks_says_that_it_may_be_done(run: Run, fault: str) -> None:
    emulator = Emulator(faults=[fault] * 2)
    with serve(emulator) as server:
        error = run("create", url=server.url, settings={"max_retries": 1})
    assert (error["class"], error["maybe_done"], error["attempts"]) == ("APIConnectionError", True, 2)
    assert error["cause"] == "ReadError"
    assert "fetch failed" in error["text"] or "terminated" in error["text"]


def test_what_must_not_be_repeated_is_not_when_nobody_knows_what_became_of_it(run: Run) -> None:
    emulator = Emulator(faults=["reset_before", "reset_before"])
    with serve(emulator) as server:
        error = run("create_track", url=server.url)
    assert (error["class"], error["maybe_done"], error["attempts"]) == ("APIConnectionError", True, 1)


def test_a_server_that_is_not_there_was_sent_nothing(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = run("create", url=f"http://127.0.0.1:{port}", settings={"max_retries": 2})
    assert (error["class"], error["maybe_done"], error["attempts"]) == ("APIConnectionError", False, 3)
    assert "ECONNREFUSED" in error["text"]


def test_a_wrong_key_is_refused_at_once_and_shown_nowhere(run: Run) -> None:
    with serve(Emulator(pat="right-key")) as server:
        error = run("create", url=server.url, settings={"pat": "wrong-key-0123456789"})
    assert (error["class"], error["status_code"], error["attempts"]) == ("AuthenticationError", 401, 1)
    assert "wrong-key" not in str(error)


def test_the_key_does_not_go_along_with_a_redirect(run: Run) -> None:
    with answering(200) as (elsewhere, came), answering(307, location=f"{elsewhere}/v2") as (url, _):
        error = run("create", url=url, settings={})
    assert came == []
    assert (error["class"], error["status_code"], error["attempts"]) == ("APIStatusError", 307, 1)
    assert f"a redirect to '{elsewhere}/v2'" in error["text"]


# --- time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["silent_after", "drip_after"])
@pytest.mark.parametrize("limits", [{"timeout": 0.5}, {"deadline": 0.5}, {"timeout": None, "deadline": 0.5}], ids=str)
def test_a_server_that_keeps_silent_or_drips_is_a_timeout_that_may_be_done(
    run: Run, fault: str, limits: dict[str, Any]
) -> None:
    emulator = Emulator(faults=[fault])
    with serve(emulator) as server:  # which would never end it
        error = run("create", url=server.url, settings={"max_retries": 0, **limits})
    assert (error["class"], error["maybe_done"], error["attempts"]) == ("APITimeoutError", True, 1)
    assert len(emulator.annotations) == 1


def test_a_deadline_ends_a_call_with_all_its_retries(run: Run) -> None:
    emulator = Emulator(faults=["silent_before"] * 100)
    with serve(emulator) as server:
        error = run("create", url=server.url, settings={"timeout": 0.3, "max_retries": 99, "deadline": 1})
    assert error["class"] == "APITimeoutError"
    assert 2 <= error["attempts"] <= 4
    assert len(emulator.requests) == error["attempts"]


def test_a_call_that_is_cancelled_ends(plain: Run) -> None:
    with serve(Emulator(faults=["silent_before"])) as server:
        assert plain("cancelled", url=server.url) == "cancelled"


def test_the_event_loop_turns_while_a_blocking_client_waits_to_send_again(switching: Run) -> None:
    with serve(Emulator(faults=["throttled_429_retry_after"])) as server:  # which asks for a second
        assert switching("longest_standstill", url=server.url) < 1.0


# --- uploads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_an_upload_with_faults_and_without_threads_stores_each_once(run: Run, seed: int) -> None:
    emulator = Emulator(faults=Faults.seeded(seed, share=0.4))
    with serve(emulator) as server:
        report = run("upload", url=server.url, count=1000, settings={"timeout": 1})
    assert report["stored"] + report["already_there"] == 1000, f"seed {seed}: {report}"
    assert sum(report["told"].values()) == 1000
    assert report["problems"] == 0
    assert len(emulator.annotations) == 1000
    assert stored_once(emulator)
    assert sum(tree["data"]["concepts"][0]["value"] for tree in emulator.annotations) == 500.0
    assert emulator.missing_values == []


def test_the_faults_of_an_upload_are_met(run: Run) -> None:
    emulator = Emulator(faults=["reset_after", "silent_after", "throttled_429", "items_internal"])
    with serve(emulator) as server:
        report = run("upload", url=server.url, count=300, settings={"timeout": 1})
    assert report["retries"] >= 4
    assert report["already_there"] + report["stored"] == len(emulator.annotations) == 300
    assert stored_once(emulator)


def test_an_upload_goes_on_from_its_journal(run: Run, emulator: Emulator, request: Any) -> None:
    journal = f"/tmp/{request.node.callspec.id}.journal"  # in the memory of Pyodide
    with serve(emulator) as server:
        assert run("upload", url=server.url, count=200, settings={}, journal=journal)["stored"] == 200
        assert run("upload", url=server.url, count=300, settings={}, journal=journal)["skipped"] == 200
    assert len(emulator.annotations) == 300


# --- the blocking client --------------------------------------------------------------------------


def test_a_blocking_client_without_stack_switching_says_what_to_use_instead(plain: Run, emulator: Emulator) -> None:
    with serve(emulator) as server:
        error = plain("create_now", url=server.url)
    assert error["class"] == "ConfigurationError"
    assert "Use AsyncClient" in error["text"]
    assert "--experimental-wasm-stack-switching" in error["text"]
    assert emulator.requests == []


def test_so_it_does_where_python_was_entered_without_waiting_for_it(switching: Run, emulator: Emulator) -> None:
    with serve(emulator) as server:
        assert "runPythonAsync" in switching("create_now", entry="runPython", url=server.url)["text"]
        assert switching("create_now", url=server.url) == {}
    assert len(emulator.annotations) == 1


@pytest.mark.parametrize("settings", [{"verify": False}, {"proxy": "http://127.0.0.1:1"}], ids=["verify", "proxy"])
def test_what_javascript_would_not_heed_is_refused(run: Run, settings: dict[str, Any]) -> None:
    error = run("refused", settings=settings)
    assert error["class"] == "ConfigurationError"
    assert "cannot be heeded in WebAssembly" in error["text"]


# --- the emulator inside --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_an_emulator_in_the_process_needs_neither_fetch_nor_stack_switching(plain: Run, kind: str) -> None:
    assert plain("in_process", kind=kind) == ASKED


@pytest.mark.parametrize("seed", range(5))
def test_an_upload_to_an_emulator_in_the_process_with_faults_stores_each_once(plain: Run, seed: int) -> None:
    assert plain("upload_in_process", seed=seed, count=500) == {"stored": 500, "there": 500, "negative": 250}


# --- the example ----------------------------------------------------------------------------------


def test_the_example_for_node_runs_as_it_says(home: Path, emulator: Emulator, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(home / "node_modules")
    shutil.copy(EXAMPLE, tmp_path)
    settings = {"CLARIFAI_PAT": "any", "CLARIFAI_USER_ID": "me", "CLARIFAI_APP_ID": "app"}
    with serve(emulator) as server:
        environ = {**os.environ, **settings, "CLARIFAI_API_BASE": server.url}
        command = ["node", EXAMPLE.name, str(home / "wheels")]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=LONGEST)
    assert (done.returncode, done.stdout) == (0, "tree 1.0\nwater 0.0\n"), done.stderr
    assert len(emulator.annotations) == 1


def test_both_examples_do_the_same() -> None:
    node, page = (EXAMPLE.with_name(name).read_text(encoding="utf-8") for name in ("node.mjs", "index.html"))
    [shown] = re.findall(r"async with AsyncClient\(\) as client:\n(.*?)`", node, re.DOTALL)
    assert textwrap.indent(shown, "    ") in page
    assert f"clarifai_http_annotations-{__version__}-py3-none-any.whl" in page
