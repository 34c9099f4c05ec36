"""What a build makes before it packs: the compiled catalogs of the buyer's
languages, for an editable install too."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CATALOGS = Path("src", "tokencharge", "languages")


class CompileCatalogs(BuildHookInterface[Any]):
    """Runs as a wheel is built, and as this folder is installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile."""
        compile_catalogs(Path(self.root))


def compile_catalogs(root: Path) -> None:
    """Compile each catalog beside its source."""
    for source in (root / CATALOGS).glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
            catalog = read_po(text)
            # Babel's default is now; the same sources make the same wheel.
            catalog.creation_date = datetime(2000, 1, 1, tzinfo=timezone.utc)
            write_mo(compiled, catalog)
