"""An artifact predicts with its own code, whatever the present library is like."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Trained

from tabular import few_records, values
from tabular.artifact import opened
from tabular.records import read_records

Change = Callable[[str, str, str], Path]
READ = "        found = _numbers(rows, as_number, name)\n"
EVERY_NUMBER_IS_10 = READ, "        found = np.full(len(rows), 10.0)\n"


@pytest.fixture
def changed(trained: Trained, tmp_path: Path) -> Change:
    """Write a copy of the artifact with another text in one of its code's files."""

    def change(file: str, old: str, new: str) -> Path:
        model = Path(shutil.copytree(trained.model, tmp_path / "model"))
        code = (model / "code" / file).read_text(encoding="utf-8")
        assert code.count(old) == 1
        (model / "code" / file).write_text(code.replace(old, new), encoding="utf-8")
        return model

    return change


def predicted(model: Path, trained: Trained) -> list[object]:
    """What a model says of a few test rows."""
    rows = list(read_records(trained.data / "test" / "test.csv"))[:20]
    with opened("champion", model) as artifact:
        assert artifact is not None
        return [row["prediction"] for row in artifact.predict(rows)]


def doors() -> float:
    """A number as our own library reads it."""
    number = values.number, "doors", 0, 0.0
    return float(few_records.encoded([{"doors": "3"}], [number], [], [], "2000-01-01", 1)[0, 0])


def test_a_champion_uses_its_own_library(trained: Trained, changed: Change) -> None:
    """A library that reads every number as 10 gives another model from the same weights."""
    champion = changed("tabular/few_records.py", *EVERY_NUMBER_IS_10)
    assert doors() == 3
    assert predicted(champion, trained) != predicted(trained.model, trained)
    assert doors() == 3


def test_a_champion_imports_its_own_library_as_late_as_it_predicts(
    trained: Trained, changed: Change
) -> None:
    late = "    from tabular.values import WHO\n\n    return [{'prediction': WHO}] * len(records)\n"
    head = "def predict(records: Sequence[Any], model: Model) -> Predictions:\n"
    champion = changed("inference.py", head, head + late)
    library = champion / "code" / "tabular" / "values.py"
    library.write_text(f"{library.read_text(encoding='utf-8')}\nWHO = 'theirs'\n")
    assert set(predicted(champion, trained)) == {"theirs"}
    assert not hasattr(values, "WHO")


def test_a_module_that_the_champion_s_library_lacks_is_not_taken_from_ours(
    trained: Trained, changed: Change
) -> None:
    champion = changed(
        "inference.py", "import json\n", "import json\n\nfrom tabular import slices\n"
    )
    with pytest.raises(ImportError, match="slices"):
        predicted(champion, trained)


def test_two_artifacts_at_once_keep_their_own_code(trained: Trained, changed: Change) -> None:
    champion = changed("tabular/few_records.py", *EVERY_NUMBER_IS_10)
    alone = predicted(champion, trained), predicted(trained.model, trained)
    rows = list(read_records(trained.data / "test" / "test.csv"))[:20]
    with opened("champion", champion) as one, opened("model", trained.model) as other:
        assert one is not None and other is not None
        for artifact, expected in zip((one, other, one), (*alone, alone[0]), strict=True):
            assert [row["prediction"] for row in artifact.predict(rows)] == expected


def test_our_modules_are_as_before(trained: Trained) -> None:
    import inference

    ours = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in ("inference", "features", "tabular")
    }
    path = list(sys.path)
    predicted(trained.model, trained)
    assert {name: sys.modules.get(name) for name in ours} == ours
    assert sys.path == path and sys.modules["inference"] is inference


def test_an_artifact_without_its_code_leaves_our_modules_alone(
    trained: Trained, changed: Change
) -> None:
    broken = changed("inference.py", "import json\n", "import json\nimport no_such_module\n")
    before = sys.modules["tabular.values"]
    with pytest.raises(values.DataError, match="needs the library 'no_such_module'"):
        predicted(broken, trained)
    assert sys.modules["tabular.values"] is before and str(broken / "code") not in sys.path
