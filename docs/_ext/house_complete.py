"""Every public name is in the reference: one that is missing is a
warning, and warnings fail the build."""

from __future__ import annotations

from house_names import PUBLIC, load, names_of
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)


def _check(app: Sphinx, env: BuildEnvironment) -> None:
    documented = env.domains.python_domain.objects
    for module in map(load, PUBLIC):
        for name in names_of(module):
            if f"{module.__name__}.{name}" not in documented:
                logger.warning("%s.%s is public, and not in the reference.", module.__name__, name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Look once all pages are read."""
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True}
