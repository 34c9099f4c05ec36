"""Where the demo's scenes are played: calls are shown as they are made, claims are checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from .. import CardDeclined, Charge, Money, Payment, PaymentGateway, Refund, Settings, TokenChargeError
from ..sandbox import Arrival, Sandbox

T = TypeVar("T")


@attrs.frozen
class Named:
    """An argument that is shown by name, as the variable a reader of the line would have."""

    name: str
    value: Any


@attrs.frozen
class Step:
    """One call, and what came of it.

    Attributes:
        function: What was called, and what its result is named: "payment = gateway.charge".
        arguments: As written in Python.
        outcome: What was returned or raised.
        requests: What arrived at the sandbox meanwhile.
    """

    function: str
    arguments: tuple[str, ...]
    outcome: object
    requests: tuple[Arrival, ...]

    def code(self, width: int) -> str:
        """Write the call in Python: on one line if it fits."""
        line = f"{self.function}({', '.join(self.arguments)})"
        if len(line) <= width:
            return line
        return "\n".join([f"{self.function}(", *(f"    {argument}," for argument in self.arguments), ")"])


@attrs.frozen
class Claim:
    """Something the story says, and whether it was so."""

    text: str
    holds: bool


@attrs.frozen
class Totals:
    """How many Customers, Charges and Refunds there are, failed ones too."""

    customers: int = 0
    charges: int = 0
    refunds: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(self.customers + other.customers, self.charges + other.charges, self.refunds + other.refunds)

    def __sub__(self, other: Totals) -> Totals:
        return Totals(self.customers - other.customers, self.charges - other.charges, self.refunds - other.refunds)

    def __str__(self) -> str:
        counts = attrs.asdict(self).items()
        return ", ".join(f"{count} {name.removesuffix('s') if count == 1 else name}" for name, count in counts)


@attrs.frozen
class Stage:
    """What the scenes are played against: a sandbox on this machine, or Stripe's test mode."""

    settings: Settings
    gateway: PaymentGateway
    sandbox: Sandbox | None

    @property
    def backend(self) -> str:
        """What is on stage: "sandbox" or "stripe"."""
        return "stripe" if self.sandbox is None else "sandbox"


@attrs.define
class Scene:
    """One scene as it was played.

    Attributes:
        name: For machines.
        title: For people.
        stage: Where.
        steps: The calls.
        claims: What was said of them.
        skipped: Why it was not played.
        broke: What ended it before its end.
        totals: What it made, once it is over.
    """

    name: str
    title: str
    stage: Stage
    steps: list[Step] = attrs.field(factory=list[Step])
    claims: list[Claim] = attrs.field(factory=list[Claim])
    skipped: str | None = None
    broke: TokenChargeError | None = None
    totals: Totals = Totals()
    _before: Totals = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = _recorded(self.stage.sandbox)

    @property
    def as_told(self) -> bool:
        """Whether nothing went otherwise than the story says."""
        return self.broke is None and all(claim.holds for claim in self.claims)

    def count(self) -> Totals:
        """Count what the scene has made so far, by the sandbox's own record or by what Stripe's answers name."""
        if self.stage.sandbox is not None:
            return _recorded(self.stage.sandbox) - self._before
        outcomes = [step.outcome for step in self.steps]
        payments = [each for each in outcomes if isinstance(each, Payment)]
        errors = [each for each in outcomes if isinstance(each, TokenChargeError)]
        customers = {payment.customer.id for payment in payments} | {error.customer_id for error in errors}
        charges = {payment.charge.id for payment in payments} | {error.charge_id for error in errors}
        return Totals(
            len(customers - {None}),
            len(charges - {None}),
            len({each.id for each in outcomes if isinstance(each, Refund)}),
        )

    def call(self, function: str, target: Callable[..., T], **arguments: Any) -> T:
        """Call the target; show it as the function, with these arguments."""
        seen = 0 if self.stage.sandbox is None else len(self.stage.sandbox.requests)
        outcome: object = None
        try:
            result = target(**{name: _value(argument) for name, argument in arguments.items()})
            outcome = result
            return result
        except TokenChargeError as error:
            outcome = error
            raise
        finally:
            requests = [] if self.stage.sandbox is None else self.stage.sandbox.requests[seen:]
            written = tuple(f"{name}={_written(argument)}" for name, argument in arguments.items())
            self.steps.append(Step(function, written, outcome, tuple(requests)))

    def claim(self, text: str, holds: bool) -> None:
        """Say something that must be so."""
        self.claims.append(Claim(text, holds))

    def claim_totals(self, customers: int, charges: int, refunds: int = 0) -> None:
        """Say how many Customers, Charges and Refunds the scene made."""
        told = Totals(customers, charges, refunds)
        who = "Stripe's answers name" if self.stage.sandbox is None else "The sandbox counts"
        self.claim(f"{who} {told}.", told == self.count())

    def as_json(self) -> dict[str, Any]:
        """Describe the scene to a machine."""
        payments = [step.outcome for step in self.steps if isinstance(step.outcome, Payment)]
        return {
            "name": self.name,
            "title": self.title,
            "as_told": None if self.skipped else self.as_told,
            "skipped": self.skipped,
            "error": None if self.broke is None else self.broke.message,
            "calls": [_step_as_json(step) for step in self.steps],
            "customer": payments[-1].customer.id if payments else None,
            "charge": payments[-1].charge.id if payments else None,
            "claims": [attrs.asdict(claim) for claim in self.claims],
            "totals": attrs.asdict(self.totals),
        }


def _recorded(sandbox: Sandbox | None) -> Totals:
    if sandbox is None:
        return Totals()
    return Totals(len(sandbox.customers), len(sandbox.charges), len(sandbox.refunds))


def _value(argument: Any) -> Any:
    return argument.value if isinstance(argument, Named) else argument


def _written(argument: Any) -> str:
    if isinstance(argument, Named):
        return argument.name
    if isinstance(argument, Money):
        return f'Money({argument.amount}, "{argument.currency}")'
    return json.dumps(argument) if isinstance(argument, str) else repr(argument)


def _step_as_json(step: Step) -> dict[str, Any]:
    return {
        "python": step.code(10_000),
        "result": type(step.outcome).__name__,
        **_facts(step.outcome),
        "requests": [
            {"method": each.method, "path": each.path, "status": each.status, "replayed": each.replayed}
            for each in step.requests
        ],
    }


def _facts(outcome: object) -> dict[str, Any]:
    if isinstance(outcome, Payment):
        facts = _facts(outcome.charge)
        return {"customer": outcome.customer.id, **facts, "order_id": outcome.order_id, "replayed": outcome.replayed}
    if isinstance(outcome, Charge):
        return {
            "charge": outcome.id,
            "status": outcome.status,
            **attrs.asdict(outcome.amount),
            "amount_captured": outcome.amount_captured.amount,
            "amount_refunded": outcome.amount_refunded.amount,
            "card": outcome.card and {"brand": outcome.card.brand, "last4": outcome.card.last4},
        }
    if isinstance(outcome, Refund):
        return {"refund": outcome.id, "status": outcome.status, **attrs.asdict(outcome.amount)}
    if isinstance(outcome, TokenChargeError):
        return {
            "message": outcome.message,
            "public_message": outcome.public_message,
            "code": outcome.code,
            "decline_code": outcome.decline_code,
            "advice": outcome.advice.value if isinstance(outcome, CardDeclined) else None,
            "retryable": outcome.retryable,
        }
    return {}
