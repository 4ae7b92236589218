"""Every fault of the catalogue is what it says, without a socket and on one, for both clients."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    InvalidResponseError,
    PartialFailureError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    positive,
)
from clarifai_http_annotations.testing import Emulator, Fault, Faults, serve

APP = "/v2/users/me/apps/app"
KEY = {"authorization": "Key some-key"}

Tree = dict[str, Any]

# What a client raises that does not try again, and how many of four annotations are stored then.
EXPECTED: dict[str, tuple[type[Exception] | None, int]] = {
    "never_sent": (APIConnectionError, 0),
    "reset_after": (APIConnectionError, 4),
    "closed_after": (APIConnectionError, 4),
    "silent_after": (APITimeoutError, 4),
    "truncated_after": (APIConnectionError, 4),
    "garbage_after": (APIConnectionError, 4),
    "drip_after": (APITimeoutError, 4),
    "empty_after": (InvalidResponseError, 4),
    "html_200_after": (InvalidResponseError, 4),
    "html_502_after": (InternalServerError, 4),
    "http_500_after": (InternalServerError, 4),
    "http_502_after": (InternalServerError, 4),
    "http_503_after": (InternalServerError, 4),
    "http_504_after": (InternalServerError, 4),
    "reset_before": (APIConnectionError, 0),
    "closed_before": (APIConnectionError, 0),
    "silent_before": (APITimeoutError, 0),
    "html_502_before": (InternalServerError, 0),
    "http_500_before": (InternalServerError, 0),
    "http_502_before": (InternalServerError, 0),
    "http_503_before": (InternalServerError, 0),
    "http_504_before": (InternalServerError, 0),
    "throttled_429": (RateLimitError, 0),
    "throttled_429_retry_after": (RateLimitError, 0),
    "throttled_200": (RateLimitError, 0),
    "throttled_200_retry_after": (RateLimitError, 0),
    "items_throttled": (PartialFailureError, 2),
    "items_internal": (PartialFailureError, 2),
    "items_internal_after": (None, 4),  # the client asked what became of them
    "batch_failed": (BadRequestError, 0),
    "batch_failed_items": (PartialFailureError, 0),
    "batch_invalid": (BadRequestError, 0),
    "batch_invalid_items": (BadRequestError, 0),
    "key_unknown": (AuthenticationError, 0),
    "limits_exceeded": (PaymentRequiredError, 0),
    "scopes_insufficient": (PermissionDeniedError, 0),
}
ERRORS_OF_HTTPX = {
    "never_sent": httpx.ConnectError,
    "reset_after": httpx.ReadError,
    "closed_after": httpx.RemoteProtocolError,
    "silent_after": httpx.ReadTimeout,
    "truncated_after": httpx.RemoteProtocolError,
    "garbage_after": httpx.RemoteProtocolError,
    "drip_after": httpx.ReadTimeout,
}


@pytest.fixture(params=["in process", "on a socket"])
def dial(request: pytest.FixtureRequest, connect: Any) -> Iterator[Callable[..., Any]]:
    """Return a function from an emulator to a client of it that does not try again."""
    with ExitStack() as stack:

        def make(emulator: Emulator) -> Any:
            if request.param == "in process":
                return connect(emulator, max_retries=0)
            client = connect(base_url=stack.enter_context(serve(emulator)).url, max_retries=0)
            del getattr(client, "inner", client)._clock  # a real timeout by the real time
            return client

        yield make


def four() -> list[Annotation]:
    return [Annotation.of("in-1", positive(name), id=name) for name in "abcd"]


def create(client: Any) -> Exception | None:
    """Create four annotations; return the error, if one comes."""
    try:
        client.create(four(), timeout=0.2)
    except Exception as error:  # noqa: BLE001 # whichever it is, it is looked at
        return error
    return None


def post(emulator: Emulator, names: str, method: str = "POST", path: str = "annotations", **body: Any) -> Tree:
    """Send what a hand-written program would send; return the answer with its HTTP status under ``http``."""
    trees = [{"id": name, "input_id": "in-1", "data": {"concepts": [{"id": "tree", "value": 0}]}} for name in names]
    content = json.dumps({"annotations": trees, **body}).encode()
    response = emulator(httpx.Request(method, f"http://localhost{APP}/{path}", content=content, headers=KEY))
    return {**response.json(), "http": response.status_code, "headers": response.headers}


def ids(emulator: Emulator) -> str:
    return "".join(stored["id"] for stored in emulator.annotations)


def names_met(faults: Faults) -> list[str | None]:
    return [fault.name if fault else None for fault in faults.met]


# --- the catalogue -------------------------------------------------------------------------------


def test_what_is_expected_is_said_of_every_fault() -> None:
    assert list(EXPECTED) == [fault.name for fault in Fault.catalogue()]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fault_is_to_the_client_what_it_says_and_executed_if_it_says_so(dial: Any, name: str) -> None:
    emulator = Emulator(faults=Faults([name], methods=["POST"]))
    error = create(dial(emulator))
    expected, stored = EXPECTED[name]
    assert type(error) is (expected or type(None)), error
    assert len(emulator.annotations) == stored
    assert all(times == 1 for times in emulator.stored_times.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_after_a_fault_the_next_request_succeeds(dial: Any, name: str) -> None:
    emulator = Emulator(faults=Faults([name], methods=["POST"]))
    client = dial(emulator)
    create(client)
    client.with_options(max_retries=4).create(Annotation.of("in-1", positive("x"), id="x"))
    assert "x" in ids(emulator)


@pytest.mark.parametrize("name", ERRORS_OF_HTTPX)
def test_a_broken_connection_is_the_error_of_httpx_that_a_socket_leads_to(name: str) -> None:
    emulator = Emulator(faults=[name, name])
    request = httpx.Request("GET", f"http://localhost{APP}/annotations", headers=KEY)
    with pytest.raises(ERRORS_OF_HTTPX[name]) as raised:
        emulator(request)
    assert type(raised.value) is ERRORS_OF_HTTPX[name]
    assert raised.value.request is request
    with serve(emulator) as server, httpx.Client(timeout=0.2) as http:
        on_a_socket = httpx.ReadError if name == "never_sent" else ERRORS_OF_HTTPX[name]
        if name == "drip_after":  # no read takes long: this client would read for ever
            with http.stream("GET", server.url + request.url.path, headers=KEY) as response:
                assert [next(response.iter_raw()), response.status_code] == [b" ", 200]
        else:
            with pytest.raises(on_a_socket):
                http.get(server.url + request.url.path, headers=KEY)


def test_what_was_never_sent_was_not_received() -> None:
    emulator = Emulator(faults=["never_sent", "reset_before"])
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            post(emulator, "a")
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("name", ["throttled_429", "throttled_200"])
def test_a_throttled_request_says_how_long_to_wait_or_does_not(dial: Any, name: str) -> None:
    emulator = Emulator(faults=[name, f"{name}_retry_after", replace(Fault.named(name), retry_after=0.25)])
    client = dial(emulator)
    errors = [create(client) for _ in range(3)]
    assert all(isinstance(error, RateLimitError) and error.code == 11005 for error in errors)
    assert [error.retry_after for error in errors if isinstance(error, RateLimitError)] == [None, 1.0, 0.25]


@pytest.mark.parametrize(
    ("name", "http_status", "code", "items"),
    [
        ("batch_failed", 400, 10020, []),
        ("batch_failed_items", 400, 10020, [99009, 99009]),
        ("batch_invalid", 400, 11102, []),
        ("batch_invalid_items", 400, 11102, [24155, 24155]),
        ("http_503_after", 503, 40031, []),
        ("key_unknown", 401, 11009, []),
    ],
)
def test_a_refusal_has_its_codes_and_item_statuses(name: str, http_status: int, code: int, items: list[int]) -> None:
    answer = post(Emulator(faults=[name]), "ab")
    assert (answer["http"], answer["status"]["code"]) == (http_status, code)
    assert [item["status"]["code"] for item in answer["annotations"]] == items
    assert name in answer["status"]["details"]


# --- some items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "is_stored"),
    [("items_throttled", 11005, False), ("items_internal", 99009, False), ("items_internal_after", 99009, True)],
)
def test_some_items_are_refused_and_the_others_stored_in_the_order_asked(name: str, code: int, is_stored: bool) -> None:
    emulator = Emulator(faults=[name])
    answer = post(emulator, "abcdefgh")
    assert (answer["http"], answer["status"]["code"]) == (207, 10010)
    assert "".join(item["id"] for item in answer["annotations"]) == "abcdefgh"
    refused = {item["id"] for item in answer["annotations"] if item["status"]["code"] == code}
    assert 1 <= len(refused) <= 4
    stored = set(ids(emulator))
    assert stored == (set("abcdefgh") if is_stored else set("abcdefgh") - refused)
    assert all(item["status"]["code"] in (code, 24150) for item in answer["annotations"])


@pytest.mark.parametrize("name", ["items_throttled", "items_internal_after"])
def test_the_only_item_of_a_request_is_the_one_that_is_refused(name: str) -> None:
    emulator = Emulator(faults=[name])
    answer = post(emulator, "a")
    assert (answer["http"], answer["status"]["code"], len(answer["annotations"])) == (400, 10020, 1)
    assert ids(emulator) == ("a" if name.endswith("after") else "")


def test_an_item_that_the_emulator_itself_refuses_stays_refused() -> None:
    emulator = Emulator(faults=[None, "items_throttled"])
    post(emulator, "abcdefgh")
    answer = post(emulator, "abcdefgh")
    assert (answer["http"], answer["status"]["code"]) == (400, 10020)
    assert {item["status"]["code"] for item in answer["annotations"]} == {11005, 40010}


def test_a_batch_that_is_refused_as_a_whole_is_answered_so() -> None:
    answer = post(Emulator(faults=["items_throttled"], poison=lambda tree: True), "ab")
    assert (answer["http"], answer["status"]["code"], answer["annotations"]) == (400, 10020, [])


def test_items_of_a_patch_are_refused_as_those_of_a_post() -> None:
    emulator = Emulator(faults=[None, "items_throttled"])
    post(emulator, "ab")
    answer = post(emulator, "ab", "PATCH", action="merge")
    assert sorted(item["status"]["code"] for item in answer["annotations"]) == [11005, 24150]


def test_a_request_without_annotations_has_no_items_to_refuse() -> None:
    emulator = Emulator(faults=itertools.repeat("items_throttled"))
    assert post(emulator, "", path="annotations/searches", searches=[{"query": {}}])["http"] == 200
    listed = emulator(httpx.Request("GET", f"http://localhost{APP}/annotations", headers=KEY))
    assert listed.json()["status"]["code"] == 10000


def test_which_items_are_refused_is_the_seeds() -> None:
    def refused(seed: int) -> list[int]:
        emulator = Emulator(faults=Faults(itertools.repeat("items_throttled"), seed=seed))
        answers = [post(emulator, "abcdefgh", path="annotations") for _ in range(3)]
        return [item["status"]["code"] for answer in answers for item in answer["annotations"]]

    assert refused(1) == refused(1)
    assert refused(1) != refused(2)


# --- schedules -----------------------------------------------------------------------------------


def test_a_script_is_one_fault_a_request_and_then_none() -> None:
    emulator = Emulator(faults=["http_503_before", None, Fault.named("throttled_429")])
    assert [post(emulator, name)["http"] for name in "abcde"] == [503, 200, 429, 200, 200]
    assert names_met(emulator.faults) == ["http_503_before", None, "throttled_429", None, None]


def test_a_script_may_be_for_some_methods_only() -> None:
    emulator = Emulator(faults=Faults(["http_503_before"], methods=["POST"]))
    assert post(emulator, "a", "PATCH", action="merge")["http"] != 503
    assert post(emulator, "a")["http"] == 503


def test_a_script_may_be_endless_and_change_its_mind() -> None:
    is_down = True

    def outage() -> Iterator[Fault | None]:
        while True:
            yield Fault.named("http_503_before") if is_down else None

    emulator = Emulator(faults=outage())
    assert {post(emulator, "a")["http"] for _ in range(5)} == {503}
    is_down = False
    assert post(emulator, "a")["http"] == 200


def test_a_seed_gives_the_same_faults_and_another_gives_others() -> None:
    def met(seed: int) -> list[str | None]:
        faults = Faults.seeded(seed)
        for _ in range(200):
            faults.next("POST")
        return names_met(faults)

    assert met(1) == met(1)
    assert met(1) != met(2)
    assert 0.2 < sum(name is not None for name in met(1)) / 200 < 0.4


def test_chance_offers_by_default_what_may_pass_and_otherwise_what_is_named() -> None:
    faults = Faults.seeded(0, share=1)
    assert {fault.name for _ in range(2000) if (fault := faults.next("POST"))} == {
        fault.name for fault in Fault.catalogue() if not fault.final
    }
    named = Faults.seeded(0, share=1, kinds=["silent_after", Fault.named("key_unknown")], methods=["POST"])
    assert {fault.name for _ in range(100) if (fault := named.next("POST"))} == {"silent_after", "key_unknown"}
    assert named.next("GET") is None


def test_threads_that_share_faults_meet_as_many_of_each_as_one_alone() -> None:
    def met(threads: int) -> list[str | None]:
        emulator = Emulator(faults=Faults.seeded(5, kinds=["http_503_before", "throttled_429"]))

        def work() -> None:
            for _ in range(40 // threads):
                post(emulator, "a")

        started = [threading.Thread(target=work) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return names_met(emulator.faults)

    assert met(4) == met(1)


def test_a_fault_of_ones_own_is_met_like_those_of_the_catalogue() -> None:
    teapot = Fault(name="teapot", http_status=418, text="short and stout")
    emulator = Emulator(faults=[teapot, Fault(name="half", connection="truncated")])
    response = emulator(httpx.Request("GET", f"http://localhost{APP}/annotations", headers=KEY))
    assert (response.status_code, response.text) == (418, "short and stout")
    with pytest.raises(httpx.RemoteProtocolError):
        post(emulator, "a")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: Fault.named("reset"), id="no such fault"),
        pytest.param(lambda: Faults(["reset"]), id="no such fault in a script"),
        pytest.param(lambda: Emulator(faults="reset_after"), id="a text for a script"),
        pytest.param(lambda: Faults.seeded(1, kinds=["reset"]), id="no such fault by chance"),
        pytest.param(lambda: Faults.seeded(1, kinds=[]), id="no fault by chance"),
        pytest.param(lambda: Faults.seeded(1, share=1.5), id="more likely than certain"),
        pytest.param(lambda: Fault(name="nothing"), id="nothing happens"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_when_it_is_named(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"reset_after|at least one|from 0 to 1|needs a connection"):
        wrong()
