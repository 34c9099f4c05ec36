"""Settings: read from any mapping, checked at start, and silent about the keys."""

from __future__ import annotations

import pickle
import warnings

import attrs
import pytest

from tests.rows import each_row
from tokencharge import ConfigurationError, PaymentGateway, Settings
from tokencharge.sandbox import Sandbox

SECRET = "sk_test_51HunterTwoHunterTwo"
LIVE = "sk_live_51HunterTwoHunterTwo"
PUBLIC = "pk_test_51HunterTwoHunterTwo"
WEBHOOK = "whsec_HunterTwoHunterTwo"


class DjangoLike:
    """Attributes, as django.conf.settings has them."""

    STRIPE_SECRET_KEY = SECRET
    STRIPE_TIMEOUT = 12
    STRIPE_LIVEMODE = False


def test_a_secret_key_is_enough():
    """Everything else has a default."""
    settings = Settings(SECRET)

    assert Settings.from_mapping({"STRIPE_SECRET_KEY": SECRET}) == settings
    assert (None, None, (), "test", None) == (
        settings.publishable_key,
        settings.webhook_secret,
        settings.webhook_secrets,
        settings.mode,
        settings.livemode,
    )
    assert ("https://api.stripe.com", 25.0, 2) == (
        settings.api_base,
        settings.timeout,
        settings.max_retries,
    )
    assert settings.js_url.startswith("https://js.stripe.com/")


@each_row(
    "mapping",
    {
        "environment": {
            "PATH": "/bin",
            "STRIPE_SECRET_KEY": SECRET,
            "STRIPE_PUBLISHABLE_KEY": "",
            "STRIPE_TIMEOUT": "12",
            "STRIPE_LIVEMODE": "no",
        },
        "flask": {
            "DEBUG": True,
            "STRIPE_SECRET_KEY": SECRET,
            "STRIPE_TIMEOUT": 12.0,
            "STRIPE_LIVEMODE": False,
        },
        "django": {name: getattr(DjangoLike, name) for name in dir(DjangoLike)},
        "None is absent": {
            "STRIPE_SECRET_KEY": SECRET,
            "STRIPE_TIMEOUT": 12,
            "STRIPE_LIVEMODE": "FALSE",
            "STRIPE_API_BASE": None,
        },
    },
)
def test_any_mapping_is_read(mapping):
    """Text and typed values mean the same; what is absent, None or empty takes its default."""
    assert Settings(SECRET, timeout=12.0, livemode=False) == Settings.from_mapping(mapping)


