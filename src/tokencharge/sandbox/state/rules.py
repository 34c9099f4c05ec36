"""Choices where Stripe is slow or unverified, or where accounts differ."""

from __future__ import annotations

import attrs


@attrs.define
class Rules:
    """The kind of account, and the choices where Stripe is slow or unverified.

    Attributes:
        card_tokens: Customers and Charges accept card tokens, as on old accounts. On a
            new account, the default, they refuse every card token;
            `POST /v1/payment_methods` accepts it.
        exports_from_india: The account is in India. A payment in another currency than
            rupees then needs a description, and the name and address of the Customer or
            of the shipping (https://docs.stripe.com/india-exports; where Stripe looks
            for them is a guess).
        saves_policies: A refusal by the account's API policies is saved under the
            idempotency key (recorded in 2026 for another policy).
        saves_unknown_ids: The refusal of an unknown id is saved under the idempotency
            key (recorded answers suggest that Stripe does not save it).
        search_lag: The seconds until search finds a new object (Stripe: up to a
            minute).
        search_oldest_first: Search returns the oldest object first. Stripe does not
            document the order.
        booking_time: The seconds until an automatic PaymentIntent has its balance
            transaction, and a Refund its reference.
        decline_consumes_token: A declined request uses up its token.
        decline_consumes_method: A declined request uses up a PaymentMethod without a
            Customer.
        in_flight_first: If a key is in use and the parameters differ too, the answer is
            409. Otherwise it is 400.
        lock_intents: While one request uses a PaymentIntent, others get 429. Otherwise
            they wait.
        keys_by_path: The same key at two endpoints counts as two keys. Otherwise the
            second endpoint refuses it.
        processing_time: The seconds for which the sandbox's own slow cards leave a
            PaymentIntent `processing`.
        cancel_while_processing: A PaymentIntent that is `processing` can be canceled
            (Stripe: in rare cases).
    """

    card_tokens: bool = False
    exports_from_india: bool = False
    saves_policies: bool = True
    saves_unknown_ids: bool = False
    search_lag: float = 0.0
    search_oldest_first: bool = False
    booking_time: float = 2.0
    decline_consumes_token: bool = True
    decline_consumes_method: bool = True
    in_flight_first: bool = True
    lock_intents: bool = False
    keys_by_path: bool = False
    processing_time: float = 60.0
    cancel_while_processing: bool = False
