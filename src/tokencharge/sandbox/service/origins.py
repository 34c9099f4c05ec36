"""What browsers may do over HTTP: known hosts, and pages of other origins.

Any page of the internet can make a browser on this machine send requests here. The page
must not reach the account by its own host name, made to lead here (DNS rebinding). It
must not use the secret key either, which everybody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..language.refusals import Refusal
from ..language.sender import is_loopback
from ..language.wire import Request, Response
from . import routes

_NAME = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_METHODS = ("GET", "POST", "DELETE")

_READABLE = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Request-Id, Stripe-Should-Retry",
}
_ASKED = "Authorization, Content-Type, Idempotency-Key, Stripe-Version"


class Hosts:
    """The names and addresses under which the sandbox answers.

    Args:
        listens: The address on which it listens.
        more: Other names and addresses, without port. This machine's own names always
            count.

    Raises:
        ValueError: One of them is neither a name nor an address.
    """

    def __init__(self, listens: str, more: Iterable[str]) -> None:
        self._names = {listens.lower()}
        for name in more:
            if _NAME.fullmatch(name) is None:
                raise ValueError(
                    "A host to answer for is a name or an address, without scheme, port or path."
                )
            self._names.add(name.lower().rstrip("."))

    def check(self, host: str | None) -> None:
        """Accept a request for one of the hosts, or from a client too old to say.

        Raises:
            Refusal: The request is for another host.
        """
        if host is None:
            return
        name = host.rstrip(".")
        if name not in self._names and not is_loopback(name):
            raise Refusal(
                421,
                "The sandbox does not answer for this Host: start it with `tokencharge sandbox"
                ' --allow-host NAME`, or `sandbox.serve(hosts=["NAME"])`, to use it under another'
                " name than localhost.",
            )


def preflight(request: Request) -> Response:
    """Tell a browser whether a page of another origin may make a call.

    Raises:
        Refusal: The call is open to the secret key only, or does not exist.
    """
    methods = [method for method in _METHODS if _is_public(method, request.path)]
    if (
        request.headers.get("access-control-request-method", methods[0] if methods else None)
        not in methods
    ):
        raise Refusal(403, "Pages may make only the calls that are open to the publishable key.")
    return Response(
        204,
        {
            **_READABLE,
            "access-control-allow-headers": _ASKED,
            "access-control-allow-methods": ", ".join(methods),
            "access-control-max-age": "300",
        },
    )


def check(request: Request) -> None:
    """Accept a request, unless a page sent it with a key that is not publishable.

    Raises:
        Refusal: A page did.
    """
    key = request.api_key
    if "origin" in request.headers and key and not key.startswith("pk_"):
        raise Refusal(
            403,
            (
                "A page was going to use a secret key: only servers may have one, pages use the"
                " publishable key."
            ),
        )


def readable(request: Request) -> dict[str, str]:
    """Return the headers that let pages of other origins read the answer.

    There are none if the call is not open to such pages.
    """
    return _READABLE if _is_public(request.method, request.path) else {}


def _is_public(method: str, path: str) -> bool:
    if not path.startswith("/v1/"):
        return False
    try:
        return routes.find(method, path)[0].public
    except Refusal:
        return False
