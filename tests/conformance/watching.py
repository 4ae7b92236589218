"""An emulator whose every request and answer is held to the official messages on the way.

A request is parsed into the message of its route: the names in its path, its query and its body.
``json_format`` refuses a field that a message does not have, so what arrives is what Clarifai's server would
have parsed, except for the rule that this library never leaves to it: a missing ``value``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
from official import APP, Rpc, extensions_pb2, json_format, rpcs

from clarifai_http_annotations import Client
from clarifai_http_annotations.testing import Emulator


class Watching:
    """An emulator that is watched; a callable from request to response, as an `Emulator` is.

    Args:
        emulator: What answers.
        checks_requests: Whether the requests have to be official ones, too.

    Attributes:
        sent: What was asked: each RPC with its message.
    """

    def __init__(self, emulator: Emulator | None = None, *, checks_requests: bool = True) -> None:
        self.emulator = emulator or Emulator()
        self.sent: list[tuple[Rpc, Any]] = []
        self._checks_requests = checks_requests

    def client(self) -> Client:
        """Return a client of this emulator."""
        return self.emulator.client(transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        rpc, named = find(request.method, request.url.raw_path.decode("ascii").partition("?")[0])
        if self._checks_requests:
            message = json_format.ParseDict(named | query_of(request, rpc), rpc.request())
            if content := request.read():
                json_format.Parse(content, message)
            self.sent.append((rpc, message))
        response = self.emulator(request)
        tree = response.json()
        assert json_format.ParseDict(tree, rpc.answer()).status.code
        assert list(misprinted(tree, rpc.answer.DESCRIPTOR)) == []
        return response

    def messages(self, name: str) -> list[Any]:
        """Return the messages that one RPC was asked with."""
        return [message for rpc, message in self.sent if rpc.name == name]


def find(method: str, path: str) -> tuple[Rpc, dict[str, Any]]:
    """Return the RPC that a request asks, with the fields of its message that are in the path."""
    for rpc in rpcs().values():
        for verb, template in rpc.routes:
            names = re.findall(r"\{([^}]*)\}", APP + template)
            found = re.fullmatch(re.sub(r"\{[^}]*\}", "([^/]+)", APP + template), path)
            if found and verb == method:
                user_id, app_id, *ids = map(unquote, found.groups())
                whose = {"user_app_id": {"user_id": user_id, "app_id": app_id}}
                return rpc, whose | dict(zip(names[2:], ids, strict=True))
    raise AssertionError(f"{method} {path} is no route of the API")


def query_of(request: httpx.Request, rpc: Rpc) -> dict[str, Any]:
    """Return the parameters of a request in the types of its message, which has to have all of them."""
    fields = rpc.request.DESCRIPTOR.fields_by_name
    asked: dict[str, Any] = {}
    for name, values in parse_qs(request.url.query.decode("ascii"), keep_blank_values=True).items():
        assert name in fields, f"{rpc.name} has no parameter {name}"
        field = fields[name]
        read = [value == "true" if field.type == field.TYPE_BOOL else value for value in values]
        assert is_repeated(field) or len(read) == 1, f"{name} is there {len(read)} times"
        asked[name] = read if is_repeated(field) else read[0]
    return asked


def is_repeated(field: Any) -> bool:
    """Tell whether a field is a list; protobuf has two ways to say it, an old and a new one."""
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


# --- how an answer is printed ----------------------------------------------------------------------


OTHER_NOUNS = ("Model", "Workflow")
"""What an annotation refers to and does not say."""


def misprinted(tree: Any, descriptor: Any, place: str = "") -> Iterator[str]:
    """Yield what Clarifai would print another way: a zero that has to be shown and is not, an enum by its name."""
    if descriptor.file.package == "google.protobuf" or descriptor.name in OTHER_NOUNS:
        return
    for field in descriptor.fields:
        here = f"{place}.{field.name}".lstrip(".")
        if field.name not in tree:
            if field.GetOptions().Extensions[extensions_pb2.cl_show_if_empty]:
                yield f"{here} is not shown"
            continue
        values = tree[field.name] if is_repeated(field) else [tree[field.name]]
        for value in values:
            if field.message_type is not None:
                yield from misprinted(value, field.message_type, here)
            elif field.enum_type is not None and type(value) is not int:
                yield f"{here} is {value!r} and not a number"
            elif field.type == field.TYPE_UINT64 and type(value) is not str:
                yield f"{here} is {value!r} and not text, as 64 bits are"
