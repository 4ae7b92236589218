"""Connections past the emulator while a fixture of ours is active: refused, named, and never passed over."""

from __future__ import annotations

import importlib.util
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugin_project import MEANING, ROOT, Project

from clarifai_http_annotations.testing._connections import Connection, Target, watched

pytest_plugins = ["pytester"]

WAYS = """
import asyncio, http.client, socket, ssl, threading, urllib.request
from contextlib import closing

from code_under_test import *

URL = "https://api.clarifai.com" + PATH
CLARIFAI = ("api.clarifai.com", 443)


async def read_stream():
    await asyncio.open_connection(*CLARIFAI)


async def connect_in_loop():
    with socket.socket() as plain:
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, CLARIFAI)


def connect(method, address=CLARIFAI):
    with socket.socket() as plain:
        getattr(plain, method)(address)


def connect_with_tls():
    with ssl.create_default_context().wrap_socket(socket.socket(), server_hostname=CLARIFAI[0]) as secure:
        secure.connect(CLARIFAI)


def use_urllib():
    urllib.request.urlopen(URL)


def use_http_client():
    with closing(http.client.HTTPSConnection("api.clarifai.com")) as connection:
        connection.request("GET", PATH)


def use_httpx_elsewhere():
    httpx.get("https://api-dev.clarifai.com")


def use_requests():
    import requests
    requests.get(URL)


def use_urllib3():
    import urllib3
    urllib3.PoolManager().request("GET", URL)


def use_httpx2():
    import httpx2
    httpx2.get(URL)


async def use_httpx2_async():
    import httpx2
    async with httpx2.AsyncClient() as http:
        await http.get(URL)


async def use_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session:
        await session.get(URL)


async def get_addresses():
    loop = asyncio.get_running_loop()
    await loop.getaddrinfo(host="api.clarifai.com", port=443)


def use_uvloop():
    import uvloop
    uvloop.run(read_stream())


def use_uvloop_and_httpx2():
    import uvloop
    uvloop.run(use_httpx2_async())


def use_httpx2_under_trio():
    import trio
    trio.run(use_httpx2_async)


WAYS = {
    "urllib": ("urllib.request", use_urllib),
    "http.client": ("http.client", use_http_client),
    "socket.connect": ("socket", lambda: connect("connect")),
    "socket.connect_ex": ("socket", lambda: connect("connect_ex")),
    "socket.create_connection": ("socket", lambda: socket.create_connection(CLARIFAI)),
    "socket.gethostbyname": ("socket", lambda: socket.gethostbyname("api.clarifai.com")),
    "ssl": ("socket", connect_with_tls),
    "asyncio streams": ("asyncio", lambda: asyncio.run(read_stream())),
    "asyncio getaddrinfo": ("asyncio", lambda: asyncio.run(get_addresses())),
    "asyncio sock_connect": ("asyncio", lambda: asyncio.run(connect_in_loop())),
    "httpx elsewhere": ("httpx", use_httpx_elsewhere),
    "requests": ("requests", use_requests),
    "urllib3": ("urllib3", use_urllib3),
    "httpx2": ("httpx2", use_httpx2),
    "httpx2 async": ("httpx2", lambda: asyncio.run(use_httpx2_async())),
    "aiohttp": ("aiohttp", lambda: asyncio.run(use_aiohttp())),
    "httpx2 trio": ("httpx2", use_httpx2_under_trio),
    "uvloop": ("asyncio", use_uvloop),
    "uvloop httpx2": ("httpx2", use_uvloop_and_httpx2),
}
"""
OF_PYTHON = [
    *("urllib", "http.client", "socket.connect", "socket.connect_ex", "socket.create_connection"),
    *(
        "socket.gethostbyname",
        "ssl",
        "asyncio streams",
        "asyncio getaddrinfo",
        "asyncio sock_connect",
        "httpx elsewhere",
    ),
]
OF_OTHERS = ["requests", "urllib3", "httpx2", "httpx2 async", "aiohttp", "httpx2 trio", "uvloop", "uvloop httpx2"]
THERE = [
    *OF_PYTHON,
    *(way for way in OF_OTHERS if all(map(importlib.util.find_spec, way.replace("async", "").split()))),
]
REFUSED = "A connection past the emulator was refused"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # what is tested is this checkout
    pytester.makepyfile(ways=WAYS)
    return Project(pytester)


