"""Links to the two pages, which lead nowhere else whatever a path has captured."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.routing import Route

from ..web import with_query

_OF_A_PATH = "/:@!$&'()*+,;=~"


def link(page: Route, request: Request) -> str:
    """Return the path of a page, for what the request's path has captured, with its query."""
    # No url_for: it believes the Host header, and would take another checkout's route of the same name.
    captured = {name: _encoded(value) for name, value in request.path_params.items()}
    known = {name: value for name, value in captured.items() if name in page.param_convertors}
    root = _encoded(request.scope.get("root_path", ""))
    path = root + quote(page.url_path_for(page.name, **known), safe=f"{_OF_A_PATH}%")
    # What begins with two slashes is another host.
    # Not from the URL, which older Starlettes make of the decoded path: a question mark in it began a query there.
    query = request.scope.get("query_string", b"").decode("latin-1")
    return with_query(f"/%2F{path[2:]}" if path.startswith("//") else path, query)


def _encoded(part: Any) -> Any:
    """Encode what a path captured, as a link has it; it is as it was typed, and must lead nowhere else."""
    return quote(part, safe=_OF_A_PATH) if isinstance(part, str) else part
