"""Disputes: a bank's customer contests a Charge; the shop answers, or gives in."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal, impossible
from ..language.wire import JSON
from ..shapes.refund_bodies import EVIDENCE
from ..state import balance
from ..state.account import Visit
from ..state.shelf import Kept
from . import forms

UPDATE = forms.Form(
    evidence=forms.Form(**dict.fromkeys(EVIDENCE, forms.words(20_000, empty=True))),
    metadata=forms.metadata,
    submit=forms.boolean,
)

_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def get_of_charge(visit: Visit, params: JSON, name: str) -> JSON:
    """Return the Dispute of the Charge in the path."""
    dispute = visit.account.find(Kind.CHARGE, name).json["dispute"]
    if dispute is None:
        raise Refusal(404, f"No dispute for charge: {name}")
    return visit.account.known(dispute).json


def update(visit: Visit, params: JSON, name: str) -> JSON:
    """Answer a Dispute.

    The texts of Stripe's testing page decide how it ends, a little later.
    """
    dispute = _find_open(visit, name)
    before = dispute.json
    fields: JSON = {}
    if "metadata" in params:
        fields["metadata"] = forms.changed(before["metadata"], params["metadata"])
    evidence = params.get("evidence", {})
    if evidence:
        fields["evidence"] = {**before["evidence"], **evidence}
    if evidence and params.get("submit", True):
        details = before["evidence_details"]
        count = details["submission_count"] + 1
        fields["evidence_details"] = {**details, "has_evidence": True, "submission_count": count}
        fields["status"] = before["status"].replace("needs_response", "under_review")
        text = evidence.get("uncategorized_text")
        visit.later(visit.account.rules.booking_time, _decide, dispute, text)
    after = visit.account.change(dispute, **fields)
    visit.emit("charge.dispute.updated", after, before)
    return after


def close(visit: Visit, params: JSON, name: str) -> JSON:
    """Accept that a Dispute is lost."""
    return _end(visit, _find_open(visit, name), "lost")


def _find_open(visit: Visit, name: str) -> Kept:
    dispute = visit.account.find(Kind.DISPUTE, name)
    if dispute.json["status"] not in _OPEN:
        raise impossible("This dispute is already closed")
    return dispute


def _decide(alone: Visit, dispute: Kept, text: str | None) -> None:
    """Let the bank decide by the evidence."""
    inquiry = dispute.json["status"].startswith("warning")
    if dispute.json["status"] not in _OPEN:
        return
    if text == "winning_evidence":
        _end(alone, dispute, "won")
    elif text == "losing_evidence":
        _end(alone, dispute, "lost")
    elif text == "escalate_inquiry_evidence" and inquiry:
        details = dispute.json["payment_method_details"]
        card = {**details["card"], "case_type": "chargeback", "network_reason_code": "10.4"}
        balance.withdraw(alone, dispute, payment_method_details={**details, "card": card})


def _end(visit: Visit, dispute: Kept, status: str) -> JSON:
    if dispute.json["status"].startswith("warning"):
        status = "warning_closed"
    if status == "won":
        balance.reinstate(visit, dispute)
    closed = visit.account.change(dispute, status=status)
    visit.emit("charge.dispute.closed", closed)
    return closed
