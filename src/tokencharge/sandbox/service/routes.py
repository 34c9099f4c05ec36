"""The routes of the API, as many of them as the sandbox has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote

from ..language.kinds import Kind
from ..language.refusals import Refusal, Saving
from ..language.wire import JSON
from ..objects import (
    accounts,
    charges,
    confirmation_tokens,
    customers,
    disputes,
    events,
    forms,
    intent_forms,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    sources,
    tokens,
)
from ..objects.forms import NOTHING, Form
from ..objects.reading import Endpoint, counted, found, many, one

_ID = forms.words()
_OWNER = forms.words(500)


def _at(kind: Kind, run: Callable[..., JSON], form: Form = NOTHING) -> Endpoint:
    return Endpoint(run, form, kind)


def _list(kind: Kind, run: Callable[..., JSON], form: Form) -> Endpoint:
    return Endpoint(run, form, kind, many=True)


def _open(kind: Kind, run: Callable[..., JSON], form: Form) -> Endpoint:
    return Endpoint(run, form, kind, public=True)


def _stub(run: Callable[..., JSON]) -> Endpoint:
    return Endpoint(run, NOTHING, None)


_CARD, _CHARGE, _CUSTOMER, _REFUND = Kind.CARD, Kind.CHARGE, Kind.CUSTOMER, Kind.REFUND
_INTENT, _METHOD, _CONFIRMATION = Kind.PAYMENT_INTENT, Kind.PAYMENT_METHOD, Kind.CONFIRMATION_TOKEN
_BOOKED, _SETUP = Kind.BALANCE_TRANSACTION, Kind.SETUP_INTENT

_ID_HERE = ":id"
ROUTES = {
    "GET account": _at(Kind.ACCOUNT, accounts.get),
    "GET accounts": _list(Kind.ACCOUNT, accounts.connected, accounts.LIST),
    "GET accounts/:id": _at(Kind.ACCOUNT, accounts.get_by_id),
    "GET balance": _at(Kind.BALANCE, accounts.balance),
    "GET balance_transactions": many(
        _BOOKED, "/v1/balance_transactions", currency=_ID, source=_ID, type=_ID
    ),
    "GET balance_transactions/:id": one(_BOOKED),
    "POST tokens": _open(Kind.TOKEN, tokens.create, tokens.CREATE),
    "GET tokens/:id": one(Kind.TOKEN),
    "POST customers": _at(_CUSTOMER, customers.create, customers.CREATE),
    "GET customers": many(_CUSTOMER, "/v1/customers", email=forms.words(512)),
    "GET customers/search": found(_CUSTOMER, "/v1/customers", "email", "name", "phone"),
    "GET customers/:id": one(_CUSTOMER),
    "POST customers/:id": _at(_CUSTOMER, customers.update, customers.UPDATE),
    "DELETE customers/:id": _stub(customers.delete),
    "POST customers/:id/sources": _at(_CARD, sources.attach, sources.ATTACH),
    "GET customers/:id/sources": _list(_CARD, sources.list_, sources.LIST),
    "GET customers/:id/sources/:id": _at(_CARD, sources.get),
    "POST customers/:id/sources/:id": _at(_CARD, sources.update, sources.UPDATE),
    "DELETE customers/:id/sources/:id": _stub(sources.delete),
    "GET customers/:id/payment_methods": _list(
        _METHOD, payment_methods.list_of_customer, payment_methods.LIST_OF_CUSTOMER
    ),
    "GET customers/:id/payment_methods/:id": _at(_METHOD, payment_methods.get_of_customer),
    "POST payment_methods": _open(_METHOD, payment_methods.create, payment_methods.CREATE),
    "GET payment_methods": _list(_METHOD, payment_methods.list_, payment_methods.LIST),
    "GET payment_methods/:id": _at(_METHOD, payment_methods.get),
    "POST payment_methods/:id": _at(_METHOD, payment_methods.update, payment_methods.UPDATE),
    "POST payment_methods/:id/attach": _at(_METHOD, payment_methods.attach, payment_methods.ATTACH),
    "POST payment_methods/:id/detach": _at(_METHOD, payment_methods.detach),
    "POST confirmation_tokens": _open(
        _CONFIRMATION, confirmation_tokens.create, confirmation_tokens.CREATE
    ),
    "GET confirmation_tokens/:id": one(_CONFIRMATION),
    "POST test_helpers/confirmation_tokens": _at(
        _CONFIRMATION, confirmation_tokens.create, confirmation_tokens.TEST_CREATE
    ),
    "POST payment_intents": _at(_INTENT, payment_intents.create, intent_forms.CREATE),
    "GET payment_intents": many(_INTENT, "/v1/payment_intents", customer=_OWNER),
    "GET payment_intents/search": found(
        _INTENT, "/v1/payment_intents", "currency", "customer", "status"
    ),
    "GET payment_intents/:id": _open(_INTENT, payment_intents.get, intent_forms.GET),
    "POST payment_intents/:id": _at(_INTENT, payment_intents.update, intent_forms.UPDATE),
    "POST payment_intents/:id/confirm": _open(
        _INTENT, payment_intents.confirm, intent_forms.CONFIRM
    ),
    "POST payment_intents/:id/source_cancel": _open(
        _INTENT, payment_intents.source_cancel, intent_forms.SOURCE_CANCEL
    ),
    "POST payment_intents/:id/capture": _at(_INTENT, payment_intents.capture, intent_forms.CAPTURE),
    "POST payment_intents/:id/cancel": _at(_INTENT, payment_intents.cancel, intent_forms.CANCEL),
    "POST setup_intents": _at(_SETUP, setup_intents.create, setup_intents.CREATE),
    "GET setup_intents": many(_SETUP, "/v1/setup_intents", customer=_OWNER, payment_method=_ID),
    "GET setup_intents/:id": _open(_SETUP, setup_intents.get, setup_intents.GET),
    "POST setup_intents/:id": _at(_SETUP, setup_intents.update, setup_intents.UPDATE),
    "POST setup_intents/:id/confirm": _open(_SETUP, setup_intents.confirm, setup_intents.CONFIRM),
    "POST setup_intents/:id/cancel": _at(_SETUP, setup_intents.cancel, setup_intents.CANCEL),
    "POST charges": _at(_CHARGE, charges.create, charges.CREATE),
    "GET charges": many(
        _CHARGE, "/v1/charges", customer=_OWNER, payment_intent=_ID, transfer_group=_ID
    ),
    "GET charges/search": found(_CHARGE, "/v1/charges", "currency", "customer", "status"),
    "GET charges/:id": one(_CHARGE),
    "POST charges/:id": _at(_CHARGE, charges.update, charges.UPDATE),
    "POST charges/:id/capture": _at(_CHARGE, charges.capture, charges.CAPTURE),
    "POST charges/:id/refund": _at(_CHARGE, refunds.refund_charge, refunds.CREATE_OF_CHARGE),
    "POST charges/:id/refunds": _at(_REFUND, refunds.create_of_charge, refunds.CREATE_OF_CHARGE),
    "GET charges/:id/refunds": _list(_REFUND, refunds.list_of_charge, refunds.LIST_OF_CHARGE),
    "GET charges/:id/refunds/:id": _at(_REFUND, refunds.get_of_charge),
    "GET charges/:id/dispute": _at(Kind.DISPUTE, disputes.get_of_charge),
    "POST refunds": _at(_REFUND, refunds.create, refunds.CREATE),
    "GET refunds": counted(_REFUND, "/v1/refunds", "charge", "payment_intent"),
    "GET refunds/:id": one(_REFUND),
    "POST refunds/:id": _at(_REFUND, refunds.update, refunds.UPDATE),
    "POST refunds/:id/cancel": _at(_REFUND, refunds.cancel),
    "GET disputes": counted(Kind.DISPUTE, "/v1/disputes", "charge", "payment_intent"),
    "GET disputes/:id": one(Kind.DISPUTE),
    "POST disputes/:id": _at(Kind.DISPUTE, disputes.update, disputes.UPDATE),
    "POST disputes/:id/close": _at(Kind.DISPUTE, disputes.close),
    "GET events": _list(Kind.EVENT, events.list_, events.LIST),
    "GET events/:id": _at(Kind.EVENT, events.get),
}


def find(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
    """Return the endpoint of a request and the ids in its path.

    Raises:
        Refusal: There is no such endpoint.
    """
    plain = path.removeprefix("/v1/")
    endpoint = ROUTES.get(f"{method} {plain}")
    if endpoint is not None and _ID_HERE not in plain:
        return endpoint, ()
    for names, ids in _readings(plain.split("/")):
        endpoint = ROUTES.get(f"{method} {'/'.join(names)}")
        if endpoint is not None and all(ids) and names.count(_ID_HERE) == len(ids):
            return endpoint, tuple(map(unquote, ids))
    hint = ""
    if path.endswith("/"):
        hint = (
            " If you are trying to list objects, remove the trailing slash. If you are trying to"
            " retrieve an object, make sure you passed a valid (non-empty) identifier in your"
            " code."
        )
    raise Refusal(
        404,
        f"Unrecognized request URL ({method}: {path}).{hint} Please see https://stripe.com/docs or"
        " we can help at https://support.stripe.com/.",
        saving=Saving.FORGOTTEN,
    )


def _readings(parts: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Read a path with an id as its second part, then also as its fourth."""
    if len(parts) > 1:
        once = [*parts[:1], _ID_HERE, *parts[2:]]
        yield once, [parts[1]]
        if len(parts) > 3:
            yield [*once[:3], _ID_HERE, *parts[4:]], [parts[1], parts[3]]
