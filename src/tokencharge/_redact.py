"""What must never be shown: keys, tokens, card numbers, e-mail addresses; and how they are blotted out."""

from __future__ import annotations

import json
import re
from typing import Any

# A key keeps its prefix and a token its kind: enough to see what was there, nothing to use it with.
_SECRETS = (
    (re.compile(r"\b((?:sk|rk|pk)_(?:org_)?(?:test|live)_|whsec_)[A-Za-z0-9_*]+"), r"\1[redacted]"),
    (re.compile(r"\b((?:tok|btok|cvctok|ctoken)_)[A-Za-z0-9_]+"), r"\1[redacted]"),
    (re.compile(r"(?<![A-Za-z0-9])[0-9](?:[ _.-]?[0-9]){12,18}(?![A-Za-z0-9])"), "[card number redacted]"),
    # The look-behind starts a match at the start of a word only, or a long word would be scanned from each letter.
    (re.compile(r"(?<![^\s@<>\"'(),:;\\])[^\s@<>\"'(),:;\\]+@[^\s@<>\"'(),:;\\]+"), "[e-mail redacted]"),
)


def redact(text: str) -> str:
    """Return a text without keys, tokens, card numbers and e-mail addresses."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def redact_body(body: str) -> str:
    """Return an answer's body without them, and still JSON if it was."""
    try:
        return json.dumps(_redact_within(json.loads(body)))
    except (ValueError, RecursionError):
        return redact(body)


def _redact_within(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _redact_within(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_redact_within(entry) for entry in value]
    return value
