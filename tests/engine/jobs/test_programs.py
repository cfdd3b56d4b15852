"""Training programs that are no Python script: shells, other interpreters, commands, archives."""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path

import pytest

from engine.definitions import definition, training
from engine.local import Local, Run
from engine.trainings import ran, submitted

BASH = "#!/bin/bash\na=(x y); [[ ${a[1]} == y ]] && echo an array, $1\n"
PYTHON = "#!/usr/bin/env python3\nimport sys; print(sys.executable)\n"
CALLS_PYTHON = '#!/bin/sh\npython -c "import sys; print(sys.executable)"\n'


@pytest.mark.parametrize("how", ["driver", "toolkit"])
def test_its_first_line_says_what_runs_it(local: Local, how: str) -> None:
    given = {"a": "b"}
    if how == "driver":
        run = _by_driver(local, BASH, hyperparameters=given)
        assert local.log(run, "Train") == "an array, --a\n"
    else:
        run = submitted(local, BASH, program="run.sh", hyperparameters=given)
        assert local.log(run, "Train") == "an array, -a\n"


@pytest.mark.parametrize("script", [PYTHON, CALLS_PYTHON])
def test_the_python_that_a_program_finds_is_the_jobs(local: Local, script: str) -> None:
    run = submitted(local, script, program="run.sh")
    assert Path(local.log(run, "Train").strip()).parent == Path(sys.executable).parent


def test_an_interpreter_that_is_not_here_is_named(local: Local) -> None:
    run = submitted(local, "#!/no/such/shell -x\n", program="run.sh")
    crlf = submitted(local, "#!/bin/bash\r\necho\r\n", program="run.sh").reason("Train")
    assert "run.sh has line ends of Windows, and Linux finds no program called '/bin/bash'" in crlf
    assert "run.sh begins with #!/no/such/shell -x, and there is no /no" in run.reason("Train")


def test_a_failure_names_the_script_and_no_value(local: Local) -> None:
    run = submitted(local, "exit 4", program="run.sh", hyperparameters={"zz": "a secret"})
    assert "run.sh exited with code 4" in run.reason("Train")
    assert "a secret" not in run.reason("Train")


def test_a_command_needs_no_source_folder(local: Local) -> None:
    channels = local.channels("", entry="", command="echo said; pwd", source_dir=None)
    del channels["code"]
    run = local.run(definition(training("Train", channels)))
    assert local.log(run, "Train").splitlines()[0] == "said"
    names = local.submitted("print('of a tuner')")
    tuned = local.run(definition(training("Train", channels, hyperparameters=names)))
    assert local.log(tuned, "Train") == "of a tuner\n", "it has the drivers, and no use for them"


def test_a_command_of_source_code_runs_in_the_codes_folder(local: Local) -> None:
    run = ran(
        local,
        "import sys; print(sys.argv[1:])",
        entry="",
        data={},
        hyperparameters={"a": "b"},
    )
    assert "names no entry_script" in run.reason("Train")
    source = {"command": "python script.py $SM_HP_A", "args": ["two words", "$HOME"]}
    channels = local.channels("import sys; print(sys.argv[1:])", "", **source)
    run = local.run(definition(training("Train", channels, hyperparameters={"a": "b"})))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "Train") == "['b', 'two words', '$HOME']\n"


def test_an_archive_in_the_code_channel_is_unpacked(local: Local) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("inside.py")
        body = b"print('from the archive')"
        member.size = len(body)
        tar.addfile(member, io.BytesIO(body))
    channels = local.channels("", "inside.py", source_dir="somewhere/code.tar.gz")
    local.put(packed.getvalue(), channels["code"].split("/", 3)[3] + "/code.tar.gz")
    run = local.run(definition(training("Train", channels)))
    assert local.log(run, "Train") == "from the archive\n"


def test_an_entry_script_that_is_not_there_is_named(local: Local) -> None:
    channels = local.channels("", "absent.py")
    run = local.run(definition(training("Train", channels)))
    assert "entry_script 'absent.py' is not in its source_dir" in run.reason("Train")


@pytest.mark.parametrize("how", ["mount", "copy"])
def test_a_driver_of_ones_own_starts_the_script(
    local: Local, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds the literal paths of AWS's example, mounted or not."""
    monkeypatch.setenv("SAGEMAKER_LOCAL_OPT_ML", how)
    run = _distributed(local, "driver.py")
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "Train").splitlines()[-2:] == ["two", "['script.py']"]


@pytest.mark.parametrize("driver", ["torchrun_driver.py", "mpi_driver.py"])
def test_drivers_of_the_sdk_are_refused(local: Local, driver: str) -> None:
    run = _distributed(local, driver)
    assert "distributed training is not run locally; leave out" in run.reason("Train")


DRIVER = """
import json, os, subprocess, sys
assert os.environ["SM_SOURCE_DIR"] == "/opt/ml/input/data/code"
folder = "/opt/ml/input/data/sm_drivers/distributed_drivers"
assert os.environ["SM_DISTRIBUTED_DRIVER_DIR"] == folder
print(json.loads(os.environ["SM_DISTRIBUTED_CONFIG"])["count"], flush=True)
subprocess.run([sys.executable, os.environ["SM_ENTRY_SCRIPT"]], check=True)
"""


def _distributed(local: Local, driver: str) -> Run:
    channels = local.channels("import sys; print(sys.argv)", "script.py")
    drivers = channels["sm_drivers"].split("/", 3)[3]
    folder = "/opt/ml/input/data/sm_drivers/distributed_drivers"
    local.put('{"count": "two"}', f"{drivers}/distributed.json")
    local.put(f"set -x\n$SM_PYTHON_CMD {folder}/{driver}\n", f"{drivers}/sm_train.sh")
    local.put(DRIVER, f"{drivers}/distributed_drivers/{driver}")
    return local.run(definition(training("Train", channels)))


def _by_driver(local: Local, script: str, **options: object) -> Run:
    channels = local.channels("", entry="run.sh")
    local.put(script, channels["code"].split("/", 3)[3] + "/run.sh")
    return local.run(definition(training("Train", channels, **options)))  # type: ignore[arg-type]
