"""A WSGI application whose gateway is made and used as it loads, for `gunicorn --preload`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from tests.processes.buyer import buy
from tokencharge import PaymentGateway

gateway = PaymentGateway.from_env()
buy(gateway, "before the fork", os.environ["FIRST_TOKEN"])


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Charge the order of the query and say which process did, and what came of it."""
    query = parse_qs(environ["QUERY_STRING"])
    payment = buy(gateway, query["order"][0], query["token"][0])
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "charge": payment.charge.id}).encode()]
