"""The text on a card's statement beside the account's own name."""

from __future__ import annotations

import re
from typing import Any

from ..language.refusals import invalid
from . import forms

_LATIN = re.compile(r"[ -~\u00a1-\u024f]*")
_FORBIDDEN = frozenset("<>\\'\"*")

_words = forms.words(22)


def suffix(name: str, value: Any) -> str:
    r"""Read a suffix: Latin characters, at least one letter, none of < > \ ' " *.

    See https://docs.stripe.com/get-started/account/statement-descriptors. A letter with
    an accent is accepted, but does not count as a letter.
    """
    text: str = _words(name, value)
    if not _LATIN.fullmatch(text) or _FORBIDDEN.intersection(text):
        message = (
            "The statement descriptor has characters that are not supported: < > \\ ' \" * and"
            " other scripts."
        )
        raise invalid(message, name, "invalid_characters")
    if not re.search("[A-Za-z]", text):
        raise invalid("The statement descriptor must contain at least one Latin character.", name)
    return text
