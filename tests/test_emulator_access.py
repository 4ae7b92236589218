"""Who may ask an emulator on a socket: programs, but no page of another site in a browser on the same machine."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations.testing import Emulator, Server, serve
from clarifai_http_annotations.testing._access import Access

ANNOTATIONS = "/v2/users/me/apps/app/annotations"
BODY = {"annotations": [{"id": "a", "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 1}]}}]}
EVIL = "https://evil.example"
DEV = "http://localhost:3000"


def send(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
    """Send what a browser would; return the status, the headers and the JSON of the answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"authorization": "Key any", **named})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    return response.status, dict(response.getheaders()), json.loads(answer or b"null")


# --- pages ---------------------------------------------------------------------------------------------

FOREIGN = {
    "another site": {"origin": EVIL},
    "a file or a sandbox": {"origin": "null"},
    "another port of this machine": {"origin": DEV},
    "the same place over https": {"origin": "https://127.0.0.1"},
    "an origin with this machine's name in it": {"origin": "http://127.0.0.1.evil.example"},
    "an image of another site": {"sec_fetch_site": "cross-site"},
    "an image of another port": {"sec_fetch_site": "same-site"},
}
ASKED: list[tuple[str, str, Any]] = [
    ("GET", ANNOTATIONS, None),
    ("POST", ANNOTATIONS, BODY),
    ("POST", "/emulator/reset", None),
    ("POST", "/emulator/faults", {"script": ["http_503_before"]}),
    ("GET", "/emulator/labels", None),
    ("OPTIONS", ANNOTATIONS, None),
    ("GET", "/", None),
]


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_page_of_another_origin_is_refused_and_nothing_happens(headers: dict[str, str]) -> None:
    emulator = Emulator()
    with serve(emulator) as server:
        assert send(server, "POST", ANNOTATIONS, BODY)[0] == 200
        before = emulator.annotations
        for method, path, body in ASKED:
            http_status, answered, answer = send(server, method, path, body, content_type="text/plain", **headers)
            assert http_status == 403
            assert not [name for name in answered if name.lower().startswith("access-control-")]
            assert "--allow-origin" in json.dumps(answer)
    assert emulator.annotations == before
    assert len(emulator.requests) == 1
    assert emulator.faults.pending == []


def test_a_page_is_refused_before_its_body_its_key_and_a_fault_are_looked_at() -> None:
    emulator = Emulator(pat="secret", body_limit=10, faults=["http_503_before"])
    with serve(emulator) as server:
        assert send(server, "POST", ANNOTATIONS, BODY, origin=EVIL)[0] == 403
    assert emulator.faults.met == []


def test_what_is_refused_is_told_as_the_api_tells_it() -> None:
    with serve(Emulator()) as server:
        _, _, answer = send(server, "GET", ANNOTATIONS, origin=EVIL)
        assert send(server, "GET", "/emulator/labels", origin=EVIL)[2].keys() == {"error"}
    assert (answer["status"]["code"], answer["annotations"]) == (11102, [])
    assert EVIL in answer["status"]["details"]


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_emulators_own_origin_and_who_types_its_address_are_not_refused(site: str) -> None:
    with serve(Emulator()) as server:
        assert send(server, "GET", "/emulator/labels", sec_fetch_site=site)[0] == 200
        assert send(server, "POST", ANNOTATIONS, BODY, origin=server.url, sec_fetch_site="same-origin")[0] == 200


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "192.168.1.5", "localhost@evil.example", "[::", ""],
)
def test_a_name_that_leads_here_and_is_not_this_machines_is_refused(host: str) -> None:
    emulator = Emulator()
    with serve(emulator) as server:
        for method, path, body in ASKED:
            http_status, _, answer = send(server, method, path, body, host=host)
            assert http_status == 403
            assert "--allow-host" in json.dumps(answer)
    assert emulator.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]:8642", "127.8.8.8"])
def test_this_machines_names_are_not_refused_whatever_the_port(host: str) -> None:
    with serve(Emulator()) as server:
        assert send(server, "GET", ANNOTATIONS, host=host)[0] == 200


def test_a_page_under_a_name_of_its_own_is_of_the_same_origin_and_refused() -> None:
    with serve(Emulator()) as server:
        assert send(server, "GET", ANNOTATIONS, host="evil.example", origin="http://evil.example")[0] == 403


def test_a_name_that_is_allowed_is_not_refused() -> None:
    with serve(Emulator(), allow_hosts=["Emulator", "[fd00::5]"]) as server:
        assert send(server, "GET", ANNOTATIONS, host="emulator:8642")[0] == 200
        assert send(server, "GET", ANNOTATIONS, host="[fd00::5]:8642")[0] == 200
        assert send(server, "GET", ANNOTATIONS, host="emulator.example")[0] == 403
        assert send(server, "GET", ANNOTATIONS, host="emulator:8642", origin="http://emulator:8642")[0] == 200


