"""Where the key goes: proxies, redirects, clear text, TLS."""

from __future__ import annotations

import base64
import http.server
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import (
    APIConnectionError,
    APIStatusError,
    AsyncClient,
    Client,
    ConfigurationError,
    _proxies,
)
from clarifai_http_annotations._network import ssl_context
from clarifai_http_annotations._proxies import HOW
from clarifai_http_annotations.testing import Emulator

PAT = "0123456789abcdef0123456789abcdef"
BODY = b'{"status":{"code":10000}}'


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers any request with success and writes down what it was; so it does for the CONNECT of a proxy."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize = True, -1
    timeout = 2  # a client that stays connected does not keep the server from ending
    server: Server

    def do_DELETE(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def do_CONNECT(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.connect_headers.append(str(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        super().finish()
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.setup()  # the tunnel ends here: the proxy plays the server too

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """A server on this machine, with TLS if it is asked to; or a proxy, which is spoken to in clear text."""

    daemon_threads = False  # closing waits for them

    def __init__(self, certificate: ssl.SSLContext, *, tls: bool, is_proxy: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tls = certificate
        self.is_tls = tls and not is_proxy
        self.requests: list[str] = []
        self.connect_headers: list[str] = []
        self.port = self.server_address[1]
        self.url = f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}"

    def finish_request(self, request: Any, address: Any) -> None:
        with request:
            super().finish_request(self.tls.wrap_socket(request, server_side=True) if self.is_tls else request, address)

    def handle_error(self, request: Any, address: Any) -> None:
        pass  # a client that goes away, or does not trust our certificate


HOST = "api.clarifai.test"


@pytest.fixture(autouse=True)
def _usual_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def start(authority: trustme.CA) -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def serve(*, tls: bool = False, is_proxy: bool = False) -> Server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1", "localhost", HOST).configure_cert(context)
            server = stack.enter_context(Server(context, tls=tls, is_proxy=is_proxy))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield serve


@pytest.fixture
def host_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of the tests is this machine, without being called so."""
    resolve = socket.getaddrinfo

    def here(host: Any, *args: Any, **kwargs: Any) -> Any:
        return resolve("127.0.0.1" if host in (HOST, HOST.encode()) else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", here)


def ask(client: Any) -> None:
    """Make the call with the shortest answer."""
    client.delete("annotation", input_id="input")


# --- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any, variable: str, tls: bool, host: str
) -> None:
    server, proxy = start(tls=tls), start(is_proxy=True)
    monkeypatch.setenv(variable, proxy.url)
    verify = str(ca_file) if tls else True
    ask(connect(base_url=server.url.replace("127.0.0.1", host), verify=verify, max_retries=0))
    assert len(server.requests) == 1
    assert proxy.requests == []


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used_for_other_machines_and_never_sees_the_key(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any, variable: str
) -> None:
    proxy = start(is_proxy=True)
    monkeypatch.setenv(variable, proxy.url)
    ask(connect(base_url=f"https://{HOST}", verify=str(ca_file), max_retries=0))
    assert proxy.requests == [
        f"CONNECT {HOST}:443",
        "DELETE /v2/users/me/apps/app/inputs/input/annotations/annotation",
    ]
    assert PAT not in proxy.connect_headers[0]


@pytest.mark.usefixtures("host_is_here")
@pytest.mark.parametrize("exempt", [HOST, "clarifai.test", ".test", "*"])
def test_no_proxy_is_heeded(start: Any, connect: Any, ca_file: Path, monkeypatch: Any, exempt: str) -> None:
    server, proxy = start(tls=True), start(is_proxy=True)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", exempt)
    ask(connect(base_url=f"https://{HOST}:{server.port}", verify=str(ca_file), max_retries=0))
    assert len(server.requests) == 1
    assert proxy.requests == []


@pytest.mark.parametrize("make", [str, httpx.URL, httpx.Proxy], ids=["text", "URL", "Proxy"])
def test_a_proxy_argument_is_used_even_for_this_machine(start: Any, connect: Any, make: Any) -> None:
    server, proxy = start(), start(is_proxy=True)
    ask(connect(base_url=server.url, proxy=make(proxy.url), max_retries=0))
    assert server.requests == []
    assert proxy.requests == [f"DELETE {server.url}/v2/users/me/apps/app/inputs/input/annotations/annotation"]


def test_a_proxy_argument_counts_before_the_environment(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any
) -> None:
    wrong, proxy = start(is_proxy=True), start(is_proxy=True)
    monkeypatch.setenv("HTTPS_PROXY", wrong.url)
    ask(connect(base_url=f"https://{HOST}", proxy=proxy.url, verify=str(ca_file), max_retries=0))
    assert wrong.requests == []
    assert len(proxy.requests) == 2


NO_PROXIES = [
    "ftp://127.0.0.1:1",
    "http://127.0.0.1:port",
    "http://",
    "'http://127.0.0.1:1'",
    "ftp://somebody:opensesame@127.0.0.1:1",
    "http://somebody:open#sesame@127.0.0.1:1",
    "http://somebody:open/sesame@127.0.0.1:1",
    "http://somebody:open?sesame@127.0.0.1:1",
    "http://somebody:12#opensesame@127.0.0.1:1",
    "http://somebody:12/opensesame@127.0.0.1:1",
    "http://somebody:12?opensesame@127.0.0.1:1",
    "somebody:open#sesame@127.0.0.1:1",
    "http://somebody:opensesame\udcff@127.0.0.1:1",
]


@pytest.mark.parametrize("name", ["proxy=", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("proxy", NO_PROXIES)
def test_a_proxy_that_is_none_is_refused_by_the_name_of_its_setting_and_no_part_of_it_is_said(
    connect: Any, monkeypatch: Any, proxy: str, name: str
) -> None:
    given = {"proxy": proxy} if name == "proxy=" else {}
    if not given:
        monkeypatch.setenv(name, proxy)
    with pytest.raises(ConfigurationError, match=f"^{name} is no address of a proxy") as caught:
        ask(connect(base_url=f"https://{HOST}", max_retries=0, **given))
    assert caught.value.__cause__ is caught.value.__context__ is None
    for part in ("open", "sesame", "somebody", "port:", "127"):
        assert part not in f"{caught.value} {caught.value!r}".replace(HOW, "")


@pytest.mark.parametrize("proxy", [5, b"http://127.0.0.1:1", ["http://127.0.0.1:1"], httpx.URL("http://u:12#sesame@h")])
def test_a_proxy_of_another_kind_is_refused_by_name(connect: Any, proxy: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^proxy= is no address of a proxy"):
        ask(connect(base_url=f"https://{HOST}", proxy=proxy))


@pytest.mark.parametrize("name", ["proxy=", "ALL_PROXY"])
def test_a_socks_proxy_says_what_it_needs(connect: Any, monkeypatch: Any, name: str) -> None:
    monkeypatch.setattr(_proxies, "find_spec", lambda name: None)
    proxy = "socks5://somebody:opensesame@127.0.0.1:1"
    monkeypatch.setenv("ALL_PROXY", "" if name == "proxy=" else proxy)
    with pytest.raises(
        ConfigurationError, match=rf"^{name} is a SOCKS proxy, .* pip install 'httpx\[socks\]'"
    ) as caught:
        ask(connect(base_url=f"https://{HOST}", proxy=proxy if name == "proxy=" else None))
    assert "opensesame" not in str(caught.value)


def test_a_password_that_is_escaped_reaches_the_proxy(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any
) -> None:
    proxy = start(is_proxy=True)
    monkeypatch.setenv("HTTPS_PROXY", f"http://somebody:open%23%2Fsesame@127.0.0.1:{proxy.port}")
    ask(connect(base_url=f"https://{HOST}", verify=str(ca_file), max_retries=0))
    [sent] = [line for line in proxy.connect_headers[0].splitlines() if line.lower().startswith("proxy-authorization")]
    assert base64.b64decode(sent.rpartition(" ")[2]) == b"somebody:open#/sesame"


# --- NO_PROXY ------------------------------------------------------------------------------------

UNREADABLE = ["[::1]", "fe80::/10", "host:port", "ü.example", "[fe80::1", "\udcff"]


@pytest.mark.usefixtures("host_is_here")
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("entry", UNREADABLE)
def test_an_entry_of_no_proxy_that_httpx_cannot_read_is_passed_over_and_said_once(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any, caplog: Any, variable: str, entry: str
) -> None:
    _proxies._warn.cache_clear()
    server, proxy = start(tls=True), start(is_proxy=True)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv(variable, f"localhost, {entry}, {HOST}")
    for _ in range(2):
        ask(connect(base_url=f"https://{HOST}:{server.port}", verify=str(ca_file), max_retries=0))
    assert (len(server.requests), len(proxy.requests)) == (2, 0)
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.name == "clarifai_http_annotations"
    assert warning.getMessage().startswith(f"{variable}: entry 2 cannot be read by httpx and is passed over")
    assert entry not in warning.getMessage()
    monkeypatch.setenv(variable, f"{entry},other.example")
    ask(connect(base_url=f"https://{HOST}:{server.port}", verify=str(ca_file), max_retries=0))
    assert proxy.requests[0] == f"CONNECT {HOST}:{server.port}"


@pytest.mark.usefixtures("host_is_here")
def test_no_proxy_alone_is_said_and_ends_no_call(
    start: Any, connect: Any, ca_file: Path, monkeypatch: Any, caplog: Any
) -> None:
    _proxies._warn.cache_clear()
    server = start(tls=True)
    monkeypatch.setenv("NO_PROXY", "[::1],fe80::/10")
    ask(connect(base_url=f"https://{HOST}:{server.port}", verify=str(ca_file), max_retries=0))
    assert "NO_PROXY: entry 1, 2 cannot be read" in caplog.text


def test_a_client_that_was_given_reads_the_environment_as_its_owner_made_it(
    emulator: Emulator, connect: Any, kind: str, monkeypatch: Any, caplog: Any
) -> None:
    _proxies._warn.cache_clear()
    http: Any = httpx.Client if kind == "sync" else httpx.AsyncClient
    given = http(transport=httpx.MockTransport(emulator), trust_env=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:open#sesame@h")
    monkeypatch.setenv("NO_PROXY", "[::1]")
    assert list(connect(http_client=given).list()) == []
    assert not caplog.records


hosts = st.sampled_from(
    ["a.example", ".example", "localhost", "LOCALHOST", "127.0.0.1", "10.0.0.0/8", "::1", "*.b", "h:1"]
)
entries = st.one_of(hosts, st.sampled_from(["", " ", "http://a.example", "all://b:2", "fe80::1%eth0", "x/y", "-", "*"]))
addresses = st.sampled_from(
    ["", "http://127.0.0.1:1", "proxy.example:3128", "https://u:p@proxy.example", "http://[::1]:1/"]
)


@given(st.lists(entries, max_size=4), addresses, addresses, addresses)
def test_proxies_of_the_environment_are_those_that_httpx_takes(
    exempt: list[str], http: str, https: str, every: str
) -> None:
    variables = {"NO_PROXY": ",".join(exempt), "HTTP_PROXY": http, "HTTPS_PROXY": https, "ALL_PROXY": every}
    make = partial(httpx.HTTPTransport, verify=ssl_context(False))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        ours = httpx.Client(**_proxies.proxy_arguments(None, make), trust_env=False, verify=ssl_context(False))
        theirs = httpx.Client(verify=ssl_context(False))

    def of(client: Any) -> dict[str, str | None]:
        pool_of = {at.pattern: transport and vars(transport._pool) for at, transport in client._mounts.items()}
        return {at: pool and f"{pool['_proxy_url']} {pool['_proxy_headers']}" for at, pool in pool_of.items()}

    assert of(ours) == of(theirs)


@pytest.mark.parametrize("setting", [{"proxy": "http://127.0.0.1:1"}, {"verify": False}], ids=["proxy", "verify"])
def test_what_a_transport_would_not_heed_is_refused_beside_it(
    connect: Any, emulator: Emulator, setting: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="transport"):
        connect(emulator, **setting)


# --- redirects and clear text --------------------------------------------------------------------


@pytest.mark.parametrize("injected", [False, True], ids=["own", "injected"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(connect: Any, kind: str, status: int, injected: bool) -> None:
    seen = []

    def redirects(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(status, headers={"location": "https://evil.example/"})

    settings: dict[str, Any] = {"transport": httpx.MockTransport(redirects)}
    if injected:
        http: Any = httpx.Client if kind == "sync" else httpx.AsyncClient
        settings = {"http_client": http(follow_redirects=True, transport=settings["transport"])}
    with pytest.raises(APIStatusError, match=r"a redirect to 'https://evil.example/'. .* only to base_url=") as caught:
        ask(connect(**settings))
    assert seen == ["api.clarifai.com"]
    assert caught.value.status_code == status
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "base", ["http://api.clarifai.com", "http://10.0.0.1", "http://localhost.evil.example", "http://127.0.0.1.nip.io"]
)
@pytest.mark.parametrize("variable", [False, True], ids=["argument", "environment"])
@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_clear_text_to_another_machine_is_refused(monkeypatch: Any, client: Any, base: str, variable: bool) -> None:
    given = {} if variable else {"base_url": base}
    if variable:
        monkeypatch.setenv("CLARIFAI_API_BASE", base)
    with pytest.raises(ConfigurationError, match=r"would send the key in clear text\. Use https"):
        client(pat=PAT, user_id="me", app_id="app", **given)


@pytest.mark.parametrize("base", ["http://localhost", "http://LOCALHOST:80", "http://127.0.0.9:8080", "http://[::1]:1"])
def test_clear_text_to_this_machine_is_taken(connect: Any, emulator: Emulator, base: str) -> None:
    assert list(connect(emulator, base_url=base).list()) == []


@pytest.mark.parametrize(
    "base", ["http://[::1]evil.example", "http://evil.example[::1]", "http://[::1]evil.example:80"]
)
def test_a_host_that_only_looks_like_this_machine_is_refused(connect: Any, emulator: Emulator, base: str) -> None:
    with pytest.raises(ConfigurationError):
        connect(emulator, base_url=base)


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(params=["file", "folder", "context", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def trust(request: Any, authority: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: Any) -> Any:
    """The ``verify=`` that makes a client trust the authority, or ``True`` where the environment does it."""
    way = request.param
    if way in ("folder", "SSL_CERT_DIR"):
        if not shutil.which("openssl"):
            pytest.skip("needs openssl, which names the files of a folder")
        command = ["openssl", "x509", "-subject_hash", "-noout", "-in", str(ca_file)]
        name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        shutil.copy(ca_file, tmp_path / f"{name}.0")
    if way.startswith("SSL_"):
        monkeypatch.setenv(way, str(ca_file if way == "SSL_CERT_FILE" else tmp_path))
        return True
    if way == "context":
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context
    return str(ca_file if way == "file" else tmp_path)


def test_a_private_authority_can_be_trusted(start: Any, connect: Any, trust: Any) -> None:
    server = start(tls=True)
    ask(connect(base_url=server.url, verify=trust, max_retries=0))
    assert len(server.requests) == 1


def test_verify_false_trusts_anybody(start: Any, connect: Any) -> None:
    ask(connect(base_url=start(tls=True).url, verify=False, max_retries=0))


@pytest.mark.parametrize("other", [False, True], ids=["usual authorities", "another authority"])
def test_a_certificate_that_is_not_trusted_is_an_error_at_once(
    start: Any, connect: Any, clock: Any, tmp_path: Path, other: bool
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    server = start(tls=True)
    client = connect(base_url=server.url, verify=str(tmp_path / "other.pem") if other else True)
    with pytest.raises(APIConnectionError, match=r"verify= or SSL_CERT_FILE takes the file of a private") as caught:
        ask(client)
    assert caught.value.attempts == 1
    assert not caught.value.maybe_done
    assert clock.slept == []
    assert server.requests == []


def test_a_certificate_of_another_host_is_an_error_at_once(
    start: Any, connect: Any, authority: trustme.CA, ca_file: Path
) -> None:
    server = start(tls=True)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(server.tls)
    with pytest.raises(APIConnectionError, match=r"not valid for '127\.0\.0\.1'") as caught:
        ask(connect(base_url=server.url, verify=str(ca_file)))
    assert caught.value.attempts == 1


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "empty of certificates"])
@pytest.mark.parametrize("variable", [False, True], ids=["verify", "SSL_CERT_FILE"])
def test_a_file_that_holds_no_authority_is_an_error_that_names_it(
    connect: Any, tmp_path: Path, monkeypatch: Any, content: str | None, variable: bool
) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content)
    if variable:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError, match=r"authority\.pem") as caught:
        ask(connect(base_url="https://127.0.0.1:1", verify=True if variable else str(path)))
    assert ".." not in str(caught.value).replace(str(path), "")


def test_authorities_of_another_kind_are_refused_by_name(connect: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"verify=5 cannot be used"):
        ask(connect(base_url="https://127.0.0.1:1", verify=5))


def test_a_python_without_ssl_says_what_to_give_instead(connect: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "ssl", None)
    with pytest.raises(ConfigurationError, match=r"built without ssl.*transport= or http_client="):
        ask(connect(base_url="https://127.0.0.1:1"))


def test_authorities_are_loaded_once_for_a_setting(ca_file: Path, monkeypatch: Any) -> None:
    usual = ssl_context(True)
    assert ssl_context(True) is usual
    assert ssl_context(str(ca_file)) is ssl_context(str(ca_file))
    assert ssl_context(str(ca_file)) is not usual
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    assert ssl_context(True) is not usual


def test_a_cleartext_client_of_this_machine_loads_no_authorities(start: Any, connect: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")  # would be an error if it were opened
    ask(connect(base_url=start().url, max_retries=0))
