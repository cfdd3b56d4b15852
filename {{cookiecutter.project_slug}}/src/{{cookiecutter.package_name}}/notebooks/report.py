"""An executed notebook as one HTML file that opens anywhere, without a network.

``python -m <package> notebooks report reports/01_explore.ipynb`` writes it beside the notebook.
There are no scripts in it and nothing that a browser would fetch: pictures are inside, styles are
its own, and a content security policy holds browsers to that. Code is folded away.
"""

import base64
import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.filters import ansi2html, markdown2html

from ..errors import ProjectError
from ..runs import record
from .offline_html import offline
from .report_head import head_of

LIMIT = 2_000_000  # bytes of a report
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# What is taken out of the notebook into the head: kind of output, and how to know it.
PIPELINE = {"image/svg+xml": 'class="pipeline"', "text/html": 'class="pipeline-steps"'}
MARKER = "papermill-error-cell-tag"  # of cells that papermill adds to a failed notebook
IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
STYLE = """
:root { color-scheme: light; --ink: #22303c; --soft: #5b6872; --line: #dfe4e8; --blue: #2f6f9f; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1000px; min-height: 100vh; margin: 0 auto; padding: 28px 36px 60px;
  background: #fff; }
h1 { font-size: 27px; line-height: 1.25; margin: 4px 0 6px; }
h2 { font-size: 20px; margin: 34px 0 8px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 16px; margin: 22px 0 6px; }
p, ul, ol, blockquote { max-width: 76ch; }
blockquote { margin: 0 0 14px; color: var(--soft); font-size: 16px; }
code, pre { font-size: 12.5px;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: #f1f4f6; border-radius: 3px; padding: 1px 4px; }
pre { background: #f7f9fa; border: 1px solid var(--line); border-radius: 6px; padding: 9px 12px;
  overflow-x: auto; margin: 8px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
pre.error { background: #fdf3f2; border-color: #e6b8b4; }
.project { color: var(--soft); margin: 0; }
.state { display: inline-block; border-radius: 12px; padding: 1px 12px; color: #fff;
  font-weight: 600; background: var(--soft); }
.state.Succeeded { background: #2e7d4f; } .state.Failed { background: #b3372f; }
.state.Stopped { background: #8a6d1f; }
.reason { background: #fdf3f2; border-left: 4px solid #b3372f; padding: 9px 14px; margin: 12px 0;
  white-space: pre-line; }
table { border: 0; border-collapse: collapse; margin: 8px 0; font-size: 13.5px; }
.output { overflow-x: auto; margin: 8px 0; }
th, td { text-align: left; padding: 4px 14px 4px 0; vertical-align: top;
  border: 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, .output table:not(.pipeline-steps) td,
.output table:not(.pipeline-steps) thead th { text-align: right; }
td.value { overflow-wrap: anywhere; }
details { margin: 6px 0; } summary { cursor: pointer; color: var(--soft); font-size: 13px; }
summary:hover { color: var(--blue); }
img { max-width: 100%; height: auto; }
h2.notebook { margin-top: 52px; border-top: 3px solid var(--line); }
a { color: var(--blue); } a.anchor-link { display: none; }
.left-out { color: var(--soft); font-style: italic; }
@media print { main { max-width: none; padding: 0; } details.code { display: none; } }
"""


def write(folder: Path) -> Path:
    """Write ``report.html`` of a run.

    Args:
        folder: the run's, with ``notebook.ipynb``, and ``lineage.json`` and ``metrics.json`` where
            they are there.
    """
    documents = [_read(folder / name) for name in ("lineage.json", "metrics.json")]
    file = folder / record.REPORT
    file.write_text(page(folder / "notebook.ipynb", *documents), encoding="utf-8", newline="\n")
    return file


def write_beside(notebook: Path) -> Path:
    """Write the report of an executed notebook beside it."""
    file = notebook.with_suffix(".html")
    file.write_text(page(notebook), encoding="utf-8", newline="\n")
    return file


