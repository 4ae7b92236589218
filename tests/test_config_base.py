"""base_url: its plain form, and what is refused because it is no URL or would show the key."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from clarifai_http_annotations import ConfigurationError
from clarifai_http_annotations.config import check_base_url


@pytest.mark.parametrize(
    ("given", "base", "is_loopback"),
    [
        ("https://api.clarifai.com", "https://api.clarifai.com", False),
        ("https://api.clarifai.com/", "https://api.clarifai.com", False),
        ("https://api.clarifai.com/v2", "https://api.clarifai.com", False),
        ("https://api.clarifai.com/v2/", "https://api.clarifai.com", False),
        ("https://api.clarifai.com/v2beta", "https://api.clarifai.com/v2beta", False),
        ("https://host/prefix/v2", "https://host/prefix", False),
        ("https://host/prefix/", "https://host/prefix", False),
        ("api.clarifai.com", "https://api.clarifai.com", False),
        ("api.clarifai.com:443/v2", "https://api.clarifai.com:443", False),
        ("  https://host\n", "https://host", False),
        ("HTTPS://Host", "https://Host", False),
        ("http://localhost:8000", "http://localhost:8000", True),
        ("http://LOCALHOST", "http://LOCALHOST", True),
        ("localhost:8000", "https://localhost:8000", True),
        ("http://127.0.0.1:8000/v2", "http://127.0.0.1:8000", True),
        ("http://127.8.9.1", "http://127.8.9.1", True),
        ("http://[::1]:8000", "http://[::1]:8000", True),
        ("https://[2001:db8::1]", "https://[2001:db8::1]", False),
    ],
)
def test_a_base_is_put_into_its_plain_form(given: str, base: str, is_loopback: bool) -> None:
    assert check_base_url(given) == (base, is_loopback)


@pytest.mark.parametrize(
    "given",
    [
        "http://api.clarifai.com",
        "HTTP://api.clarifai.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[2001:db8::1]",
    ],
)
def test_a_base_in_clear_text_is_refused_unless_it_is_this_machine(given: str) -> None:
    with pytest.raises(ConfigurationError, match="clear text"):
        check_base_url(given)


@pytest.mark.parametrize(
    "given",
    [
        "https://host:port",
        "https://host:99999",
        "https://host:-1",
        "https://[::1",
        "https://häuser.example",
        "https://",
        "https:///path",
        " ",
        "ftp://host",
        "file:///etc/passwd",
        "https://host?a=b",
        "https://host#a",
        "https://ho\nst",
        "https://ho st",
        "https://host\\evil.example",
        "https://host%2fevil.example",
        "http:host",
        b"https://host",
        5,
    ],
    ids=repr,
)
def test_a_base_that_is_no_url_is_refused_when_the_client_is_made(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        check_base_url(given)


@pytest.mark.parametrize(
    "given", ["https://ada:s3cret@host", "https://s3cret@host", "ftp://:s3cret@host", "https://ada:s3cret@host:bad"]
)
def test_a_base_with_a_user_or_a_password_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        check_base_url(given)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("base", ["https://host", "http://localhost:8000/a/b", "http://[::1]:8"])
def test_requests_go_to_the_base_and_its_prefix(connect: Any, base: str) -> None:
    urls: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        urls.append(request.url)
        return httpx.Response(200, json={"status": {"code": 10000}})

    connect(handler, base_url=base).delete("a", input_id="b")
    assert str(urls[0]) == f"{base}/v2/users/me/apps/app/inputs/b/annotations/a"
