"""An emulator of Clarifai's annotation routes: a callable from request to response.

It does what is known of the API, and where nothing is known it does the plainest thing: the
HTTP status of some errors, what a duplicate id is answered with, and the checks of values are
guesses. What the library promises does not rest on a guess.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx

from .._wire.answers import parse_json
from ..client import AsyncClient, Client
from ..models.status import StatusCode
from ._answers import Answer, Refused, malformed, unknown
from ._call import Call
from ._routes import empty_lists, find_route
from ._state import App, Recorded, State
from ._storing import Tree
from ._types import check_depth


class Emulator:
    """Clarifai's annotation routes in memory, for ``httpx.MockTransport`` and for respx.

    Args:
        pat: The only key that is accepted; any is if absent.
        user_id: Who ``me`` is: the owner of the key.
        apps: The (user, app) pairs that exist; any exists if absent.
        inputs: The inputs that exist; any exists if absent.
        strict: Refuse a request in which a concept has no ``value``, instead of storing it as
            positive as the API does.

    Attributes:
        requests: Every request that came, a `Recorded` each.
        missing_values: Every place in which a concept came without ``value``, strict or not.
    """

    def __init__(
        self,
        *,
        pat: str | None = None,
        user_id: str = "emulator-user",
        apps: Collection[tuple[str, str]] | None = None,
        inputs: Collection[str] | None = None,
        strict: bool = False,
    ) -> None:
        self._pat = pat
        self._user_id = user_id
        self._apps = apps
        self._inputs = inputs
        self._strict = strict
        self._state = State()
        self._lock = threading.Lock()
        self.requests: list[Recorded] = []
        self.missing_values: list[str] = []

    @property
    def annotations(self) -> list[Tree]:
        """Every annotation that is stored, in all apps, as the API would list it; a copy."""
        with self._lock:
            return deepcopy([tree for app in self._state.apps.values() for tree in app.annotations.values()])

    @property
    def tracks(self) -> list[Tree]:
        """Every annotation track that is stored, in all apps, as the API would list it; a copy."""
        with self._lock:
            return deepcopy([tree for app in self._state.apps.values() for tree in app.tracks.values()])

    def client(self, **settings: Any) -> Client:
        """Return a client of this emulator; takes the arguments of `Client`."""
        return Client(**self._settings(settings))

    def async_client(self, **settings: Any) -> AsyncClient:
        """Return an asynchronous client of this emulator; takes the arguments of `AsyncClient`."""
        return AsyncClient(**self._settings(settings))

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        key = {} if "token" in settings else {"pat": self._pat or "emulator-key"}
        place = {"user_id": "me", "app_id": "emulator-app", "base_url": "http://localhost"}
        return {**key, **place, "transport": httpx.MockTransport(self), **settings}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        content = request.read()
        body, _ = parse_json(content)
        with self._lock:
            self.requests.append(Recorded(request.method, path, parse_qs(query, keep_blank_values=True), body))
            try:
                self._authenticate(request)
                if content and body is None:
                    raise malformed("malformed JSON")
                check_depth(body)
                http_status, answer = self._answer(self.requests[-1])
            except Refused as refused:
                http_status, answer = refused.http_status, {"status": refused.status}
                answer |= empty_lists(request.method, path)
        answer["status"]["req_id"] = uuid4().hex
        return httpx.Response(http_status, content=json.dumps(answer), headers={"content-type": "application/json"})

    def _authenticate(self, request: httpx.Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key if scheme == "Key" else request.headers.get("x-clarifai-session-token", "")
        if not key:
            details = "Empty or malformed authorization header. Please provide an API key or session token."
            raise Refused(401, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        if self._pat is not None and key != self._pat:
            raise Refused(401, StatusCode.CONN_KEY_NOT_FOUND, "API key not found", "invalid key")

    def _answer(self, request: Recorded) -> Answer:
        route = find_route(request.path)
        stored = self._state.of(self._app(*route.app))
        answer = route.handler(request.method)
        call = Call(request, stored, self._user_id, self._inputs, self.missing_values, self._strict)
        return answer(call, *route.ids)

    def _app(self, user: str, app_id: str) -> App:
        app = (self._user_id if user == "me" else user, app_id)
        if self._apps is not None and app not in self._apps:
            raise unknown(f"app {app_id} of user {app[0]} does not exist")
        return app
