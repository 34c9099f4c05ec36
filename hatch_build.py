"""What a build checks and makes before it packs, for an editable install too: that
this Python will do, and the compiled catalogs of the buyer's languages."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.specifiers import SpecifierSet

CATALOGS = Path("src", "tokencharge", "languages")


class CompileCatalogs(BuildHookInterface[Any]):
    """Runs as a wheel is built, and as this folder is installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check, and compile."""
        found = ".".join(map(str, sys.version_info[:3]))
        check_python(self.metadata.core.requires_python, found)
        compile_catalogs(Path(self.root))


def check_python(required: str, found: str) -> None:
    """Stop where this Python is too old.

    pip builds this to learn what it requires. An old pip that is asked for an extra, as
    in `pip install '.[flask]'`, looks at the Python last, and tries release after
    release of every dependency before.
    """
    if not SpecifierSet(required).contains(found):
        raise SystemExit(f"tokencharge needs Python {required}, and this is Python {found}.")


def compile_catalogs(root: Path) -> None:
    """Compile each catalog beside its source."""
    for source in (root / CATALOGS).glob("*/LC_MESSAGES/*.po"):
        with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
            catalog = read_po(text)
            # Babel's default is now; the same sources make the same wheel.
            catalog.creation_date = datetime(2000, 1, 1, tzinfo=timezone.utc)
            write_mo(compiled, catalog)
