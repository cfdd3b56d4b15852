"""Reports: one file, readable anywhere, that fetches nothing."""

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from {{ cookiecutter.package_name }} import cli
from {{ cookiecutter.package_name }}.notebooks import report

SVG = '<svg xmlns="http://www.w3.org/2000/svg" class="pipeline"><text>Train</text></svg>'
TABLE = '<table class="pipeline-steps"><tr><td>Train</td></tr></table>'
LINEAGE = {
    "run": "20260101-120000-abc",
    "status": "Failed",
    "reason": "the pipeline failed: r2 <0.9>",
    "started": "2026-01-01T12:00:00+00:00",
    "git": {"commit": "c" * 40, "clean": False},
    "versions": {"python": "3.12"},
    "notebook_parameters": {"eta": 0.1, "rounds": 400},
    "data_uri": "s3://bucket/cars.csv",
}
METRICS = {"primary_metric": "r2", "rows": 767, "model": {"r2": 0.95}, "constant": {"r2": 0.0}}


def display(**data: str) -> Any:
    """An output; names of kinds are shortened."""
    kinds = {"html": "text/html", "svg": "image/svg+xml", "plain": "text/plain"}
    bundle = {kinds[name]: value for name, value in data.items()}
    return nbformat.v4.new_output("display_data", bundle)


def notebook(folder: Path, *outputs: Any, **metadata: Any) -> Path:
    """An executed notebook with a heading, one cell of code, and its outputs."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# Cars\n\n![logo](https://example.com/logo.png) and *words*"),
        new.new_code_cell("secret_sauce = 1"),
        new.new_code_cell("more = 2", outputs=list(outputs)),
    ]
    file = folder / "notebook.ipynb"
    nbformat.write(new.new_notebook(cells=cells, metadata=metadata), file)
    return file


def fetched(page: str) -> list[str]:
    """What a browser would load, or run, for a page."""
    remote = r"""<[^>]*\s(?:src|srcset|data|poster)\s*=\s*["']?(?!["']?data:)\S+"""
    return re.findall(
        rf"<script|<link\b|@import|url\(|<[^>]*\son\w+\s*=|{remote}", page, re.IGNORECASE
    )


def test_nothing_is_fetched(tmp_path: Path) -> None:
    hostile = (
        '<script src="https://cdn.example.com/plotly.js"></script><script>run()</script>'
        '<img src="https://example.com/x.png" onerror="run()"><iframe src="//x">inside</iframe>'
        '<link rel="stylesheet" href="https://example.com/x.css"><object data="x"></object>'
        '<p style="background: url(//example.com/x.png)">kept &amp; shown</p>'
        '<a href="javascript:run()">link</a><a href="https://example.com">fine</a><br/>'
    )
    page = report.page(notebook(tmp_path, display(html=hostile), display(svg=SVG)))
    assert fetched(page) == []
    assert "kept &amp; shown" in page and '<a href="https://example.com">fine</a>' in page
    assert "run()" not in page and "inside" not in page
    assert "default-src 'none'" in page
    assert "data:image/svg+xml;base64," in page


def test_the_head_says_what_came_of_it_and_what_it_was_made_of(tmp_path: Path) -> None:
    file = notebook(
        tmp_path, display(svg=SVG), display(html=TABLE), papermill={"parameters": {"eta": 0.1}}
    )
    for name, document in (("lineage.json", LINEAGE), ("metrics.json", METRICS)):
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    page = report.write(tmp_path).read_text(encoding="utf-8")
    head, _, body = page.partition("The notebook</h2>")
    assert file.is_file() and "<title>Cars</title>" in head
    for text in ("r2 &lt;0.9&gt;", "767", "0.95", "not committed", "s3://bucket/cars.csv", TABLE):
        assert text in head
    assert head.index("<th>eta</th>") < head.index("The notebook's own") < head.index("rounds")
    assert "data:image/svg+xml" in head
    assert TABLE not in body and "data:image" not in body and "words" in body


def test_code_is_folded_away(tmp_path: Path) -> None:
    page = report.page(notebook(tmp_path, display(plain="a < b")))
    assert re.search(r"<details class=\"code\">.*secret_sauce = 1\n\nmore = 2", page, re.DOTALL)
    assert page.count("<details") == 1
    assert "<pre>a &lt; b</pre>" in page


def test_what_went_wrong_is_shown_without_control_characters(tmp_path: Path) -> None:
    trace = ["\x1b[31mValueError\x1b[39m: <nothing>"]
    error = nbformat.v4.new_output("error", ename="ValueError", evalue="x", traceback=trace)
    page = report.page(notebook(tmp_path, error))
    assert "\x1b" not in page and "ValueError" in page and "&lt;nothing&gt;" in page


def test_it_stays_small_by_leaving_out_the_largest_output(tmp_path: Path) -> None:
    outputs = [display(plain="small"), display(plain="x" * 2_500_000), display(plain="also small")]
    page = report.page(notebook(tmp_path, *outputs))
    assert len(page.encode()) < report.LIMIT
    assert "An output of 2.5 MB is left out" in page
    assert "<pre>small</pre>" in page and "<pre>also small</pre>" in page


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = notebook(tmp_path)
    cli.main(["notebooks", "report", str(file)])
    assert capsys.readouterr().out.strip() == str(file.with_suffix(".html"))
    assert "Cars" in file.with_suffix(".html").read_text(encoding="utf-8")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("no notebook", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"broken\.ipynb is not a notebook"):
        cli.main(["notebooks", "report", str(broken)])
