"""The shops that the contract is held to, each on a sandbox of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.web.shop import Shop, gateway_to
from tokencharge import AsyncPaymentGateway, PaymentGateway
from tokencharge.sandbox import Rules, Sandbox

OpenShop = Callable[..., Shop]


@pytest.fixture
def route() -> str:
    """What card tokens are charged by; a module that is to hold on both routes says so itself."""
    return "payment_intents"


@pytest.fixture
def sandbox(route: str) -> Sandbox:
    """An account as Stripe opens it today; over Charges one that takes card tokens there."""
    return Sandbox(rules=Rules(card_tokens=route == "charges"))


@pytest.fixture(params=["flask", "django", "django-asgi", "fastapi", "starlette"])
def open_shop(sandbox: Sandbox, route: str, request: pytest.FixtureRequest) -> Iterator[OpenShop]:
    """Opens a shop of each framework in turn."""
    with ExitStack() as stack:

        def options(settings: dict[str, Any]) -> dict[str, Any]:
            """What of it an adapter is told, and no gateway."""
            return {
                name: settings.pop(name)
                for name in ("trusted_origins", "success_url", "languages")
                if name in settings
            }

        def gateway(kind: Any = PaymentGateway, **settings: Any) -> Any:
            return gateway_to(sandbox, kind, **{"route": route, **settings})

        def flask(*, csrf: bool = False, **settings: Any) -> Shop:
            from tests.web.flask_shop import FlaskShop

            told = options(settings)
            return FlaskShop(gateway(**settings), csrf, told)

        def django(*, csrf: bool = False, **settings: Any) -> Shop:
            from tests.web import django_shop
            from tokencharge.django import use_gateway

            kind = (
                django_shop.DjangoShop if request.param == "django" else django_shop.DjangoAsgiShop
            )
            told = options(settings)
            shop = kind(stack.enter_context(use_gateway(gateway(**settings))), csrf, told)
            stack.callback(shop.close)
            return shop

        def asgi(*, csrf: bool = False, **settings: Any) -> Shop:
            from tests.web import asgi_shop

            kind = asgi_shop.FastAPIShop if request.param == "fastapi" else asgi_shop.StarletteShop
            told = options(settings)
            return kind(gateway(AsyncPaymentGateway, **settings), csrf, told)

        yield {"flask": flask, "fastapi": asgi, "starlette": asgi}.get(request.param, django)


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop()


@pytest.fixture
def break_page(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Breaks a template, in either engine."""
    from django.template import Template as DjangoTemplate
    from jinja2 import Template as JinjaTemplate

    def break_page(name: str) -> None:
        for engine in (DjangoTemplate, JinjaTemplate):
            render = engine.render

            def broken(template: Any, *args: Any, _render: Any = render, **kwargs: Any) -> Any:
                if str(template.name).endswith(name):
                    raise ZeroDivisionError("broken on purpose")
                return _render(template, *args, **kwargs)

            monkeypatch.setattr(engine, "render", broken)

    return break_page
