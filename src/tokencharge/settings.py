"""Keys and settings: one definition of each name, default and check.

They are read from any mapping.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import attrs

from ._frames import forgetful, made_forgetfully
from ._mistakes import nearest
from ._secrets import Discreet, kind_of, mode_of
from .errors import ConfigurationError

_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off"))
_ROUTES = ("charges", "payment_intents")
_ELEMENTS = ("card", "payment")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
# How alike a name must be to one of ours to be taken for a mistake (difflib's ratio).
# STRIPE_ROUT and STRIPE_SECRETKEY are at 0.94 and more. What other programs read is
# below: STRIPE_TEST_SECRET_KEY, STRIPE_API_KEY, STRIPE_PUBLIC_KEY, STRIPE_API_HOST.
_ALIKE = 0.92
# The sandbox's secret is public: anybody can sign a false event with it.
_SANDBOX_SECRET = "whsec_tokenchargeSandboxKey0001"
# So is its key. Stripe's keys are random, so that no account has this one.
_SANDBOX_KEY = "sk_test_tokenchargeSandboxKey0001"


def _as_it_is(value: object) -> object:
    return value


def _setting(
    variable: str,
    *,
    help: str,
    secret: bool = False,
    default: Any = attrs.NOTHING,
    read: Callable[..., Any] = _as_it_is,
) -> Any:
    return attrs.field(
        default=default,
        repr=not secret,
        kw_only=default is not attrs.NOTHING,
        metadata={"variable": variable, "help": help, "secret": secret, "read": read},
    )


def _number(text: object) -> float:
    return float(str(text))


def _whole(text: object) -> int:
    return int(str(text))


def _flag(text: object) -> bool:
    word = str(text).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


@made_forgetfully
@attrs.frozen(eq=False)
class Settings(Discreet):
    """All that the gateway and the web adapters need to know, checked at start.

    `Settings.from_mapping(os.environ)`, `(app.config)` and so on read the names shown
    in each attribute's `variable`. No secret appears in repr, and no message prints a
    key.

    Raises:
        ConfigurationError: A key in the place of another, two modes in one pair,
            whitespace or quotes in a key, a live key with `livemode=False` or with a
            setting of a sandbox, a number out of range. One sentence says what to do.
    """

    secret_key: str = _setting(
        "STRIPE_SECRET_KEY",
        secret=True,
        help="Secret (sk_) or restricted (rk_) key; the back end's.",
    )
    publishable_key: str | None = _setting(
        "STRIPE_PUBLISHABLE_KEY",
        default=None,
        help="Publishable key (pk_); the browser's, and no secret.",
    )
    webhook_secret: str | None = _setting(
        "STRIPE_WEBHOOK_SECRET",
        default=None,
        secret=True,
        help="Signing secret of the webhook endpoint (whsec_); "
        "several, separated by commas, while rolling it.",
    )
    api_base: str = _setting(
        "STRIPE_API_BASE",
        default="https://api.stripe.com",
        help="Where Stripe's API is; the sandbox's URL in tests.",
    )
    js_url: str = _setting(
        "STRIPE_JS_URL",
        default="https://js.stripe.com/endive/stripe.js",
        help="Where the page loads Stripe.js from.",
    )
    timeout: float = _setting(
        "STRIPE_TIMEOUT",
        default=25.0,
        read=_number,
        help="Seconds one call, such as charge(), may take: "
        "its requests, retries and pauses together.",
    )
    max_retries: int = _setting(
        "STRIPE_MAX_RETRIES",
        default=2,
        read=_whole,
        help="How often a request that went wrong on the way, or came too often, is tried again.",
    )
    route: str = _setting(
        "STRIPE_ROUTE",
        default="payment_intents",
        help="What a card token is charged by: "
        "payment_intents (with 3-D Secure) or charges (the classic calls).",
    )
    element: str = _setting(
        "STRIPE_ELEMENT",
        default=attrs.Factory(
            lambda self: "card" if self.route == "charges" else "payment", takes_self=True
        ),
        help="The page's card form: payment (Payment Element, always by PaymentIntents) "
        "or card (Card Element); what fits the route if not set.",
    )
    livemode: bool | None = _setting(
        "STRIPE_LIVEMODE",
        default=None,
        read=_flag,
        help="Declare true or false and a key of the other mode is refused.",
    )

    @classmethod
    @forgetful
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Settings:
        """Read the settings from a mapping with the names of the environment.

        A name that is absent, None or empty takes its default. Other names are not
        read. One that is nearly the name of a setting, which is not set itself, is
        warned of: another program may read it, so it is no error.

        Raises:
            ConfigurationError: As for the class; also when a number or a flag cannot be
                read.
        """
        values: dict[str, Any] = {}
        mistaken = misspelt(mapping)
        for field in attrs.fields(cls):
            variable, read = field.metadata["variable"], field.metadata["read"]
            given = mapping.get(variable)
            if _is_unset(given):
                continue
            try:
                values[field.name] = read(given)
            except ValueError:
                kind = {_number: "a number of seconds", _whole: "a whole number"}.get(
                    read, "true or false"
                )
                raise ConfigurationError(f"{variable} must be {kind}.") from None
        if "secret_key" not in values:
            raise ConfigurationError(_no_secret_key(mapping, mistaken))
        for name in mistaken:
            warnings.warn(said_of_misspelt(name, mistaken[name]), stacklevel=3)
        return cls(**values)

    @classmethod
    def from_env(cls) -> Settings:
        """Read the settings from the process's environment."""
        return cls.from_mapping(os.environ)

    def __attrs_post_init__(self) -> None:
        secret = _check_key(self.secret_key, "the secret key", "STRIPE_SECRET_KEY", ("sk", "rk"))
        public = None
        if self.publishable_key is not None:
            public = _check_key(
                self.publishable_key, "the publishable key", "STRIPE_PUBLISHABLE_KEY", ("pk",)
            )
            if secret and public and secret != public:
                raise ConfigurationError(
                    f"The secret key is a {secret} mode key and the publishable key a "
                    f"{public} mode key: take both from the same mode of the dashboard."
                )
        if self.livemode is not None and not isinstance(self.livemode, bool):
            raise ConfigurationError("STRIPE_LIVEMODE must be true or false.")
        if self.webhook_secret is not None and not isinstance(self.webhook_secret, str):
            raise ConfigurationError(
                "The webhook secret must be text: set STRIPE_WEBHOOK_SECRET (whsec_...)."
            )
        if any(_is_garbled(part) or mode_of(part) is not None for part in self.webhook_secrets):
            raise ConfigurationError(
                "The webhook secret is no endpoint's signing secret: "
                "copy STRIPE_WEBHOOK_SECRET (whsec_...) again."
            )
        if self.livemode is False and secret == "live":
            raise ConfigurationError(
                "A live secret key was given where livemode is declared false: "
                "use the sk_test_ key here."
            )
        if self.livemode is True and secret == "test":
            raise ConfigurationError(
                "A test secret key was given where livemode is declared true: "
                "use the sk_live_ key here."
            )
        _check_url(self.api_base, "STRIPE_API_BASE", origin=True, plain=self.mode == "test")
        _check_url(self.js_url, "STRIPE_JS_URL", origin=False, plain=self.mode == "test")
        if "live" in (secret, public) or self.livemode is True:
            self._check_for_real_money()
        if self.route not in _ROUTES:
            raise ConfigurationError(f"STRIPE_ROUTE must be {' or '.join(_ROUTES)}.")
        if self.element not in _ELEMENTS:
            raise ConfigurationError(f"STRIPE_ELEMENT must be {' or '.join(_ELEMENTS)}.")
        if not _is_number(self.timeout, float) or not 0 < self.timeout <= 600:
            raise ConfigurationError(
                "STRIPE_TIMEOUT must be a number of seconds above 0 and at most 600."
            )
        if not _is_number(self.max_retries, int) or not 0 <= self.max_retries <= 10:
            raise ConfigurationError("STRIPE_MAX_RETRIES must be a whole number from 0 to 10.")

    def _check_for_real_money(self) -> None:
        """Refuse the settings of a sandbox."""
        if _SANDBOX_SECRET in self.webhook_secrets:
            raise ConfigurationError(
                "The sandbox's webhook secret was given beside a live key, and anybody could "
                "sign with it: set STRIPE_WEBHOOK_SECRET to the endpoint's own (whsec_...)."
            )
        if not _is_stripes(_host(self.js_url)):
            raise ConfigurationError(
                "STRIPE_JS_URL is not Stripe's, and beside a live key that script would be "
                "handed real cards: leave it unset, or set it to an address at js.stripe.com."
            )

    @property
    def mode(self) -> str | None:
        """The mode that the secret key's prefix shows, "test" or "live", or None."""
        return mode_of(self.secret_key)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The webhook secrets: more than one while a secret is being rolled."""
        return tuple(
            part.strip() for part in (self.webhook_secret or "").split(",") if part.strip()
        )


def misspelt(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Find names that are nearly the name of a setting, each with that setting.

    Only settings that are not set count. So whoever sets both, because another program
    reads the other name, is left alone.
    """
    ours = [field.metadata["variable"] for field in attrs.fields(Settings)]
    unset = [name for name in ours if _is_unset(mapping.get(name))]
    others = (
        name
        for name in mapping
        if str(name).startswith("STRIPE_") and name not in ours and not _is_unset(mapping[name])
    )
    meant = {name: nearest(name, unset, least=_ALIKE) for name in others}
    return {name: right for name, right in meant.items() if right is not None}


