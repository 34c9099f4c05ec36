"""Between vcrpy and a cassette: strict matching, scrubbing, and the file's head."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from vcr.cassette import Cassette
from vcr.persisters.filesystem import CassetteNotFoundError
from vcr.request import Request
from vcr.serialize import deserialize, serialize

from .assertions import CassetteMismatch
from .documents import read_yaml
from .reading import encoded_text
from .scrub import Scrubber
from .standins import StandIns

_AGAIN = "If that is meant, record it again: pytest --stripe-record=all, with this test alone."


class Tape(Cassette):  # type: ignore[misc]
    """A vcrpy cassette that plays its interactions in order, or not at all.

    Attributes:
        values: The texts that are new in each recording.
        mismatched: The first thing that was not as recorded.
        finished: The test is over: no request is allowed any more.
        kept: Whether the recording is to be written.
        origin: What it is recorded from; None while it is replayed.
    """

    @classmethod
    def running(cls, path: Path, api_base: str, origin: str | None) -> AbstractContextManager[Tape]:
        """Replay a cassette, or record it from `origin`, during a `with` block."""
        stand_ins = StandIns()
        scrubber = Scrubber(stand_ins)
        context: AbstractContextManager[Tape] = cls.use(
            path=str(path),
            api_base=api_base,
            origin=origin,
            stand_ins=stand_ins,
            record_mode="none" if origin is None else "all",
            before_record_request=lambda request: _scrubbed(request, scrubber),
            before_record_response=scrubber.answer,
        )
        return context

    def __init__(
        self, *, path: str, api_base: str, origin: str | None, stand_ins: StandIns, **vcr: Any
    ) -> None:
        self.values: dict[str, str] = {}
        self.mismatched: CassetteMismatch | None = None
        self.finished = False
        self.kept = False
        self.origin = origin
        self.recorded_at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self._host = urlsplit(api_base).netloc
        self._stand_ins = stand_ins
        self._file = path
        super().__init__(path=path, persister=_File(self), serializer=_Yaml, **vcr)

    def mismatch(self, sentence: str) -> CassetteMismatch:
        """Return the error for a mismatch, and keep the first one.

        The code under test may handle the error in its own way.
        """
        self.mismatched = self.mismatched or CassetteMismatch(sentence)
        return CassetteMismatch(sentence)

    def finish(self) -> None:
        """Stop, keep the recording, and check that every recorded request was made.

        Raises:
            CassetteMismatch: A recorded request was not made, or another one was.
        """
        self.finished = True
        if self.mismatched is not None:
            raise self.mismatched
        left = [_line(request) for request in self.requests[self.play_count :]]
        if self.origin is None and left:
            raise self.mismatch(
                f"{len(left)} of the {len(self)} requests in {self._file} were not made: "
                f"{', '.join(left)}. {_AGAIN}"
            )
        self.kept = True

    def can_play_response_for(self, request: Request) -> bool:
        """Tell whether to answer a request from the recording.

        That is so for every request to Stripe while it is replayed.

        Raises:
            CassetteMismatch: The request is not the one that is recorded next, or may
                not be sent.
        """
        scrubbed = self.filter_request(request)
        if scrubbed is None:
            return False
        self._refuse_live_keys(request)
        if self.finished:
            raise self.mismatch(
                f"{_line(scrubbed)} was asked after the test had ended: nothing answers it."
            )
        if self.origin is None:
            self._match(scrubbed)
            return True
        if urlsplit(request.uri).netloc != self._host:
            raise self.mismatch(
                f"{_line(scrubbed)} went to {urlsplit(request.uri).netloc}, "
                f"and this cassette is recorded from {self.origin}, at "
                f"{self._host}: make the gateway with the cassette's settings."
            )
        return False

    def play_response(self, request: Request) -> dict[str, Any]:
        """Return the next recorded answer, with this run's values for its stand-ins."""
        index = self.play_count
        self.play_counts[index] += 1
        answer = self.responses[index]
        body = answer["body"]["string"].decode()
        headers = {name: values[0] for name, values in answer["headers"].items()}
        self._stand_ins.meet(" ".join([body, *headers.values()]))
        return {
            "status": answer["status"],
            "headers": {name: [self._stand_ins.restore(value)] for name, value in headers.items()},
            "body": {"string": self._stand_ins.restore(body, in_json=True).encode()},
        }

    def _match(self, sent: Request) -> None:
        number = self.play_count
        if number >= len(self):
            there = f"ends after {number} requests" if number else "is missing"
            raise self.mismatch(
                f"{_line(sent)} is not recorded: "
                f"{self._file} {there}. {_AGAIN if number else _FIRST}"
            )
        recorded = self.requests[number]
        differences = _differences(sent, recorded)
        if differences:
            what = f"Request {number + 1} is not as recorded in {self._file}: {_line(recorded)}"
            raise self.mismatch("\n  ".join([what, *differences]) + f"\n{_AGAIN}")

    def _refuse_live_keys(self, request: Request) -> None:
        login = str(request.headers.get("Authorization", ""))
        # A bearer token is there as it is. A user's name is there in base64.
        if "_live_" in login or "_live_" in encoded_text(login.partition(" ")[2].strip()):
            raise self.mismatch("A live key was about to be used under a cassette: use a test key.")


