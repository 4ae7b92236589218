"""An answer about what was not asked for is refused, and nothing more is read from its connection."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    APIConnectionError,
    Filter,
    InvalidResponseError,
    UploadReport,
    negative,
    positive,
)
from clarifai_http_annotations.testing import Emulator

Connect = Callable[..., Any]
REFUSED = "that was not asked for"


def stored(client: Any, inputs: int) -> list[Annotation]:
    made: list[Annotation] = client.create(
        [
            Annotation.of(f"in-{number}", positive("tree"), negative("water"), id=f"a-{number}")
            for number in range(inputs)
        ]
    )
    return made


def drops_the_query(emulator: Emulator) -> Callable[[httpx.Request], httpx.Response]:
    """Return a proxy that forwards no more of a URL than its path."""

    def forward(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(query=None)
        return emulator(httpx.Request(request.method, url, headers=request.headers, content=request.content))

    return forward


def answers(**said: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, json={"status": {"code": 10000}, **said})


def listed(client: Any, **filters: Any) -> Any:
    """Return what a user would give: an iterator of the client's own kind."""
    return getattr(client, "inner", client).list(**filters)


# --- behind a proxy that drops the query -----------------------------------------------------------


@pytest.mark.parametrize("filters", [{"input_ids": ["in-7"]}, {"input_ids": ["in-7"], "ids": ["a-7"]}])
def test_what_was_not_asked_for_is_not_deleted(connect: Connect, emulator: Emulator, filters: Any) -> None:
    stored(connect(emulator), 20)
    client = connect(drops_the_query(emulator), max_retries=0)
    with pytest.raises(InvalidResponseError, match=REFUSED):
        client.delete_many(listed(client, **filters))
    assert len(emulator.annotations) == 20


def test_what_is_left_of_a_deletion_is_not_told_by_another_list(connect: Connect, emulator: Emulator) -> None:
    made = stored(connect(emulator), 3)
    client = connect(drops_the_query(emulator), max_retries=0)
    with pytest.raises(APIConnectionError, match=REFUSED):
        client.delete_many([made[0], Annotation(input_id="in-9", id="gone")])  # of which nobody says which is not there
    assert len(emulator.annotations) == 3


def test_pairs_are_compared_as_pairs(connect: Connect) -> None:
    client = connect(answers(annotations=[{"input_id": "in-1", "id": "a-2"}]), max_retries=0)
    with pytest.raises(InvalidResponseError, match=REFUSED):
        list(client.list(input_ids=["in-1", "in-2"], ids=["a-1", "a-2"]))


def test_what_an_answer_does_not_name_is_not_compared(connect: Connect) -> None:
    pages = iter([[{"id": "a-1"}, {"input_id": "in-1"}], []] * 2)
    client = connect(lambda request: answers(annotations=next(pages))(request))
    assert len(list(client.list(input_ids=["in-1"]))) == 2
    assert len(list(client.list(input_ids=["in-1"], ids=["a-1"]))) == 2


def test_users_are_not_compared(connect: Connect) -> None:
    """The API takes ``me`` and answers with the name."""
    pages = iter([[{"input_id": "in-1", "id": "a-1", "user_id": "ada"}], []])
    client = connect(lambda request: answers(annotations=next(pages))(request))
    assert [annotation.user_id for annotation in client.list(user_ids=["me"])] == ["ada"]


@pytest.mark.parametrize(
    ("filters", "is_refused"),
    [
        ([Filter(input_id="in-1")], True),
        ([Filter(input_id="in-1", concept=positive("tree"))], True),
        ([{"annotation": {"input_id": "in-1"}}], True),
        ([Filter(input_id="in-2")], False),
        ([~Filter(input_id="in-1")], False),
        ([positive("tree")], False),
        ([Filter(input_id="in-1"), Filter(input_id="in-2")], False),
        ([{"annotation": {"input_id": 5}}], False),
        ([{"annotation": "in-1"}], False),
        ([{"annotation": {"input_id": "in-1", "task_id": "t"}}], False),  # what the API makes of two is not said
    ],
)
@pytest.mark.parametrize("where", ["annotation", "input"])
def test_hits_of_another_input_than_was_searched_are_refused(
    connect: Connect, filters: list[Any], is_refused: bool, where: str
) -> None:
    hit = {
        "annotation": {"id": "a", **({"input_id": "in-2"} if where == "annotation" else {})},
        "input": {"id": "in-2"},
    }
    pages = iter([[{"score": 1, **hit}], []])
    hits = connect(lambda request: answers(hits=next(pages))(request), max_retries=0).search(*filters)
    if is_refused:
        with pytest.raises(InvalidResponseError, match=REFUSED):
            next(hits)
    else:
        assert [found.annotation.id for found in hits] == ["a"]


