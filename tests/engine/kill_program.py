"""Runs pipelines in processes of their own, several at once, and kills them when it is told to.

The engine is imported once, and a process is forked for each case. Standard input has lists of
cases as JSON lines; the answer to each is a list of the processes' exit codes and durations. The
processes of one list start at the same moment.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.service_model import service_model
from sagemaker_local.storage import bucket
from sagemaker_local.storage.store import Store

from engine import small_pipeline
from engine.local import Local, Run

JOURNAL = "journal.jsonl"
COMMITS = "commits.json"
ENGINE = "engine.pid"
# The exit code of a killed process.
KILLED = -9

Case = dict[str, Any]


class Program:
    """This program, running, for those who want processes run and killed."""

    def __init__(self, source: Path) -> None:
        paths = [str(source), str(Path(__file__).parents[1])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.kill_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def begin(self, *cases: Case) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(cases) + "\n")
        self._process.stdin.flush()

    def end(self) -> list[Case]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the program broke off"
        answers: list[Case] = json.loads(line)
        return answers

    def run(self, *cases: Case) -> list[Case]:
        """Run processes, one for each case, until all have ended; how they ended."""
        self.begin(*cases)
        return self.end()

    def close(self) -> None:
        self._process.communicate()


class Commits:
    """Counts the commits of this process by their names, and kills it at one of them.

    Args:
        folder: for the journal: which steps had succeeded, as this process knew it.
        moment: ``[name, "before" or "after", occurrence]``, or None.
    """

    def __init__(self, folder: Path, moment: list[Any] | None) -> None:
        self.seen: Counter[str] = Counter()
        self._folder = folder
        self._moment = moment

    def commit(self, store: Store, name: str) -> None:
        self.seen[name] += 1
        self._die_at(name, "before")
        store._connection.execute("COMMIT")
        if name == "step ended":
            self._note_successes(store)
        self._die_at(name, "after")

    def _die_at(self, name: str, side: str) -> None:
        if self._moment == [name, side, self.seen[name]]:
            os.kill(os.getpid(), signal.SIGKILL)

    def _note_successes(self, store: Store) -> None:
        rows = store.rows("SELECT execution, document FROM steps")
        steps = [(execution, json.loads(document)) for execution, document in rows]
        known = [(e, step["StepName"]) for e, step in steps if step["StepStatus"] == "Succeeded"]
        with (self._folder / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(known) + "\n")


def run_case(case: Case) -> None:
    """Run executions one after another, each to its end, unless this process dies before.

    A case has the ``root``, ``warm`` and perhaps: the ``moment`` to die, or which time it is
    ``writing`` to the bucket; an execution to ``retry``, the value to ``hold``, how many ``times``,
    and the name of a ``pipeline`` to create.
    """
    folder = Path(case["root"])
    folder.mkdir(exist_ok=True)
    (folder / ENGINE).write_text(str(os.getpid()), encoding="utf-8")
    commits = Commits(folder, case.get("moment"))
    Store._commit = lambda store, name: commits.commit(store, name)
    if "writing" in case:
        _die_writing(case["writing"])
    local = Local(folder, shared_runner(case["warm"], ("json",)))
    if "pipeline" in case:
        small_pipeline.save(local, case["pipeline"], f"of-{case['pipeline']}")
    for _ in range(case.get("times", 1)):
        run = Run(local, _started(local, case)).wait()
        if case.get("must_succeed"):
            assert run.status == "Succeeded", run.steps
    (folder / COMMITS).write_text(json.dumps(commits.seen), encoding="utf-8")


def _die_writing(occurrence: int) -> None:
    """Die with an object written, and not yet at its place."""
    calls = itertools.count(1)
    move = bucket._move

    def dying(source: Path, target: Path) -> None:
        if next(calls) == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        move(source, target)

    bucket._move = dying


def _started(local: Local, case: Case) -> str:
    token = {"ClientRequestToken": os.urandom(16).hex()}
    if "retry" in case:
        local.client.retry_pipeline_execution(PipelineExecutionArn=case["retry"], **token)
        return str(case["retry"])
    request: Case = {"PipelineName": case.get("pipeline", "pipe"), **token}
    if "hold" in case:
        request["PipelineParameters"] = [{"Name": "Hold", "Value": case["hold"]}]
    return str(local.client.start_pipeline_execution(**request)["PipelineExecutionArn"])


def run_cases(cases: list[Case]) -> list[dict[str, Any]]:
    """Run a process for each case; a case with ``seconds`` is killed after that time."""
    ready, go = os.pipe()
    processes = {_fork(case, ready, go): case for case in cases}
    os.close(ready)
    os.close(go)  # they all read, and find the end at the same moment
    started = time.monotonic()
    for pid, case in processes.items():
        if "seconds" in case:
            time.sleep(max(0.0, started + case["seconds"] - time.monotonic()))
            os.kill(pid, signal.SIGKILL)
    answers = []
    for pid in processes:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        answers.append({"code": code, "seconds": time.monotonic() - started})
    return answers


def _fork(case: Case, ready: int, go: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.close(go)
        os.read(ready, 1)
        run_case(case)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    service_model()
    for line in sys.stdin:
        print(json.dumps(run_cases(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
