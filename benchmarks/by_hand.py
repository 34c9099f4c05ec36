"""Shops on the plain SDK, as a careful developer writes them.

Their keys are named after the purchase, the Charge is sent along with its
PaymentIntent, and no request is made that is not needed. What makes a purchase takes
its token, or of a saved card the order, and returns the Charge's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import stripe

EMAIL = "ada@example.com"
CUSTOMER, CARD = "cus_Qh1TTgk2bYcJx0", "pm_1SWk2aLkdIwHu7ixS0wLrVpD"


def key(order: str, step: str) -> Any:
    return {"idempotency_key": f"{order}-{step}"}


def card(token: str) -> Any:
    return {"type": "card", "card": {"token": token}}


def terms(order: str, **more: Any) -> Any:
    """Return what Stripe is told of a purchase on both routes."""
    metadata = {"order_id": order}
    return {"amount": 500, "currency": "usd", "description": "Tea", "metadata": metadata, **more}


def intent(order: str, **more: Any) -> Any:
    """Return what Stripe is told of a PaymentIntent that is confirmed at once."""
    methods = {"enabled": True, "allow_redirects": "never"}
    expand = ["latest_charge"]
    return terms(order, automatic_payment_methods=methods, confirm=True, expand=expand, **more)


def charged(intent: stripe.PaymentIntent) -> str:
    """Return the id of the Charge that was sent along with an intent."""
    charge: Any = intent.latest_charge
    return str(charge.id)


class ByHand:
    """A shop on PaymentIntents."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.v1 = client.v1

    def card_token(self, token: str) -> str:
        return charged(self.begun(token))

    def confirmation_token(self, token: str) -> str:
        return charged(self.pay(token, customer=self.customer(token), confirmation_token=token))

    def saved_card(self, order: str, customer: str = CUSTOMER, card: str = CARD) -> str:
        return charged(self.pay(order, customer=customer, payment_method=card, off_session=True))

    def looked_for(self, order: str, customer: str = CUSTOMER, card: str = CARD) -> str:
        """Charge a saved card unless the order is among what the Customer has paid."""
        paid = self.v1.payment_intents.list({"customer": customer, "limit": 100})
        for each in paid.auto_paging_iter():
            if getattr(each.metadata, "order_id", None) == order:
                return each.id
        return self.saved_card(order, customer, card)

    def default_card(self, order: str, customer: str) -> str:
        settings: Any = self.v1.customers.retrieve(customer).invoice_settings
        return self.saved_card(order, customer, settings.default_payment_method)

    def second_card(self, token: str, intent: str) -> str:
        """Pay the intent that was kept when the first card was declined."""
        paid: Any = {"payment_method": self.method(token), "expand": ["latest_charge"]}
        return charged(self.v1.payment_intents.confirm(intent, paid, key(token, "charge")))

    def ended(self, intent: str) -> str:
        """Look how 3-D Secure has ended."""
        return charged(self.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]}))

    def begun(self, token: str) -> stripe.PaymentIntent:
        customer = self.customer(token)
        return self.pay(token, customer=customer, payment_method=self.method(token))

    def customer(self, token: str) -> str:
        return self.v1.customers.create({"email": EMAIL}, key(token, "customer")).id

    def method(self, token: str) -> str:
        return self.v1.payment_methods.create(card(token), key(token, "method")).id

    def pay(self, order: str, **more: Any) -> stripe.PaymentIntent:
        return self.v1.payment_intents.create(intent(order, **more), key(order, "charge"))


class ByHandOverCharges:
    """A shop on Charges."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.v1 = client.v1

    def card_token(self, token: str) -> str:
        return self.pay(token, customer=self.customer(token))

    def saved_card(self, order: str, customer: str, card: str) -> str:
        return self.pay(order, customer=customer, source=card)

    def looked_for(self, order: str, customer: str, card: str) -> str:
        """Charge a saved card unless the order is among what the Customer has paid."""
        paid = self.v1.charges.list({"customer": customer, "limit": 100})
        for each in paid.auto_paging_iter():
            if each.paid and getattr(each.metadata, "order_id", None) == order:
                return each.id
        return self.saved_card(order, customer, card)

    def default_card(self, order: str, customer: str) -> str:
        """Charge what Stripe takes by itself."""
        return self.pay(order, customer=customer)

    def second_card(self, token: str, customer: str) -> str:
        """Charge the Customer that was kept when the first card was declined."""
        source: Any = {"source": token}
        add = self.v1.customers.payment_sources.create
        return self.pay(
            token, customer=customer, source=add(customer, source, key(token, "card")).id
        )

    def customer(self, token: str) -> str:
        buyer: Any = {"email": EMAIL, "source": token}
        return self.v1.customers.create(buyer, key(token, "customer")).id

    def pay(self, order: str, **more: Any) -> str:
        return self.v1.charges.create(terms(order, **more), key(order, "charge")).id


class ByHandAsync:
    """A shop on PaymentIntents, awaited."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.v1 = client.v1

    async def card_token(self, token: str) -> str:
        customer = await self.v1.customers.create_async({"email": EMAIL}, key(token, "customer"))
        method = await self.v1.payment_methods.create_async(card(token), key(token, "method"))
        paid: Any = intent(token, customer=customer.id, payment_method=method.id)
        made = await self.v1.payment_intents.create_async(paid, key(token, "charge"))
        return charged(made)


class ByHandOverChargesAsync:
    """A shop on Charges, awaited."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.v1 = client.v1

    async def card_token(self, token: str) -> str:
        buyer: Any = {"email": EMAIL, "source": token}
        customer = await self.v1.customers.create_async(buyer, key(token, "customer"))
        paid: Any = terms(token, customer=customer.id)
        return (await self.v1.charges.create_async(paid, key(token, "charge"))).id
