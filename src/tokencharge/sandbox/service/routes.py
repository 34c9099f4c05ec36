"""Which request is for which endpoint: the map of the API, as much of it as there is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import attrs

from ..language.refusals import Refusal
from ..language.wire import JSON
from ..objects import (
    charges,
    confirmation_tokens,
    customers,
    events,
    intent_forms,
    payment_intents,
    payment_methods,
    reading,
    refunds,
    tokens,
)
from ..objects.forms import Form


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
    "POST payment_intents": Endpoint(payment_intents.create, intent_forms.CREATE, "payment_intent"),
    "GET payment_intents": Endpoint(payment_intents.list_, intent_forms.LIST, "list payment_intent"),
    "GET payment_intents/search": Endpoint(payment_intents.search, reading.SEARCH, "list payment_intent"),
    "GET payment_intents/:id": Endpoint(payment_intents.get, intent_forms.GET, "payment_intent", public=True),
    "POST payment_intents/:id": Endpoint(payment_intents.update, intent_forms.UPDATE, "payment_intent"),
    "POST payment_intents/:id/confirm": Endpoint(
        payment_intents.confirm, intent_forms.CONFIRM, "payment_intent", public=True
    ),
    "POST payment_intents/:id/source_cancel": Endpoint(
        payment_intents.source_cancel, intent_forms.SOURCE_CANCEL, "payment_intent", public=True
    ),
    "POST payment_intents/:id/capture": Endpoint(payment_intents.capture, intent_forms.CAPTURE, "payment_intent"),
    "POST payment_intents/:id/cancel": Endpoint(payment_intents.cancel, intent_forms.CANCEL, "payment_intent"),
    "POST payment_methods": Endpoint(payment_methods.create, payment_methods.CREATE, "payment_method", public=True),
    "GET payment_methods": Endpoint(payment_methods.list_, payment_methods.LIST, "list payment_method"),
    "GET payment_methods/:id": Endpoint(payment_methods.get, payment_methods.GET, "payment_method"),
    "POST payment_methods/:id/attach": Endpoint(payment_methods.attach, payment_methods.ATTACH, "payment_method"),
    "POST payment_methods/:id/detach": Endpoint(payment_methods.detach, payment_methods.GET, "payment_method"),
    "GET customers/:id/payment_methods": Endpoint(
        payment_methods.list_of_customer, payment_methods.LIST_OF_CUSTOMER, "list payment_method"
    ),
    "POST confirmation_tokens": Endpoint(
        confirmation_tokens.create, confirmation_tokens.CREATE, "confirmation_token", public=True
    ),
    "GET confirmation_tokens/:id": Endpoint(confirmation_tokens.get, confirmation_tokens.GET, "confirmation_token"),
    "POST test_helpers/confirmation_tokens": Endpoint(
        confirmation_tokens.create, confirmation_tokens.TEST_CREATE, "confirmation_token"
    ),
    "POST refunds": Endpoint(refunds.create, refunds.CREATE, "refund"),
    "GET refunds": Endpoint(refunds.list_, refunds.LIST, "list refund"),
    "GET refunds/:id": Endpoint(refunds.get, refunds.GET, "refund"),
    "GET events": Endpoint(events.list_, events.LIST, "list event"),
    "GET events/:id": Endpoint(events.get, events.GET, "event"),
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
