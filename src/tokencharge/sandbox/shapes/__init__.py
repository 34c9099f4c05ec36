"""The shape of Stripe's objects: cards, currencies and bodies."""
