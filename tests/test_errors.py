"""The tree of errors, what each of them says, and that they travel."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import Annotation, errors, negative, positive
from clarifai_http_annotations._wire.refusals import status_error_class
from clarifai_http_annotations.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BadRequestError,
    ClarifaiError,
    ConflictError,
    Failure,
    InvalidRequestError,
    NotFoundError,
    PartialFailureError,
    RateLimitError,
)

THROTTLED = {
    "status": {
        "code": 11005,
        "description": "Making too many requests",
        "details": "exceeded limit of 15 requests per second",
        "req_id": "c0ffee",
    }
}


def family(cls: type[ClarifaiError]) -> Iterator[type[ClarifaiError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from family(child)


CLASSES = list(family(ClarifaiError))
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def error_of(call: Callable[[], Any]) -> Any:
    with pytest.raises(ClarifaiError) as caught:
        call()
    return caught.value


# --- the tree ------------------------------------------------------------------------------------


def drawn_tree(text: str) -> list[tuple[str, str | None, str | None]]:
    """Read (name, parent, the built-in class beside the name) from the drawing in a docstring."""
    drawn, above = [], list[str]()
    for line in text[text.index("ClarifaiError") :].partition("\n\n")[0].splitlines():
        found = re.fullmatch(r"([│├└─ ]*)(\w+)(?: \((\w+)\))?(?: .*)?", line)
        assert found, line
        depth = len(found[1]) // 4
        drawn.append((found[2], above[depth - 1] if depth else None, found[3]))
        above = [*above[:depth], found[2]]
    return drawn


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    real = []
    for cls in CLASSES:
        parents = [base.__name__ for base in cls.__bases__]
        parent = next((name for name in parents if name in vars(errors)), None)
        real.append(
            (cls.__name__, parent, next((name for name in parents if name in ("ValueError", "RuntimeError")), None))
        )
    assert sorted(drawn_tree(inspect.getdoc(errors) or "")) == sorted(real)


def test_no_answer_and_an_answer_that_says_no_are_unrelated() -> None:
    assert set(family(APIConnectionError)).isdisjoint(family(APIStatusError))


# --- from an answer to its class -----------------------------------------------------------------

HTTP = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "PaymentRequiredError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    413: "RequestTooLargeError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}

CODES = {
    "AuthenticationError": [11000, 11001, 11002, 11008, 11009, 11200],
    "PaymentRequiredError": [11004, 11006, 69000, 69001],
    "PermissionDeniedError": [11007, 11104, 24156, 30103],
    "NotFoundError": [11101, 30102],
    "ConflictError": [30100, 40010],
    "RequestTooLargeError": [40033],
    "RateLimitError": [10030, 11003, 11005, 40030],
    "BadRequestError": [11100, 11103, 11105, 24152, 24154, 24155, 24252, 24900, 24901, 24902, 30104]
    + [40002, 40003, 40017, 40050, 43004],
    "InternalServerError": [10040, 39997, 39998, 40011, 40013, 40015, 40016, 40031, 40032, 40034, 40035, 43001]
    + [*range(41000, 41012), *range(98004, 98022), 99004, 99009],
}

SAY_TOO_LITTLE = [10020, 10050, 11102, 30001, 30002, 30003]


@pytest.mark.parametrize("status", range(400, 600))
def test_every_http_error_has_a_class(status: int) -> None:
    expected = HTTP.get(status, "InternalServerError" if status >= 500 else "APIStatusError")
    assert status_error_class(status, None).__name__ == expected


@pytest.mark.parametrize(
    ("code", "expected"), [pytest.param(code, name, id=f"{code}") for name, codes in CODES.items() for code in codes]
)
def test_a_code_decides_before_the_http_status(code: int, expected: str) -> None:
    assert {status_error_class(status, code).__name__ for status in (None, 200, 400, 429, 500)} == {expected}


@pytest.mark.parametrize("code", SAY_TOO_LITTLE)
def test_where_a_code_says_too_little_the_http_status_decides(code: int) -> None:
    assert [status_error_class(status, code).__name__ for status in HTTP] == list(HTTP.values())


def test_the_error_of_one_annotation_with_an_unknown_code_is_a_bad_request() -> None:
    assert status_error_class(None, 12345) is BadRequestError


def test_an_id_that_is_taken_is_a_conflict_whatever_the_code() -> None:
    assert status_error_class(400, 40003, duplicate=True) is ConflictError


# --- what an error says --------------------------------------------------------------------------


@each_class
def test_an_error_that_was_made_of_nothing_still_says_something(cls: type[ClarifaiError]) -> None:
    assert re.search(r"\w", str(cls()))


@pytest.mark.parametrize(
    "part",
    ["get: ", "GET ", "/v2/users/me/apps/app/inputs/in-1/annotations/a-1 ", "HTTP 429", "Clarifai 11005"]
    + ["CONN_THROTTLED", "Making too many requests", "exceeded limit of 15", "(request id c0ffee)", "3 attempts"]
    + [" in 4.0 s", "Send fewer requests"],
)
def test_the_text_of_an_error_has_what_a_log_needs(part: str, connect: Any, clock: Any) -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, json=THROTTLED, headers={"retry-after": "2"})

    error = error_of(lambda: connect(busy, max_retries=2).get("a-1", input_id="in-1"))
    assert part in str(error)


def test_the_text_of_an_error_can_be_printed_whatever_the_server_said(connect: Any, caplog: Any) -> None:
    broken = b'{"status": {"code": "\\ud800", "description": "half \\udc00", "details": "a pair", "req_id": "\\ud800"}}'
    error = error_of(lambda: connect(lambda _: httpx.Response(503, content=broken), max_retries=1).list().__next__())
    assert "half ?: a pair" in str(error)
    assert (str(error) + str(error.body) + caplog.text).encode("utf-8")


def test_the_parts_of_an_error_are_attributes(connect: Any, clock: Any) -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        clock.now += 1.5
        return httpx.Response(429, json=THROTTLED, headers={"retry-after": "2"})

    error = error_of(lambda: connect(busy, max_retries=1).get("a-1", input_id="in-1"))
    assert type(error) is RateLimitError
    said = (error.operation, error.method, error.path, error.attempts, error.elapsed, error.maybe_done)
    assert said == ("get", "GET", "/v2/users/me/apps/app/inputs/in-1/annotations/a-1", 2, 5.0, False)
    answered = (error.status_code, error.code, error.code_name, error.request_id, error.retry_after)
    assert answered == (429, 11005, "CONN_THROTTLED", "c0ffee", 2.0)
    assert type(error.code) is int
    assert (error.description, error.details) == (
        "Making too many requests",
        "exceeded limit of 15 requests per second",
    )
    assert error.body == THROTTLED


def test_the_path_of_an_error_is_without_the_query(connect: Any) -> None:
    error = error_of(lambda: list(connect(lambda _: httpx.Response(403)).list(input_ids=["in-1"])))
    assert error.path == "/v2/users/me/apps/app/annotations"


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "CLARIFAI_PAT"), (402, "billing"), (403, "scopes"), (404, "app_id="), (409, "id"), (413, "fewer")]
    + [(429, "max_retries="), (500, "again"), (302, "base_url=")],
)
def test_an_answer_that_says_no_comes_with_advice(status: int, advice: str, connect: Any) -> None:
    error = error_of(lambda: connect(lambda _: httpx.Response(status), max_retries=0).get("a-1", input_id="in-1"))
    assert advice in (error.hint or "")
    assert str(error).endswith(error.hint)


def refused_certificate() -> httpx.ConnectError:
    error = httpx.ConnectError("CERTIFICATE_VERIFY_FAILED")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed")
    return error


@pytest.mark.parametrize(
    ("failure", "expected", "advice"),
    [
        pytest.param(httpx.ReadError(""), APIConnectionError, "proxy=", id="reset"),
        pytest.param(OSError(), APIConnectionError, "proxy=", id="os"),
        pytest.param(httpx.ReadTimeout(""), APITimeoutError, "timeout=", id="silence"),
        pytest.param(refused_certificate(), APIConnectionError, "verify=", id="certificate"),
    ],
)
def test_no_answer_is_named_by_its_cause_even_if_that_has_no_text(
    failure: Exception, expected: type[ClarifaiError], advice: str, connect: Any
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    error = error_of(lambda: connect(fail, max_retries=0).get("a-1", input_id="in-1"))
    assert type(error) is expected
    assert f"{type(failure).__name__}" in str(error)
    assert advice in (error.hint or "")
    assert error.__cause__ is failure


def test_a_timer_that_ran_out_is_a_timeout(connect: Any) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise TimeoutError

    error = error_of(lambda: connect(fail, max_retries=0).get("a-1", input_id="in-1"))
    assert type(error) is APITimeoutError
    assert "Timeout" in str(error)
    assert error.maybe_done


@pytest.mark.parametrize(
    ("first", "maybe_done"),
    [(500, True), (503, True), (httpx.ReadError("reset"), True), (429, False), (httpx.ConnectError("no"), False)],
    ids=["500", "503", "reset", "429", "not connected"],
)
def test_maybe_done_remembers_earlier_attempts(first: Any, maybe_done: bool, connect: Any) -> None:
    script = iter([first, 404])

    def answer(request: httpx.Request) -> httpx.Response:
        step = next(script)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step)

    error = error_of(lambda: connect(answer).get("a-1", input_id="in-1"))
    assert type(error) is NotFoundError
    assert error.maybe_done is maybe_done


@pytest.mark.parametrize(("attempts", "text"), [(1, "1 attempt in 0.0 s."), (2, "2 attempts in 0.0 s.")])
def test_attempts_are_counted_in_plain_words(attempts: int, text: str) -> None:
    error = NotFoundError("is not there")
    error.operation, error.method, error.path, error.attempts = "get", "GET", "/v2", attempts
    assert str(error) == f"get: GET /v2 is not there. {text}"


# --- some of several failed ----------------------------------------------------------------------


def partial_failure(failures: int) -> PartialFailureError:
    annotation = Annotation.of("in-1", positive("tree"), negative("water"), id="a-1")
    error = BadRequestError("was not stored")
    error.code, error.details = 24155, "input_id is required"
    failed = [Failure(index, annotation, error) for index in range(failures)]
    return PartialFailureError("some were not stored", succeeded=[annotation], failed=failed)


def test_a_partial_failure_names_the_first_five_and_counts_the_rest() -> None:
    text = str(partial_failure(7))
    assert [f"[{index}] input 'in-1': " in text for index in range(7)] == [True] * 5 + [False] * 2
    assert text.endswith("... and 2 more in .failed")
    assert "24155" in text
    assert "input_id is required" in text


def test_a_partial_failure_of_five_has_no_rest() -> None:
    assert "more in .failed" not in str(partial_failure(5))


# --- they travel ---------------------------------------------------------------------------------


def by_pickle(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


travels = pytest.mark.parametrize("carry", [by_pickle, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])


@travels
@each_class
def test_an_error_travels_with_everything_that_it_says(cls: type[ClarifaiError], carry: Callable[[Any], Any]) -> None:
    error = cls("was refused") if cls is PartialFailureError else cls("was refused", hint="Ask again.")
    for name in ("operation", "path", "code", "description", "details", "request_id", "body"):
        if hasattr(error, name):
            setattr(error, name, f"some {name}")
    error.add_note("seen by the caller")
    carried = carry(error)
    assert type(carried) is cls
    assert (str(carried), carried.args, vars(carried)) == (str(error), error.args, vars(error))
    assert carried.__notes__ == ["seen by the caller"]


@travels
def test_a_partial_failure_travels_with_its_failures(carry: Callable[[Any], Any]) -> None:
    error = partial_failure(2)
    carried = carry(error)
    assert str(carried) == str(error)
    assert carried.succeeded == error.succeeded
    assert [(f.index, f.annotation, str(f.error)) for f in carried.failed] == [
        (f.index, f.annotation, str(f.error)) for f in error.failed
    ]


@travels
def test_a_refusal_travels_with_its_problems(carry: Callable[[Any], Any]) -> None:
    error = InvalidRequestError("two problems", problems=["the first", "the second"])
    assert carry(error).problems == ("the first", "the second")


def test_an_error_of_a_real_call_travels(connect: Any) -> None:
    error = error_of(lambda: connect(lambda _: httpx.Response(403), max_retries=0).get("a-1", input_id="in-1"))
    assert (str(by_pickle(error)), vars(by_pickle(error))) == (str(error), vars(error))
