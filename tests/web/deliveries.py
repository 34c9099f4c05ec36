"""Events as Stripe sends them, signed as Stripe documents it; and as Stripe never would."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from typing import Any
from uuid import uuid4

# What may stand in a header as a server hands it on.
_LATIN = [chr(code) for code in range(1, 256) if chr(code) not in "\r\n"]
# What may stand in the place of anything, as JSON.
_VALUES = r"""
    null false "" "x" "\ud800" "\u0000" 0 -1 1.5 1e400 NaN [] {} [{}] "ch_1" "charge" "event"
""".split()

SECRET, OLD_SECRET = "whsec_of_the_shop", "whsec_being_rolled"
BUYER = "grace@example.com"


def event(kind: str = "charge.refunded", about: object = None, **changes: Any) -> bytes:
    """A new event, about a charge that was refunded if nothing else is said."""
    charge = {
        "id": "ch_1",
        "object": "charge",
        "amount": 500,
        "amount_refunded": 200,
        "currency": "usd",
        "billing_details": {"email": BUYER},
    }
    body = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "api_version": "2026-06-24",
        "created": 1_700_000_000,
        "data": {"object": charge if about is None else about},
        "livemode": False,
        "type": kind,
    }
    return json.dumps({**body, **changes}, indent=2).encode()


def signed(payload: bytes, secret: str = SECRET, seconds: int = 0) -> str:
    """The `Stripe-Signature` of a payload: HMAC-SHA256 over a time, so
    many seconds from now, and the body."""
    when = int(time.time()) + seconds
    digest = hmac.new(secret.encode(), b"%d." % when + payload, hashlib.sha256).hexdigest()
    return f"t={when},v1={digest}"


def garbled(chance: random.Random) -> tuple[bytes, str]:
    """A payload and a signature, in some of which nothing is wrong
    and in most of which something is."""
    payload = _garbled_payload(chance)
    return payload, _garbled_signature(chance, payload)


def _garbled_payload(chance: random.Random) -> bytes:
    payload, way = (
        event(chance.choice(["charge.refunded", "customer.created", "a.b"])),
        chance.randrange(6),
    )
    if way == 0:
        return payload
    if way == 1:
        return chance.randbytes(chance.randrange(200))
    if way == 2:
        return chance.choice([b"[", b'{"a":', b"1", b'"', b"\xff"]) * chance.randrange(2000)
    if way == 3:
        cut = bytearray(payload)
        for _ in range(chance.randrange(1, 8)):
            cut[chance.randrange(len(cut))] = chance.randrange(256)
        return bytes(cut)
    if way == 4:
        begin, end = sorted(chance.randrange(len(payload)) for _ in "be")
        return payload[:begin] + payload[end:]
    body = json.loads(payload)
    for _ in range(chance.randrange(1, 4)):
        place = chance.choice([body, body["data"], body["data"]["object"]])
        place[chance.choice([name for name in place if name != "data"] or ["object"])] = json.loads(
            chance.choice(_VALUES)
        )
        if not isinstance(body["data"]["object"], dict):
            break
    return json.dumps(body).encode()


def _garbled_signature(chance: random.Random, payload: bytes) -> str:
    header, way = signed(payload), chance.randrange(8)
    if way < 4:
        return header
    if way == 4:
        return "".join(chance.choices(_LATIN, k=chance.randrange(120)))
    if way == 5:
        return signed(
            payload,
            chance.choice([SECRET, "whsec_of_somebody_else"]),
            chance.randrange(-1000, 1000),
        )
    if way == 6:
        parts = [*header.split(","), "t=1", "v1=", "=", "v0=aa", "t=", "v1=\xe9", ""]
        return ",".join(chance.sample(parts, chance.randrange(len(parts))))
    cut = list(header)
    cut[chance.randrange(len(cut))] = chance.choice(_LATIN)
    return "".join(cut)
