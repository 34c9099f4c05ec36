"""What a buyer's browser gets: the stand-in for Stripe.js and the bank's page."""
