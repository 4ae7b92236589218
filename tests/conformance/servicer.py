"""A gRPC server over an emulator's state, for what the official stub and SDK say of annotations.

It stores a message as gRPC does: what a message does not say is zero, also a concept's ``value``. The
emulator behind it gets every ``value`` written out, and answers as it does over HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from left_out import NOT_HERE
from official import Rpc, json_format, rpcs, service_pb2_grpc

from clarifai_http_annotations.testing import Emulator

grpc: Any = pytest.importorskip("grpc")


def written(message: Any) -> Any:
    """Return the JSON of a message with every concept's ``value``, which protobuf's own printer leaves out if 0."""
    return _with_values(json_format.MessageToDict(message, preserving_proto_field_name=True))


def _with_values(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_with_values(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    said = {key: _with_values(item) for key, item in tree.items()}
    for concept in (*said.get("concepts", ()), *([said["concept"]] if "concept" in said else ())):
        concept.setdefault("value", 0.0)
    return said


class Servicer(service_pb2_grpc.V2Servicer):  # type: ignore[misc]  # untyped
    """What each RPC does: the request of its first route, made of the message, and its answer as a message."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        for rpc in rpcs().values():
            if rpc.name not in NOT_HERE:
                setattr(self, rpc.name, self._handler(rpc))

    def _handler(self, rpc: Rpc) -> Any:
        def handle(message: Any, context: Any) -> Any:
            key = dict(context.invocation_metadata()).get("authorization", "")
            answered = self._emulator(request_of(rpc, message, key)).json()
            return json_format.ParseDict(answered, rpc.answer())

        return handle


def request_of(rpc: Rpc, message: Any, key: str) -> httpx.Request:
    """Return the HTTP request that says what a message says."""
    tree = written(message)
    app = tree.pop("user_app_id")
    method, path = min(rpc.routes)
    ids = {name: quote(tree.pop(name), safe="") for name in re.findall(r"\{(\w+)\}", path)}
    whose = (quote(app[name], safe="") for name in ("user_id", "app_id"))
    url = "http://localhost/v2/users/{}/apps/{}/".format(*whose) + path.format(**ids)
    if method == "GET":
        return httpx.Request(method, f"{url}?{urlencode(tree, doseq=True)}", headers={"authorization": key})
    return httpx.Request(method, url, content=json.dumps(tree).encode(), headers={"authorization": key})


@contextmanager
def serve_grpc(emulator: Emulator, credentials: Any = None) -> Iterator[int]:
    """Serve an emulator over gRPC on a port of this machine, which is given; with TLS if there are credentials."""
    server = grpc.server(ThreadPoolExecutor(4))
    service_pb2_grpc.add_V2Servicer_to_server(Servicer(emulator), server)
    place = "127.0.0.1:0"
    port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
