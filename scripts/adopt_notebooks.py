"""Copy notebooks that were edited in a generated project back into the template.

Only the imports of the project's package are rendered, which open one cell of each notebook. This
puts the template's variable back into them, after the project's own `exports` has stripped the
outputs. The files that their cells write, runtime scripts and modules, go with them.
"""

import argparse
import importlib
import re
import sys
from pathlib import Path

import nbformat

TEMPLATE = Path(__file__).resolve().parents[1] / "{{cookiecutter.project_slug}}"
VARIABLE = "{{ cookiecutter.package_name }}"
VARIABLE_FOLDER = "{{cookiecutter.package_name}}"
# The import statements at a cell's start.
IMPORTS = re.compile(r"(?:(?:from [\w.]+ )?import (?:\([^)]*\)|[^(\n]+)(?:\n|$)|\s*\n)*")


class AdoptError(ValueError):
    """A notebook that cannot become a template; the message is one sentence."""


def package_of(project: Path) -> str:
    """The name of the project's own package."""
    packages = {path.parent.name for path in project.glob("src/*/settings.py")}
    if len(packages) != 1:
        raise AdoptError(f"{project} is no generated project: it has no src/<package>/settings.py")
    return packages.pop()


def template_text(name: str, text: str, package: str) -> str:
    """A clean notebook's text with the variable in its import lines.

    Raises AdoptError where cookiecutter would render anything else, or not what it should.
    """
    jinja = re.search(r"\{\{|\{%|\{#", text)
    if jinja:
        line = text[: jinja.start()].count("\n") + 1
        raise AdoptError(
            f"{name} line {line} contains {jinja.group()!r}, which cookiecutter would render; "
            "write it in another way"
        )
    imports = re.compile(rf"^from {package}(?=(?:\.\w+)* import )", re.MULTILINE)
    mention = re.compile(rf"(?:\b(?:from|import)|-m)\s+{package}\b|\bsrc/{package}\b")
    importing = []
    for number, cell in enumerate(nbformat.reads(text, as_version=4).cells, start=1):
        found = IMPORTS.match(cell.source) if cell.cell_type == "code" else None
        opening = found.group() if found else ""
        if mention.search(imports.sub("", opening) + cell.source.removeprefix(opening)):
            raise AdoptError(
                f"{name} cell {number} names the package {package} elsewhere than in "
                f"`from {package} import` at the cell's start"
            )
        if imports.search(opening):
            importing.append(number)
    if len(importing) != 1:
        raise AdoptError(
            f"{name} imports from {package} in {len(importing)} cells; keep exactly one"
        )
    return re.sub(rf'^( +"from ){package}(?=[. ])', rf"\g<1>{VARIABLE}", text, flags=re.MULTILINE)


def adopt(project: Path, target: Path) -> list[Path]:
    """Copy the project's notebooks and their scripts to `target`; returns the files that changed.

    Nothing is written when one of the notebooks is refused.
    """
    package = package_of(project)
    sys.path.insert(0, str(project / "src"))
    cells, clean, files = (
        importlib.import_module(f"{package}.notebooks.exports.{name}")
        for name in ("cells", "clean", "files")
    )
    texts = {
        target / "notebooks" / notebook.name: template_text(
            notebook.name, clean.cleaned(notebook), package
        )
        for notebook in cells.notebooks()
    }
    for export in files.exports():
        exported = export.target.relative_to(project).as_posix()
        texts[target / exported.replace(f"src/{package}/", f"src/{VARIABLE_FOLDER}/")] = export.text
    changed = [
        path
        for path, text in texts.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8", newline="\n")
    return changed


def main() -> None:
    """The command line: the project's folder."""
    parser = argparse.ArgumentParser(description="Copy notebooks back into the template.")
    parser.add_argument("project", type=Path, help="a generated project")
    parser.add_argument("--target", type=Path, default=TEMPLATE, help="the template's folder")
    arguments = parser.parse_args()
    try:
        changed = adopt(arguments.project.resolve(), arguments.target)
    except AdoptError as error:
        sys.exit(f"adopt: {error}")
    for path in changed:
        print(f"adopted {path.name}")
    print(f"{len(changed)} files changed")


if __name__ == "__main__":
    main()
