"""Batch scoring of raw records: how fast, and how much memory, whatever the number of rows.

    python benchmarks/batch_scoring.py
    python benchmarks/batch_scoring.py --rows 10000000 --memory

A model of used cars scores a CSV file by the three jobs of notebook 04. The batch job is
compared with one process which decodes, encodes and predicts the very JSON Lines that it reads.
Since a busy machine has no clock, seconds of processors count, and in both of them only those
after a first part of the records, by which all is loaded. With --parallel, the batch job runs a
second time with several requests under way, and its time by the clock is told beside. With
--memory, the peaks (VmHWM, so Linux only) of all three with that many rows, against 100,000.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import template
from sagemaker_local import LocalSession
from sagemaker_local.storage import archive

FEW = 100_000
LOADED = 1_000  # rows that load all that the rest needs
BATCH = 5 << 20  # bytes that the one process takes at once, as the batch job does
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
# Processes that answer for a job end without `atexit`, but not without this.
TOLD = """

import multiprocessing.util as _util

def _tell_peak():
    import re, time
    peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]
    print("peak:", peak, "cpu:", time.process_time(), flush=True)

_util.Finalize(None, _tell_peak, exitpriority=1)
"""
ALONE = """
import sys, time
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])

def scored(lines):
    records = [row["features"] for row in inference.input_fn(b"".join(lines), JSON_LINES)]
    return len(inference.predict_fn(records, model))

with open(sys.argv[2], "rb") as file:
    scored([file.readline() for _ in range(int(sys.argv[4]))])
    started = time.process_time()
    while lines := file.readlines(int(sys.argv[3])):
        scored(lines)