HEAD = """
from contextlib import suppress

from clarifai_http_annotations.pytest_plugin import NetworkBlockedError
from ways import *

with suppress(ImportError):
    import uvloop

"""


def module(body: str) -> str:
    return f"{HEAD}\n{body}"


# --- by any way ----------------------------------------------------------------------------------


def test_each_way_that_the_emulator_does_not_answer_raises_an_error_that_names_it(project: Project) -> None:
    project.has(
        module(f"""
@pytest.mark.parametrize("way", {THERE!r})
def test_it(clarifai_emulator, way):
    library, act = WAYS[way]
    with pytest.raises(NetworkBlockedError, match=f"refused: {{library}} to api") as caught:
        act()
    assert not isinstance(caught.value, (OSError, Exception))
    assert "use the fixture clarifai_server" in str(caught.value)
    pytest.skip("what it does at the end is for another test")
""")
    )
    result = project.run("-p", "no:httpx_mock")
    result.assert_outcomes(skipped=len(THERE), errors=len(THERE))


@pytest.mark.parametrize("fixture", ["clarifai_emulator", "clarifai_server"])
def test_a_test_fails_at_its_end_if_its_code_swallowed_it(project: Project, fixture: str) -> None:
    project.has(
        module(f"""
@pytest.mark.parametrize("way", {THERE!r})
def test_it({fixture}, way):
    try:
        WAYS[way][1]()
    except BaseException:
        pass
""")
    )
    result = project.run()
    result.assert_outcomes(failed=len(THERE))
    result.stdout.fnmatch_lines_random(
        [
            f"{REFUSED}, and the test went on:",
            "  urllib.request to api.clarifai.com:443",
            "  socket to api.clarifai.com",
        ]
    )


def test_the_failure_shows_where_it_happened_and_is_told_once(project: Project) -> None:
    project.has(module("def test_it(clarifai_server):\n    use_urllib()\n"))
    result = project.run()
    result.assert_outcomes(failed=1)
    shown = result.stdout.str()
    assert "the test went on" not in shown
    assert "_connections.py" not in shown
    result.stdout.fnmatch_lines(
        [
            "ways.py:*: in use_urllib",
            f"E *{REFUSED}: urllib.request to api.clarifai.com:443. Send to CLARIFAI_API_BASE *",
        ]
    )


def test_what_is_raised_from_it_or_with_it_is_told_once_too(project: Project) -> None:
    project.has(
        module("""
def test_cause(clarifai_emulator):
    try:
        use_urllib()
    except BaseException as error:
        raise RuntimeError("broken") from error

async def both():
    async with asyncio.TaskGroup() as group:
        group.create_task(read_stream())

def test_group(clarifai_emulator):
    asyncio.run(both())

def test_hidden(clarifai_emulator):
    try:
        use_urllib()
    except BaseException:
        raise RuntimeError("broken") from None
""")
    )
    result = project.run()
    result.assert_outcomes(failed=3)
    assert result.stdout.str().count("Connections past the emulator") == 1
    result.stdout.fnmatch_lines(["*test_hidden*", "*Connections past the emulator*", "  urllib.request to *"])


def test_a_connection_and_a_missing_value_are_both_told(project: Project) -> None:
    project.has(
        module("""
def swallow(act):
    try:
        act()
    except BaseException:
        pass

def test_both(clarifai_emulator):
    for _ in range(3):
        swallow(use_urllib)
    swallow(use_http_client)
    forget()

@pytest.mark.clarifai_allow_missing_value
def test_one(clarifai_emulator):
    swallow(use_urllib)
    forget()

def test_skips(clarifai_emulator):
    swallow(use_urllib)
    pytest.skip("later")
""")
    )
    result = project.run()
    result.assert_outcomes(failed=2, skipped=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_skips*",
            f"{MEANING}*",
            "4 connections past the emulator were refused, and the test went on:",
            "  urllib.request to api.clarifai.com:443",
            "  http.client to api.clarifai.com:443",
            "The fixture clarifai_emulator answers httpx only*",
        ]
    )


