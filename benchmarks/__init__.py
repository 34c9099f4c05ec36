"""What a charge costs: the plain SDK, tokencharge and a bare client, side by side in one run.

`nox -s bench`, or `python -m benchmarks --quick` where tokencharge and the `bench` group are
installed. The absolute numbers belong to the machine; what travels is the ratio.

- **The work** is the two requests of Stripe's own guide: a Customer from a token and an e-mail,
  then a Charge. The plain SDK is what an app writes: `StripeClient(key)`, everything else at its
  default. Async, it is the faster of the SDK's two clients, and in a scenario of its own the one it
  takes where httpx is installed. tokencharge is `PaymentGateway.charge`. The bare client is the
  floor: urllib3 (async: aiohttp) with the same forms, json.loads, and none of the checks, keys,
  retries, errors and results.
- **The answers** are canned: a Charge of 4 KB with the headers Stripe sends, from one server
  process that does next to nothing (server.py). Over TLS its certificate is signed by an authority
  made for the run, which stands in `stripe.ca_bundle_path` behind the SDK's own; everybody verifies
  it.
- **CPU** is that of the client's process, all its threads included, by the process's own clock; the
  server is another process. **Wall** is what the caller waits, and on a small machine includes
  waiting for the server's share of it.
- **Fairness**: each contestant lives in a process of its own, which is warmed up first. A round
  runs every contestant once, one after the other, the next round begins with the next one, and each
  round gives one ratio. The table has the medians, and in brackets the smallest and largest ratio.
  A busy machine widens the brackets and hardly moves the median, since it slows down neighbours in
  a round alike.
- **Memory** is Linux's VmHWM and VmRSS, read from /proc; elsewhere its rows are left out.

A run says which budgets are met; it never fails because one is not.
"""
