"""Pure: from values to requests and from answers to values. All of the API's oddities live here.

encode    values -> the tree of plain JSON that is about to be sent, checked
guard     no concept leaves without its polarity; the tree -> bytes
ids       ids that are derived from content
requests  an operation -> method, path, query, body
answers   status, headers, bytes -> a tree, or an error
refusals  a status of the API -> which error it is, and what to do about it
outcomes  which annotation of a batch an answer is about, and what it means
received  what of an annotation that a server gave can be stored again, or written to a file
lookup    what the server has under an id, where an answer does not tell

What an operation needs that a program may never call is loaded with it: ``_wire.patches`` and so on.
"""

from typing import TYPE_CHECKING

from .._lazy import loader

if TYPE_CHECKING:
    from . import deletions, lookup, patches, searches, tasks, tracks

    __all__ = ["deletions", "lookup", "patches", "searches", "tasks", "tracks"]
else:
    __getattr__ = loader(__name__, dict.fromkeys(("deletions", "lookup", "patches", "searches", "tasks", "tracks"), ""))