def said_of_misspelt(name: str, meant: str) -> str:
    """Return the sentence for a name that is nearly the name of a setting."""
    return f"{name} is no setting of tokencharge and is not read: {meant} may be meant."


def _is_unset(value: object) -> bool:
    return value is None or value == ""


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, (int, kind)) and not isinstance(value, bool)


def _check_key(key: object, what: str, variable: str, kinds: tuple[str, ...]) -> str | None:
    """Return the mode that a key's prefix shows.

    An unknown prefix is accepted, because Stripe may add some.
    """
    if not key:
        raise ConfigurationError(f"{what.capitalize()} is missing: set {variable}.")
    if not isinstance(key, str):
        raise ConfigurationError(
            f"{what.capitalize()} must be text, not {type(key).__name__}: set {variable}."
        )
    if key[0] in "'\"" or key[-1] in "'\"":
        raise ConfigurationError(
            f"{what.capitalize()} has quotes around it: set {variable} without them."
        )
    if _is_garbled(key):
        raise ConfigurationError(
            f"{what.capitalize()} has whitespace or other characters no key has: "
            f"copy {variable} again."
        )
    if key.startswith("whsec_"):
        raise ConfigurationError(
            f"A webhook secret was given as {what}: "
            f"set {variable} to a key that begins with {kinds[0]}_."
        )
    kind, mode = kind_of(key), mode_of(key)
    if kind == "ek":
        raise ConfigurationError(
            f"An ephemeral key was given as {what}: "
            f"set {variable} to a key that begins with {kinds[0]}_."
        )
    if kind is not None and kind not in kinds:
        other = "A publishable key" if kind == "pk" else "A secret key"
        raise ConfigurationError(
            f"{other} was given as {what}: set {variable} to a key that begins with {kinds[0]}_"
            + ("." if kind == "pk" else ", and roll the secret key if a page has shown it.")
        )
    return mode


