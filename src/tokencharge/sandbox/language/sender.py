"""Send one HTTP request over its own connection: no proxy, redirect or retry."""

from __future__ import annotations

import http.client
import ipaddress
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit


def send(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
) -> tuple[int, bytes]:
    """Send a request and return the answer's status and body.

    Raises:
        OSError: There was no answer, or the answer is not HTTP.
    """
    where = urlsplit(url)
    connect = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    with closing(connect(where.hostname or "", where.port, timeout=timeout)) as connection:
        try:
            connection.request(
                method,
                where._replace(scheme="", netloc="", fragment="").geturl() or "/",
                body,
                headers,
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"The answer is not HTTP: {error!r}") from error


def checked(url: str, *, anywhere: bool) -> str:
    """Return the URL if requests may be sent to it.

    Raises:
        ValueError: The URL is not valid, or it leads to another machine and `anywhere`
            is not set.
    """
    host = _host(url)
    if host is None:
        raise ValueError(
            "Webhooks go to a plain URL that begins with http:// or https://, without spaces or a"
            " login."
        )
    if not anywhere and not is_loopback(host):
        raise ValueError(
            f"Webhooks go to this machine only, and {host} may be another one: use 127.0.0.1, or"
            " pass anywhere=True."
        )
    return url


def _host(url: str) -> str | None:
    try:
        where = urlsplit(url)
        plain = url.isascii() and url.isprintable() and not {" ", "@"} & {*url} and where.port != 0
    except ValueError:
        return None
    return (where.hostname or None) if plain and where.scheme in ("http", "https") else None


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own.

    Names are not looked up: only `localhost` and the names below it count.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