def test_what_a_thread_does_counts(project: Project) -> None:
    project.has(
        module("""
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it(clarifai_emulator):
    thread = threading.Thread(target=use_http_client)
    thread.start()
    thread.join()
""")
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  http.client to api.clarifai.com:443"])


# --- where it leads ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "url", "refused"),
    [
        ("https://clarifai.example.org", "https://clarifai.example.org", True),
        ("https://clarifai.example.org:8443/prefix", "http://clarifai.example.org:8443", True),
        ("https://192.0.2.1", "https://192.0.2.1/v2", True),
        ("https://[2001:db8::1]", "https://[2001:DB8:0::1]/v2", True),
        ("http://localhost:{port}", "http://127.0.0.1:{port}", True),
        ("http://127.0.0.1:{port}", "http://localhost:{port}", True),
        ("http://127.0.0.1:9", "http://127.0.0.1:{port}", False),
        ("no URL:", "http://127.0.0.1:{port}", False),
        ("", "http://127.0.0.1:{port}", False),
    ],
)
@pytest.mark.parametrize("fixture", ["clarifai_emulator", "clarifai_server"])
def test_where_clarifai_api_base_led_before_is_as_clarifai_and_nothing_else_of_this_machine_is(
    project: Project, monkeypatch: pytest.MonkeyPatch, fixture: str, base: str, url: str, refused: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("CLARIFAI_API_BASE", base.format(port=port))
        project.has(
            module(f"""
from urllib.parse import urlsplit

def test_it({fixture}):
    parts = urlsplit({url.format(port=port)!r})
    socket.create_connection((parts.hostname, parts.port or 443), 5).close()
""")
        )
        result = project.run()
    result.assert_outcomes(failed=refused, passed=not refused)


def test_another_emulator_that_a_test_sets_as_its_base_is_its_own(project: Project) -> None:
    project.has(
        module("""
from clarifai_http_annotations.testing import Emulator, serve

def test_it(clarifai_emulator, monkeypatch):
    with serve(Emulator()) as other:
        monkeypatch.setenv("CLARIFAI_API_BASE", other.url)
        forget_without_httpx()
    assert (len(other.emulator.requests), clarifai_emulator.requests) == (1, [])
    monkeypatch.setenv("CLARIFAI_API_BASE", "https://clarifai.example.org")
    with pytest.raises(NetworkBlockedError):
        forget_without_httpx()
""")
    )
    project.run().assert_outcomes(failed=1)


def test_what_goes_to_clarifai_by_a_proxy_of_the_environment_is_refused_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or who looks at sockets would see the proxy only."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for variable in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        project.has(
            module("""
def test_it(clarifai_emulator):
    label()
    use_urllib()

@pytest.mark.parametrize(("said", "then"), [("*", "*"), ("a.example", "a.example,clarifai.com,localhost")])
def test_all(said, then, request, monkeypatch):
    monkeypatch.setenv("NO_PROXY", said)
    request.getfixturevalue("clarifai_emulator")
    assert os.environ["NO_PROXY"] == then
""")
        )
        result = project.run_apart()
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines([f"E *{REFUSED}: urllib.request to api.clarifai.com:443.*"])


# --- when, and beside whom ------------------------------------------------------------------------


