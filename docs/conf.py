"""How the documentation is built: `nox -s docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "tokencharge"
author = "tokencharge contributors"
project_copyright = author
version = release = installed_version("tokencharge")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "house_docstrings",
    "house_tables",
    "house_complete",
]
exclude_patterns = ["_build", "_ext"]
nitpicky = True
html_theme = "furo"
html_title = f"tokencharge {release}"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
# A long signature reads as one parameter a line.
maximum_signature_line_length = 88

# Types that others document: their inventories would have to be fetched from
# the network, so they are not linked.
_OTHERS = (
    "abc argparse asyncio collections datetime decimal enum os pathlib types typing"
    " typing_extensions"
)
_OTHERS += " blinker django flask jinja2 opentelemetry pytest starlette stripe vcr werkzeug"
nitpick_ignore_regex = [
    (r"py:.*", rf"({'|'.join(_OTHERS.split())})\..*"),
    # The same by the short names that annotations give them, and the type variable of a decorator.
    (r"py:.*", r"(HTTPClient|P|Path|datetime|tokencharge(\.\w+)+\.[FT])"),
    # What an amount has to have; it is Money.
    (r"py:.*", r"tokencharge\.languages\._Amount"),
    # What a fault does inside the sandbox is its own business; its
    # name and its constructors are public.
    (r"py:.*", r"(FunctionClient|tokencharge\.sandbox\.(shapes\.cards|language\.refusals)\.\w+)"),
]