# --- each answer -----------------------------------------------------------------------------------


SAID = [{"input_id": "in-2", "id": "a-1"}, {"input_id": "in-1", "id": "a-2"}, {"input_id": "in-2"}, {"id": "a-2"}]


@pytest.mark.parametrize(("name", "said"), [*product(["get", "set_value"], SAID), ("set_value", {})])
def test_another_annotation_than_was_asked_for_is_refused(connect: Connect, name: str, said: Any) -> None:
    """What is to be patched has to be named; elsewhere only what an answer names is compared."""
    client = connect(answers(annotation={**said, "data": {"concepts": [{"id": "tree", "value": 1}]}}), max_retries=0)
    more = {"concept_id": "tree", "value": 0} if name == "set_value" else {}
    with pytest.raises(InvalidResponseError, match=f"{name}: GET .* another annotation than was asked for"):
        getattr(client, name)("a-1", input_id="in-1", **more)


@pytest.mark.parametrize("track", [{"id": "t-1", "input_id": "in-2"}, {"id": "t-2", "input_id": "in-1"}])
@pytest.mark.parametrize(
    "call",
    [
        lambda client: list(client.list_tracks("in-1", ids="t-1")),
        lambda client: client.patch_tracks("in-1", AnnotationTrack(id="t-1", concept=positive("tree"))),
    ],
    ids=["list_tracks", "patch_tracks"],
)
def test_another_track_than_was_asked_for_is_refused(connect: Connect, call: Any, track: Any) -> None:
    with pytest.raises(InvalidResponseError, match=REFUSED):
        call(connect(answers(annotation_tracks=[track]), max_retries=0))


def test_a_track_of_another_video_than_was_asked_about_is_refused(connect: Connect) -> None:
    client = connect(answers(annotation_tracks=[{"id": "t", "input_id": "in-2"}]), max_retries=0)
    with pytest.raises(InvalidResponseError, match=REFUSED) as caught:
        client.create_tracks("in-1", AnnotationTrack(concept=positive("tree")))
    assert caught.value.maybe_done
    with pytest.raises(InvalidResponseError, match=REFUSED):
        list(client.list_tracks("in-1"))


def test_annotations_of_another_video_than_was_searched_are_refused(connect: Connect) -> None:
    client = connect(answers(annotations=[{"id": "a", "input_id": "in-2"}]), max_retries=0)
    with pytest.raises(InvalidResponseError, match=REFUSED):
        client.search_track("in-1", track_id="t")


def test_what_is_stored_is_not_told_by_an_answer_to_another_question(connect: Connect, emulator: Emulator) -> None:
    """The answer to create says nothing of it, and that to the question is about another annotation."""
    times: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        times.append(request.method)
        if request.method == "POST":
            emulator(request)
            return answers(annotations=[])(request)
        if len(times) == 2:
            return answers(annotations=[{"input_id": "in-2", "id": "b"}])(request)
        return emulator(request)

    [made] = connect(answer).create(Annotation.of("in-1", positive("tree"), id="a"))
    assert made.id == "a"
    assert times == ["POST", "GET", "GET"]


def test_an_upload_does_not_believe_an_answer_to_another_question(connect: Connect, emulator: Emulator) -> None:
    stored(connect(emulator), 2)
    questions: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            questions.append(str(request.url))
            if len(questions) == 1:
                return answers(annotations=[{"input_id": "in-9", "id": "a-9"}])(request)
        return emulator(request)

    rows = [Annotation.of(f"in-{n}", positive("tree"), negative("water"), id=f"a-{n}") for n in range(2)]
    report: UploadReport = connect(answer).upload(rows, check_existing=True)
    assert (report.already_there, report.stored, len(questions)) == (2, 0, 2)


