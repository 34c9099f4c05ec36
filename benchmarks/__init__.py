"""What a purchase costs: by hand on the plain SDK and with tokencharge, in one run.

`nox -s bench`, or `python -m benchmarks --quick` where tokencharge and the `bench`
group are installed. Absolute numbers belong to the machine; what travels is the ratio.
Written are a table, the same as JSON with the ratio of every round, and a plot. The
exit code is 1 where a budget is missed.

- **The work** is what each route asks for: a Customer, a payment method and a
  PaymentIntent that is confirmed at once; over Charges a Customer from the token, and
  a Charge. By hand it is what a careful developer writes with `StripeClient`
  (by_hand.py), its settings at their defaults; async, with the faster of the SDK's
  two clients. The bare client is the floor: urllib3 or aiohttp with the same forms
  and json.loads, without checks, retries, errors and results.
- **The answers** are canned: taken down from the sandbox (canned.py), with the
  headers that Stripe sends, from one server process that does next to nothing
  (server.py). Over TLS its certificate is signed by an authority made for the run,
  which stands in `stripe.ca_bundle_path` behind the SDK's own; everybody verifies it.
- **CPU** is that of the client's process, all its threads included, by the process's
  own clock; the server is another process. **Waiting** is what one buyer waits, the
  median of all; Stripe is 100 ms away, and of several buyers each comes a moment
  after the one before.
- **Requests** and **history** are counted at the sandbox, in process (trips.py).
- **Fairness**: each contestant lives in a process of its own, which is warmed up
  first. A round runs every contestant once, the next round begins with another one,
  and each round gives one ratio. The table has the medians, and in brackets the
  smallest and largest ratio. A busy machine widens the brackets and hardly moves the
  median: it slows down neighbours in a round alike.
- **Memory** is Linux's VmHWM and VmRSS, read from /proc; elsewhere its rows are left
  out.
"""

from pathlib import Path

ANSWERS = Path(__file__).with_name("answers")
