"""Where the sandbox may differ from a recording, and why."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from .comparing import Difference
from .exchanges import Exchange


class Allowed(NamedTuple):
    """A difference that is meant. `at`, `request` and `exchange` are
    patterns: `*` stands for anything."""

    at: str
    what: str
    reason: str
    request: str = "*"
    exchange: str = "*"

    def __str__(self) -> str:
        where = [part for part in (self.at, self.request, self.exchange) if part not in {"", "*"}]
        return f"{' at '.join(where)} ({self.what}): {self.reason}"

    def covers(self, difference: Difference) -> bool:
        """Tell whether a difference is this one."""
        return (
            self.what in {difference.what, "*"}
            and fnmatchcase(difference.at, self.at)
            and fnmatchcase(difference.request, self.request)
            and fnmatchcase(difference.exchange, self.exchange)
        )


def sorted_out(
    differences: Sequence[Difference], table: Sequence[Allowed]
) -> tuple[list[Difference], dict[Allowed, int]]:
    """Part what is not allowed from how often each allowance was used."""
    used = dict.fromkeys(table, 0)
    left = []
    for difference in differences:
        cover = next((allowed for allowed in table if allowed.covers(difference)), None)
        if cover is None:
            left.append(difference)
        else:
            used[cover] += 1
    return left, used


def as_today(exchange: Exchange) -> dict[str, Any]:
    """Say what a request of 2026-08-26.dahlia sends at 2026-10-28.endive.

    `payment_method_types` is refused since 2026-09-30.endive; who wanted only cards, and nobody led
    away, says so by `automatic_payment_methods`.
    """
    params = exchange.params
    intents = ("/v1/payment_intents", "/v1/setup_intents")
    if exchange.path.startswith(intents) and params.get("payment_method_types") == ["card"]:
        rest = {name: value for name, value in params.items() if name != "payment_method_types"}
        return {**rest, "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    return params


_EVIDENCE = (
    "Stripe fills in what it knows of buyer and charge in seconds, one by one; the sandbox at"
    " once, without the name."
)
_TRANSLATED = "The recording sent payment_method_types, which endive refuses: see `as_today`."
_CURRENCY = "The recorded account keeps its money in CAD; the sandbox's is paid in every currency."
_DISPUTES = "* /v1/*dispute*"
_PAYOUTS = "When money is available hangs on how an account is paid out."

# Beside recordings of September 2026: 2026-08-26.dahlia, a new account in Canada.
NEW_ACCOUNT: tuple[Allowed, ...] = (
    Allowed("payment_intent.automatic_payment_methods", "type", _TRANSLATED),
    Allowed("payment_intent.payment_method_configuration_details", "type", _TRANSLATED),
    Allowed("payment_intent.payment_method_options.link", "extra", _TRANSLATED),
    Allowed("payment_intent.payment_method_types", "value", _TRANSLATED),
    Allowed("setup_intent.automatic_payment_methods", "type", _TRANSLATED),
    Allowed("setup_intent.payment_method_configuration_details", "type", _TRANSLATED),
    Allowed("setup_intent.payment_method_types", "value", _TRANSLATED),
    Allowed(
        "charge.calculated_statement_descriptor", "value", "It is the account's name: another."
    ),
    Allowed("balance_transaction.amount", "value", _CURRENCY, request=_DISPUTES),
    Allowed("balance_transaction.net", "value", _CURRENCY, request=_DISPUTES),
    Allowed("balance_transaction.currency", "value", _CURRENCY, request=_DISPUTES),
    Allowed("balance_transaction.fee_details.each.currency", "value", _CURRENCY, request=_DISPUTES),
    Allowed("balance_transaction.available_on", "time", _PAYOUTS, request=_DISPUTES),
    Allowed("balance_transaction.status", "value", _PAYOUTS, request=_DISPUTES),
    Allowed("dispute.evidence.customer_email_address", "type", _EVIDENCE),
    Allowed("dispute.evidence.customer_name", "type", _EVIDENCE),
    Allowed("dispute.evidence.product_description", "type", _EVIDENCE),
)
