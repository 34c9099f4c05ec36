"""What must never be shown: keys, tokens, card numbers, e-mail addresses; and how they are blotted out of a text."""

from __future__ import annotations

import re

# A key keeps its prefix and a token its kind: enough to see what was there, nothing to use it with.
_SECRETS = (
    (
        re.compile(r"\b((?:sk|rk|pk)_(?:test|live)_|whsec_|(?:tok|btok|cvctok|ctoken)_)[A-Za-z0-9_*]+"),
        r"\1[redacted]",
    ),
    (
        re.compile(r"(?<![A-Za-z0-9])[0-9](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9])"),
        "[card number redacted]",
    ),
    (re.compile(r"[^\s@<>\"'(),:;\\]+@[^\s@<>\"'(),:;\\]+"), "[e-mail redacted]"),
)


def redact(text: str) -> str:
    """Return a text without keys, tokens, card numbers and e-mail addresses."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