def test_every_setting_can_be_read_from_the_environment(monkeypatch):
    """Each attribute has one variable, and `from_env` reads it."""
    given = {
        "STRIPE_SECRET_KEY": SECRET,
        "STRIPE_PUBLISHABLE_KEY": PUBLIC,
        "STRIPE_WEBHOOK_SECRET": f"{WEBHOOK}, whsec_older",
        "STRIPE_API_BASE": "http://localhost:4242/",
        "STRIPE_JS_URL": "http://localhost:4242/stripe.js",
        "STRIPE_TIMEOUT": "2.5",
        "STRIPE_MAX_RETRIES": "0",
        "STRIPE_ROUTE": "payment_intents",
        "STRIPE_ELEMENT": "payment",
        "STRIPE_LIVEMODE": "off",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_env()

    assert list(given) == [field.metadata["variable"] for field in attrs.fields(Settings)]
    assert PUBLIC == settings.publishable_key
    assert (WEBHOOK, "whsec_older") == settings.webhook_secrets
    assert ("http://localhost:4242/", "http://localhost:4242/stripe.js") == (
        settings.api_base,
        settings.js_url,
    )
    assert (2.5, 0, False) == (settings.timeout, settings.max_retries, settings.livemode)
    assert settings == PaymentGateway.from_env().settings


@each_row("word", ["1", "true", "True", " YES ", "on", True, 1])
def test_a_flag_is_read_from_its_words(word):
    """Truth has several spellings."""
    assert (
        True is Settings.from_mapping({"STRIPE_SECRET_KEY": LIVE, "STRIPE_LIVEMODE": word}).livemode
    )


@each_row(
    ("name", "value", "kind"),
    [
        ("STRIPE_TIMEOUT", "soon", "a number of seconds"),
        ("STRIPE_TIMEOUT", True, "a number of seconds"),
        ("STRIPE_MAX_RETRIES", "2.5", "a whole number"),
        ("STRIPE_MAX_RETRIES", "twice", "a whole number"),
        ("STRIPE_LIVEMODE", "maybe", "true or false"),
        ("STRIPE_LIVEMODE", "2", "true or false"),
    ],
)
def test_what_cannot_be_read_is_named(name, value, kind):
    """The sentence names the variable and what belongs there."""
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_mapping({"STRIPE_SECRET_KEY": SECRET, name: value})

    assert f"{name} must be {kind}." == str(refused.value)


def test_a_secret_key_in_the_environment_of_an_app_that_reads_its_own_settings(monkeypatch):
    """The environment is not read there, so the error says where to copy the key to."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_elsewhere")
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_mapping({})

    assert str(refused.value) == (
        "STRIPE_SECRET_KEY is in the environment, and not in the app's settings, which are read: "
        'copy it from os.environ into app.config["STRIPE_SECRET_KEY"] (Flask) or '
        "settings.py (Django)."
    )


@each_row("mapping", [{}, {"STRIPE_SECRET_KEY": ""}, {"STRIPE_SECRET_KEY": None}])
def test_a_missing_secret_key_is_named(mapping):
    """Nothing works without it, so nothing starts without it."""
    with pytest.raises(ConfigurationError, match=r"^STRIPE_SECRET_KEY is not set"):
        Settings.from_mapping(mapping)


@each_row(
    ("mistaken", "meant"),
    [
        ("STRIPE_ROUT", "STRIPE_ROUTE"),
        ("STRIPE_WEBHOOKSECRET", "STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_LIVE_MODE", "STRIPE_LIVEMODE"),
        ("STRIPE_PUBLISABLE_KEY", "STRIPE_PUBLISHABLE_KEY"),
        ("STRIPE_TIME_OUT", "STRIPE_TIMEOUT"),
        ("STRIPE_SECRET_WEBHOOK", "STRIPE_WEBHOOK_SECRET"),
    ],
)
def test_a_name_that_is_nearly_a_settings_is_warned_of(mistaken, meant):
    """The sentence names the setting, shows no value, and nothing is read from it."""
    given = {"STRIPE_SECRET_KEY": SECRET, mistaken: "HunterTwo"}
    with pytest.warns(UserWarning, match="may be meant") as warned:
        settings = Settings.from_mapping(given)

    assert [f"{mistaken} is no setting of tokencharge and is not read: {meant} may be meant."] == [
        str(each.message) for each in warned
    ]
    assert [__file__] == [each.filename for each in warned]
    assert Settings(SECRET) == settings


@each_row(
    "others",
    {
        "stripe": {
            "STRIPE_API_KEY": SECRET,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            "STRIPE_DEVICE_NAME": "a",
        },
        "dj-stripe": {"STRIPE_TEST_SECRET_KEY": SECRET, "STRIPE_LIVE_SECRET_KEY": LIVE},
        "a key for each mode": {
            "STRIPE_PUBLISHABLE_KEY_TEST": PUBLIC,
            "STRIPE_WEBHOOK_SECRET_TEST": WEBHOOK,
        },
        "others": {
            "STRIPE_PUBLIC_KEY": PUBLIC,
            "STRIPE_API_VERSION": "2026",
            "STRIPE_API_HOST": "a",
        },
        "both are set": {"STRIPE_LIVE_MODE": "1", "STRIPE_LIVEMODE": "false"},
        "nothing": {
            "STRIPE_ROUT": "",
            "STRIPE_TIMEOUTS": None,
            "MY_STRIPE_ROUT": "charges",
            7: "seven",
        },
    },
)
def test_what_other_programs_read_is_left_alone(others):
    """Stripe's own tools, and libraries beside this one; a name that is nearly a
    setting's too, where the setting itself is set."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings = Settings.from_mapping({"STRIPE_SECRET_KEY": SECRET, **others})

    assert SECRET == settings.secret_key


@each_row("mistaken", ["STRIPE_SECRETKEY", "STRIPE_SERCET_KEY"])
def test_a_missing_secret_key_is_found_under_another_name(mistaken):
    """The refusal says which name was set in its place, and shows no key."""
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_mapping({mistaken: SECRET, "STRIPE_ROUT": "charges"})

    assert (
        f"STRIPE_SECRET_KEY is not set, and {mistaken} is, which is not read: "
        "set it to the secret key (sk_test_...) of your Stripe account."
    ) == str(refused.value)


REFUSED = {
    "publishable as secret": (PUBLIC, {}, "A publishable key was given as the secret key"),
    "webhook as secret": (WEBHOOK, {}, "A webhook secret was given as the secret key"),
    "secret as publishable": (
        SECRET,
        {"publishable_key": LIVE},
        "A secret key was given as the publishable key",
    ),
    "restricted as publishable": (
        SECRET,
        {"publishable_key": "rk_test_HunterTwo"},
        "A secret key was given as the publishable key",
    ),
    "webhook as publishable": (
        SECRET,
        {"publishable_key": WEBHOOK},
        "A webhook secret was given as the publishable key",
    ),
    "empty secret": ("", {}, "The secret key is missing"),
    "no text": (None, {}, "The secret key is missing"),
    "bytes": (SECRET.encode(), {}, "The secret key must be text"),
    "empty publishable": (SECRET, {"publishable_key": ""}, "The publishable key is missing"),
    "two modes": (
        SECRET,
        {"publishable_key": "pk_live_HunterTwo"},
        "a test mode key and the publishable key a live",
    ),
    "two modes, other way": (
        LIVE,
        {"publishable_key": PUBLIC},
        "a live mode key and the publishable key a test",
    ),
    "space before": (" " + SECRET, {}, "The secret key has whitespace"),
    "space after": (SECRET + " ", {}, "The secret key has whitespace"),
    "line end": (SECRET + "\n", {}, "The secret key has whitespace"),
    "tab inside": (SECRET + "\t" + "x", {}, "The secret key has whitespace"),
    "not ASCII": (SECRET + "é", {}, "The secret key has whitespace"),
    "space in publishable": (
        SECRET,
        {"publishable_key": PUBLIC + "\n"},
        "The publishable key has whitespace",
    ),
    "live, declared test": (
        LIVE,
        {"livemode": False},
        "A live secret key was given where livemode is declared false",
    ),
    "test, declared live": (
        SECRET,
        {"livemode": True},
        "A test secret key was given where livemode is declared true",
    ),
    "secret as webhook": (
        SECRET,
        {"webhook_secret": LIVE},
        "The webhook secret is no endpoint's signing secret",
    ),
    "one of several webhooks": (
        SECRET,
        {"webhook_secret": f"{WEBHOOK},{PUBLIC}"},
        "The webhook secret is no",
    ),
    "space in webhook": (
        SECRET,
        {"webhook_secret": "whsec_ HunterTwo"},
        "The webhook secret is no",
    ),
    "webhook not ASCII": (SECRET, {"webhook_secret": WEBHOOK + "é"}, "The webhook secret is no"),
    "webhook with control": (
        SECRET,
        {"webhook_secret": WEBHOOK + "\x01"},
        "The webhook secret is no",
    ),
    "live key in clear": (
        LIVE,
        {"api_base": "http://api.example.com"},
        "STRIPE_API_BASE must be an https:// URL",
    ),
    "unknown mode in clear": (
        "sk_org_x",
        {"api_base": "http://api.example.com"},
        "STRIPE_API_BASE must be an https:// URL",
    ),
    "script in clear": (
        LIVE,
        {"js_url": "http://js.example.com/v3"},
        "STRIPE_JS_URL must be an https:// URL",
    ),
    "no URL": (SECRET, {"api_base": "api.stripe.com"}, "STRIPE_API_BASE must be an https:// URL"),
    "no text for a URL": (SECRET, {"api_base": None}, "STRIPE_API_BASE must be a plain URL"),
    "file": (SECRET, {"js_url": "file:///etc/passwd"}, "STRIPE_JS_URL must be an https:// URL"),
    "no host": (
        SECRET,
        {"api_base": "https:///v1"},
        "STRIPE_API_BASE must be a plain URL without a path.",
    ),
    "path": (
        SECRET,
        {"api_base": "https://api.stripe.com/v1"},
        "STRIPE_API_BASE must be a plain URL without a path.",
    ),
    "query": (
        SECRET,
        {"api_base": "https://api.stripe.com?x=1"},
        "STRIPE_API_BASE must be a plain URL",
    ),
    "fragment": (
        SECRET,
        {"api_base": "https://api.stripe.com#x"},
        "STRIPE_API_BASE must be a plain URL",
    ),
    "port too high": (
        SECRET,
        {"api_base": "https://api.stripe.com:99999"},
        "STRIPE_API_BASE must be a plain URL",
    ),
    "port zero": (
        SECRET,
        {"api_base": "https://api.stripe.com:0"},
        "STRIPE_API_BASE must be a plain URL",
    ),
    "Stripe in clear": (
        SECRET,
        {"api_base": "http://api.stripe.com"},
        "STRIPE_API_BASE must be an https:// URL",
    ),
    "Stripe in clear, with a dot": (
        SECRET,
        {"api_base": "http://api.stripe.com."},
        "STRIPE_API_BASE must be an https:// URL",
    ),
    "quotes": (
        f"'{SECRET}'",
        {},
        "The secret key has quotes around it: set STRIPE_SECRET_KEY without them.",
    ),
    "half a pair of quotes": (f'{SECRET}"', {}, "The secret key has quotes around it"),
    "quotes around publishable": (
        SECRET,
        {"publishable_key": f'"{PUBLIC}"'},
        "The publishable key has quotes",
    ),
    "quotes around webhook": (
        SECRET,
        {"webhook_secret": f'"{WEBHOOK}"'},
        "The webhook secret is no",
    ),
    "a backslash": (SECRET + "\\n", {}, "The secret key has whitespace or other characters"),
    "ephemeral": ("ek_test_HunterTwo", {}, "An ephemeral key was given as the secret key"),
    "the sandbox's webhook secret": (
        LIVE,
        {"webhook_secret": f"whsec_HunterTwo, {Sandbox().webhook_secret}"},
        "The sandbox's webhook secret was given beside a live key",
    ),
    "the sandbox's webhook secret, declared live": (
        "rk_org_x",
        {"webhook_secret": Sandbox().webhook_secret, "livemode": True},
        "The sandbox's webhook secret was given beside a live key",
    ),
    "a sandbox's script": (
        LIVE,
        {"js_url": "http://localhost:4242/stripe.js"},
        "STRIPE_JS_URL is not Stripe's",
    ),
    "anybody's script": (
        "rk_org_x",
        {"publishable_key": "pk_live_HunterTwo", "js_url": "https://js.stripe.com.example.com/v3"},
        "STRIPE_JS_URL is not Stripe's",
    ),
    "login": (
        SECRET,
        {"api_base": "https://u:p@api.stripe.com"},
        "STRIPE_API_BASE must be a plain URL",
    ),
    "login in the script": (
        SECRET,
        {"js_url": "https://u:p@js.stripe.com/v3"},
        "STRIPE_JS_URL must be a plain URL, without",
    ),
    **{
        f"timeout {value!r}": (
            SECRET,
            {"timeout": value},
            "STRIPE_TIMEOUT must be a number of seconds above 0",
        )
        for value in (0, -1, 601, float("nan"), float("inf"), True, "30", None)
    },
    **{
        f"retries {value!r}": (
            SECRET,
            {"max_retries": value},
            "STRIPE_MAX_RETRIES must be a whole number from 0 to 10",
        )
        for value in (-1, 11, 1.0, True, "2", None)
    },
    "route": (SECRET, {"route": "intents"}, "STRIPE_ROUTE must be charges or payment_intents."),
}


@each_row("api_base", [None, "https://api.stripe.com/", "https://files.stripe.com"])
def test_the_sandboxs_key_is_not_sent_to_stripe(api_base):
    """Whoever forgot the sandbox's address is told its name, before anything is sent."""
    where = {} if api_base is None else {"api_base": api_base}
    settings = Settings(Sandbox().secret_key, **where)
    for make in (
        lambda: PaymentGateway(Sandbox().secret_key, **where),
        lambda: PaymentGateway.from_settings(settings),
    ):
        with pytest.raises(ConfigurationError) as refused:
            make()

        assert (
            "The secret key is the sandbox's own, which Stripe does not know: "
            "set STRIPE_API_BASE to the address that `tokencharge sandbox` prints."
        ) == refused.value.message


def test_the_sandboxs_key_is_good_for_a_sandbox():
    """By its address, or in the same process; any other key may go to Stripe."""
    sandbox = Sandbox()
    for gateway in (
        PaymentGateway(sandbox.secret_key, api_base="http://localhost:4242"),
        PaymentGateway(sandbox.secret_key, http_client=sandbox.http_client()),
        PaymentGateway(f"{sandbox.secret_key}2"),
    ):
        assert "test" == gateway.settings.mode


@each_row(
    "others",
    [
        {"js_url": "https://js.stripe.com./clover/stripe.js"},
        {"api_base": "http://127.0.0.1:4242"},
        {"api_base": "http://localhost.:4242"},
        {"webhook_secret": Sandbox().webhook_secret + "1"},
    ],
)
def test_what_a_live_key_may_stand_beside(others):
    """Stripe's own script, this machine, a secret of one's own."""
    assert "live" == Settings(LIVE, **others).mode


@each_row(("secret_key", "others", "sentence"), REFUSED)
@each_row("make", [Settings, PaymentGateway])
def test_what_cannot_be_right_is_refused_at_start(make, secret_key, others, sentence):
    """One clear sentence says what is wrong and never prints a key, whoever checks."""
    if make is PaymentGateway and "js_url" in others:
        make = Settings
    with pytest.raises(ConfigurationError) as refused:
        make(secret_key, **others)

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert "HunterTwo" not in str(refused.value) + repr(refused.value)
    assert refused.value.__cause__ is None


@each_row(
    "url",
    [
        "https://[::1",
        "https://:HunterTwo@api.stripe.com",
        "https://api.stripe.com\n",
        " https://api.stripe.com",
        "https://api .stripe.com",
    ],
)
def test_an_address_nobody_can_call_is_refused_at_start(url):
    """A broken URL, a password and stray whitespace are found before the first charge is tried."""
    with pytest.raises(ConfigurationError, match="STRIPE_API_BASE"):
        Settings(SECRET, api_base=url)


def test_a_form_that_stripe_has_not_is_refused():
    """There are two kinds of card form."""
    with pytest.raises(ConfigurationError, match="STRIPE_ELEMENT must be card or payment"):
        Settings(SECRET, element="iframe")


def test_a_key_that_is_no_text_is_refused():
    """Bytes, of which `str` would make a key that never was, are refused."""
    with pytest.raises(ConfigurationError):
        Settings.from_mapping({"STRIPE_SECRET_KEY": SECRET.encode()})


@each_row("livemode", ["false", 0])
def test_a_live_key_does_not_pass_a_declaration_that_is_no_bool(livemode):
    """What was meant as "not live" must not be ignored."""
    with pytest.raises(ConfigurationError):
        Settings(LIVE, livemode=livemode)


def test_a_webhook_secret_that_is_no_text_is_refused():
    """A number in the secret's place is an error of ours."""
    with pytest.raises(ConfigurationError):
        Settings(SECRET, webhook_secret=12)  # type: ignore[arg-type]


@each_row(
    ("key", "mode"),
    [
        (SECRET, "test"),
        (LIVE, "live"),
        ("rk_test_x", "test"),
        ("rk_live_x", "live"),
        ("sk_org_live_x", "live"),
        ("sk_next_x", None),
        ("something_else", None),
    ],
)
def test_the_mode_is_read_from_the_prefix(key, mode):
    """Restricted and organization keys have one too; a prefix not known is let through without."""
    assert mode == Settings(key).mode


def test_a_publishable_key_of_unknown_mode_is_let_through():
    """Only two modes that contradict each other are refused."""
    assert "pk_next_x" == Settings(SECRET, publishable_key="pk_next_x").publishable_key


@each_row(
    "others",
    [
        {"api_base": "http://localhost:8000"},
        {"api_base": "http://127.0.0.1:8000/"},
        {"api_base": "http://[::1]:8000"},
    ],
)
def test_even_a_live_key_may_travel_in_clear_within_this_machine(others):
    """Loopback is no wire anybody listens on."""
    assert "live" == Settings(LIVE, **others).mode


def test_a_test_key_may_travel_in_clear():
    """A sandbox in another container has no certificate."""
    assert "http://stripe:8000" == Settings(SECRET, api_base="http://stripe:8000").api_base


def test_no_repr_shows_a_secret():
    """The secret key and the webhook secrets are not in the repr of settings
    or gateway; the publishable key is."""
    settings = Settings(SECRET, publishable_key=PUBLIC, webhook_secret=WEBHOOK)
    shown = repr(settings) + str(settings) + repr(PaymentGateway.from_settings(settings))

    assert [] == [secret for secret in (SECRET, WEBHOOK) if secret in shown]
    assert PUBLIC in shown


def test_settings_can_be_handed_to_another_process():
    """A worker gets the same settings by pickle."""
    settings = Settings(SECRET, livemode=False)

    assert settings == pickle.loads(pickle.dumps(settings))


@each_row(("route", "element"), [("payment_intents", "payment"), ("charges", "card")])
def test_the_page_shows_what_fits_the_route(route, element):
    """Unless it is set: the Card Element works on both."""
    assert element == Settings(SECRET, route=route).element
    assert "card" == Settings(SECRET, route=route, element="card").element
