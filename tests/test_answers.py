"""From status, headers and bytes to an answer or an error, whatever came."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import Annotation, Concept, FrameInfo, GeoPoint, Span, StatusCode, TimeInfo, positive
from clarifai_http_annotations._secret import Secret
from clarifai_http_annotations._wire.answers import Answer, RawAnswer, parse_answer, read_model, retry_after
from clarifai_http_annotations.errors import (
    APIStatusError,
    ClarifaiError,
    InternalServerError,
    InvalidResponseError,
)

PAT = "0123456789abcdef0123456789abcdef"
REFUSALS = json.loads((Path(__file__).parent / "samples/answers/refusals.json").read_text("utf-8"))
HTML = b"<html><head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>"
ANNOTATION = Annotation.of("in-1", positive("tree"), id="a-1")
SUCCESS: dict[str, Any] = {"status": {"code": 10000, "description": "Ok", "req_id": "r-1"}}


def parse(status: int, body: Any, headers: dict[str, str] | None = None, *, per_item: bool = False) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_answer(RawAnswer(status, headers or {}, content), per_item=per_item, redact=Secret(PAT).redact)


def refusal(status: int, body: Any, headers: dict[str, str] | None = None) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        parse(status, body, headers)
    return caught.value


# --- success -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 202, 207])
@pytest.mark.parametrize("code", [10000, "10000", "SUCCESS", 10070, "ACCEPTED"])
def test_success_is_an_answer(status: int, code: object) -> None:
    answer = parse(status, {"status": {"code": code, "req_id": "r-1"}, "outputs": []})
    assert (answer.status_code, answer.request_id, answer.tree["outputs"]) == (status, "r-1", [])
    assert answer.code in (StatusCode.SUCCESS, StatusCode.ACCEPTED)


def test_an_answer_may_begin_with_a_byte_order_mark() -> None:
    assert parse(200, b"\xef\xbb\xbf" + json.dumps(SUCCESS).encode()).code is StatusCode.SUCCESS


@pytest.mark.parametrize(("status", "code"), [(207, 10010), (400, 10020), (400, "FAILURE")])
def test_annotations_with_a_status_each_are_an_answer_to_a_create(status: int, code: object) -> None:
    tree = {"status": {"code": code}, "annotations": [{"status": {"code": 24155}}]}
    assert parse(status, tree, per_item=True).tree == tree


@pytest.mark.parametrize("annotations", [[], None, "text", [1, "a"], [{"id": "a"}], [{"status": None}]], ids=repr)
def test_a_failure_that_tells_nothing_of_the_annotations_is_an_error(annotations: object) -> None:
    with pytest.raises(APIStatusError):
        parse(400, {"status": {"code": 10020}, "annotations": annotations}, per_item=True)


def test_a_mixed_answer_is_an_error_where_nobody_asked_for_several() -> None:
    assert refusal(207, {"status": {"code": 10010}, "annotations": [{"status": {"code": 24155}}]}).code == 10010


# --- no ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [pytest.param(sample, id=sample["name"]) for sample in REFUSALS])
def test_a_refusal_is_read_as_the_sample_says(sample: dict[str, Any]) -> None:
    error = refusal(sample["http"], sample["answer"])
    expected = {"status_code": sample["http"], **sample["error"]}
    assert {
        "class": type(error).__name__,
        **{key: getattr(error, key) for key in expected if key != "class"},
    } == expected


@pytest.mark.parametrize("text", ["RPC_REQUEST_QUEUE_FULL", "RPC_SERVER_UNAVAILABLE", "RPC_MAX_MESSAGE_SIZE_EXCEEDED"])
def test_a_code_means_the_same_as_a_name_and_as_a_number(text: str) -> None:
    number = {"RPC_REQUEST_QUEUE_FULL": 40030, "RPC_SERVER_UNAVAILABLE": 40031, "RPC_MAX_MESSAGE_SIZE_EXCEEDED": 40033}
    by_name, by_number = (refusal(200, {"status": {"code": code}}) for code in (text, number[text]))
    assert (type(by_name), by_name.code) == (type(by_number), by_number.code)


@pytest.mark.parametrize(
    ("body", "said"),
    [(HTML, "502 Bad Gateway"), (b"", "an empty body"), (b" \n", "an empty body"), (b'{"status": {"co', '{"status"')]
    + [(b"\xff\xfe\x00garbage", "garbage"), (b"null", "null"), (b'{"status": NaN}', "NaN"), (b"[" * 100_000, "[[[")],
    ids=["html", "empty", "blank", "half", "no text", "null", "NaN", "deep"],
)
def test_an_error_that_cannot_be_read_is_one_of_its_http_status(body: bytes, said: str) -> None:
    error = refusal(502, body)
    assert type(error) is InternalServerError
    assert error.code is None
    assert said in str(error)
    assert len(str(error)) < 400
    assert error.body is None or len(error.body) <= 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [(HTML, "no JSON"), (b"", "empty"), (b'{"status": {"co', "no JSON"), (b"[]", "no object"), (b"3", "no object")]
    + [(b"{}", "no status"), (b'{"status": {}}', "no status"), (b'{"status": []}', "no status")]
    + [(b'{"status": {"code": true}}', "no status"), (b'{"status": {"code": 1e4}}', "no status")]
    + [(b'{"status": {"code": 10000}, "x": NaN}', "no JSON"), (b'{"x":' * 100_000, "nested too deep")]
    + [(b'{"status": {"code": 1' + b"0" * 5000 + b"}}", "no JSON")],
)
def test_success_that_cannot_be_read_is_no_answer(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidResponseError, match=reason) as caught:
        parse(200, body)
    assert caught.value.status_code == 200
    assert "base_url=" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("location", ["https://elsewhere.example/v2", None])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_says_where_to_and_that_nobody_went_there(status: int, location: str | None) -> None:
    error = refusal(status, b"", {} if location is None else {"location": location})
    assert repr(location or "nowhere") in str(error)
    assert "not followed" in str(error)


ODD_HEADERS = [("x-é".encode(), b"a"), (b"x-odd", b"\xe5"), (b"retry-after", b"7")]


def test_headers_that_are_no_text_do_not_matter(connect: Any) -> None:
    with pytest.raises(APIStatusError, match="HTTP 404") as caught:
        connect(lambda _: httpx.Response(404, headers=ODD_HEADERS)).get("a-1", input_id="in-1")
    assert caught.value.retry_after == 7.0


def test_headers_that_are_no_text_do_not_matter_to_a_hook_either(kind: str, connect: Any) -> None:
    def refuse(response: httpx.Response) -> None:
        response.raise_for_status()

    async def refuse_later(response: httpx.Response) -> None:
        response.raise_for_status()

    cls, hook = (httpx.Client, refuse) if kind == "sync" else (httpx.AsyncClient, refuse_later)
    transport = httpx.MockTransport(lambda _: httpx.Response(404, headers=ODD_HEADERS))
    client = connect(http_client=cls(transport=transport, event_hooks={"response": [hook]}))
    with pytest.raises(APIStatusError, match="HTTP 404") as caught:
        client.get("a-1", input_id="in-1")
    assert caught.value.retry_after == 7.0


# --- Retry-After ---------------------------------------------------------------------------------

NOW = 784111767.0  # Sun, 06 Nov 1994 08:49:27 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), (" 0.5 ", 0.5), ("0", 0.0), ("-3", 0.0), ("1e9", 1e9)]
    + [("Sun, 06 Nov 1994 08:49:37 GMT", 10.0), ("Sun, 06 Nov 1994 08:49:17 GMT", 0.0)]
    + [("Sunday, 06-Nov-94 08:49:37 GMT", 10.0), ("Sun Nov  6 08:49:37 1994", 10.0)]
    + [("", None), ("soon", None), ("nan", None), ("inf", None), ("1e999", None), ("7, 8", None)]
    + [("Sun, 99 Nov 1994 08:49:37 GMT", None), ("Sun, 06 Nov 99999999999 08:49:37 GMT", None)],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_retry_after_is_seconds_or_a_date(
    text: str, seconds: float | None, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after({"retry-after": text}, NOW) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_date_counts_from_the_clock_of_the_server() -> None:
    headers = {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:32 GMT"}
    assert retry_after(headers, now=0.0) == 5.0


def test_a_date_counts_from_here_if_the_clock_of_the_server_says_nothing() -> None:
    assert retry_after({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "now"}, NOW) == 10.0


@given(st.text() | st.text(alphabet="0123456789 :-+.,;GMTadJnSuFeb"), st.none() | st.text(alphabet="0123456789 :GMT"))
def test_retry_after_is_never_below_zero_and_never_fails(text: str, date: str | None) -> None:
    seconds = retry_after({"retry-after": text} | ({} if date is None else {"date": date}), NOW)
    assert seconds is None or 0.0 <= seconds < float("inf")


def test_any_refusal_keeps_what_the_server_asked_to_wait() -> None:
    assert refusal(503, HTML, {"retry-after": "7"}).retry_after == 7.0


# --- the key -------------------------------------------------------------------------------------

ESCAPED = "".join(f"\\u{ord(character):04x}" for character in PAT)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"status": {"code": 11008, "description": f"bad key {PAT}"}}, id="description"),
        pytest.param({"status": {"code": 11008, "details": f"bad key {PAT}"}}, id="details"),
        pytest.param({"status": {"code": 11008}, "echo": [{PAT: PAT}]}, id="body"),
        pytest.param({"status": {"code": PAT}}, id="code"),
        pytest.param({"status": {"code": 11008, "req_id": PAT}}, id="request id"),
        pytest.param({"message": f"bad key {PAT}"}, id="gateway"),
        pytest.param(f"<p>{PAT}".encode(), id="html"),
        # cut off in the middle of the key, it would not be found any more
        pytest.param(b" " * 1585 + PAT.encode(), id="at the edge of the excerpt"),
        pytest.param(f'{{"status": {{"code": 11008}}, "echo": "{ESCAPED}"}}'.encode(), id="escaped"),
        pytest.param(json.dumps({"status": {"code": 1}, "echo": PAT}).encode("utf-16-le"), id="utf-16"),
    ],
)
def test_a_key_that_the_server_repeats_is_in_no_error(status: int, body: Any) -> None:
    with pytest.raises(ClarifaiError) as caught:
        parse(status, body)
    shown = str(caught.value) + repr(vars(caught.value))
    assert PAT not in shown
    assert PAT[:12] not in shown


@pytest.mark.parametrize("said", [PAT, [PAT], {PAT: 1}], ids=["text", "list", "object"])
@pytest.mark.parametrize(
    ("model", "tree"),
    [
        (FrameInfo, lambda said: {"time": said}),
        (FrameInfo, lambda said: {"number": said}),
        (TimeInfo, lambda said: {"begin_time": said, "end_time": 1}),
        (GeoPoint, lambda said: {"longitude": said}),
        (Span, lambda said: {"char_start": said}),
        (Concept, lambda said: {"id": "tree", "value": said}),
    ],
)
def test_a_key_where_a_number_should_be_is_in_no_error(model: Any, tree: Any, said: Any) -> None:
    with pytest.raises(InvalidResponseError) as caught:
        read_model(Answer(200, 10000, None, {}), tree(said), "it", model)
    assert PAT not in str(caught.value)


def test_a_whole_number_as_text_that_is_all_digits_is_not_repeated() -> None:
    with pytest.raises(InvalidResponseError) as caught:
        read_model(Answer(200, 10000, None, {}), {"time": "9" * 40}, "it", FrameInfo)
    assert "it.time: Value error, must be a whole number of 64 bits" in str(caught.value)
    assert "9" * 40 not in str(caught.value)


def test_a_key_in_a_redirect_is_in_no_error() -> None:
    assert PAT not in str(refusal(302, b"", {"location": f"https://elsewhere.example/?key={PAT}"}))


@pytest.mark.parametrize(
    ("whole", "item"),
    [
        pytest.param({"code": 10020, "req_id": PAT}, {"code": 24155}, id="of the request"),
        pytest.param(
            {"code": 10020}, dict.fromkeys(("code", "description", "details", "req_id"), PAT), id="of its own"
        ),
    ],
)
def test_a_key_in_the_status_of_one_annotation_is_in_no_error(whole: Any, item: Any, connect: Any) -> None:
    answer = {"status": whole, "annotations": [{"id": "a-1", "input_id": "in-1", "status": item}]}
    with pytest.raises(APIStatusError) as caught:
        connect(lambda _: httpx.Response(400, json=answer)).create(ANNOTATION)
    assert PAT not in str(caught.value) + repr(vars(caught.value))
