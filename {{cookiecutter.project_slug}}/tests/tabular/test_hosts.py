"""Several hosts share the work: the same splits, the same answers, the same refusals as one."""

import json
import multiprocessing
import os
import shutil
import socket
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import xgboost  # noqa: F401 - loaded once for all hosts, which are forks of this process

import inference
import train
from preprocess import arguments, preprocess
from tabular import hosts
from tabular.hosts import Hosts, together
from tabular.scoring import score
from tabular.split_files import open_split
from tabular.values import DataError

from {{ cookiecutter.package_name }} import sample_data

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="hosts are forks, with addresses")

NAMES = ("algo-1", "algo-2", "algo-3")
SPLITS = ("train", "validation", "test")
_addresses = count(1)


def on_hosts(number: int, work: Callable[[Hosts], object]) -> list[str]:
    """Run `work` on so many hosts at once; give what it returned, or its DataError, as text."""
    address = f"127.77.{os.getpid() % 250}.{next(_addresses)}"
    context = multiprocessing.get_context("fork")
    found = []
    for place in range(number):
        each, (read, write) = Hosts(NAMES[:number], NAMES[place]), context.Pipe(duplex=False)
        process = context.Process(target=_host, args=(each, address, work, write))
        process.start()
        write.close()
        found.append((process, read))
    said = [read.recv() if read.poll(60) else "it hangs" for _, read in found]
    for process, _ in found:
        process.kill()
        process.join()
    return said


def _host(each: Hosts, address: str, work: Callable[[Hosts], object], answer: Any) -> None:
    socket.gethostbyname = lambda name: address
    try:
        answer.send(str(work(each)))
    except DataError as error:
        answer.send(f"DataError: {error}")
    except BaseException:
        answer.send(traceback.format_exc())
    os._exit(0)


def test_the_hosts_of_a_job_are_told_by_its_variables_or_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SM_HOSTS", raising=False)
    assert Hosts.of_training() == Hosts.of_processing(None) == hosts.ALONE
    monkeypatch.setenv("SM_HOSTS", '["algo-2", "algo-1"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "algo-2")
    assert Hosts.of_training() == Hosts(("algo-1", "algo-2"), "algo-2")
    file = tmp_path / "resourceconfig.json"
    file.write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-2", "algo-1"]}))
    first = Hosts.of_processing(file)
    assert (first.rank, first.is_first, first.part) == (0, True, "-algo-1")
    assert hosts.ALONE.part == ""


def test_every_row_is_one_hosts() -> None:
    for rows in (0, 1, 2, 7, 1000):
        shares = [Hosts(NAMES, name).share(rows) for name in NAMES]
        taken = [place for share in shares for place in range(rows)[share]]
        assert taken == list(range(rows))
        assert max(map(len, (range(rows)[s] for s in shares))) <= rows // 3 + 1


def test_hosts_hear_each_other_and_fail_together() -> None:
    def gathered(each: Hosts) -> object:
        with together(each):
            return each.gather(each.current)

    assert on_hosts(3, gathered) == [str(list(NAMES))] * 3

    def fault(each: Hosts) -> object:
        def make() -> None:
            if each.rank == 1:
                raise DataError("row 7 is bad")

        with together(each):
            return each.agree(make)

    assert on_hosts(2, fault) == ["DataError: row 7 is bad"] * 2


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in two files, as two hosts get them, and whole."""
    folder = tmp_path_factory.mktemp("shares")
    whole = sample_data.write_sample(folder / "whole" / "cars.csv", 900)
    header, *rows = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    for name, part in (("algo-1", rows[:500]), ("algo-2", rows[500:])):
        (folder / name).mkdir()
        (folder / name / "cars.csv").write_text(header + "".join(part), encoding="utf-8")
    (folder / "none").mkdir()
    return folder


def prepared(folder: Path, output: Path, each: Hosts, *more: str) -> None:
    """Preprocess one host's files; what several hosts leave, `collected` puts together."""
    output = output / each.current if each.are_several else output
    config = output.with_name(f"{output.name}.json")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"hosts": each.names, "current_host": each.current}))
    words = ["--input", str(folder), "--output", str(output), "--target", "price", *more]
    preprocess(arguments([*words, *(["--hosts", str(config)] if each.are_several else [])]))


