"""How one definition serves both clients.

An operation is written once, as a coroutine (or, if it yields, as a function that returns an async
generator, so that it can check what it is given when it is called). On `AsyncClient` it is that. On
`Client` the same coroutine is run to its end by ``send(None)``: it awaits nothing but the client's
own ``_send`` and ``_sleep``, and there these block instead of suspending.

Rules:

1. Inside an operation, await nothing but methods of the client: no gather, lock or timeout.
2. A coroutine that does suspend on `Client` raises, and names itself.
3. The classes hold plain functions (`Operations.__init_subclass__`), so that
   ``inspect.signature``, ``help``, ``create_autospec`` and ``super()`` see what they expect.
   `operation` and `paged` are descriptors for type checkers only, which see a function on
   `Client` and a coroutine function on `AsyncClient`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

P = ParamSpec("P")
T = TypeVar("T")


class Blocking:
    """Marks a client whose operations return what they make."""


class Awaiting:
    """Marks a client whose operations are awaited."""


class Operations:
    """Base of a class of operations; a client that inherits from it gets them as plain functions."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not issubclass(cls, (Blocking, Awaiting)):
            return
        defined = {name: found for base in reversed(cls.__mro__) for name, found in vars(base).items()}
        for name, found in defined.items():
            if isinstance(found, (operation, paged)):
                setattr(cls, name, found.blocking if issubclass(cls, Blocking) else found.awaiting)


class operation(Generic[P, T]):
    """An operation that returns once."""

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        @functools.wraps(function)
        def blocking(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return run(function(self, *args, **kwargs))

        self.awaiting, self.blocking = function, blocking

    if TYPE_CHECKING:

        @overload
        def __get__(self, client: Blocking, owner: type | None = None) -> Callable[P, T]: ...
        @overload
        def __get__(self, client: Awaiting, owner: type | None = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
        @overload
        def __get__(self, client: None, owner: type[Blocking]) -> Callable[Concatenate[Any, P], T]: ...
        @overload
        def __get__(
            self, client: None, owner: type[Awaiting]
        ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]: ...
        def __get__(self, client: Any, owner: type | None = None) -> Any: ...


class paged(Generic[P, T]):
    """An operation that returns an asynchronous generator: it checks what it is given before it does."""

    def __init__(self, function: Callable[Concatenate[Any, P], AsyncIterator[T]]) -> None:
        @functools.wraps(function)
        def blocking(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            return _iterate(function(self, *args, **kwargs))

        signature = inspect.signature(function)
        returned = str(signature.return_annotation).replace("AsyncIterator", "Iterator")
        vars(blocking)["__signature__"] = signature.replace(return_annotation=returned)
        self.awaiting, self.blocking = function, blocking

    if TYPE_CHECKING:

        @overload
        def __get__(self, client: Blocking, owner: type | None = None) -> Callable[P, Iterator[T]]: ...
        @overload
        def __get__(self, client: Awaiting, owner: type | None = None) -> Callable[P, AsyncIterator[T]]: ...
        @overload
        def __get__(self, client: None, owner: type[Blocking]) -> Callable[Concatenate[Any, P], Iterator[T]]: ...
        @overload
        def __get__(self, client: None, owner: type[Awaiting]) -> Callable[Concatenate[Any, P], AsyncIterator[T]]: ...
        def __get__(self, client: Any, owner: type | None = None) -> Any: ...


def _iterate(items: Any) -> Iterator[Any]:
    try:
        while True:
            try:
                item = run(items.__anext__())
            except StopAsyncIteration:
                return
            yield item
    finally:
        run(items.aclose())


def run(coroutine: Awaitable[T]) -> T:
    """Run a coroutine that never suspends to its end, and return what it returns.

    Raises:
        RuntimeError: If it suspends.
    """
    step = cast("Coroutine[Any, Any, T]", coroutine)
    try:
        step.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    error = RuntimeError(f"{name} suspended in a blocking client: it awaited something that is not the client's own.")
    with suppress(StopIteration):
        step.throw(error)  # where it suspended, so that it ends and the traceback shows the place
    raise error
