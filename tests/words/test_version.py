"""The version: written once, in the distribution's metadata."""

from __future__ import annotations

import importlib.metadata

import pytest

import tokencharge


def test_the_version_is_the_distributions(monkeypatch):
    """It is looked up when asked for, and not before."""
    monkeypatch.setattr(importlib.metadata, "version", {"tokencharge": "1.2.3"}.__getitem__)

    assert "1.2.3" == tokencharge.__version__


def test_a_name_that_is_not_there_is_an_attribute_error():
    """The module says which name it has not."""
    with pytest.raises(AttributeError, match="module 'tokencharge' has no attribute 'nonsense'"):
        tokencharge.nonsense  # noqa: B018