_FIRST = "Record it: pytest --stripe-record=once."


def _scrubbed(request: Request, scrubber: Scrubber) -> Request | None:
    """Return a request as a cassette may hold it.

    None means that it is not for Stripe, and is left alone.
    """
    headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
    if "stripe-version" not in headers and not str(request.host).endswith("stripe.com"):
        return None
    body: Any = request.body
    return Request(
        request.method.upper(),
        scrubber.uri(request.uri),
        scrubber.request_body(body),
        scrubber.request_headers(headers),
    )


def _line(request: Request) -> str:
    return f"{request.method} {request.path}"


def _parameters(request: Request) -> dict[str, str]:
    body: Any = request.body
    if body.startswith(b"{"):
        return {"the JSON": body.decode()}
    forms = (request.parsed_uri.query, body.decode())
    return dict(pair for form in forms for pair in parse_qsl(form, keep_blank_values=True))


def _differences(sent: Request, recorded: Request) -> list[str]:
    if _line(sent) != _line(recorded):
        return [f"the test sent {_line(sent)}"]
    now, then = _parameters(sent), _parameters(recorded)
    differences = [
        f"{name}: {_shown(then.get(name))} is recorded, {_shown(now.get(name))} was sent"
        for name in sorted({*now, *then})
        if now.get(name) != then.get(name)
    ]
    keys = [request.headers.get("idempotency-key") for request in (recorded, sent)]
    if keys[0] != keys[1] and not differences:
        differences.append(
            f"idempotency key: {_shown(keys[0])} is recorded, {_shown(keys[1])} was sent"
        )
    return differences


def _shown(value: str | None) -> str:
    return "nothing" if value is None else repr(value)


class _File:
    """The object that vcrpy calls a persister."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def load_cassette(self, path: str, serializer: Any) -> Any:
        """Read the file, unless it is recorded again."""
        if self._tape.origin is not None or not Path(path).exists():
            raise CassetteNotFoundError
        text = Path(path).read_text("utf-8")
        head = read_yaml(text)
        self._tape.values.update(head.get("unique") or {})
        self._tape.recorded_at = datetime.datetime.fromisoformat(head["recorded_at"])
        return deserialize(text, serializer)

    def save_cassette(self, path: str, cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Write the whole file in one step, if the test succeeded."""
        if not self._tape.kept:
            return
        at = self._tape.recorded_at.isoformat()
        head = {"recorded_from": self._tape.origin, "recorded_at": at, "unique": self._tape.values}
        text = _yaml({name: value for name, value in head.items() if value}) + serialize(
            cassette_dict, serializer
        )
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
            draft = Path(folder, target.name)
            draft.write_text(text, "utf-8")
            draft.replace(target)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that they can be compared."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


_Dumper.add_representer(str, _text)


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000
    )
    return text


class _Yaml:
    """The object that vcrpy calls a serializer."""

    serialize = staticmethod(_yaml)
    deserialize = staticmethod(read_yaml)
