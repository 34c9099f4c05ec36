"""HTTP/1.1: read the head and the body of a request by RFC 9112, within bounds."""

from __future__ import annotations

import re
from io import BufferedIOBase

import attrs

_LINE = 16 * 1024
_FIELDS = 100
_BODY = 1024 * 1024
_CHUNK_LINE = 1024

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(
    r"(?:https?://(?P<host>[^/?#]*))?(?P<path>/[^?]*|\*)?(?:\?(?P<query>.*))?", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]*)?")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")


class Malformed(Exception):
    """The request cannot be served, and nobody knows where the next one begins.

    Attributes:
        status: The status to answer before hanging up.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@attrs.frozen
class Head:
    """The request line and the headers.

    Attributes:
        headers: The headers, with names in lower case. Values under one name are joined
            by commas.
        host: The host that is asked for, in lower case, without the port; None for
            HTTP/1.0 without a Host.
        last: The client wants no further request answered on this connection.
        waits: The client sends the body only after `100 Continue`.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    host: str | None
    last: bool
    waits: bool


def read_head(stream: BufferedIOBase) -> Head | None:
    """Read up to the blank line; return None at the end of the stream.

    Raises:
        Malformed: It is not HTTP/1, or it is too long.
        EOFError: It breaks off.
    """
    line = stream.readline(_LINE + 1)
    if line in (b"\r\n", b"\n"):
        # Some clients send an extra line break after a body.
        line = stream.readline(_LINE + 1)
    if not line:
        return None
    if len(line) > _LINE:
        raise Malformed(414, f"The request line is longer than {_LINE} bytes.")
    if not line.endswith(b"\n"):
        raise EOFError
    words = line.decode("latin-1").rstrip("\r\n").split(" ")
    if (
        len(words) != 3
        or _TOKEN.fullmatch(words[0]) is None
        or re.fullmatch(r"HTTP/\d\.\d", words[2]) is None
    ):
        raise Malformed(400, "The request line is not HTTP.")
    method, target, version = words
    if not version.startswith("HTTP/1."):
        raise Malformed(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    where = _TARGET.fullmatch(target)
    if where is None or target[:1] in ("", "?") or _CONTROL.search(target):
        raise Malformed(400, "The request line names no path.")
    old = version == "HTTP/1.0"
    headers = _headers(stream)
    if old and "transfer-encoding" in headers:
        raise Malformed(400, "HTTP/1.0 has no Transfer-Encoding.")
    options = {option.strip().lower() for option in headers.get("connection", "").split(",")}
    return Head(
        method,
        where["path"] or "/",
        where["query"] or "",
        headers,
        _host(headers.get("host") if where["host"] is None else where["host"], old=old),
        last="close" in options or (old and "keep-alive" not in options),
        waits=not old and headers.get("expect", "").lower() == "100-continue",
    )


def read_body(stream: BufferedIOBase, head: Head) -> bytes:
    """Read the body that the head announces.

    Raises:
        Malformed: Its length is unclear, or too large for a form.
        EOFError: It breaks off. Half a form must not count as a whole one.
    """
    length, coding = head.headers.get("content-length"), head.headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise Malformed(400, "A request has a Content-Length or a Transfer-Encoding, not both.")
        if coding.lower() != "chunked":
            raise Malformed(501, "The only Transfer-Encoding that is read here is chunked.")
        return _chunks(stream)
    if length is None:
        return b""
    if not length.isascii() or not length.isdecimal():
        raise Malformed(400, "The Content-Length is not a number of bytes.")
    # No client writes so long a number, and Python would refuse to parse it.
    return _exactly(stream, int(length) if len(length) < 20 else _BODY + 1)


def _headers(stream: BufferedIOBase) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_FIELDS + 1):
        line = stream.readline(_LINE + 1)
        if line in (b"\r\n", b"\n"):
            return headers
        if len(line) > _LINE:
            raise Malformed(431, f"A header is longer than {_LINE} bytes.")
        if not line.endswith(b"\n"):
            raise EOFError
        name, colon, value = line.decode("latin-1").rstrip("\r\n").partition(":")
        value = value.strip(" \t")
        if not colon or _TOKEN.fullmatch(name) is None or _CONTROL.search(value):
            raise Malformed(400, "A header is not written as `Name: value`.")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise Malformed(431, f"There are more than {_FIELDS} headers.")


def _host(text: str | None, *, old: bool) -> str | None:
    if text is None and old:
        return None
    match = _HOST.fullmatch(text or "")
    if match is None:
        raise Malformed(400, "The Host header names no host.")
    return (match["address"] or match["name"]).lower()


def _chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while True:
        size = _SIZE.fullmatch(_line(stream))
        if size is None:
            raise Malformed(400, "A chunk does not begin with its size.")
        length = int(size[1], 16)
        if length == 0:
            break
        body += _exactly(stream, length, len(body))
        if _line(stream) != b"\r\n":
            raise Malformed(400, "A chunk is longer than its size.")
    _headers(stream)  # trailers, which are ignored
    return bytes(body)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(_CHUNK_LINE)
    if not line.endswith(b"\n") and len(line) < _CHUNK_LINE:
        raise EOFError
    return line


def _exactly(stream: BufferedIOBase, length: int, before: int = 0) -> bytes:
    if before + length > _BODY:
        raise Malformed(413, f"The body is longer than {_BODY} bytes.")
    read = stream.read(length)
    if len(read) < length:
        raise EOFError
    return read