def read(notebook: Path) -> Any:
    """An executed notebook. Raises ProjectError if the file is none."""
    try:
        return nbformat.read(notebook, as_version=4)
    except Exception as error:  # nbformat has no common error
        raise ProjectError(f"{notebook} is not a notebook: {error}") from None


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def page(
    notebook: Path, lineage: dict[str, Any] | None = None, metrics: dict[str, Any] | None = None
) -> str:
    """An executed notebook as an HTML document of at most ``LIMIT`` bytes.

    Args:
        notebook: the file.
        lineage: what its run was made of, for the head of the report.
        metrics: what came of it.

    Raises:
        ProjectError: the file is no notebook.
    """
    nb = read(notebook)
    title = _take_title(nb.cells) or notebook.stem
    nb.cells = [cell for cell in nb.cells if MARKER not in cell.metadata.get("tags", [])]
    given = nb.metadata.get("papermill", {}).get("parameters", {})
    shown = _take_pipeline(nb.cells) if lineage else []
    head = "".join(head_of(title, lineage or {}, metrics or {}, shown, given))
    parts = list(_body(nb.cells))
    _fit(parts, LIMIT - len(head.encode()) - len(STYLE) - 1_000)
    body = head + "".join(part.text for part in parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{body}</main></body></html>\n"
    )


@dataclass
class Part:
    """A piece of the report; an output may be left out if there is too much of it."""

    text: str
    is_output: bool = False


def _fit(parts: list[Part], room: int) -> None:
    """Leave out the largest outputs until all parts have room."""
    sizes = {number: len(part.text.encode()) for number, part in enumerate(parts)}
    total = sum(sizes.values())
    outputs = [number for number, part in enumerate(parts) if part.is_output]
    for number in sorted(outputs, key=lambda number: -sizes[number]):
        if total <= room:
            return
        note = (
            f'<p class="left-out">An output of {sizes[number] / 1e6:.1f} MB is left out here; '
            "the executed notebook has it.</p>"
        )
        parts[number] = Part(note)
        total += len(note) - sizes[number]


def _take_title(cells: list[Any]) -> str:
    """Take the notebook's first heading out of its text."""
    for cell in cells:
        first, _, rest = cell.source.partition("\n")
        if cell.cell_type == "markdown" and first.startswith("# "):
            cell.source = rest
            return str(first[2:].strip())
    return ""


def _take_pipeline(cells: list[Any]) -> list[str]:
    """Take the pipeline's picture and its last step table out of the cells, for the head."""
    found = {}
    for cell in cells:
        for output in list(cell.get("outputs", [])):
            for kind, mark in PIPELINE.items():
                if mark in output.get("data", {}).get(kind, ""):
                    found[kind] = _output(output)
                    cell.outputs.remove(output)
    return [found[kind] for kind in PIPELINE if kind in found]


def _body(cells: list[Any]) -> Iterator[Part]:
    """Texts, outputs, and code: cells of it that follow each other are one fold."""
    code: list[str] = []
    for cell in cells:
        if cell.cell_type == "code" and cell.source.strip():
            code.append(cell.source)
        outputs = [text for text in map(_output, cell.get("outputs", [])) if text]
        if cell.cell_type == "markdown" or outputs:
            yield from _fold(code)
            code = []
        if cell.cell_type == "markdown":
            yield Part(offline(markdown2html(cell.source)))
        for text in outputs:
            yield Part(f'<div class="output">{text}</div>', is_output=True)
    yield from _fold(code)


def _fold(code: list[str]) -> Iterator[Part]:
    if code:
        text = html.escape("\n\n".join(code))
        summary = '<details class="code"><summary>Code</summary>'
        yield Part(f"{summary}<pre><code>{text}</code></pre></details>")


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"<pre>{ansi2html(output.text)}</pre>"
    if output.output_type == "error":
        trace = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return f'<pre class="error">{ansi2html(trace)}</pre>'
    for kind in IMAGES:
        if kind in output.data:
            return _image(kind, output.data[kind])
    if "text/html" in output.data:
        return offline(output.data["text/html"])
    if "text/markdown" in output.data:
        return offline(markdown2html(output.data["text/markdown"]))
    return f"<pre>{html.escape(output.data.get('text/plain', ''))}</pre>"


def _image(kind: str, data: str) -> str:
    """A picture inside the page. SVG is kept apart from the page's own names and styles, too."""
    if kind == "image/svg+xml":
        data = base64.b64encode(data.encode()).decode()
    return f'<img alt="" src="data:{kind};base64,{"".join(data.split())}">'