print("alone:", time.process_time() - started)
""".replace("JSON_LINES", '"application/jsonlines"')


@dataclass(frozen=True)
class Job:
    """Seconds by the clock and of the processes that answer, and the peak of one of them in KB."""

    seconds: float
    processor: float
    peak: int


def told(text: str, seconds: float) -> Job:
    """What the processes of a job said at their ends."""
    found = re.findall(r"peak: (\d+) cpu: ([\d.]+)", text)
    peaks, processor = [int(each) for each, _ in found], sum(float(each) for _, each in found)
    return Job(seconds, processor, max(peaks, default=0))


def run(words: list[str], project: Path) -> str:
    """What a program prints."""
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env={**template.variables(project), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(ended.stdout[-2000:] + ended.stderr[-2000:])
    return ended.stdout


def trained(project: Path, folder: Path) -> Path:
    """A model that 4,000 listings taught, as an archive in a folder of its own."""
    raw = folder / "raw" / "cars.csv"
    run(["-m", "used_car_prices", "sample-data", "--rows=4000", f"--output={raw}"], project)
    given = [f"--input={raw}", f"--output={folder}", "--contract=contracts"]
    run(["runtime/preprocess.py", *given], project)
    channels = [f"--{name}={folder / name}" for name in ("train", "validation", "schema")]
    run(["runtime/train.py", *channels, f"--model-dir={folder / 'model'}"], project)
    with (folder / "model" / "code" / "inference.py").open("a", encoding="utf-8") as file:
        file.write(TOLD)
    archive.pack(folder / "model", folder / "packed" / "model.tar.gz")
    return folder / "packed"


def listings(raw: Path, target: Path, rows: int) -> None:
    """So many listings, the same ones again and again."""
    header, *lines = raw.read_text(encoding="utf-8").splitlines(keepends=True)
    with target.open("w", encoding="utf-8") as file:
        file.write(header)
        for start in range(0, rows, len(lines)):
            file.writelines(lines[: rows - start])


def script(project: Path, name: str, **options: Any) -> Job:
    """What one of the scripts took."""
    program = f"import runpy, sys; sys.argv = sys.argv[1:]; sys.path.insert(0, 'runtime'){TOLD}"
    program += "runpy.run_path(sys.argv[0], run_name='__main__')"
    words = [f"--{key}={value}" for key, value in options.items()]
    started = time.perf_counter()
    said = run(["-c", program, f"runtime/{name}", *words], project)
    return told(said, time.perf_counter() - started)


def transform(session: Any, name: str, records: Path, parallel: int) -> tuple[Job, Path]:
    """What a batch job took, and what it wrote."""
    target = f"s3://{session.default_bucket()}/answers-{name}"
    started = time.perf_counter()
    session.sagemaker_client.create_transform_job(
        TransformJobName=name,
        ModelName="cars",
        BatchStrategy="MultiRecord",
        MaxConcurrentTransforms=parallel,
        TransformInput={
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": session.upload_data(records)}
            },
            "ContentType": "application/jsonlines",
            "SplitType": "Line",
        },
        TransformOutput={
            "S3OutputPath": target,
            "Accept": "application/jsonlines",
            "AssembleWith": "Line",
        },
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['row','kept','SageMakerOutput']",
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    while True:
        job = session.sagemaker_client.describe_transform_job(TransformJobName=name)
        if job["TransformJobStatus"] in ("Completed", "Failed", "Stopped"):
            break
        time.sleep(0.2)
    seconds = time.perf_counter() - started
    if job["TransformJobStatus"] != "Completed":
        sys.exit(job["FailureReason"])
    log = "\n".join(session.job_log("Transform", name))
    return told(log, seconds), session.bucket.existing(target)


def first_lines(records: Path, target: Path, count: int) -> Path:
    """A folder with the first lines of a file of records."""
    target.mkdir(parents=True, exist_ok=True)
    with records.open("rb") as file, (target / records.name).open("wb") as few:
        few.writelines(islice(file, count))
    return target


def scored(
    project: Path, folder: Path, session: Any, rows: int, parallel: int
) -> tuple[dict[str, Job], float]:
    """What the three jobs took, and how much more than one process the batch job does."""
    name, work = f"rows-{rows}-{int(time.time())}", folder / f"work-{rows}"
    new, selected = work / "new", work / "selected"
    new.mkdir(parents=True, exist_ok=True)
    listings(folder / "raw" / "cars.csv", new / "cars.csv", rows)
    asked = {"input": new, "model": folder / "packed", "output": selected}
    found = {"select": script(project, "select_records.py", **asked)}
    file = selected / "records" / "cars.csv.jsonl"
    loaded, _ = transform(session, f"{name}-few", first_lines(file, work / "few", LOADED), 1)
    found["transform"], answers = transform(session, f"{name}-1", file.parent, 1)
    if parallel > 1:
        found[f"{parallel} at once"], _ = transform(
            session, f"{name}-{parallel}", file.parent, parallel
        )
    asked = {"answers": answers, "selection": selected / "selection", "output": work / "scores"}
    found["summarize"] = script(
        project, "summarize_scores.py", evaluation=folder / "packed", **asked
    )
    alone = [str(folder / "model"), str(file), str(BATCH), str(LOADED)]
    seconds = float(re.findall(r"alone: ([\d.]+)", run(["-c", ALONE, *alone], project))[0])
    return found, (found["transform"].processor - loaded.processor) / seconds


def main() -> None:
    """Print a table of seconds and peaks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--parallel", type=int, default=1, help="requests at once, in a second job")
    parser.add_argument("--memory", action="store_true", help="peaks against 100,000 rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project = template.generate(folder)
        packed = trained(project, folder)
        session = LocalSession(folder / "local", warm=False)
        session.sagemaker_client.create_model(
            ModelName="cars",
            ExecutionRoleArn=session.role,
            PrimaryContainer={
                "Image": IMAGE,
                "ModelDataUrl": session.upload_data(packed / "model.tar.gz"),
                "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
            },
        )
        sizes = [FEW, options.rows] if options.memory else [options.rows]
        measured = {n: scored(project, folder, session, n, options.parallel) for n in sizes}
    for rows, (found, ratio) in measured.items():
        for name, job in found.items():
            print(
                f"{rows:>11,} rows  {name:<10} {job.seconds:8.1f} s, {job.processor:8.1f} s of "
                f"processors  {job.peak / 1024:7.0f} MB"
            )
        print(f"{rows:>11,} rows  transform / alone, seconds of processors: {ratio:.2f}")
    if options.memory:
        for name, job in measured[options.rows][0].items():
            ratio = job.peak / measured[FEW][0][name].peak
            print(f"peak of {name}, {options.rows:,} rows to {FEW:,}: {ratio:.2f}")


if __name__ == "__main__":
    main()
