"""The route of searches: POST annotations/searches."""

from __future__ import annotations

from uuid import uuid4

from ._answers import Answer, as_answer, invalid, success
from ._call import Call
from ._searching import listed, only, read_filter
from ._storing import as_shown
from ._types import DEFAULT_PER_PAGE, paged, typed, whole


def search(call: Call) -> Answer:
    """Find annotations that match every filter, in the order of lists (a guess)."""
    call.check_polarities()
    call.check_values()
    searches = listed(call.body, "searches")
    if len(searches) != 1:
        raise invalid("searches must be a list of one search")
    only(searches[0], ("query",), "searches.")
    query = typed(searches[0], "query", dict)
    only(query, ("filters",), "query.")
    tests = [read_filter(asked) for asked in listed(query, "filters")]
    found = [tree for tree in call.stored.in_order() if all(test(tree) for test in tests)]
    pagination = typed(call.body, "pagination", dict)
    page, per_page = whole(pagination, "page", default=1), whole(pagination, "per_page", default=DEFAULT_PER_PAGE)
    user_id, app_id = call.stored.name
    hits = [
        {
            "score": 1.0,
            "input": {"id": tree["input_id"]},
            "annotation": as_answer(tree),
            "user_id": user_id,
            "app_id": app_id,
        }
        for tree in paged(found, page, per_page)
    ]
    return success(id=uuid4().hex, hits=hits, searches=as_shown(searches))
