"""Read a cassette's YAML."""

from __future__ import annotations

from typing import Any


def read_yaml(text: str) -> Any:
    """Read a YAML document of plain values.

    Raises:
        yaml.YAMLError: It is no such document.
    """
    import yaml  # here, because it comes with an extra

    # The parser in C is ten times as fast. PyYAML is without it where no wheel fits. It
    # refuses a few texts that the other takes, such as JSON with an escaped emoji.
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, fast)  # noqa: S506 - it is a safe one
    except yaml.YAMLError:
        return yaml.safe_load(text)
