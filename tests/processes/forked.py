"""A program that uses its gateway, forks, and uses it in both processes:
`... token order token order token`."""

from __future__ import annotations

import os
import sys

from tests.processes.buyer import buy
from tokencharge import PaymentGateway

if __name__ == "__main__":
    _, first_token, parents_order, parents_token, childs_order, childs_token = sys.argv
    gateway = PaymentGateway.from_env()
    buy(gateway, "before the fork", first_token)
    child = os.fork()
    order_id, token = (parents_order, parents_token) if child else (childs_order, childs_token)
    line = f"{order_id} {buy(gateway, order_id, token).charge.id}\n"
    os.write(sys.stdout.fileno(), line.encode())  # in one piece, for both processes write here
    if child:
        status = os.waitpid(child, 0)[1]
        sys.exit(os.waitstatus_to_exitcode(status))
