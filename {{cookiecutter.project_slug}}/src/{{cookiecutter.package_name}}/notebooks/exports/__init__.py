"""Files out of notebooks and back, and notebooks without outputs: `python -m <package> exports`.

A `%%writefile` cell writes a runtime script, a `#| export` cell a part of one of this package's
modules. `export` writes these files without running a notebook, `check` fails when a file differs
from its cells or a notebook holds outputs, `adopt` puts a file that was edited back into the cell
that it came from, and `clean` strips outputs and execution counts.
"""
