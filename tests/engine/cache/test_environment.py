"""What of this machine a result depends on: imported libraries, named variables."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sagemaker_local
from sagemaker_local.cache import environment
from sagemaker_local.cache.environment import (
    MAKES_NO_RESULT,
    PACKAGE,
    Code,
    engine_digest,
    facts,
    parts_of,
)
from sagemaker_local.processes.libraries import installed
from sagemaker_local.processes.warm import WarmRunner
from sagemaker_local.storage.store import Store

from engine.definitions import Json, definition, processing
from engine.local import Local, Run, until

CACHED: Json = {"Enabled": True}


def rewrite(file: Path, text: str) -> None:
    """Byte code of a module of the same size, written within the same second, would be used."""
    shutil.rmtree(file.with_name("__pycache__"), ignore_errors=True)
    file.write_text(text)


class Site:
    """A site-packages folder of the test's own, which jobs see too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def install(self, name: str, version: str, *requires: str, module: str = "") -> None:
        """As pip does it: the old version's folder goes, the new one's comes."""
        stem = name.replace("-", "_")
        module = module or stem
        for old in self.folder.glob(f"{stem}-*.dist-info"):
            shutil.rmtree(old)
        rewrite(self.folder / f"{module}.py", f"VERSION = {version!r}\n")
        info = self.folder / f"{stem}-{version}.dist-info"
        info.mkdir()
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires)]
        (info / "METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(lines) + "\n")
        (info / "RECORD").write_text(f"{module}.py,,\n{info.name}/METADATA,,\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "lib" / "site-packages"
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return Site(folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state.db")


def versions(store: Store, *sources: str, **code: Any) -> Json:
    """The parts that are not there for every script."""
    always = {"Python", "platform", "sagemaker_local"}
    found = parts_of(Code(sources, **code), store)
    assert always <= set(found)
    return {name: value for name, value in found.items() if name not in always}


def show(local: Local, *modules: str) -> str:
    """A step's code that prints the versions of modules."""
    lines = [f"import {m}; print({m}.__name__, {m}.VERSION)" for m in modules]
    return local.code("\n".join(lines) or "pass")


@pytest.mark.slow
def test_a_newer_library_runs_the_steps_that_import_it_and_no_others(
    local: Local, site: Site
) -> None:
    site.install("fake-trees", "1.0")
    site.install("fake-tables", "5.1")
    tables, trees = "fake_tables", "fake_trees"
    uses = {"Tables": (tables,), "Trees": (trees,), "Both": (tables, trees)}
    text = definition(
        *(processing(n, show(local, *m), CacheConfig=CACHED) for n, m in uses.items()),
        processing("None", show(local), CacheConfig=CACHED),
    )
    assert local.run(text).status == "Succeeded"
    assert set(local.run(text).verdicts.values()) == {"hit"}
    site.install("fake-trees", "1.1")
    run = local.run(text)
    assert run.verdicts == {"Tables": "hit", "Trees": "miss", "Both": "miss", "None": "hit"}
    assert run.explained["Trees"].why == "fake-trees was 1.0, is 1.1"
    assert local.log(run, "Trees") == "fake_trees 1.1\n"
    assert set(local.run(text).verdicts.values()) == {"hit"}


@pytest.mark.slow
def test_what_a_library_requires_counts_too(store: Store, site: Site) -> None:
    site.install("fake-base", "1")
    site.install("fake-middle", "2", "fake-base>=1", "fake-absent", 'fake-extra; extra == "x"')
    site.install("fake-extra", "9")
    site.install("fake-top", "3", "fake_middle")
    assert versions(store, "import fake_top") == {
        "fake-base": "1",
        "fake-middle": "2",
        "fake-top": "3",
    }


@pytest.mark.slow
def test_a_requirement_that_an_upgrade_brings_counts_at_once(store: Store, site: Site) -> None:
    """In the same process, which has seen the old version's requirements."""
    site.install("fake-new", "1")
    site.install("fake-top", "1")
    assert versions(store, "import fake_top") == {"fake-top": "1"}
    site.install("fake-top", "2", "fake-new")
    assert versions(store, "import fake_top") == {"fake-top": "2", "fake-new": "1"}
    site.install("fake-new", "2")
    assert versions(store, "import fake_top") == {"fake-top": "2", "fake-new": "2"}


@pytest.mark.slow
def test_a_distribution_of_another_name_than_its_module_is_found(store: Store, site: Site) -> None:
    site.install("fake-distribution", "4", module="fake_module")
    assert versions(store, "from fake_module.sub import x") == {"fake-distribution": "4"}


@pytest.mark.slow
def test_a_library_that_comes_or_goes_is_noticed(store: Store, site: Site) -> None:
    source = "try:\n    import fake_fast\nexcept ImportError:\n    pass"
    assert versions(store, source) == {}
    site.install("fake-fast", "1")
    assert versions(store, source) == {"fake-fast": "1"}
    shutil.rmtree(site.folder / "fake_fast-1.dist-info")
    (site.folder / "fake_fast.py").unlink()
    assert versions(store, source) == {}


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import a, b.c as d", {"a", "b"}),
        ("from a.b import c", {"a"}),
        ("from . import a\nfrom .b import c", set()),
        ("def f():\n    if True:\n        import a", {"a"}),
        ("import os, sys, json, __future__", set()),
        ("import importlib\nimportlib.import_module('a.b')", {"a"}),
        ("__import__('a')\n__import__(name)", {"a"}),
        ("import_module()", set()),
        ("this is no Python", set()),
        ("x = '\0'", set()),
    ],
)
def test_the_modules_that_a_script_imports(source: str, modules: set[str]) -> None:
    assert facts(source).modules == modules


@pytest.mark.slow
def test_a_local_module_of_a_librarys_name_does_not_hide_it(store: Store, site: Site) -> None:
    """``models/fake_lib.py`` is no ``import fake_lib``."""
    site.install("fake-lib", "1")
    assert versions(store, "import fake_lib", local=frozenset({"fake_lib"})) == {"fake-lib": "1"}


@pytest.mark.slow
def test_modules_that_nobody_installed_count_by_their_content(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an editable install, or on PYTHONPATH, and whatever these import in turn."""
    source = tmp_path / "src"
    package = source / "fake_project"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import fake_helper\nVERSION = fake_helper.VERSION\n")
    (package / "table.json").write_text("{}")
    (source / "fake_helper.py").write_text("VERSION = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(source))
    text = definition(processing("S", show(local, "fake_project"), CacheConfig=CACHED))
    local.run(text)
    assert local.run(text).verdicts == {"S": "hit"}
    (package / "table.json").write_text('{"a": 1}')
    assert local.run(text).explained["S"].why == "module fake_project/table.json changed"
    rewrite(source / "fake_helper.py", "VERSION = 2\n")
    run = local.run(text)
    assert run.explained["S"].why == "module fake_helper.py changed"
    assert local.log(run, "S") == "fake_project 2\n"


@pytest.mark.slow
def test_an_editable_install_counts_by_its_content_and_its_version(
    store: Store, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("fake-editable", "1")
    (site.folder / "fake_editable.py").rename(tmp_path / "fake_editable.py")
    [described] = site.folder.glob("fake_editable-*.dist-info")
    (described / "top_level.txt").write_text("fake_editable\n")  # as setuptools leaves it
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(site.folder)]))
    before = versions(store, "import fake_editable")
    assert set(before) == {"fake-editable", "module fake_editable.py"}
    (tmp_path / "fake_editable.py").write_text("VERSION = 'changed'\n")
    after = versions(store, "import fake_editable")
    assert after["module fake_editable.py"] != before["module fake_editable.py"]


@pytest.mark.slow
def test_modules_beside_the_script_are_inputs_and_not_looked_for_elsewhere(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fake_beside.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert versions(store, "import fake_beside", local=frozenset({"fake_beside"})) == {}
    assert set(versions(store, "import fake_beside")) == {"module fake_beside.py"}


@pytest.mark.slow
def test_a_program_that_is_no_python_script_may_use_any_library(local: Local, site: Site) -> None:
    site.install("fake-any", "1")
    step = processing("S", local.code("pass"), CacheConfig=CACHED)
    arguments = ["-c", "import fake_any; print(fake_any.VERSION)"]
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["python3", *arguments]
    local.run(definition(step))
    assert local.run(definition(step)).verdicts == {"S": "hit"}
    site.install("fake-any", "2")
    run = local.run(definition(step))
    assert str(run.explained["S"]) == "S: miss, fake-any was 1, is 2"
    assert local.log(run, "S") == "2\n"


def test_installing_changes_the_stamp_and_nothing_else_does(site: Site) -> None:
    site.install("fake-one", "1")
    before = installed()
    assert installed() == before
    site.install("fake-one", "2")
    assert installed() != before


@pytest.mark.slow
def test_the_list_of_what_is_installed_is_made_once(
    store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("fake-one", "1")
    versions(store, "import fake_one")

    def fails() -> Any:
        raise AssertionError("made again")

    with monkeypatch.context() as patch:
        patch.setattr(environment.metadata, "packages_distributions", fails)
        assert versions(store, "import fake_one") == {"fake-one": "1"}
        site.install("fake-two", "1")
        with pytest.raises(AssertionError, match="made again"):
            versions(store, "import fake_one")


def test_the_shell_s_own_variable_does_not_count(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell sets ``_`` to the command that it runs: make and a notebook would never share."""
    monkeypatch.setenv("_", "/usr/bin/make")
    assert versions(store, "name = '_'.join(['a', 'b'])") == {}


def test_values_of_variables_are_kept_as_digests(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_SECRET", "value-of-the-secret")
    source = "import os\nprint(os.environ['FAKE_SECRET'], os.getenv('FAKE_ABSENT'))"
    found = versions(store, source)
    assert set(found) == {"variable FAKE_SECRET"}
    assert "value-of-the-secret" not in str(found)
    monkeypatch.setenv("FAKE_ABSENT", "1")
    assert set(versions(store, source)) == {"variable FAKE_SECRET", "variable FAKE_ABSENT"}


def test_python_and_the_platform_always_count(store: Store) -> None:
    found = parts_of(Code(()), store)
    assert found["Python"] == platform.python_version()
    assert found["platform"].startswith(sys.platform)
    assert found["sagemaker_local"].startswith("sha256:")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the engine, to be edited."""
    copied = tmp_path / "sagemaker_local"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


MAKERS = (
    "algorithms/xgboost_training.py",
    "cache/signature.py",
    "definition/expressions.py",
    "engine.py",
    "executions/context.py",
    "functions/invoke.py",
    "jobs/training.py",
    "names.py",
    "processes/runner.py",
    "registry/models.py",
    "serving/payloads.py",
    "steps/results.py",
    "storage/copies.py",
    "wire/s3/objects.py",  # a job may read and write through it
)
OTHERS = (
    "client/client.py",
    "endpoints/front.py",
    "planning/checks.py",
    "pruning/pruning.py",
    "sdk/session.py",
)


def test_the_engine_that_counts_is_this_whole_package() -> None:
    """A digest of one folder would let stale results through after an upgrade."""
    assert Path(sagemaker_local.__file__).parent == PACKAGE
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders >= MAKES_NO_RESULT
    tried = {Path(name).parts[0] for name in (*MAKERS, *OTHERS) if "/" in name}
    assert tried == folders, "a new folder: does it make results?"


@pytest.mark.parametrize("name", MAKERS)
def test_an_edit_of_what_makes_results_makes_another_engine(package: Path, name: str) -> None:
    before = engine_digest(package)
    edit(package / name)
    assert engine_digest(package) != before


@pytest.mark.parametrize("name", OTHERS)
def test_an_edit_of_what_asks_for_results_makes_no_other_engine(package: Path, name: str) -> None:
    before = engine_digest(package)
    edit(package / name)
    assert engine_digest(package) == before


def test_a_new_folder_counts_until_it_is_said_not_to(package: Path) -> None:
    before = engine_digest(package)
    (package / "new").mkdir()
    (package / "new" / "made.py").write_text("")
    assert engine_digest(package) != before


def edit(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


@pytest.mark.slow
def test_another_engine_runs_the_steps_again(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    text = definition(processing("S", local.code("pass"), CacheConfig=CACHED))
    local.run(text)
    assert local.run(text).verdicts == {"S": "hit"}
    monkeypatch.setattr(environment, "_engine", lambda: "of another version")
    assert local.run(text).explained["S"].why == "sagemaker_local changed"


@pytest.fixture
def preloaded(tmp_path: Path, site: Site) -> Iterator[WarmRunner]:
    """A fork server that has loaded a library, which can be upgraded."""
    if sys.platform != "linux":
        pytest.skip("forking is safe on Linux only")
    site.install("fake-warm", "1")
    runner = WarmRunner(("fake_warm",))
    yield runner
    runner._server("")._close()


@pytest.mark.slow
def test_after_an_upgrade_jobs_have_the_new_library(
    tmp_path: Path, site: Site, preloaded: WarmRunner
) -> None:
    """The server would go on with the old one, and the cache would take it for the new."""
    local = Local(tmp_path / "root", preloaded)
    text = definition(processing("S", show(local, "fake_warm"), CacheConfig=CACHED))
    assert local.log(local.run(text), "S") == "fake_warm 1\n"
    site.install("fake-warm", "2")
    run = local.run(text)
    assert run.verdicts == {"S": "miss"}
    assert local.log(run, "S") == "fake_warm 2\n"


@pytest.mark.slow
def test_jobs_that_run_through_an_upgrade_go_on_and_the_old_server_ends_after_them(
    tmp_path: Path, site: Site, preloaded: WarmRunner
) -> None:
    local = Local(tmp_path / "root", preloaded)
    marker = tmp_path / "go"
    script = "import fake_warm, pathlib, sys, time\n"
    script += "pathlib.Path(sys.argv[1] + '-has-it').touch()\n"
    script += "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.005)\n"
    script += "print(fake_warm.VERSION)"
    step = processing("Long", local.code(script), arguments=[str(marker)])
    long = local.start(definition(step), name="long")
    until(lambda: "Metadata" in long.steps.get("Long", {}))
    old = preloaded._server("")
    until(lambda: old._jobs and marker.with_name("go-has-it").exists())
    site.install("fake-warm", "2")
    short = local.run(definition(processing("Short", show(local, "fake_warm"))))
    assert local.log(short, "Short") == "fake_warm 2\n"
    assert old._process.poll() is None
    marker.touch()
    assert Run(local, long.arn).wait().status == "Succeeded"
    assert local.log(long, "Long") == "1\n"
    until(lambda: old._process.poll() is not None)
    assert preloaded._server("")._process.poll() is None


@pytest.mark.slow
def test_without_an_upgrade_the_server_stays(tmp_path: Path, preloaded: WarmRunner) -> None:
    local = Local(tmp_path / "root", preloaded)
    server = preloaded._server("")
    local.run(definition(processing("S", local.code("pass"))))
    local.run(definition(processing("S", local.code("pass"))))
    assert preloaded._server("") is server
