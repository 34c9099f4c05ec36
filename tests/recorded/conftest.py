"""Lines played as a file of recordings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recorded.__main__ import main
from tests.recorded.allowed import Allowed
from tests.recorded.recorder import Line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recorded.jsonl"


@pytest.fixture
def play(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str]]:
    """Write lines to a file, play it with a table of allowances, and return code and report."""

    def played(
        lines: list[Line], *options: str, table: tuple[Allowed, ...] = ()
    ) -> tuple[int, str]:
        monkeypatch.setattr("tests.recorded.__main__.NEW_ACCOUNT", table)
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        return main([str(file), *options]), capsys.readouterr().out

    return played