def _is_garbled(key: str) -> bool:
    return not key.isascii() or not key.isprintable() or any(mark in key for mark in " '\"`\\")


def _check_url(url: object, variable: str, *, origin: bool, plain: bool) -> None:
    parts = _split(url)
    if parts is None:
        raise ConfigurationError(f"{variable} must be a plain URL, without spaces or a login.")
    host = _host(url)
    # The API base receives the secret key, and the script handles card numbers. Neither
    # may leave this machine unencrypted with anything but a test key, and never to
    # Stripe itself.
    plain = is_loopback(url) or (plain and not _is_stripes(host))
    if parts.scheme != "https" and not (parts.scheme == "http" and plain):
        raise ConfigurationError(
            f"{variable} must be an https:// URL; http:// is for sandboxes and for localhost."
        )
    beside = origin and bool(parts.query or parts.fragment or parts.path not in ("", "/"))
    if not host or beside:
        raise ConfigurationError(
            f"{variable} must be a plain URL" + (" without a path." if origin else ".")
        )


def is_loopback(url: object) -> bool:
    """Tell whether what is sent to a URL stays on this machine."""
    return _host(url) in _LOOPBACK


def stand_in(url: str) -> str | None:
    """Return the host and port of what stands in for Stripe's API.

    Return None for Stripe's own. There is no login in it: settings refuse one.
    """
    return None if _is_stripes(_host(url)) else urlsplit(url).netloc


def check_where_the_key_goes(settings: Settings) -> None:
    """Refuse to send the sandbox's own key to Stripe.

    Raises:
        ConfigurationError: The settings have that key and no sandbox's address.
    """
    if settings.secret_key == _SANDBOX_KEY and stand_in(settings.api_base) is None:
        raise ConfigurationError(
            "The secret key is the sandbox's own, which Stripe does not know: "
            "set STRIPE_API_BASE to the address that `tokencharge sandbox` prints."
        )


def _host(url: object) -> str:
    """Return a URL's host, without the dot at its end that marks a full name."""
    parts = _split(url)
    return "" if parts is None else (parts.hostname or "").rstrip(".")


def _is_stripes(host: str) -> bool:
    return host == "stripe.com" or host.endswith(".stripe.com")


def _split(url: object) -> SplitResult | None:
    """Split a URL into its parts, or return None if it is not valid."""
    if not isinstance(url, str) or re.search(r"\s", url):
        return None
    try:
        parts = urlsplit(url)
        return None if "@" in parts.netloc or parts.port == 0 else parts
    except ValueError:
        return None


def default_of(name: str) -> Any:
    """Return the default of a setting."""
    return attrs.fields_dict(Settings)[name].default


def _no_secret_key(mapping: Mapping[str, Any], mistaken: Mapping[str, str]) -> str:
    """Say that the secret key is not set, and where it may have been meant to be."""
    wrong = next((name for name in mistaken if mistaken[name] == "STRIPE_SECRET_KEY"), None)
    if wrong is None and mapping is not os.environ and os.environ.get("STRIPE_SECRET_KEY"):
        return (
            "STRIPE_SECRET_KEY is in the environment, and not in the app's settings, which are "
            'read: copy it from os.environ into app.config["STRIPE_SECRET_KEY"] (Flask) or '
            "settings.py (Django)."
        )
    return (
        "STRIPE_SECRET_KEY is not set"
        + (f", and {wrong} is, which is not read: " if wrong else ": ")
        + "set it to the secret key (sk_test_...) of your Stripe account."
    )
