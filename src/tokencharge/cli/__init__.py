"""The command line: `tokencharge COMMAND`.

The commands are demo, sandbox, trigger, doctor, find and audit-cassettes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .. import TokenChargeError
from .._mistakes import nearest
from ..sandbox import Rules
from . import audit, demo, doctor, find, sandbox, shop, trigger
from .terminal import CommandFailed, write

_DEMO = """\
Play the library's story in the terminal: a token becomes a charge, the same submission
twice, a declined card, authorize, capture and refund, one order and two cards, an
answer lost on the way. Each scene checks what it claims.

Without STRIPE_SECRET_KEY it all happens in a sandbox on this machine. With
STRIPE_SECRET_KEY=sk_test_... the same scenes are played against Stripe's test mode. A
live key is refused."""
_SANDBOX = """\
Serve a stand-in for the part of Stripe that this library uses, over HTTP, until Ctrl-C.
Its state is in memory; its keys open nothing. With --forward-to, what happens there is
sent to your webhook endpoint, signed as Stripe signs."""
_TRIGGER = """\
Ask a running sandbox for what makes an event happen, so that it sends the webhook: a
charge, a refund, a customer. Stripe's test mode does as well, with its address and
STRIPE_SECRET_KEY=sk_test_...; a live key is refused."""
_DOCTOR = """\
Look at the STRIPE_... variables of the environment and say of each whether it is right,
and what to do if it is not. Then send one harmless request, to see whether Stripe
answers and takes the key. No key is printed."""
_FIND = """\
Say what became of an order: its state, its amounts, its card and customer, and where
Stripe's dashboard shows it. The keys are the STRIPE_... variables of the environment.
The exit code is 1 if the order has no payment, or Stripe is still processing it."""
_AUDIT = """\
Look through recorded Stripe calls for what must not be shared: keys, tokens, card
numbers, fingerprints, e-mails outside example.com. What is found is named by its place,
and never printed."""

_EVENTS = f"one of {', '.join(trigger.TRIGGERS)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    It is 0 if all is right, 1 if something is not, 2 if the command could not be done
    as asked, and 130 if it was interrupted.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        if options.version:
            from .. import __version__

            write(f"tokencharge {__version__}")
            return 0
        if options.command == "demo":
            return shop.serve(options.port) if options.serve else demo.run(as_json=options.json)
        if options.command == "sandbox":
            names = ("secret_key", "publishable_key", "webhook_secret")
            keys = {name: value for name in names if (value := getattr(options, name)) is not None}
            return sandbox.run(
                options.host,
                options.port,
                options.forward_to,
                hosts=options.allow_host,
                keys=keys,
                rules=Rules(card_tokens=True) if options.card_tokens else Rules(),
                as_json=options.json,
            )
        if options.command == "trigger":
            return trigger.run(options.type, options.api_base, as_json=options.json)
        if options.command == "doctor":
            return doctor.run(offline=options.offline, as_json=options.json)
        if options.command == "find":
            return find.run(options.order_id, options.customer, as_json=options.json)
        if options.command == "audit-cassettes":
            return audit.run(options.path, as_json=options.json)
    except CommandFailed as failure:
        return _fail(str(failure), failure.exit_code)
    except TokenChargeError as error:
        return _fail(error.message, 2)
    except BrokenPipeError:
        # The reader of our output is gone. Python must not fail at exit because of
        # unwritten output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    parser.print_help(sys.stderr)
    return 2


def _fail(sentence: str, exit_code: int) -> int:
    sys.stderr.write(f"tokencharge: {sentence}\n")
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tokencharge",
        description="Take a card token and an e-mail; "
        "get one Stripe Customer and exactly one Charge.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    told = _add(
        commands, "demo", "see the library charge a card, with or without a Stripe account", _DEMO
    )
    told.add_argument(
        "--serve",
        action="store_true",
        help="serve a shop to buy something in with a browser instead",
    )
    told.add_argument(
        "--port",
        default=0,
        type=_port,
        help="with --serve: the port; 0, the default, is any free one",
    )
    served = _add(commands, "sandbox", "serve a local stand-in for Stripe", _SANDBOX)
    served.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    served.add_argument(
        "--port", default=0, type=_port, help="port to listen on; 0, the default, is any free one"
    )
    served.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="another name than localhost and HOST by which it is asked for, "
        "a container's for example; repeatable",
    )
    served.add_argument(
        "--card-tokens",
        action="store_true",
        help="be an account that takes card tokens at Customers and Charges, "
        "as those opened in 2026 do not",
    )
    served.add_argument(
        "--secret-key", metavar="KEY", help="the secret key it accepts, sk_test_... or rk_test_..."
    )
    served.add_argument(
        "--publishable-key", metavar="KEY", help="the publishable key it accepts, pk_test_..."
    )
    served.add_argument(
        "--webhook-secret", metavar="SECRET", help="what it signs webhooks with, whsec_..."
    )
    served.add_argument("--forward-to", metavar="URL", help="where your application takes webhooks")
    triggered = _add(commands, "trigger", "make an event happen in a running sandbox", _TRIGGER)
    triggered.add_argument(
        "type",
        type=_trigger,
        metavar="TYPE",
        help=_EVENTS,
    )
    triggered.add_argument(
        "--api-base", metavar="URL", help="where it listens; STRIPE_API_BASE if not given"
    )
    checked = _add(commands, "doctor", "check keys, settings and the way to Stripe", _DOCTOR)
    checked.add_argument("--offline", action="store_true", help="send nothing")
    found = _add(commands, "find", "say what became of an order", _FIND)
    found.add_argument("order_id", metavar="ORDER_ID", help="the order_id it was charged with")
    found.add_argument(
        "--customer",
        metavar="ID",
        type=_id,
        help="cus_..., whose payments are looked through; "
        "on a busy account that shows a payment at once",
    )
    audited = _add(commands, "audit-cassettes", "look for secrets in recorded Stripe calls", _AUDIT)
    audited.add_argument("path", nargs="+", metavar="PATH", help="a cassette, or a folder of them")
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=description, allow_abbrev=False)
    command.add_argument(
        "--json", action="store_true", help="write one JSON document, for machines"
    )
    return command


def _port(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _trigger(text: str) -> str:
    if text not in trigger.TRIGGERS:
        meant = nearest(text, trigger.TRIGGERS, least=0.75)
        say = f'"{meant}" may be meant; --help lists all' if meant else f"give {_EVENTS}"
        raise argparse.ArgumentTypeError(f'"{text}" is no event it can make happen: {say}')
    return text


def _id(text: str) -> str:
    if "@" in text:
        raise argparse.ArgumentTypeError("a customer is named by its id, cus_..., not by e-mail")
    return text
