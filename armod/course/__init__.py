"""The machinery of the course: lessons, their notebooks, and the commands that run, build and show them."""

import sys

# jsonschema, which nbformat imports, takes this package where it happens to be installed, and that builds 38 parsers of
# addresses, for a second and a half. No notebook has an address that they would check; without it nothing else changes.
if "jsonschema" not in sys.modules:
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
