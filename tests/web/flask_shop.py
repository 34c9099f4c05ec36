"""The shop in Flask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flask import Flask
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from tests.web.shop import Answer, Shop
from tokencharge import Charge, Event, Payment, TokenChargeError
from tokencharge.flask import TokenCharge, payment_failed, payment_made


class Compiled(BytecodeCache):
    """Templates that a shop of this process has compiled already."""

    _code: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


class FlaskShop(Shop):
    """Flask, and Flask-WTF where CSRF is looked at."""

    def start(self) -> None:
        self.app = Flask(__name__)
        self.app.jinja_options = {"bytecode_cache": Compiled()}
        self.app.config.update(TESTING=True, SECRET_KEY="signs the session")
        if self.csrf:
            CSRFProtect(self.app)
        payments = TokenCharge(self.app, gateway=self.gateway, **self.options)

        @payments.before_charge
        def before_charge(request: object) -> object:
            return self.before_charge(request)

        @payments.on_payment
        def on_payment(payment: Payment) -> None:
            self.on_payment(payment)

        @payments.on("charge.*")
        def on_event(event: Event) -> None:
            self.on_event(event)
            self.events.append(event)

        @payments.on_paid
        def taken(charge: Charge) -> None:
            self.on_paid(charge)
            self.paid.append(charge)

        payments.on("charge.refunded")(self.refunds.append)
        payments.order(lambda: self.order)
        payments.on_payment(self.payments.append)
        payments.on_failure(self.failures.append)
        payment_made.connect(self._note, self.app)
        payment_failed.connect(self._note, self.app)

        @self.app.post("/own")
        def own() -> tuple[dict[str, str], int]:
            try:
                payment = payments.charge_from_request(self.order)
            except TokenChargeError as error:
                return {"own": type(error).__name__}, error.suggested_status
            return {"own": payment.charge.id}, 200

    def _note(self, sender: object, **news: object) -> None:
        assert sender is self.app
        self.signals.extend(news.values())

    def open(self) -> None:
        self.client = self.app.test_client()

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"Accept": "text/html,*/*;q=0.8", **(headers or {})}
        answer = self.client.open(path, method=method, data=body or None, headers=sent)
        return Answer(answer.status_code, dict(answer.headers), answer.text)
