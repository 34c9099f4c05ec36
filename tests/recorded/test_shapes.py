"""The sandbox's objects have the keys of Stripe's, no other, and
under each what Stripe puts there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.recorded.comparing import RANDOM, kind_of
from tests.recorded.scene import FACTS, Scene
from tests.rows import each_row

SHOWN = """
POST customers email=ada@example.com
GET customers/{customer}
GET customers
POST customers/{customer} invoice_settings[default_payment_method]={card}
POST payment_methods type=card card[token]=tok_visa
GET payment_methods/{card}
GET payment_methods/{declining}
GET customers/{customer}/payment_methods/{card}
GET payment_methods customer={card[customer]}
POST payment_intents amount=4900 currency=usd
POST payment_intents amount=4900 currency=usd payment_method={second} CARDS_ONLY
GET payment_intents/{canceled}
GET payment_intents/{paid} expand[]=latest_charge
GET payment_intents/{held} expand[]=latest_charge
GET payment_intents/{taken} expand[]=latest_charge
GET payment_intents/{let_go} expand[]=latest_charge
GET payment_intents/{declined[error][payment_intent][id]} expand[]=latest_charge
GET payment_intents/{unsaid[error][payment_intent][id]}
GET payment_intents customer={held[customer]}
POST setup_intents
GET setup_intents/{setup}
GET setup_intents/{setup_canceled}
GET setup_intents/{unsaved[error][setup_intent][id]}
GET setup_intents customer={saved[customer]}
GET charges/{paid[latest_charge]}
GET charges/{part[charge]} expand[]=refunds
GET charges/{disputed[latest_charge]}
GET charges customer={refund[customer]}
GET refunds/{part}
GET refunds payment_intent={refund[payment_intent]}
GET charges/{refund[charge]}/refunds
GET disputes charge={disputed[latest_charge]}
GET disputes charge={inquired[latest_charge]}
GET charges/{disputed[latest_charge]}/dispute
GET balance_transactions source={refund[charge]}
GET balance_transactions/{part[balance_transaction]}
""".strip().splitlines()

Shape = dict[str, tuple[list[str], "Shape"]]


def _shapes(text: str) -> dict[str, Shape]:
    """Read the table: by the name of a key its kinds, and what is below it."""
    root: Shape = {}
    above: list[tuple[int, Shape]] = [(-1, root)]
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, _, kinds = line.strip().partition(" ")
        depth = len(line) - len(line.lstrip())
        while above[-1][0] >= depth:
            above.pop()
        below: Shape = {}
        above[-1][1][name] = (kinds.strip().split(" | "), below)
        above.append((depth, below))
    return {kind: shape for kind, (_, shape) in root.items()}


SHAPES = _shapes((FACTS / "shapes.txt").read_text("utf-8"))


def _objects(body: Any) -> Iterator[dict[str, Any]]:
    """Every object in an answer that has a kind."""
    if isinstance(body, dict):
        if isinstance(body.get("object"), str):
            yield body
        for each in body.values():
            yield from _objects(each)
    elif isinstance(body, list):
        for each in body:
            yield from _objects(each)


def _misfits(at: str, body: dict[str, Any], shape: Shape) -> Iterator[str]:
    """Tell what is otherwise than in the table."""
    for name in sorted({key.rstrip("?") for key in shape} | body.keys()):
        place = f"{at}.{name}"
        optional = f"{name}?" in shape
        if not optional and name not in shape:
            yield f"{place} is no key of Stripe's"
        elif name not in body:
            if not optional:
                yield f"{place} is missing"
        else:
            kinds, below = shape[f"{name}?" if optional else name]
            yield from _misfit(place, body[name], kinds, below)


def _misfit(at: str, value: Any, kinds: list[str], below: Shape) -> Iterator[str]:
    kind = {"string": "text"}.get(kind_of(value), kind_of(value))
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        kind = value["object"]
    if kind == "list" and kind not in kinds:
        members = {
            "list of " + {"string": "text"}.get(kind_of(each), kind_of(each)) for each in value
        }
        kind = next(iter(members)) if len(members) == 1 else kind
    if kind not in kinds:
        yield f"{at} is {kind}, at Stripe {' or '.join(kinds)}"
    elif kind == "hash" and below:
        yield from _misfits(at, value, below)
    elif kind == "list" and below:
        for each in value:
            yield from _misfits(f"{at}[]", each, below)


@each_row("request_", SHOWN)
def test_objects_have_stripes_keys_and_types(request_: str) -> None:
    """Each object that an answer shows has the recorded keys, and the recorded types under them."""
    answer = Scene().ask(request_)
    shown = [each for each in _objects(answer.body) if each["object"] in SHAPES]
    misfits = [
        misfit
        for each in shown
        for misfit in _misfits(each["object"], each, SHAPES[each["object"]])
    ]

    assert 200 == answer.status
    assert [] != shown
    assert "" == "\n".join(dict.fromkeys(misfits))


def test_no_shape_is_left_out() -> None:
    """Every object of the table is shown by one of the requests."""
    seen = {each["object"] for request in SHOWN for each in _objects(Scene().ask(request).body)}

    assert SHAPES.keys() == SHAPES.keys() & seen


def _random(body: Any) -> Iterator[tuple[str, Any]]:
    """Every value that stands under the name of a random one."""
    if isinstance(body, dict):
        yield from ((name, value) for name, value in body.items() if name in RANDOM)
    for each in body.values() if isinstance(body, dict) else body if isinstance(body, list) else []:
        yield from _random(each)


@each_row("request_", SHOWN)
def test_what_is_random_looks_like_stripes(request_: str) -> None:
    """Secrets, fingerprints, numbers of the network and links have the form of recorded ones."""
    shown = list(_random(Scene().ask(request_).body))

    assert [] == [
        (name, value)
        for name, value in shown
        if value is not None and not RANDOM[name].fullmatch(value)
    ]


# Recorded in 2025-26 by several projects.
def test_the_card_of_a_token_is_no_customers() -> None:
    """A token's card tells its networks and currency, and has neither customer nor wallet."""
    card = "card[number]=4242424242424242 card[exp_month]=12 card[exp_year]=2040"
    token = Scene().ask(f"POST tokens PUBLISHABLE {card}").body

    assert {"networks", "currency"} <= token["card"].keys()
    assert set() == {"customer", "wallet"} & token["card"].keys()


@each_row(
    ("body", "misfit"),
    [
        ({"object": "list", "data": [], "has_more": False}, "list.url is missing"),
        (
            {"object": "list", "data": [], "has_more": 0, "url": "/"},
            "list.has_more is integer, at Stripe boolean",
        ),
        (
            {"object": "list", "data": [], "has_more": True, "url": "/", "x": 1},
            "list.x is no key of Stripe's",
        ),
    ],
)
def test_a_misfit_is_told(body: dict[str, Any], misfit: str) -> None:
    """A key too few, one too many and a value of another type are found."""
    assert [misfit] == list(_misfits("list", body, SHAPES["list"]))
