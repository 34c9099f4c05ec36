"""First mistakes: an extra that is not installed, a name that is nearly right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec


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

    Args:
        wrong: What was written.
        right: What may be written.
        least: How alike the two must be, from 0 to 1, as difflib measures it.
    """
    # Loaded on demand: most names are right.
    from difflib import get_close_matches

    return next(iter(get_close_matches(wrong, list(right), n=1, cutoff=least)), None)
