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
from urllib.parse import parse_qs, unquote
from uuid import uuid4

import httpx

from .._wire.guard import describe, find_concepts
from ..client import AsyncClient, Client
from ..models.status import StatusCode, known_code
from ._state import App, Recorded, State, Tree

MAX_ANNOTATIONS = 128
MAX_PER_PAGE = 1000
DEFAULT_PER_PAGE = 20


class _Refused(Exception):  # noqa: N818 # not an error of the emulator: an answer of it
    def __init__(self, http_status: int, code: int, description: str, details: str = "") -> None:
        self.http_status = http_status
        self.status = {"code": int(code), "description": description, "details": details}


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
        """Everything that is stored, in all apps, as the API would list it; a copy."""
        with self._lock:
            return deepcopy([tree for stored in self._state.apps.values() for tree in stored.values()])

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
        body, broken = _parse(request.read())
        with self._lock:
            self.requests.append(Recorded(request.method, path, parse_qs(query, keep_blank_values=True), body))
            try:
                self._authenticate(request)
                if broken:
                    raise _Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", "malformed JSON")
                http_status, answer = self._route(self.requests[-1])
            except _Refused as refused:
                http_status, answer = refused.http_status, {"status": refused.status}
                if path.endswith("/annotations"):
                    answer["annotations"] = []  # repeated fields are shown even when they are empty
        answer["status"]["req_id"] = uuid4().hex
        return httpx.Response(http_status, json=answer)

    # --- routes ----------------------------------------------------------------------------------

    def _authenticate(self, request: httpx.Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key if scheme == "Key" else request.headers.get("x-clarifai-session-token", "")
        if not key:
            details = "Empty or malformed authorization header. Please provide an API key or session token."
            raise _Refused(401, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        if self._pat is not None and key != self._pat:
            raise _Refused(401, StatusCode.CONN_KEY_NOT_FOUND, "API key not found", "invalid key")

    def _route(self, request: Recorded) -> tuple[int, Tree]:
        match [unquote(segment) for segment in request.path.split("/")]:
            case ["", *_, "v2", "users", user, "apps", app_id, "annotations"]:
                app = self._app(user, app_id)
                if request.method == "POST":
                    return self._post(app, request.body)
                if request.method == "GET":
                    return self._list(app, request.query)
            case ["", *_, "v2", "users", user, "apps", app_id, "inputs", input_id, "annotations", annotation_id]:
                app = self._app(user, app_id)
                if request.method == "GET":
                    return 200, {
                        "status": _success(),
                        "annotation": _as_answer(self._find(app, input_id, annotation_id)),
                    }
                if request.method == "DELETE":
                    self._find(app, input_id, annotation_id)
                    del self._state.of(app)[input_id, annotation_id]
                    return 200, {"status": _success()}
            case _:
                raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Not found", "the emulator has no such route")
        raise _Refused(400, StatusCode.CONN_METHOD_NOT_ALLOWED, "Method not allowed", "Method Not Allowed")

    def _app(self, user: str, app_id: str) -> App:
        app = (self._user_id if user == "me" else user, app_id)
        if self._apps is not None and app not in self._apps:
            details = f"app {app_id} of user {app[0]} does not exist"
            raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)
        return app

    def _find(self, app: App, input_id: str, annotation_id: str) -> Tree:
        found = self._state.of(app).get((input_id, annotation_id))
        if found is None:
            details = f"annotation {annotation_id} of input {input_id} does not exist"
            raise _Refused(404, StatusCode.CONN_DOES_NOT_EXIST, "Resource does not exist", details)
        return found

    # --- POST annotations --------------------------------------------------------------------------

    def _post(self, app: App, body: Any) -> tuple[int, Tree]:
        asked = body.get("annotations") if isinstance(body, dict) else None
        if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_ANNOTATIONS:
            details = f"annotations must be a list of 1 to {MAX_ANNOTATIONS}"
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)
        self._look_at_values(body)
        answered = [self._store(app, tree) for tree in asked]
        failed = [tree for tree in answered if known_code(tree["status"]["code"]) in _ITEM_ERRORS]
        if not failed:
            return 200, {"status": _success(), "annotations": answered}
        if len(failed) < len(answered):
            return 207, {"status": {"code": 10010, "description": "Mixed Success"}, "annotations": answered}
        return 400, {"status": {"code": 10020, "description": "Failure"}, "annotations": answered}

    def _look_at_values(self, body: Tree) -> None:
        missing = []
        for place, concept in find_concepts(body):
            value = concept.get("value") if isinstance(concept, dict) else "no concept"
            if value is None:
                missing.append(describe(body, place))
            elif isinstance(value, bool) or not isinstance(value, (int, float)):
                raise _Refused(400, StatusCode.CONN_BAD_REQUEST_FORMAT, "Invalid request", describe(body, place))
        self.missing_values += missing
        if missing and self._strict:
            details = f"strict emulator: no value, which HTTP takes for positive, in {'; '.join(missing)}"
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", details)

    def _store(self, app: App, asked: Any) -> Tree:
        refusal = self._refusal(app, asked)
        if refusal is None:
            return _as_answer(self._state.add(app, asked))
        code, description, details = refusal
        tree = deepcopy(asked) if isinstance(asked, dict) else {}
        return {**tree, "status": {"code": int(code), "description": description, "details": details}}

    def _refusal(self, app: App, asked: Any) -> tuple[int, str, str] | None:
        invalid, said = StatusCode.ANNOTATION_INVALID_ARGUMENT, "Annotation invalid argument"
        input_id = asked.get("input_id") if isinstance(asked, dict) else None
        if not input_id or not isinstance(input_id, str):
            return invalid, said, "input_id is required"
        if self._inputs is not None and input_id not in self._inputs:
            return invalid, said, f"input {input_id} does not exist"
        data = asked.get("data") or {}
        for key in ("regions", "frames"):
            if len(data.get(key) or ()) > 1:
                return invalid, said, f"at most one of {key} an annotation"
        if (input_id, asked.get("id")) in self._state.of(app):
            duplicate = "Object has a duplicate ID; another object with same ID already exist"
            return StatusCode.DATABASE_DUPLICATE_KEY, "Database duplicate key", duplicate
        return None

    # --- GET annotations ---------------------------------------------------------------------------

    def _list(self, app: App, query: dict[str, list[str]]) -> tuple[int, Tree]:
        page, per_page = _number(query, "page", 1), _number(query, "per_page", DEFAULT_PER_PAGE)
        if page < 1 or not 1 <= per_page <= MAX_PER_PAGE:
            raise _Refused(400, StatusCode.CONN_INVALID_RANGE, "Invalid request", "page or per_page is out of range")
        ids, input_ids = query.get("ids"), query.get("input_ids")
        if ids and len(ids) != len(input_ids or ()):
            raise _Refused(400, StatusCode.CONN_INVALID_REQUEST, "Invalid request", "ids and input_ids are pairs")
        pairs = set(zip(input_ids or (), ids or (), strict=False))
        users = {self._user_id if user == "me" else user for user in query.get("user_ids", ())}
        found = [
            tree
            for key, tree in self._state.of(app).items()
            if (not pairs or key in pairs)
            and (not input_ids or key[0] in input_ids)
            and (not users or tree["user_id"] in users)
            and ("task_id" not in query or tree.get("task_id") in query["task_id"])
            and not (query.get("model_version_ids") or query.get("workflow_version_ids"))  # people made these
        ]
        shown = found[(page - 1) * per_page : page * per_page]
        return 200, {"status": _success(), "annotations": [_as_answer(tree) for tree in shown]}


_ITEM_ERRORS = {StatusCode.ANNOTATION_INVALID_ARGUMENT, StatusCode.DATABASE_DUPLICATE_KEY}


def _success() -> Tree:
    return {"code": int(StatusCode.SUCCESS), "description": "Ok"}


def _as_answer(tree: Tree) -> Tree:
    code = known_code(tree["status"]["code"])
    name = code.name if isinstance(code, StatusCode) else str(code)
    return {**deepcopy(tree), "status": {**tree["status"], "description": name.replace("_", " ").capitalize()}}


def _parse(content: bytes) -> tuple[Any, bool]:
    try:
        return (json.loads(content), False) if content else (None, False)
    except (ValueError, RecursionError):
        return None, True


def _number(query: dict[str, list[str]], key: str, default: int) -> int:
    text = query.get(key, [str(default)])[-1]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
