"""Disputes, read back: what a bank's customer objects to. They cannot be answered here."""

from __future__ import annotations

from ..language.kinds import Kind
from ..language.refusals import Refusal
from ..language.wire import JSON
from ..state.account import Visit


def get_of_charge(visit: Visit, params: JSON, name: str) -> JSON:
    """Look at the Dispute of the Charge that the path names."""
    dispute = visit.account.find(Kind.CHARGE, name).json["dispute"]
    if dispute is None:
        raise Refusal(404, f"No dispute for charge: {name}")
    return visit.account.known(dispute).json
