"""How the documentation is built: `nox -s docs`."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "tokencharge"
author = "tokencharge contributors"
project_copyright = author
version = release = installed_version("tokencharge")

extensions = [
    "myst_parser",
    "sphinx_copybutton",
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
