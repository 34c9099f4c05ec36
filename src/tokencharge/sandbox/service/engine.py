"""The engine: authenticate, reserve the idempotency key, execute, save, answer.

A request is answered in two steps, `begin` and `finish`. Between them its idempotency
key is in use, and another request with the same key is told so.
"""

from __future__ import annotations

import functools
import json
import threading
from email.utils import formatdate

import attrs

from ..language.kinds import Kind
from ..language.refusals import Refusal, Saving, locked
from ..language.wire import API_VERSION, JSON, Request, Response
from ..objects import accounts, expanding, forms, reading
from ..state.account import Account, Visit
from ..state.keys import Keys, SavedAnswer, Use
from ..state.record import Cause, Happening
from . import routes
from .faults import NO_FAULT, Fault

# A stored object is made from older ones, so none contains itself.
_encoder = json.JSONEncoder(separators=(",", ":"), check_circular=False)


@attrs.frozen
class Arrival:
    """A request that arrived, and its answer.

    Attributes:
        method: "GET", "POST" or "DELETE".
        path: The path without the query.
        status: The status of the answer, whether or not it reached the caller.
        idempotency_key: The request's idempotency key.
        replayed: The answer was one saved before.
        request_id: Stripe's id of the request.
    """

    method: str
    path: str
    status: int
    idempotency_key: str | None
    replayed: bool
    request_id: str


@attrs.define
class Pending:
    """A request that was accepted but is not executed yet."""

    request: Request
    request_id: str
    endpoint: reading.Endpoint = attrs.field(repr=False)
    ids: tuple[str, ...] = attrs.field(repr=False)
    form: JSON = attrs.field(repr=False)
    use: Use | None
    public: bool
    holds: str | None = None