def test_who_listens_at_all_addresses_is_asked_under_any_address_but_under_no_name() -> None:
    with serve(Emulator(), host="0.0.0.0") as server:  # noqa: S104 # what is tested
        assert send(server, "GET", ANNOTATIONS, host="192.168.1.5:8642")[0] == 200
        assert send(server, "GET", ANNOTATIONS, host="[fd00::5]:8642")[0] == 200
        assert send(server, "GET", ANNOTATIONS, host="evil.example")[0] == 403


@pytest.mark.parametrize(
    ("bound", "host", "is_refused"),
    [
        ({"192.168.1.5"}, "192.168.1.5:80", False),
        ({"192.168.1.5"}, "192.168.1.6:80", True),
        ({"box.example", "192.168.1.5"}, "BOX.example", False),
        ({"fe80::1%eth0"}, "[fe80::1]", False),
        ({"", "0.0.0.0"}, "", True),  # noqa: S104 # what is tested
        ({"", "::"}, "10.0.0.5", False),
    ],
)
def test_what_it_was_told_to_listen_at_is_its_name(bound: set[str], host: str, is_refused: bool) -> None:
    assert bool(Access.of(bound, (), ()).refusal({"host": host})) is is_refused


@given(host=st.text(), origin=st.text())
def test_whatever_a_host_and_an_origin_are_they_are_refused_or_not_and_raise_nothing(host: str, origin: str) -> None:
    refusal = Access.of({"127.0.0.1"}, (), ()).refusal({"host": host, "origin": origin})
    assert refusal or not origin or origin.lower() == f"http://{host}".lower()


# --- leave ---------------------------------------------------------------------------------------------


def test_a_page_of_an_origin_that_is_allowed_gets_leave_and_can_read_the_answer() -> None:
    emulator = Emulator(rate=1, retry_after=2)
    with serve(emulator, allow_origins=[DEV.upper()]) as server:
        asked = {"access_control_request_method": "POST", "access_control_request_headers": "authorization"}
        http_status, headers, answer = send(server, "OPTIONS", ANNOTATIONS, origin=DEV, **asked)
        assert (http_status, answer) == (204, None)
        assert headers["access-control-allow-origin"] == DEV
        assert headers["access-control-allow-headers"] == "authorization"
        assert "POST" in headers["access-control-allow-methods"]
        assert emulator.requests == []
        for expected in (200, 429):
            http_status, headers, _ = send(server, "POST", ANNOTATIONS, BODY, origin=DEV)
            assert (http_status, headers["access-control-allow-origin"]) == (expected, DEV)
        assert headers["access-control-expose-headers"] == "retry-after"
        assert send(server, "OPTIONS", ANNOTATIONS, origin=EVIL, **asked)[0] == 403
        assert send(server, "POST", "/emulator/reset", origin=DEV)[0] == 200
    assert emulator.annotations == []


def test_to_ask_for_no_leave_gets_none() -> None:
    with serve(Emulator(), allow_origins=[DEV]) as server:
        assert send(server, "OPTIONS", ANNOTATIONS, origin=DEV)[2]["status"]["code"] == 11103
        http_status, headers, _ = send(server, "GET", ANNOTATIONS)
    assert http_status == 200
    assert "access-control-allow-origin" not in {name.lower() for name in headers}


def test_in_the_same_process_nobody_is_a_page() -> None:
    headers = {"origin": EVIL, "host": "evil.example", "authorization": "Key any"}
    request = httpx.Request("GET", f"https://api.clarifai.com{ANNOTATIONS}", headers=headers)
    assert Emulator()(request).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "problem"),
    [
        ({"allow_hosts": "localhost"}, "allow_hosts must be a list"),
        ({"allow_hosts": ["emulator:8642"]}, "without a port, not 'emulator:8642'"),
        ({"allow_hosts": ["http://emulator"]}, "must be a name or an address"),
        ({"allow_hosts": [5]}, "must be a name or an address"),
        ({"allow_origins": DEV}, "allow_origins must be a list"),
        ({"allow_origins": ["localhost:3000"]}, "must be like http://localhost:3000"),
        ({"allow_origins": [f"{DEV}/"]}, "must be like http://localhost:3000"),
        ({"allow_origins": [None]}, "must be like http://localhost:3000"),
    ],
)
def test_what_is_no_host_or_origin_cannot_be_allowed(allowed: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)), serve(Emulator(), **allowed):
        pass


# --- the command ---------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-W", "error", "-m", "clarifai_http_annotations.testing", "--port", "0"]


def test_the_command_takes_both_and_refuses_what_is_neither() -> None:
    allowed = ["--allow-origin", DEV, "--allow-origin", "null", "--allow-host", "emulator"]
    with subprocess.Popen([*COMMAND, *allowed], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = re.findall(r"http://\S+", process.stdout.readline())[0]
            server = Server(Emulator(), url)
            assert send(server, "GET", ANNOTATIONS, origin=DEV, host="emulator")[0] == 200
            assert send(server, "GET", ANNOTATIONS, origin="null")[0] == 200
            assert send(server, "GET", ANNOTATIONS, origin=EVIL)[0] == 403
        finally:
            process.kill()
    done = subprocess.run([*COMMAND, "--allow-origin", "localhost"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "must be like http://localhost:3000, not 'localhost'" in done.stderr
