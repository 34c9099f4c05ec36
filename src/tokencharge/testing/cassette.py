"""Cassettes for tests: scrubbed, recorded once, and replayed anywhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import attrs

from .. import ConfigurationError, PaymentGateway, Settings, _clock
from ..sandbox import Sandbox
from .gateways import sandbox_settings

if TYPE_CHECKING:
    from .. import AsyncPaymentGateway
    from .tape import Tape

RecordMode = Literal["none", "once", "all"]
"""Never record ("none"), record what is missing ("once"), or record again ("all")."""

# Webhooks are never recorded. With its secret, the sandbox can sign some beside a
# cassette.
_REPLAYED = Settings(
    "sk_test_replayed",
    publishable_key="pk_test_replayed",
    webhook_secret=Sandbox().webhook_secret,
    livemode=False,
    max_retries=0,
)


@attrs.define(eq=False)
class StripeCassette:
    """Stripe's side of one test: real while it is recorded, replayed from then on.

    While it is in use, every request of this process to Stripe goes through it,
    whichever gateway makes it.

    Attributes:
        path: The file it is kept in.
        settings: The key and the address that gateways must use.
        recording: Whether requests are sent, or answered from the recording.
    """

    path: Path
    settings: Settings
    recording: bool
    _tape: Tape = attrs.field(repr=False)

    @property
    def environ(self) -> dict[str, str]:
        """The settings under their own names, for an application's configuration."""
        fields = {
            field.metadata["variable"]: getattr(self.settings, field.name)
            for field in attrs.fields(Settings)
        }
        return {name: str(value) for name, value in fields.items() if value is not None}

    def gateway(self, **settings: Any) -> PaymentGateway:
        """Make a gateway; keyword arguments change fields of `Settings`."""
        return PaymentGateway.from_settings(attrs.evolve(self.settings, **settings))

    def async_gateway(self, **settings: Any) -> AsyncPaymentGateway:
        """Make an async gateway, in the same way."""
        from .. import AsyncPaymentGateway

        return AsyncPaymentGateway.from_settings(attrs.evolve(self.settings, **settings))

    def unique(self, name: str) -> str:
        """Return a text that is new in each recording and the same in each replay.

        It may be an order_id, for example.

        Raises:
            CassetteMismatch: The recording has none of this name.
        """
        values = self._tape.values
        if name not in values:
            if not self.recording:
                raise self._tape.mismatch(
                    f"{self.path} holds no unique value {name!r}: record it again."
                )
            values[name] = f"{name}-{uuid.uuid4()}"
        return values[name]

    def finish(self) -> None:
        """Stop, keep the recording, and check that every recorded request was made.

        Raises:
            CassetteMismatch: A recorded request was not made, or another one was.
        """
        self._tape.finish()

    def abandon(self, error: BaseException | None = None) -> None:
        """Stop and keep nothing, unless it is finished.

        Args:
            error: The error that ended the test, if any.

        Raises:
            CassetteMismatch: A request did not match, and caused the error.
        """
        self._tape.finished = True
        if error is not None and self._tape.mismatched is not None:
            raise self._tape.mismatched from error


@contextmanager
def use_cassette(
    path: str | Path, *, record: RecordMode = "none", source: Sandbox | Settings | None = None
) -> Iterator[StripeCassette]:
    """Record the requests to Stripe in a `with` block, or answer them from a recording.

    Leaving the block checks that every recorded request was made. A block that raises
    records nothing.

    Args:
        path: The cassette's file. Its folder is made when it is recorded.
        record: "none" never sends anything; "once" records a cassette that is missing;
            "all" records it again.
        source: What to record from: a sandbox, over HTTP, or Stripe's test mode, by
            settings with a test key. A new sandbox if None.

    Raises:
        CassetteMismatch: The block's requests differ from the recording; the message
            names the parameter.
        ConfigurationError: The key is no test key, or vcrpy is not installed.
    """
    if isinstance(source, Settings) and source.mode != "test":
        raise ConfigurationError(
            "Cassettes are recorded with a test key only: set STRIPE_SECRET_KEY to sk_test_...."
        )
    try:
        from .tape import Tape
    except ModuleNotFoundError as missing:
        raise ConfigurationError(
            f"Cassettes need vcrpy ({missing.name} is missing): "
            "python -m pip install 'tokencharge[testing]'."
        ) from None
    path = Path(path)
    with ExitStack() as stack:
        settings, origin = _REPLAYED, None
        if record == "all" or (record == "once" and not path.exists()):
            settings, origin = _open(source, stack)
        tape = stack.enter_context(Tape.running(path, settings.api_base, origin))
        stack.enter_context(_clock.stopped(tape.recorded_at.timestamp()))
        cassette = StripeCassette(path, settings, origin is not None, tape)
        try:
            yield cassette
        except BaseException as error:
            cassette.abandon(error)
            raise
        if not tape.finished:
            cassette.finish()


def _open(source: Sandbox | Settings | None, stack: ExitStack) -> tuple[Settings, str]:
    if isinstance(source, Settings):
        real = urlsplit(source.api_base).hostname == "api.stripe.com"
        return attrs.evolve(
            source, max_retries=0
        ), "Stripe's test mode" if real else f"{source.api_base}, not Stripe"
    from .. import __version__

    sandbox = source or Sandbox()
    settings = sandbox_settings(sandbox, api_base=stack.enter_context(sandbox.serve()).url)
    return settings, f"the sandbox of tokencharge {__version__}, over HTTP; not Stripe"
