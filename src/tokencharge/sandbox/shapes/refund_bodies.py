"""The bodies of Refunds and Disputes, in the shape of API 2026-10-28.endive."""

from __future__ import annotations

from ..language.wire import JSON


def refund(
    charge: JSON, amount: int, *, reason: str | None, metadata: dict[str, str], pending: bool
) -> JSON:
    """Describe the Refund of an amount of a Charge, without its id."""
    return {
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund" if charge["captured"] else "reversal",
            },
            "type": "card",
        },
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }


def dispute(charge: JSON, buyer: JSON, *, inquiry: bool, due_by: int) -> JSON:
    """Describe the Dispute of a Charge's captured amount, without its id.

    With `inquiry`, it is the bank's inquiry before a Dispute.
    """
    card = charge["payment_method_details"]["card"]
    return {
        "amount": charge["amount_captured"],
        "balance_transaction": None,
        "balance_transactions": [],
        "charge": charge["id"],
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {
            **dict.fromkeys(EVIDENCE),
            "customer_email_address": buyer.get("email"),
            "customer_name": buyer.get("name"),
            "enhanced_evidence": {},
            "product_description": charge["description"],
        },
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": inquiry,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": card["network"],
                "network_reason_code": "10" if inquiry else "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


EVIDENCE = """
access_activity_log billing_address cancellation_policy cancellation_policy_disclosure \
cancellation_rebuttal
customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id enhanced_evidence
product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation \
service_date
service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
shipping_tracking_number uncategorized_file uncategorized_text
""".split()