class Engine:
    """Answers requests on one account; safe to share among threads."""

    def __init__(self, account: Account, secret_key: str, publishable_key: str) -> None:
        self.account = account
        self.lock = threading.RLock()
        # Plain values in plain tuples: the garbage collector need not walk through old
        # requests.
        self._arrivals: list[tuple[str, str, int, str | None, bool, str]] = []
        self._secret_key = secret_key
        self._publishable_key = publishable_key
        self._keys = Keys()
        self._busy: set[str] = set()

    def begin(self, request: Request) -> Response | Pending:
        """Accept a request and reserve its key, or answer it at once."""
        with self.lock:
            request_id = self.account.new_id("req_", 14)
            self.account.settle()
            try:
                endpoint, ids = routes.find(request.method, request.path)
                public = self._authenticate(request, public=endpoint.public)
                form = request.form
                use: Use | SavedAnswer | None = None
                if request.idempotency_key is not None:
                    use = self._reserve(request)
            except Refusal as refusal:
                return self.refuse(request, refusal, request_id)
            if isinstance(use, SavedAnswer):
                return self._respond(request, request_id, use, replayed=True)
            pending = Pending(request, request_id, endpoint, ids, form, use, public)
            if (
                self.account.rules.lock_intents
                and request.method == "POST"
                and ids
                and ids[0].startswith("pi_")
            ):
                if ids[0] in self._busy:
                    if use is not None:
                        self._keys.release(use)
                    return self.refuse(request, locked(), request_id)
                self._busy.add(ids[0])
                pending.holds = ids[0]
            return pending

    def finish(self, pending: Pending, fault: Fault = NO_FAULT) -> Response:
        """Execute an accepted request, and save its answer."""
        request, use = pending.request, pending.use
        with self.lock:
            self.account.settle()
            if pending.holds is not None:
                self._busy.discard(pending.holds)
            result = self._result(pending, fault)
            if isinstance(result, Refusal) and not self._saved(result):
                if use is not None:
                    self._keys.release(use)
                return self.refuse(request, result, pending.request_id)
            if isinstance(result, Refusal):
                status, body = (
                    result.status,
                    result.body(pending.request_id, int(self.account.now())),
                )
            else:
                status, body = 200, result
            answer = SavedAnswer(status, _encode(body), pending.request_id)
            if use is not None:
                self._keys.save(use, answer)
            return self._respond(request, pending.request_id, answer)

    def run(self, method: str, path: str, form: JSON) -> JSON:
        """Execute an endpoint without a request: no key, no record.

        Raises:
            Refusal: The endpoint refused.
        """
        endpoint, ids = routes.find(method, path)
        with self.lock:
            self.account.settle()
            return _execute(Visit(self.account), endpoint, ids, form)

    def all(self, kind: Kind) -> list[JSON]:
        """List the objects of a kind as they are now, oldest first."""
        with self.lock:
            self.account.settle()
            return [kept.json for kept in self.account.shelf(kind).rows]

    def arrivals(self) -> list[Arrival]:
        """List the requests that arrived, oldest first."""
        with self.lock:
            return [Arrival(*each) for each in self._arrivals]

    def happenings(self, since: int = 0) -> tuple[int, list[Happening]]:
        """Count all happenings; list those after the first `since`, oldest first."""
        with self.lock:
            self.account.settle()
            return self.account.record.count, self.account.record.since(since)

    def refuse(self, request: Request, refusal: Refusal, request_id: str | None = None) -> Response:
        """Answer a request with an error that is not saved."""
        with self.lock:
            name = request_id or self.account.new_id("req_", 14)
            body = _encode(refusal.body(name, int(self.account.now())))
            headers = dict(refusal.headers)
            if request.idempotency_key is not None and refusal.status in (400, 404):
                headers["original-request"] = name
            return self._record(request, name, refusal.status, body, headers)

    def _authenticate(self, request: Request, *, public: bool) -> bool:
        """Check the API key; tell whether it is the publishable key."""
        key = request.api_key
        if not key:
            message = (
                "You did not provide an API key. Provide it in the Authorization header, using"
                " Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
            raise Refusal(401, message)
        if key == self._publishable_key and not public:
            message = (
                "This API call cannot be made with a publishable API key. Please use a secret API"
                " key."
            )
            raise Refusal(401, message, code="secret_key_required")
        if key not in (self._secret_key, self._publishable_key):
            prefix = key[:8] if key[2:8] in ("_live_", "_test_") else ""
            raise Refusal(401, f"Invalid API Key provided: {prefix}********")
        account = request.headers.get("stripe-account")
        if account not in (None, self.account.id):
            raise accounts.foreign(str(account))
        return key == self._publishable_key

    def _reserve(self, request: Request) -> Use | SavedAnswer:
        return self._keys.reserve(
            request.idempotency_key or "",
            request,
            self.account.now(),
            in_flight_first=self.account.rules.in_flight_first,
            by_path=self.account.rules.keys_by_path,
        )

    def _result(self, pending: Pending, fault: Fault) -> JSON | Refusal:
        result: JSON | Refusal = {}
        request = pending.request
        visit = Visit(
            self.account,
            Cause(pending.request_id, request.idempotency_key),
            decline=fault.decline,
            public=pending.public,
            host=request.headers.get("host"),
        )
        try:
            if fault.executed:
                result = _execute(visit, pending.endpoint, pending.ids, pending.form)
        except Refusal as refusal:
            result = refusal
        if fault.broken:
            message = "An unknown error occurred. Sorry about that!"
            saving = Saving.SAVED if fault.saved else Saving.FORGOTTEN
            return Refusal(500, message, kind="api_error", saving=saving)
        return result

    def _saved(self, refusal: Refusal) -> bool:
        rules = self.account.rules
        if refusal.saving is Saving.UNKNOWN_ID:
            return rules.saves_unknown_ids
        if refusal.saving is Saving.POLICY:
            return rules.saves_policies
        return refusal.saving is Saving.SAVED

    def _respond(
        self, request: Request, request_id: str, answer: SavedAnswer, *, replayed: bool = False
    ) -> Response:
        headers: dict[str, str] = {}
        if request.method == "POST":
            headers["original-request"] = answer.request_id
            if request.idempotency_key is None:
                # Stripe gives a key to a request without one.
                headers["idempotency-key"] = self.account.new_id("", 36)
            if replayed:
                headers["idempotent-replayed"] = "true"
            if answer.status < 500:
                headers["stripe-should-retry"] = "false"
        return self._record(request, request_id, answer.status, answer.body, headers)

    def _record(
        self, request: Request, request_id: str, status: int, body: bytes, headers: dict[str, str]
    ) -> Response:
        key = request.idempotency_key
        replayed = "idempotent-replayed" in headers
        self._arrivals.append((request.method, request.path, status, key, replayed, request_id))
        sent = {
            "content-type": "application/json",
            "date": _date(int(self.account.now())),
            **headers,
        }
        if status not in (401, 403):
            # A client without access learns nothing about the account.
            sent["request-id"] = request_id
            sent["stripe-version"] = request.headers.get("stripe-version", API_VERSION)
        named = request.headers.get("idempotency-key")
        if named and request.method in ("POST", "DELETE"):
            sent["idempotency-key"] = named
        return Response(status, sent, body)


def _encode(body: JSON) -> bytes:
    return _encoder.encode(body).encode()


@functools.lru_cache(maxsize=8)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)


def _execute(visit: Visit, endpoint: reading.Endpoint, ids: tuple[str, ...], form: JSON) -> JSON:
    expand = form.get("expand")
    if expand is None:
        return endpoint.run(visit, endpoint.form.read(form), *ids)
    rest = {name: value for name, value in form.items() if name != "expand"}
    params = endpoint.form.read(rest)
    tree = expanding.paths(forms.several("expand", expand), endpoint)
    return expanding.expanded(visit.account, endpoint.run(visit, params, *ids), tree)
