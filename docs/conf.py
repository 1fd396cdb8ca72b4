"""How `make docs` builds the guide and the reference: strictly, and without anything from another host."""

import re
from importlib.metadata import version as version_of

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

project = "armod"
author = copyright = "The armod authors"
version = release = version_of("armod")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "armod.course.lessons.site.extension",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
html_math_renderer = "mathml"
myst_heading_anchors = 3

# Docstrings are written in Google's style and name objects between single backquotes.
default_role = "py:obj"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True, "exclude-members": "extra_repr"}
autodoc_typehints = "signature"
# Every name must lead somewhere, with these exceptions in docstrings and types; the guide has none.
nitpicky = True
nitpick_ignore_regex = [
    # other projects, whose indices can't be read without a network
    ("py:(class|obj)", r"(torch|numpy|collections|os|pathlib|abc|typing|nn|distributions)\..*"),
    # arguments, which have no place of their own
    ("py:(class|obj)", r"\w+"),
    # what only the library itself uses
    ("py:(class|obj)", r"armod\.(figures|likelihoods|measures|models|sampling|training)\..+"),
    # groups of entry points, and constants, which have no place of their own
    ("py:(guide|obj)", r"armod\.(datasets|samplers|export_formats|speech\.PHONES|sound\.SAMPLE_RATE)"),
]
python_maximum_signature_line_length = 130
python_display_short_literal_types = True
add_module_names = False

html_theme = "furo"
html_title = "armod"
html_static_path = ["static"]
html_css_files, html_js_files = ["armod.css"], ["armod.js"]
html_favicon = "static/icon.svg"  # without one, browsers ask the server for another
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
# a page that is read from a file may not fetch another, as summaries of search results would
html_show_search_summary = False
html_theme_options = {
    "navigation_with_keys": True,
    "footer_icons": [],
    "light_css_variables": {"color-code-background": "#f5f6f8"},
    "dark_css_variables": {"color-code-background": "#1c1f24"},
}
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"


class NamesAreLinks(SphinxTransform):
    """Every `armod.name` in the text of the guide leads to the reference; one that is not there is an error."""

    default_priority = 500

    def apply(self) -> None:
        """Replace such literals by references."""
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext().partition("(")[0]
            is_link = (
                isinstance(literal.parent, pending_xref | nodes.reference) or "xref" in literal["classes"]
            )
            if is_link or not re.fullmatch(r"armod(\.\w+)+", name):
                continue
            reference = pending_xref("", refdomain="py", reftype="guide", reftarget=name, refwarn=True)
            reference["refdoc"] = self.env.docname
            literal.replace_self(reference)
            reference += literal


class DataAreAnArgument(SphinxPostTransform):
    """The argument `data` is not the module `armod.data`, to which Sphinx would lead."""

    default_priority = 5

    def run(self, **options: object) -> None:
        """Replace such references by what they show."""
        for reference in list(self.document.findall(pending_xref)):
            if reference["reftype"] == "obj" and reference["reftarget"] == "data":
                reference.replace_self(reference.children)


def find_shorter_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Node | None:
    """Find `fit(...)` and `MADE.members`, wherever they are named, as parts of `armod`."""
    if node.get("refdomain") != "py" or node["reftype"] == "guide":
        return None
    domain, name = env.get_domain("py"), node["reftarget"].partition("(")[0]
    for module in ("", "armod.", "armod.training.", "armod.sampling.", "armod.likelihoods."):
        whole = module + name
        found = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", whole, node, content)
        if found is not None:
            return found
    return None


def keep_whole_sentence(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Put an empty comment before the text of a property: napoleon reads what stands before its first colon as a type."""
    if what in ("attribute", "property"):
        lines[:0] = ["..", ""]


def setup(app: Sphinx) -> None:
    """Add all of this."""
    app.add_transform(NamesAreLinks)
    app.add_post_transform(DataAreAnArgument)
    app.connect("missing-reference", find_shorter_name)
    app.connect("autodoc-process-docstring", keep_whole_sentence, priority=400)
