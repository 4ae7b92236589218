"""Whatever a server answers, every operation of both clients ends as a value or a `ClarifaiError`."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    BoundingBox,
    ClarifaiError,
    InvalidRequestError,
    PartialFailureError,
    Region,
    TaskAnnotationCount,
    Worker,
    negative,
    positive,
)
from clarifai_http_annotations.testing import Emulator

PAT = "0123456789abcdef0123456789abcdef"
HTML = b"<!doctype html><title>502</title>" + b"<p>bad gateway</p>" * 20
BOX = BoundingBox(top_row=0.1, left_col=0.2, bottom_row=0.5, right_col=0.9)
STORED = Annotation.of("in-1", positive("tree"), negative("water"), id="a-1")
SEVERAL = [
    STORED,
    Annotation.of("in-1", positive("boat")),
    Annotation.of("in-1", negative("boat"), region=BOX),
    Annotation.of("in-2", negative("person"), id="a-4"),
]
SEVERAL_PATCHES = [
    Annotation.of("in-1", negative("tree"), id="a-1"),
    Annotation.of("in-1", positive("boat"), region=Region(id="r"), id="a-2"),
    Annotation.of("in-2", id="a-4", status="ANNOTATION_PENDING"),
]


def create(client: Any) -> Any:
    return client.create(SEVERAL)


def create_one(client: Any) -> Any:
    return client.create(STORED)


def get(client: Any) -> Any:
    return [client.get("a-1", input_id="in-1")]


def list_(client: Any) -> Any:
    return list(itertools.islice(client.list(per_page=2), 5))  # a server may have pages without end


def delete(client: Any) -> Any:
    return [] if client.delete("a-1", input_id="in-1") is None else ["not None"]


def patch(client: Any) -> Any:
    return client.patch(SEVERAL_PATCHES)


def set_value(client: Any) -> Any:
    return [client.set_value("a-1", input_id="in-1", concept_id="tree", value=0)]


def delete_many(client: Any) -> Any:
    done = client.delete_many([STORED, *SEVERAL_PATCHES])
    return [] if done.deleted + len(done.skipped) == 3 else [done]  # one is given twice


def delete_all_of_inputs(client: Any) -> Any:
    return [] if client.delete_all_of_inputs(["in-1", "in-2"]) is None else ["not None"]


def search(client: Any) -> Any:
    return [hit.annotation for hit in itertools.islice(client.search(positive("tree"), per_page=1), 5)]


def list_workers(client: Any) -> Any:
    return list(itertools.islice(client.list_workers(per_page=1), 5))


def count_task_annotations(client: Any) -> Any:
    return client.count_task_annotations("task")


def set_task_status(client: Any) -> Any:
    return [] if client.set_task_status("task", "ANNOTATION_PENDING") >= 0 else ["no count"]


def list_tracks(client: Any) -> Any:
    return list(itertools.islice(client.list_tracks("in-1", per_page=1), 5))


def create_tracks(client: Any) -> Any:
    return client.create_tracks("in-1", AnnotationTrack(id="t", concept=negative("car")))


def search_track(client: Any) -> Any:
    return client.search_track("in-1", track_id="t")


FIRST = [create, create_one, get, list_, delete]
LATER = [patch, set_value, delete_many, delete_all_of_inputs, search, list_workers, count_task_annotations]
LATER += [set_task_status, list_tracks, create_tracks, search_track]
each_operation = pytest.mark.parametrize("operation", FIRST)
every_operation = pytest.mark.parametrize("operation", FIRST + LATER)
MODELS = (Annotation, AnnotationTrack, Worker, TaskAnnotationCount)


@dataclass
class Answers:
    """Answers one request after the other with the functions of a list, over and over."""

    answers: list[Callable[[httpx.Request], httpx.Response]] = field(default_factory=list)
    count: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        return self.answers[self.count % len(self.answers)](request)


def ends_well(operation: Callable[[Any], Any], client: Any) -> None:
    """Run an operation: only annotations and `ClarifaiError` may come of it, and an error must be fit to be read."""
    getattr(client, "inner", client)._quota.tokens = 500.0
    ended: Any
    try:
        ended = operation(client)
    except ClarifaiError as error:
        ended = error
    if isinstance(ended, PartialFailureError):
        counts = {"patch": 3, "delete_many": 4, "delete_all_of_inputs": 2}
        skipped = sum(map(int, re.findall(r"input-level and skipped: (\d+)", ended.message)))
        assert len(ended.failed) + len(ended.succeeded) + skipped == counts.get(operation.__name__, len(SEVERAL))
        errors: list[Any] = [failure.error for failure in ended.failed]
    elif isinstance(ended, ClarifaiError):
        errors = [ended]
    else:
        assert all(type(model) in MODELS for model in ended)
        assert operation is not create or len(ended) == len(SEVERAL)
        errors = []
    for failed in errors:
        assert str(failed).encode("utf-8")  # it can be printed
        if isinstance(failed, InvalidRequestError):  # what a server said cannot be said to it
            assert operation is set_value
            continue
        assert failed.operation == {"create_one": "create", "list_": "list"}.get(operation.__name__, operation.__name__)
        assert PAT not in str(failed) + repr(vars(failed))


def plain(status: int, body: bytes, headers: Any = ()) -> Callable[[httpx.Request], httpx.Response]:
    # a stream: content= would be decoded here instead of by the client
    return lambda _: httpx.Response(status, headers=list(headers), stream=httpx.ByteStream(body))


# --- answers -------------------------------------------------------------------------------------

statuses = st.sampled_from([200, 200, 207, 302, 400, 401, 404, 409, 429, 500, 503]) | st.integers(100, 999)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([PAT, 10000])
KEYS = ["status", "code", "annotations", "annotation", "id", "input_id", "data", "message", "x", "hits", "workers"]
KEYS += ["counts", "annotation_tracks", "user", "concept", "concepts", "updated_count"]
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
bodies = (
    st.binary(max_size=40)
    | trees.map(lambda tree: json.dumps(tree).encode())
    | st.sampled_from([b"", b" ", HTML, b"null", b"\xef\xbb\xbf{}", b'{"status":', b"[" * 100_000, b'{"a":' * 100_000])
)
junk = st.binary(max_size=12) | st.sampled_from(["é".encode(), b"-1", b"1e999", b"\xff" * 9, PAT.encode(), b"//["])
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"retry-after", b"date", b"location", b"content-type", b"content-length", b"set-cookie", b"x-\xc3\xa9"]
        ),
        junk,
    ),
    max_size=4,
)
answers = st.lists(st.builds(plain, statuses, bodies, headers), min_size=1, max_size=3)


def fuzz(examples: int) -> Callable[[Any], Any]:
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def server() -> Answers:
    return Answers()


@pytest.fixture
def client(connect: Any, server: Answers) -> Any:
    return connect(server, max_retries=1, pat=PAT)


@every_operation
def test_anything_at_all(operation: Any, client: Any, server: Answers) -> None:
    @fuzz(300 if operation in FIRST else 100)
    @given(answers)
    def check(found: list[Any]) -> None:
        server.answers = found
        ends_well(operation, client)

    check()


# --- the emulator's own answers, damaged ---------------------------------------------------------

ODD: list[Any] = [None, True, False, 0, 1, -1, 0.5, 1e39, 10**400, "", "x", "\ud800", "5000", [], {}, [[]], [None]]
ODD += [{"a": 1}, {"code": 10000}, 10000, 10010, 10020, 11005, 24150, 24155, 40010, "CONN_THROTTLED", "duplicate"]
ODD += ["in-1", "a-1", "tree", float("inf"), float("nan"), "2025-02-28T09:41:55.568082659Z", 1e300, 2**64, PAT]


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every (parent, key) of a tree."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [place for key in keys for place in ((tree, key), *places(tree[key]))]


def damage(tree: Any, chance: random.Random) -> None:
    """Change one random place of a tree."""
    found = places(tree) or [([None], 0)]
    parent, key = chance.choice(found)
    match chance.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, list):
            parent.insert(chance.randrange(len(parent) + 1), deepcopy(parent[key]))
        case 2 if isinstance(parent, list):
            chance.shuffle(parent)
        case 3:
            _, other = chance.choice(found)
            parent[key] = {str(other): parent[key]}
        case 4:
            parent[key] = [parent[key]]
        case _:
            parent[key] = deepcopy(chance.choice(ODD))


def damaged(emulator: Emulator, seed: int) -> Callable[[httpx.Request], httpx.Response]:
    chance = random.Random(seed)

    def answer(request: httpx.Request) -> httpx.Response:
        real = emulator(request)
        tree = real.json()
        for _ in range(chance.randrange(4)):
            damage(tree, chance)
        # infinity as a server would write it, which Python's JSON reads without a word
        body = json.dumps(tree).replace("Infinity", "1e999").encode("utf-8")
        if chance.random() < 0.1:
            body = body[: chance.randrange(len(body))]
        status = real.status_code if chance.random() < 0.8 else chance.choice([200, 207, 400, 409, 500, 503])
        note(f"{request.method} {request.url.path}: HTTP {status} {body!r}")
        return httpx.Response(status, content=body)

    return answer


def stored(emulator: Emulator) -> Emulator:
    tree = {"annotations": [json.loads(STORED.model_dump_json(exclude_none=True, exclude_unset=True))]}
    url = "https://api.clarifai.com/v2/users/me/apps/app/annotations"
    assert emulator(httpx.Request("POST", url, json=tree, headers={"authorization": "Key k"})).status_code == 200
    emulator.client(app_id="app").create_tracks("in-1", AnnotationTrack(id="u", concept=positive("car")))
    return emulator


@every_operation
def test_real_answers_that_are_damaged(operation: Any, client: Any, server: Answers) -> None:
    @fuzz(500 if operation in FIRST else 200)
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        server.answers = [damaged(stored(Emulator()), seed)]
        ends_well(operation, client)

    check()


# --- sizes, depths and encodings -------------------------------------------------------------------

SUCCESS = b'{"status":{"code":10000},"annotations":[],"annotation":{}}'
BIG = 10 * 1024 * 1024


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\0" * BIG, id="zeros"),
        pytest.param(b"[" * BIG, id="deep"),
        pytest.param(b'{"status":{"code":10000},"annotation":{"x":"' + b"x" * BIG + b'"}}', id="text"),
        pytest.param(b'{"status":{"code":11102,"details":"' + b"x" * BIG + b'"}}', id="details"),
        pytest.param(b'{"status":{"code":10000},"annotations":[' + b"{}," * (BIG // 40) + b"{}]}", id="items"),
    ],
)
@pytest.mark.parametrize("operation", [create_one, get])
def test_ten_megabytes(operation: Any, body: bytes, status: int, client: Any, server: Answers) -> None:
    server.answers = [plain(status, body)]
    ends_well(operation, client)


@each_operation
@pytest.mark.parametrize("depth", [100, 290, 320, 900, 980, 100_000])
def test_deep_nesting(operation: Any, depth: int, client: Any, server: Answers) -> None:
    inside = {"[": b"[" * depth + b"]" * depth, "{": b'{"data":' * depth + b"1" + b"}" * depth}
    regions = b'{"regions":[{"data":' * (depth // 3) + b"{}" + b"}]}" * (depth // 3)
    for value in (*inside.values(), regions):
        for key in (b"id", b"data", b"x", b"status"):
            item = b'{"id":"a-1","input_id":"in-1","%s":%s}' % (key, value)
            success = b'{"status":{"code":10000},"annotation":%s,"annotations":[%s]}' % (item, item)
            server.answers = [plain(200, success), plain(400, b'{"status":%s}' % value)]
            ends_well(operation, client)


@each_operation
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, deflate", "identity", "no-such", "é"])
@pytest.mark.parametrize("body", [SUCCESS, b"", b"\x1f\x8b\x08"], ids=["plain", "empty", "half a gzip"])
def test_a_content_encoding_that_lies(operation: Any, encoding: str, body: bytes, client: Any, server: Answers) -> None:
    server.answers = [plain(status, body, [(b"content-encoding", encoding.encode())]) for status in (200, 400)]
    ends_well(operation, client)
