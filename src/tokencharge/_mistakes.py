"""First mistakes: an extra that is not installed, a name that is nearly right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from operator import itemgetter

_WORD = re.compile("[A-Za-z0-9]+")
# "success" and "succeeded" are at 0.625, "failed" and "canceled" at 0.57.
_SAME_WORD = 0.6


@contextmanager
def extra(name: str, module: str, *later: str) -> Iterator[None]:
    """Say which extra to install if an import in the block finds no such package.

    The error stays a ModuleNotFoundError, which is what tools that try an import
    expect.

    Args:
        name: The extra.
        module: The module of ours that needs it.
        later: Packages of the extra that are imported with the first request only.

    Raises:
        ModuleNotFoundError: A package is missing; `name` says which.
    """
    try:
        for package in later:
            if find_spec(package) is None:
                raise ModuleNotFoundError(name=package)
        yield
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"{module} needs the extra {name} ({missing.name} is missing): "
            f"python -m pip install 'tokencharge[{name}]'.",
            name=missing.name,
        ) from None


def nearest(wrong: str, right: Iterable[str], *, least: float) -> str | None:
    """Return the right name that a wrong one was probably meant to be, or None.

    Names are alike by their letters or by their words: "payment_intent.failed" has most
    words of "payment_intent.payment_failed", and more letters in common with
    "payment_intent.canceled". If several are alike enough, both count.

    Args:
        wrong: What was written.
        right: What may be written.
        least: How alike the two must be, from 0 to 1, as difflib measures it.
    """
    measured = ((*_alike(each, wrong), each) for each in right)
    found = [
        (letters + words, name) for letters, words, name in measured if max(letters, words) >= least
    ]
    return max(found, key=itemgetter(0))[1] if found else None


def _alike(right: str, wrong: str) -> tuple[float, float]:
    """Return how alike two names are, by their letters and by their words.

    Words may stand in another order, and have another ending, as in the past tense.
    """
    # Loaded on demand: most names are right.
    from difflib import SequenceMatcher

    ours, theirs = (_WORD.findall(name) for name in (right, wrong))
    count, same = len(ours) + len(theirs), 0.0
    for word in theirs:
        ratios = [SequenceMatcher(None, each, word).ratio() for each in ours]
        best = max(ratios, default=0.0)
        if best >= _SAME_WORD:
            same += best
            del ours[ratios.index(best)]
    return SequenceMatcher(None, right, wrong).ratio(), 2 * same / count if count else 0.0
