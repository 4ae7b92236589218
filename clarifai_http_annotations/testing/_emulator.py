"""An emulator of Clarifai's annotation routes: a callable from request to response.

It does what is known of the API, and where nothing is known it does the plainest thing: the
HTTP status of some errors, what a duplicate id is answered with, the checks of values, the order of
what a search finds, how it is said that an input-level annotation is not deleted by its id or that a
key is of another app, and what an input-level annotation repeats of its input beside concepts, metadata
and text are guesses. What the library promises does not rest on a guess.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx

from .._wire.answers import parse_json
from ..client import AsyncClient, Client
from ..models.status import StatusCode
from ._access import Access
from ._admin import administer, is_admin
from ._answers import Answer, Refused, malformed, too_large, unknown
from ._call import Call, missing_values
from ._failing import Reply, fail
from ._faults import Broken, Fault, raised_for
from ._keys import Keys
from ._routes import empty_lists, find_route
from ._rules import Duplicates, Order, Rate, Rules, check_inputs, checked_apps
from ._schedule import Faults
from ._state import App, Key, Recorded, State
from ._storing import Tree, copied
from ._types import check_depth


class Emulator:
    """Clarifai's annotation routes in memory, for ``httpx.MockTransport``, for respx and for a socket (`serve`).

    Args:
        pat: The only key that is accepted; any is if absent.
        user_id: Who ``me`` is: the owner of the key.
        apps: The (user, app) pairs that exist; any exists if absent.
        app_keys: Keys that are accepted, too, and are an app's own, each with its (user, app). A request with one
            need not name the app, and may name no other.
        inputs: The inputs that exist, by id, or as a mapping from ids to the data that came with each; any exists
            if absent. What is added to it later exists, too. An app has an input-level annotation of each, and of
            what ``POST inputs`` adds.
        concepts: Names of the concepts, by id, which answers show whatever was sent; what was sent, or else the id,
            if absent.
        strict: Refuse a request in which a concept has no ``value``, instead of storing it as
            positive as the API does.
        faults: What goes wrong with which request: `Faults`, or a script of them. What ``rate``
            refuses meets none.
        rate: Requests in any second; what is beyond is answered with HTTP 429 and code 11005, and
            does not count.
        retry_after: Seconds that such an answer says to wait, in ``Retry-After``.
        latency: Seconds from a request to its answer, beside other requests; only on a socket.
        body_limit: Bytes of a body; a request with more is answered with HTTP 413 before anything else is
            looked at, and is not recorded.
        list_lag: Seconds for which a list (``GET annotations``) does not show what was stored; to get it by
            its ids works at once.
        duplicates: What a POST with an id that its input has already does: ``"item"`` refuses the annotation
            (40010), ``"batch"`` the whole request, without a status of each, ``"keep"`` says that it
            is stored and keeps the first content, and ``"overwrite"`` replaces it.
        poison: Tells whether an annotation, as it was sent, spoils its batch: the whole POST is then
            refused (10020), without a status of each.
        poison_status: HTTP status of that refusal; from 500 on its code is 98004.
        order: How lists begin: ``"newest"`` with what was stored last, as real apps were seen to; ``"oldest"``
            with what was stored first, as the docs say.
        clock: Seconds that pass, for ``rate`` and ``list_lag``.
        record: Whether to keep ``requests``, which takes memory for every body.

    Attributes:
        requests: Every request that came, a `Recorded` each.
        missing_values: Every place in which a concept came without the ``value`` that it needs, whatever became
            of the request. What is only named to be removed needs none.
        faults: The `Faults` that requests meet.
        latency: As above; may be changed.
    """

    def __init__(
        self,
        *,
        pat: str | None = None,
        user_id: str = "emulator-user",
        apps: Collection[tuple[str, str]] | None = None,
        app_keys: Mapping[str, tuple[str, str]] | None = None,
        inputs: Collection[str] | Mapping[str, Tree] | None = None,
        concepts: Mapping[str, str] | None = None,
        strict: bool = False,
        faults: Faults | Iterable[Fault | str | None] = (),
        rate: int | None = None,
        retry_after: float | None = None,
        latency: float = 0.0,
        body_limit: int | None = None,
        list_lag: float = 0.0,
        duplicates: Duplicates = "item",
        poison: Callable[[Tree], bool] | None = None,
        poison_status: int = 400,
        order: Order = "newest",
        clock: Callable[[], float] = time.monotonic,
        record: bool = True,
    ) -> None:
        self._apps = None if apps is None else checked_apps(apps)
        self._rules = Rules(user_id, inputs, strict, duplicates, poison, poison_status, order)
        self._keys = Keys.of(pat, user_id, app_keys)
        self._rate = None if rate is None else Rate(rate, clock, retry_after)
        self._body_limit = math.inf if body_limit is None else body_limit
        self._record = record
        check_inputs(inputs)
        self._state = State(clock, list_lag, order == "newest", () if inputs is None else inputs, concepts or {})
        self._begin()
        self._lock = threading.Lock()
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        self.latency = latency
        self.requests: list[Recorded] = []
        self.missing_values: list[str] = []
        self._on_missing_value: Callable[[str], None] | None = None  # told each of them, with its request

    @property
    def annotations(self) -> list[Tree]:
        """Every annotation that is stored, in all apps, as the API would show it, in the order of storing; a copy.

        Those that came with an input have ``input_level``. An app has them from its first request on, or from
        the beginning if ``apps`` names it.
        """
        with self._lock:
            return [copied(tree) for app in self._state.apps.values() for tree in app.annotations.values()]

    @property
    def tracks(self) -> list[Tree]:
        """Every annotation track that is stored, in all apps, as the API would list it; a copy."""
        with self._lock:
            return [copied(tree) for app in self._state.apps.values() for tree in app.tracks.values()]

    @property
    def stored_times(self) -> dict[Key, int]:
        """How often an annotation was stored where there was none, by (input, id), in all apps; a copy.

        What is accepted while it is there already does not count, and what came with an input neither.
        """
        with self._lock:
            return dict(self._state.stored_times)

    def _everything(self) -> list[tuple[dict[str, str], Tree]]:
        """Return every annotation and track that is stored, each with the names that tell it from the others."""
        with self._lock:
            return [
                ({"user_id": user_id, "app_id": app_id, "input_id": key[0], f"{kind}_id": key[1]}, copied(tree))
                for (user_id, app_id), app in self._state.apps.items()
                for kind, stored in (("annotation", app.annotations), ("track", app.tracks))
                for key, tree in stored.items()
            ]

    def _begin(self) -> None:
        """Let the apps that are named exist."""
        for app in self._apps or ():
            self._state.of(app)

    def reset(self) -> None:
        """Forget everything that was stored, everything that came, and what was to go wrong."""
        with self._lock:
            self._state = self._state.emptied()
            self._begin()
            self.faults = Faults()
            if self._rate is not None:
                self._rate.forget()
            self.requests.clear()
            self.missing_values.clear()

    def client(self, **settings: Any) -> Client:
        """Return a client of this emulator; takes the arguments of `Client`."""
        return Client(**self._settings(settings))

    def async_client(self, **settings: Any) -> AsyncClient:
        """Return an asynchronous client of this emulator; takes the arguments of `AsyncClient`."""
        return AsyncClient(**self._settings(settings))

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        key = {} if {"token", "app_key"} & settings.keys() else {"pat": self._keys.pat or "emulator-key"}
        user_id, app_id = next(iter(self._apps or ()), ("me", "emulator-app"))
        app = {} if "app_key" in settings else {"user_id": user_id, "app_id": app_id}
        place: dict[str, Any] = {**app, "base_url": "http://localhost"}
        if self._rate is None:
            place["rate"] = None  # there is nothing to keep to
        return {**key, **place, "transport": httpx.MockTransport(self), **settings}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or raise what httpx raises where a fault breaks the connection."""
        target = request.url.raw_path.decode("ascii")
        content = request.read()
        response, broken = self._reply(request.method, target, request.headers, content, len(content))
        if broken is not None:
            raise raised_for(broken, request)
        return response

    def _reply_to(
        self, access: Access, method: str, target: str, headers: Mapping[str, str], content: bytes, size: int
    ) -> tuple[httpx.Response, Broken | None]:
        """Return the same as `_reply` for a request that came over a socket: not everybody may ask there."""
        path = target.partition("?")[0]
        if reason := access.refusal(headers):
            if is_admin(path):
                return _json(403, {"error": reason}, {}, end="\n"), None
            refused = Refused(403, StatusCode.CONN_INVALID_REQUEST, "Invalid request", reason)
            return _response(Reply(*_refusal(refused, Recorded(method, path, {}, None)))), None
        if leave := access.leave(method, headers):
            return httpx.Response(204, headers=leave), None
        response, broken = self._reply(method, target, headers, content, size)
        response.headers.update(access.shared(headers))
        return response, broken

    def _reply(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes, size: int
    ) -> tuple[httpx.Response, Broken | None]:
        """Return the answer to a request, whichever door it came through, and what happens to it on the way.

        The names of the headers are lower case, or their case does not matter. The size is that of the whole
        body, of which the content is only a part if the whole is too large.
        """
        path, _, query = target.partition("?")
        body, _ = parse_json(content)
        asked = Recorded(method, path, parse_qs(query, keep_blank_values=True), body)
        if size > self._body_limit:
            return _response(Reply(*_refusal(too_large(self._body_limit), asked))), None
        if is_admin(path):
            http_status, tree = administer(self, method, path, body)
            return _json(http_status, tree, {}, end="\n"), None  # for a terminal
        with self._lock:
            refused = None if self._rate is None else self._rate.refusal()
            faults = self.faults  # others may be set meanwhile
            fault = None if refused else faults.next(method)
            if fault is None or fault.connection != "refused":
                self._receive(asked)

            def carry_out(request: Recorded) -> Answer:
                try:
                    key = self._keys.checked(headers)
                    if content and body is None:
                        raise malformed("malformed JSON")
                    check_depth(request.body)
                    return self._answer(request, key)
                except Refused as refused:
                    return _refusal(refused, request)

            if refused is not None:
                reply = Reply(*_refusal(refused, asked), refused.retry_after)
            elif fault is not None:
                reply = fail(fault, asked, faults.pick, carry_out)
            else:
                reply = Reply(*carry_out(asked))
            return _response(reply), reply.connection  # made while nobody changes what it shows

    def _answer(self, request: Recorded, key: str) -> Answer:
        route = find_route(request.path)
        stored = self._state.of(self._existing(self._keys.app_of(key, request, route.app)))
        answer = route.handler(request.method)
        return answer(Call(request, stored, self._rules), *route.ids)

    def _receive(self, request: Recorded) -> None:
        """Keep a request, and note what came in it without ``value``, whatever becomes of it."""
        if self._record:
            self.requests.append(request)
        number = f"request {len(self.requests)}, " if self._record else ""
        for place in missing_values(request.body):
            self.missing_values.append(place)
            if self._on_missing_value is not None:
                self._on_missing_value(f"{number}{request.method} {request.path}: {place}")

    def _existing(self, app: App) -> App:
        if self._apps is not None and app not in self._apps:
            raise unknown(f"app {app[1]} of user {app[0]} does not exist")
        return app


def _refusal(refused: Refused, request: Recorded) -> Answer:
    return refused.http_status, {"status": refused.status, **empty_lists(request.method, request.path)}


def _response(reply: Reply) -> httpx.Response:
    headers = {} if reply.retry_after is None else {"retry-after": f"{reply.retry_after:g}"}
    if isinstance(reply.body, str):
        headers["content-type"] = "text/html"
        return httpx.Response(reply.http_status, content=reply.body.encode(), headers=headers)
    status = {**reply.body.get("status", {}), "req_id": uuid4().hex}
    return _json(reply.http_status, {**reply.body, "status": status}, headers)


def _json(http_status: int, body: Tree, headers: dict[str, str], *, end: str = "") -> httpx.Response:
    headers["content-type"] = "application/json"
    return httpx.Response(http_status, content=json.dumps(body) + end, headers=headers)
