"""A Flask site with the least that makes it a shop, between the marks."""

import os

from flask import Flask

# shop
from tokencharge import Money, Order
from tokencharge.flask import TokenCharge

# site
app = Flask(__name__)
# shop
app.config.update({name: value for name, value in os.environ.items() if name.startswith("STRIPE_")})
payments = TokenCharge(app)


@payments.order
def order():
    return Order(Money(500, "usd"), "Flask Charge")


# site
@app.get("/")
def home():
    return "A site"