def test_to_undo_what_was_patched_does_not_open_the_way(project: Project) -> None:
    project.has(module("def test_it(clarifai_emulator, monkeypatch):\n    monkeypatch.undo()\n    use_urllib()\n"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E *{REFUSED}: urllib.request to *"])


def test_nothing_is_watched_before_or_after(project: Project) -> None:
    project.has(
        module("""
def is_refused():
    before = asyncio.BaseEventLoop.getaddrinfo, socket.socket.connect, socket.socket.connect_ex
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("localhost", 1))
    return before

BEFORE = []

def test_before():
    BEFORE.append(is_refused())

def test_it(clarifai_emulator):
    label()

def test_after():
    assert [is_refused()] == BEFORE
""")
    )
    project.run_apart("-p", "no:socket").assert_outcomes(
        passed=3
    )  # which takes away what it set, also of the session here


def test_what_is_answered_without_a_connection_is_no_business_of_it(project: Project) -> None:
    project.has(
        module("""
import io, respx

def test_respx(clarifai_emulator, respx_mock):
    respx_mock.get("https://api-dev.clarifai.com/").respond(418)
    assert httpx.get("https://api-dev.clarifai.com/").status_code == 418

def test_sockets_that_are_none(clarifai_emulator, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(socket.AF_INET, 1, 6, "", CLARIFAI)])
    assert socket.getaddrinfo(*CLARIFAI)
""")
    )
    project.run().assert_outcomes(passed=2)


def test_it_stands_before_a_list_of_hosts_of_pytest_socket_and_in_several_processes(project: Project) -> None:
    project.has(
        module("""
@pytest.mark.parametrize("way", ["urllib", "socket.connect", "asyncio streams"])
def test_refused(clarifai_emulator, way):
    WAYS[way][1]()

def test_passes(clarifai_emulator):
    label()

def test_by_the_other():
    with pytest.raises(BaseException, match="A test tried to use socket.socket"):
        socket.create_connection(("127.0.0.1", 9))
""")
    )
    result = project.run_apart("-n", "2", "--allow-hosts=192.0.2.1")
    result.assert_outcomes(failed=3, passed=2)
    result.stdout.fnmatch_lines_random(
        [f"E *{REFUSED}: {name} to *" for name in ("urllib.request", "socket", "asyncio")]
    )


# --- what is compared ----------------------------------------------------------------------------

LETTERS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1)


@given(LETTERS, st.integers(1, 65535), st.booleans(), st.sampled_from(["", "."]))
def test_a_domain_takes_all_below_it_at_any_port_however_it_is_written(
    name: str, port: int, is_upper: bool, dot: str
) -> None:
    host = f"{name}.clarifai.com{dot}"
    assert caught(Target("clarifai.com", is_domain=True), host.upper() if is_upper else host, port)
    assert not caught(Target("clarifai.com", is_domain=True), f"{name}clarifai.com", port)
    assert not caught(Target("clarifai.com", is_domain=True), f"clarifai.com.{name}", port)


@pytest.mark.parametrize(
    ("url", "host", "port", "is_taken"),
    [
        ("https://api.example", "api.example", 443, True),
        ("https://api.example", b"api.example", "443", True),
        ("https://api.example", "api.example", b"https", True),
        ("https://api.example", "api.example", None, True),
        ("https://api.example", "api.example", 0, True),
        ("https://api.example", "api.example", 5432, False),
        ("https://10.0.0.5:8443", "::ffff:10.0.0.5", 8443, True),
        ("https://10.0.0.5:8443", "10.0.0.6", 8443, False),
        ("https://[fe80::1]", "fe80::1%eth0", 443, True),
        ("http://localhost:8642", "::1", 8642, True),
        ("http://localhost:8642", "127.0.0.1", 8000, False),
        ("http://localhost:8642", "localhost", None, False),
        ("https://api.example", None, 443, False),
    ],
)
def test_a_host_and_a_port_are_compared_in_their_plain_form(
    url: str, host: object, port: object, is_taken: bool
) -> None:
    assert bool(caught(Target.of_url(url), host, port)) == is_taken


def caught(target: Target, host: object, port: object) -> list[Connection]:
    """Return what a watch over a target sees of a look-up, which then ends."""
    seen: list[Connection] = []
    with watched(lambda: [target], seen.append):
        sys.audit("socket.getaddrinfo", host, port, 0, 0, 0)
    return seen
