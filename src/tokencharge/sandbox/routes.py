"""Which request is for which endpoint: the map of the API, as much of it as there is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import attrs

from . import charges, customers, reading, refunds, tokens
from .forms import Form
from .refusals import Refusal
from .wire import JSON


@attrs.frozen
class Endpoint:
    """What happens at one place of the API.

    Attributes:
        run: Takes the account, the parameters and the ids in the path; returns the answer.
        form: Reads the parameters.
        kind: The kind of object it answers with, for `expand`.
        public: Open to the publishable key.
    """

    run: Callable[..., JSON]
    form: Form
    kind: str
    public: bool = False


_ROUTES = {
    "POST tokens": Endpoint(tokens.create, tokens.CREATE, "token", public=True),
    "GET tokens/:id": Endpoint(tokens.get, tokens.GET, "token", public=True),
    "POST customers": Endpoint(customers.create, customers.CREATE, "customer"),
    "GET customers": Endpoint(customers.list_, customers.LIST, "list customer"),
    "GET customers/search": Endpoint(customers.search, reading.SEARCH, "list customer"),
    "GET customers/:id": Endpoint(customers.get, customers.GET, "customer"),
    "POST customers/:id": Endpoint(customers.update, customers.UPDATE, "customer"),
    "DELETE customers/:id": Endpoint(customers.delete, customers.GET, "stub"),
    "POST customers/:id/sources": Endpoint(customers.attach, customers.ATTACH, "card"),
    "GET customers/:id/sources": Endpoint(customers.list_cards, customers.LIST_CARDS, "list card"),
    "POST charges": Endpoint(charges.create, charges.CREATE, "charge"),
    "GET charges": Endpoint(charges.list_, charges.LIST, "list charge"),
    "GET charges/search": Endpoint(charges.search, reading.SEARCH, "list charge"),
    "GET charges/:id": Endpoint(charges.get, charges.GET, "charge"),
    "POST charges/:id": Endpoint(charges.update, charges.UPDATE, "charge"),
    "POST charges/:id/capture": Endpoint(charges.capture, charges.CAPTURE, "charge"),
    "POST refunds": Endpoint(refunds.create, refunds.CREATE, "refund"),
    "GET refunds": Endpoint(refunds.list_, refunds.LIST, "list refund"),
    "GET refunds/:id": Endpoint(refunds.get, refunds.GET, "refund"),
    "GET balance_transactions/:id": Endpoint(refunds.get_transaction, refunds.GET, "balance_transaction"),
}


def find(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
    """Return the endpoint of a request and the ids in its path.

    Raises:
        Refusal: There is no such endpoint.
    """
    place = path.strip("/").removeprefix("v1/")
    endpoint = _ROUTES.get(f"{method} {place}")
    if endpoint is not None:
        return endpoint, ()
    collection, _, rest = place.partition("/")
    name, slash, action = rest.partition("/")
    endpoint = _ROUTES.get(f"{method} {collection}/:id{slash}{action}")
    if endpoint is None:
        raise Refusal(404, f"Unrecognized request URL ({method}: {path}).")
    return endpoint, (unquote(name),)