def collected(output: Path) -> Path:
    """One folder of what all hosts left, no file of which two of them have."""
    whole = output.with_name("collected")
    for part in sorted(path for path in output.iterdir() if path.is_dir()):
        for file in (file for file in part.rglob("*") if file.is_file()):
            place = whole / file.relative_to(part)
            assert not place.exists()
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    return whole


def lines(folder: Path, split: str) -> Counter[str]:
    """The rows of a split, of all its parts, and its header once."""
    files = sorted(folder.glob(f"{split}/*.csv"))
    texts = [file.read_text(encoding="utf-8").splitlines() for file in files]
    assert len({text[0] for text in texts}) == 1
    return Counter(line for text in texts for line in text[1:])


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--validation", "cross_validation", "--folds", "3"),
        ("--validation", "backtest", "--folds", "2", "--split-date-column", "listed_on"),
    ],
    ids=["holdout", "cross_validation", "backtest"],
)
def test_two_hosts_leave_what_one_leaves(
    shares: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    prepared(shares / "whole", tmp_path / "one", hosts.ALONE, *more)

    def work(each: Hosts) -> object:
        return prepared(shares / each.current, tmp_path / "two", each, *more)

    assert on_hosts(2, work) == ["None", "None"]
    one, two = tmp_path / "one", collected(tmp_path / "two")
    assert sorted(p.name for p in (two / "train").iterdir()) == [
        "train-algo-1.csv",
        "train-algo-2.csv",
    ]
    places = [Path(), *(Path("folds", name.name) for name in (one / "folds").glob("[0-9]"))]
    assert len(places) == (1 if not more else int(more[3]) + 1)
    for place in places:
        for split in SPLITS:
            assert lines(two / place, split) == lines(one / place, split)
    for document in ("schema/schema.json", *(["folds/folds.json"] if more else [])):
        assert json.loads((two / document).read_text()) == json.loads((one / document).read_text())


CONTRACT = {
    "problem_type": "regression",
    "target": "price",
    "key": ["id"],
    "columns": {
        "id": {"role": "drop", "type": "text", "reason": "the key"},
        "size": {"role": "numeric", "type": "number", "missing_at_most": 0.2, "range": [0, 500]},
        "price": {"role": "target", "type": "number"},
    },
}


def test_what_breaks_a_contract_is_told_of_all_rows(tmp_path: Path) -> None:
    """A key that is there once on each host."""
    (tmp_path / "contract.json").write_text(json.dumps(CONTRACT))
    for place, name in enumerate(("algo-1", "algo-2")):
        rows = [f"car-{place * 100 + row},{row % 90 + 1},{row}" for row in range(100)]
        rows[0] = "car-same,50,1"
        (tmp_path / name).mkdir()
        (tmp_path / name / "cars.csv").write_text("\n".join(["id,size,price", *rows]) + "\n")

    def work(each: Hosts) -> object:
        output, agreed = tmp_path / "out", tmp_path / "contract.json"
        return prepared(tmp_path / each.current, output, each, "--contract", str(agreed))

    told = on_hosts(2, work)
    assert told[0] == told[1]
    assert told[0].startswith("DataError: ")
    assert "2 rows" in told[0]
    assert "car-same" in told[0]
    assert not list((tmp_path / "out").rglob("*.csv")), "none of them leaves half a result"


def test_a_host_without_files_takes_part(shares: Path, tmp_path: Path) -> None:
    def work(each: Hosts) -> object:
        folder = shares / ("whole" if each.is_first else "none")
        return prepared(folder, tmp_path / "two", each)

    assert on_hosts(2, work) == ["None", "None"]
    prepared(shares / "whole", tmp_path / "one", hosts.ALONE)
    two = collected(tmp_path / "two")
    for split in SPLITS:
        assert lines(two, split) == lines(tmp_path / "one", split)
    assert [file.name for file in (two / "records").iterdir()] == ["test-algo-1.jsonl"]


def test_no_files_at_all_are_one_sentence(shares: Path, tmp_path: Path) -> None:
    told = on_hosts(2, lambda each: prepared(shares / "none", tmp_path / "two", each))
    assert told[0] == told[1]
    assert told[0].startswith("DataError: no host has a CSV or Parquet file in ")


# Rows are drawn for each tree on each host, and metrics of validation rows are put together from
# those of all hosts: the model is another one than a single host's, and as good. Without drawing,
# only the order of sums differs: predictions are the same to a thousandth.
TOLERANCE, DRAWN = 1e-3, 0.05


def trained(data: Path, model: Path, each: Hosts, *more: str) -> None:
    """Train on one host of several, or on the only one."""
    if each.are_several:
        os.environ |= {"SM_HOSTS": json.dumps(each.names), "SM_CURRENT_HOST": each.current}
        model = model / each.current
    words = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train.train(train.arguments([*words, f"--model-dir={model}", "--num_round=40", *more]))


@pytest.mark.parametrize("kind", ["regression", "binary_classification"])
def test_a_model_of_two_hosts_is_that_of_one(
    kind: str, split_data: dict[str, Path], tmp_path: Path
) -> None:
    data = split_data[kind]
    for name, more in (("whole", ["--subsample=1"]), ("drawn", ["--subsample=0.8"])):
        if kind == "binary_classification":
            more.append("--threshold=auto")
        one, two = tmp_path / name / "one", tmp_path / name / "two"
        trained(data, one, hosts.ALONE, *more)
        assert trained_on_two(data, two, more) == ["None", "None"]
        assert not list((two / "algo-2").iterdir()), "the first host writes the model"
        assert names_below(two / "algo-1") == names_below(one)
        errors = [loss(kind, data, model) for model in (one, two / "algo-1")]
        tolerance = TOLERANCE if name == "whole" else DRAWN
        assert errors[1] == pytest.approx(errors[0], rel=tolerance)


def trained_on_two(data: Path, model: Path, more: Sequence[str]) -> list[str]:
    return on_hosts(2, lambda each: trained(data, model, each, *more))


def names_below(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.*"))


def loss(kind: str, data: Path, model: Path) -> float:
    """The error of a model on test rows."""
    loaded = inference.model_fn(str(model))
    signature = json.loads((model / "signature.json").read_text())
    scored = score(
        open_split(data / "test", "test"), signature, lambda rows: inference.predict(rows, loaded)
    )
    return scored.measured()["rmse" if kind == "regression" else "log_loss"]


def test_rows_in_parts_are_all_there(shares: Path, tmp_path: Path) -> None:
    """Training and evaluation read what several hosts left as what one leaves."""

    def work(each: Hosts) -> object:
        return prepared(shares / each.current, tmp_path / "two", each)

    on_hosts(2, work)
    two = collected(tmp_path / "two")
    rows = json.loads((two / "schema" / "schema.json").read_text())["rows"]
    for split in SPLITS:
        records = open_split(two / split, split)
        assert len(list(records)) == sum(map(len, records.batches())) == rows[split]
        halves = [records.shared(Hosts(NAMES[:2], name).share) for name in NAMES[:2]]
        assert sum(len(batch) for half in halves for batch in half.batches()) == rows[split]


def test_a_family_that_one_host_trains_is_refused(
    split_data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-1", "algo-2"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "algo-1")
    data = split_data["regression"]
    words = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    options = train.arguments([*words, f"--model-dir={tmp_path}", "--model_family=linear"])
    with pytest.raises(DataError, match=r"^models of the family linear are trained on one host$"):
        train.train(options)
