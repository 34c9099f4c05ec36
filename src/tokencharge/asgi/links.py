"""Links to the two pages, which no captured value can make lead elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.routing import Route

from ..web import with_query

_OF_A_PATH = "/:@!$&'()*+,;=~"


def link(page: Route, request: Request) -> str:
    """Return the path of a page with the request's captured values and its query."""
    # Not url_for: it trusts the Host header, and would use another checkout's route
    # with the same name.
    captured = {name: _encoded(value) for name, value in request.path_params.items()}
    known = {name: value for name, value in captured.items() if name in page.param_convertors}
    root = _encoded(request.scope.get("root_path", ""))
    path = root + quote(page.url_path_for(page.name, **known), safe=f"{_OF_A_PATH}%")
    # A path that begins with two slashes means another host. The query is not taken
    # from the URL: older Starlettes make that from the decoded path, so a question mark
    # in the path began a query.
    query = request.scope.get("query_string", b"").decode("latin-1")
    return with_query(f"/%2F{path[2:]}" if path.startswith("//") else path, query)


def _encoded(part: Any) -> Any:
    """Encode a captured value for a link.

    It is as it was typed, and must not lead elsewhere.
    """
    return quote(part, safe=_OF_A_PATH) if isinstance(part, str) else part