# --- connections ---------------------------------------------------------------------------------


class Behind:
    """A server that answers the first request of its first connection with another's answer, and goes on so.

    Attributes:
        first: Sent for the first request; from then on each is answered with what the one before it asked for.
        asked: The number of the connection of each request.
    """

    def __init__(self, first: bytes) -> None:
        self.first = first
        self.asked: list[int] = []
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                self.open.append(conn)
                self.threads.append(threading.Thread(target=self.talk, args=(conn, len(self.threads) - 1), daemon=True))
                self.threads[-1].start()

    def talk(self, conn: socket.socket, number: int) -> None:
        owed = self.first if number == 0 else b""
        with conn, suppress(OSError):
            conn.settimeout(5)
            while data := read_request(conn):
                self.asked.append(number)
                name = data.split(b" ")[1].rpartition(b"/")[2]
                answer = http({"annotation": {"input_id": "in", "id": name.decode()}})
                conn.sendall(owed or answer)
                owed = answer if owed else b""

    def stop(self) -> None:
        for waiting in (self.listener, *self.open):
            with suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it
        self.listener.close()
        for thread in self.threads:
            thread.join(5)


def read_request(conn: socket.socket) -> bytes:
    """Return the head of one request, and read its body; nothing if there is none."""
    data = b""
    while b"\r\n\r\n" not in data and (piece := conn.recv(65536)):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:]).get(b"content-length", 0))
    while len(body) < length and (piece := conn.recv(65536)):
        body += piece
    return head


def http(said: Any) -> bytes:
    body = json.dumps({"status": {"code": 10000}, **said}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def behind() -> Iterator[Callable[[bytes], Behind]]:
    made: list[Behind] = []

    def make(first: bytes) -> Behind:
        made.append(Behind(first))
        return made[-1]

    yield make
    for server in made:
        server.stop()


OTHER = http({"annotation": {"input_id": "in", "id": "other"}})


@pytest.mark.parametrize("is_injected", [False, True])
def test_a_connection_that_gave_anothers_answer_is_closed(
    connect: Connect, kind: str, behind: Any, is_injected: bool
) -> None:
    server = behind(OTHER)
    http_client: Any = httpx.Client() if kind == "sync" else httpx.AsyncClient()
    injected = {"http_client": http_client} if is_injected else {}
    client = connect(base_url=server.url, max_retries=0, **injected)
    with pytest.raises(InvalidResponseError, match="another annotation than was asked for"):
        client.get("a", input_id="in")
    assert [client.get(name, input_id="in").id for name in "bc"] == ["b", "c"]
    assert server.asked == [0, 1, 1]
    if kind == "sync":
        http_client.close()
    else:
        client.runner.run(http_client.aclose())


def test_a_call_that_was_given_anothers_answer_asks_again_on_another_connection(connect: Connect, behind: Any) -> None:
    server = behind(OTHER)
    assert connect(base_url=server.url).get("a", input_id="in").id == "a"
    assert server.asked == [0, 1]


@pytest.mark.parametrize("said", [[], [{"input_id": "in", "id": "other", "status": {"code": 24150}}]])
@pytest.mark.parametrize("name", ["create", "patch", "upload"])
def test_nothing_more_is_read_after_an_answer_that_says_nothing_of_what_was_sent(
    connect: Connect, behind: Any, name: str, said: Any
) -> None:
    server = behind(http({"annotations": said}))
    client = connect(base_url=server.url, max_retries=0, deadline=1)
    with suppress(APIConnectionError):
        getattr(client, name)([Annotation.of("in", positive("tree"), id="a")], deadline=1)
    assert client.get("b", input_id="in").id == "b"
    assert server.asked.count(0) == 1


def test_an_answer_too_many_is_not_taken_for_the_next_one(connect: Connect, behind: Any) -> None:
    """Not even where none names what it is about, as those to deletions."""
    deleted = http({})
    refused = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    server = behind(deleted + refused)
    client = connect(base_url=server.url, max_retries=0)
    for name in "abc":
        client.delete(name, input_id="in")
    assert server.asked == [0, 1, 1]
