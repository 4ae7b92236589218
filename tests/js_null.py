"""JavaScript's null, as newer versions of Pyodide have it."""

from __future__ import annotations


class JsNull:
    """Pyodide's: one object, which is not true."""

    __module__ = "pyodide.ffi"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


JS_NULL = JsNull()
