"""Tables that people reported, prepared by the runtime's own script, all of them in one process."""

import json
import subprocess
import sys

import pytest
from conftest import SOURCE, TEMPLATE

CASES = TEMPLATE.parent / "shared" / "cases" / "data"
RUNTIME = SOURCE / "runtime"
TABLES = {  # the target, and what the log says
    "comma_space.csv": ("dear", "numeric: rooms"),
    "dates_dmy.csv": ("rent", "column 'listed': read as spelled like DD/MM/YYYY"),
    "folder_spark": ("rent", "numeric: age"),
    "highcard.csv": ("rent", "categorical: agent"),
    "huge_int.csv": ("rent", "ignored: account, because it is an identifier"),
    "leading_zeros.csv": ("rent", "categorical: zip"),
    "nan_question.csv": ("rent", "column 'area': missing where it says '?' (56)"),
    "noise.csv": ("sales", "numeric: temperature"),
    "rare_in_test.csv": ("kind", "no training row has 'castle' (1) as its target"),
}
PROGRAM = """
import contextlib, io, json, sys
import preprocess
logs = {}
for name, target in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stdout(io.StringIO()) as log:
        preprocess.main([f"--input={sys.argv[2]}/{name}", f"--output={name}", f"--target={target}"])
    logs[name] = log.getvalue()
print(json.dumps(logs))
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What preprocessing says of each table."""
    if not CASES.is_dir():
        pytest.skip("the tables that people reported are not there")
    targets = json.dumps({name: target for name, (target, _) in TABLES.items()})
    command = [sys.executable, "-c", PROGRAM, targets, str(CASES)]
    done = subprocess.run(
        command,
        cwd=tmp_path_factory.mktemp("reported"),
        env={"PYTHONPATH": str(RUNTIME)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", TABLES)
def test_a_reported_table_is_understood(name: str, logs: dict[str, str]) -> None:
    assert TABLES[name][1] in logs[name]
