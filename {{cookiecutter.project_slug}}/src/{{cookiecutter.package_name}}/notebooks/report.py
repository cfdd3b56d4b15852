"""An executed notebook as one HTML file that opens anywhere, without a network.

``python -m <package> report reports/01_explore.ipynb`` writes it beside the notebook. There are no
scripts in it and nothing that a browser would fetch: pictures are inside, styles are its own, and a
content security policy holds browsers to that. Code is folded away.
"""

import argparse
import base64
import html
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.filters import ansi2html, markdown2html

from .. import settings
from ..errors import ProjectError

FILE = "report.html"
LIMIT = 2_000_000  # bytes of a report
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# What is taken out of the notebook into the head: kind of output, and how to know it.
PIPELINE = {"image/svg+xml": 'class="pipeline"', "text/html": 'class="pipeline-steps"'}
MARKER = "papermill-error-cell-tag"  # of cells that papermill adds to a failed notebook
IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
FETCHING = ("src", "srcset", "poster", "data", "background")
DROPPED = ("script", "iframe", "object", "embed", "link", "base", "meta")
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
.reason { background: #fdf3f2; border-left: 4px solid #b3372f; padding: 9px 14px; margin: 12px 0; }
table { border-collapse: collapse; margin: 8px 0; font-size: 13.5px; }
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
    file = folder / FILE
    file.write_text(page(folder / "notebook.ipynb", *documents), encoding="utf-8", newline="\n")
    return file


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
    try:
        nb = nbformat.read(notebook, as_version=4)
    except Exception as error:  # nbformat has no common error
        raise ProjectError(f"{notebook} is not a notebook: {error}") from None
    title = _take_title(nb.cells) or notebook.stem
    nb.cells = [cell for cell in nb.cells if MARKER not in cell.metadata.get("tags", [])]
    given = nb.metadata.get("papermill", {}).get("parameters", {})
    shown = _take_pipeline(nb.cells) if lineage else []
    head = "".join(_head(title, lineage or {}, metrics or {}, shown, given))
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


def _head(
    title: str,
    lineage: dict[str, Any],
    metrics: dict[str, Any],
    pipeline: list[str],
    given: dict[str, Any],
) -> Iterator[str]:
    """Title, verdict, metrics, pipeline, parameters and lineage."""
    yield f'<p class="project">{html.escape(settings.PROJECT_NAME)}</p>'
    yield f"<h1>{html.escape(title)}</h1>"
    if not lineage:
        return
    state = html.escape(lineage.get("status", ""))
    started = html.escape(lineage.get("started", "").replace("T", " ").replace("+00:00", " UTC"))
    yield f'<p><span class="state {state}">{state}</span> &nbsp;{started}</p>'
    if lineage.get("reason"):
        yield f'<p class="reason">{html.escape(lineage["reason"])}</p>'
    yield from _metrics(metrics)
    if pipeline:
        yield "<h2>Pipeline</h2>"
        yield from (f'<div class="output">{shown}</div>' for shown in pipeline)
    yield from _made_of(lineage)
    yield from _parameters(lineage.get("notebook_parameters", {}), given)
    yield '<h2 class="notebook">The notebook</h2>'


def _metrics(metrics: dict[str, Any]) -> Iterator[str]:
    """A column for each model, champion and constant; with more evaluations, under their names."""
    columns: dict[str, Any] = {
        name: metrics[name] for name in ("model", "champion", "constant") if name in metrics
    }
    for step, other in metrics.get("others", {}).items():
        columns |= {
            f"{step}: {name}": other[name] for name in ("model", "champion") if name in other
        }
    if "model" not in columns:
        return
    validation = metrics.get("validation", {})
    columns |= {f"{validation.get('kind')} mean": _part(validation, "mean")} if validation else {}
    columns |= {"± deviation": _part(validation, "std")} if validation else {}
    primary = html.escape(metrics["primary_metric"])
    yield f"<h2>Metrics</h2><p>On {metrics.get('rows', 0):,} test rows; "
    yield f"the gate looks at <b>{primary}</b>.</p>"
    rows = [
        [name, *(_number(column.get(name)) for column in columns.values())]
        for name in columns["model"]
    ]
    yield _table(["", *columns], rows, numbers=True)


def _part(validation: dict[str, Any], part: str) -> dict[str, Any]:
    return {name: found.get(part) for name, found in validation.get("metrics", {}).items()}


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else ""


def _made_of(lineage: dict[str, Any]) -> Iterator[str]:
    """Where the result comes from, as far as it is known."""
    git = lineage.get("git")
    tree = "" if not git or git["clean"] else ", with changes that were not committed"
    facts = {
        "Model package": ", ".join(lineage.get("model_packages", [])),
        "Run": lineage.get("run", ""),
        "Execution": lineage.get("execution", ""),
        "Git commit": f"{git['commit']}{tree}" if git else "no repository",
        "Data": lineage.get("data_uri", ""),
        "Data fingerprint": lineage.get("data_fingerprint", ""),
        "Definition": lineage.get("definition_sha256", ""),
        "Versions": ", ".join(f"{key} {value}" for key, value in lineage["versions"].items()),
    }
    yield "<h2>Made of</h2>"
    yield _table([], [[name, value] for name, value in facts.items() if value])


def _parameters(parameters: dict[str, Any], given: dict[str, Any]) -> Iterator[str]:
    """The parameters that were given for this run, and the others folded away."""
    others = {name: value for name, value in parameters.items() if name not in given}
    if given or others:
        yield "<h2>Parameters</h2>"
        yield _table([], [[name, str(value)] for name, value in given.items()])
    if others:
        rows = [[name, str(value)] for name, value in others.items()]
        yield f"<details><summary>The notebook's own</summary>{_table([], rows)}</details>"


def _table(head: list[str], rows: list[list[str]], numbers: bool = False) -> str:
    kind = "number" if numbers else "value"
    top = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f'<td class="{kind}">{html.escape(value)}</td>' for value in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{lines}</table>"


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


def offline(text: str) -> str:
    """HTML without scripts and without anything that a browser would fetch."""
    cleaner = _Offline()
    cleaner.feed(text)
    cleaner.close()
    return "".join(cleaner.kept)


class _Offline(HTMLParser):
    """Copies HTML, but for elements and attributes that run or fetch something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._dropping = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            if tag in ("script", "iframe", "object"):  # the others have no content
                self._dropping = self._dropping or tag
            return
        if self._dropping:
            return
        if all(_is_quiet(name, value or "") for name, value in attributes):
            self.kept.append(self.get_starttag_text() or "")
            return
        safe = "".join(
            f' {name}="{html.escape(value or "")}"'
            for name, value in attributes
            if _is_quiet(name, value or "")
        )
        self.kept.append(f"<{tag}{safe}>")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropping:
            self._dropping = ""
        elif tag not in DROPPED:
            self._keep(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, text: str) -> None:
        if not self._dropping:
            self.kept.append(text)


def _is_quiet(name: str, value: str) -> bool:
    """Whether an attribute neither runs nor fetches anything."""
    target = value.strip().lower()
    if name.startswith("on") or target.startswith("javascript:"):
        return False
    if name in FETCHING:
        return target.startswith("data:")
    return not ("url(" in target and "//" in target)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence and exit code 1."""
    parser = argparse.ArgumentParser(
        prog="report", description="Executed notebooks as HTML that opens offline."
    )
    parser.add_argument("notebooks", nargs="+", type=Path, help="executed notebooks")
    for notebook in parser.parse_args(argv).notebooks:
        try:
            text = page(notebook)
        except ProjectError as error:
            sys.exit(f"report: {error}")
        file = notebook.with_suffix(".html")
        file.write_text(text, encoding="utf-8", newline="\n")
        print(file)
