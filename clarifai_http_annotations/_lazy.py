"""Names of a package that are loaded with their module when somebody asks for them, and not before (PEP 562).

A start costs what it loads: a program that creates annotations needs neither searches nor tracks, and pytest
loads the plugin of this package, and so the package, in every project of an environment.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Args:
        package: Its name.
        homes: By module, relative to the package, which names of it the package has, with spaces between; the
            module itself is one, too.
    """
    later = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        from importlib import import_module

        if name in homes:
            return import_module(f".{name}", package)
        if name not in later:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{later[name]}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
