import pytest

pytest_plugins = ["tokencharge.pytest_plugin"]


@pytest.fixture
def gateway_settings() -> dict[str, str]:
    """The shop charges by Stripe's classic calls, as its recordings do."""
    return {"route": "charges"}
