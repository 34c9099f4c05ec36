"""What Stripe does slowly, does on some accounts only, or does in a way nobody has verified."""

from __future__ import annotations

import attrs


@attrs.define
class Rules:
    """What kind of account it is, and what to choose where Stripe is slow or unverified.

    Attributes:
        card_tokens: Customers and Charges take card tokens, as they do on old accounts.
            On a new one, the default, each is refused, and the way is
            `POST /v1/payment_methods`.
        exports_from_india: The account is in India: what is not paid in rupees needs a
            description, and a name and an address of the Customer or of the shipping
            (https://docs.stripe.com/india-exports; where Stripe looks for them is a guess).
        saves_policies: A refusal by the account's API policies is saved under its
            idempotency key (recorded in 2026 for another policy).
        saves_unknown_ids: So is one of an id that names nothing (recorded answers
            let one infer that it is not).
        search_lag: Seconds until a new object can be found by search (Stripe: up to a
            minute).
        search_oldest_first: Search answers with the oldest first; Stripe does not say
            which way round it answers.
        booking_time: Seconds until the money of an automatic PaymentIntent is booked, a
            refund has its reference.
        decline_consumes_token: A token is spent by a request that its card declined.
        decline_consumes_method: So is a PaymentMethod that nobody owns.
        in_flight_first: Of a key in use and other parameters, answer 409 rather than 400.
        lock_intents: A PaymentIntent that one request is at work on turns others away with
            429; else they wait.
        keys_by_path: One key may be used at several endpoints, and is another key at each;
            else it is refused there.
        processing_time: Seconds that the sandbox's own slow cards leave a PaymentIntent
            `processing`.
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
