"""What Stripe's things look like: cards, currencies, the bodies of objects."""
