"""People edit a baseline's constraints, by hand or by SageMaker's SDK, and the file is used so."""

import json
import shutil
from pathlib import Path
from typing import Any

import hosted_models
import pytest
from conftest import Trained
from monitored import ONE, capture, main, read, window_rows

pytestmark = pytest.mark.parametrize("trained", ONE, indirect=True)


@pytest.fixture(scope="module")
def shifted(trained: Trained, baseline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The baseline of a model, and a window in which mileage_km and horsepower are larger."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(baseline, folder / "baseline")
    rows = window_rows(trained)
    given = [{**row, **{name: larger(row[name]) for name in SHIFTED}} for row in rows]
    capture(trained, folder / "capture", given)
    main("consolidate", trained, folder / "window", capture=folder / "capture")
    return folder


SHIFTED = ("mileage_km", "power_kw")


def larger(value: Any) -> Any:
    return value and str(3 * float(value))


def named(trained: Trained, shifted: Path, baseline: Path, output: Path) -> set[str]:
    """The columns that the task drift names."""
    main("drift", trained, output, window=shifted / "window", baseline=baseline)
    found = read(output / "constraint_violations.json")["violations"]
    return {each["feature_name"] for each in found} - {"prediction"}


def edited(shifted: Path, folder: Path, change: Any) -> Path:
    """A copy of the baseline whose constraints a person changed."""
    copy = Path(shutil.copytree(shifted / "baseline", folder / "baseline"))
    document = read(copy / "data" / "constraints.json")
    change(document)
    (copy / "data" / "constraints.json").write_text(json.dumps(document), encoding="utf-8")
    return copy


def feature(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in document["features"] if each["name"] == name)


def test_what_was_suggested_names_what_is_shifted(
    trained: Trained, shifted: Path, tmp_path: Path
) -> None:
    assert named(trained, shifted, shifted / "baseline", tmp_path / "drift") == set(SHIFTED)
    notes = read(tmp_path / "drift" / "drift.json")["notes"]
    assert not any("edited" in each for each in notes)


def test_the_predictions_are_switched_off_by_their_name(
    trained: Trained, shifted: Path, tmp_path: Path
) -> None:
    switch = {"evaluate_constraints": "Disabled"}
    off = {"name": "prediction", "monitoring_config_overrides": switch}
    copy = edited(shifted, tmp_path, lambda document: document["features"].append(off))
    assert named(trained, shifted, copy, tmp_path / "drift") == set(SHIFTED)
    found = read(tmp_path / "drift" / "drift.json")["comparisons"]
    assert found and "prediction" not in {each["column"] for each in found}


def test_an_edited_threshold_of_a_metric_is_said(
    trained: Trained, shifted: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(shifted / "baseline", tmp_path / "baseline"))
    file = copy / "quality" / "constraints.json"
    for change, notes in ((0.0, 0), (1.0, 1)):  # laid out otherwise; then another bound
        document = read(file)
        document["regression_constraints"]["rmse"]["threshold"] += change
        file.write_text(json.dumps(document), encoding="utf-8")
        output = tmp_path / f"quality-{notes}"
        main("quality", trained, output, window=shifted / "window", baseline=copy)
        said = read(output / "quality.json")["notes"]
        assert sum("but edited" in each for each in said) == notes


@pytest.mark.parametrize("kind", ["local", "managed"])
def test_the_sdk_s_own_classes_switch_a_column_off(
    trained: Trained, shifted: Path, tmp_path: Path, kind: str
) -> None:
    from sagemaker.core.model_monitor import Constraints, ConstraintViolations, Statistics

    with hosted_models.sessions(kind, tmp_path / "state") as session:
        uri = session.upload_content(shifted / "baseline", key_prefix="baseline")
        found = Statistics.from_s3_uri(f"{uri}/data/statistics.json", sagemaker_session=session)
        assert found.body_dict == read(shifted / "baseline" / "data" / "statistics.json")
        kept = Constraints.from_s3_uri(f"{uri}/data/constraints.json", sagemaker_session=session)
        kept.set_monitoring(False, "mileage_km")
        assert kept.save() == f"{uri}/data/constraints.json"
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        saved = json.loads(session.read_s3_file(bucket, f"{key}/data/constraints.json"))
        copy = edited(shifted, tmp_path, lambda document: document.update(saved))
        assert named(trained, shifted, copy, tmp_path / "drift") == {"power_kw"}
        file = tmp_path / "drift" / "constraint_violations.json"
        note, *_ = read(tmp_path / "drift" / "drift.json")["notes"]
        assert note.endswith("but edited: mileage_km not looked at")
        left = ConstraintViolations.from_file_path(str(file), sagemaker_session=session)
        assert left.body_dict == read(file)


@pytest.mark.parametrize("spelling", ["monitoring_config_overrides", "monitoringConfigOverrides"])
def test_both_spellings_switch_a_column_off(
    trained: Trained, shifted: Path, tmp_path: Path, spelling: str
) -> None:
    def change(document: dict[str, Any]) -> None:
        feature(document, "power_kw")[spelling] = {"evaluate_constraints": "Disabled"}

    copy = edited(shifted, tmp_path, change)
    assert named(trained, shifted, copy, tmp_path / "drift") == {"mileage_km"}


def test_a_bound_of_ones_own_takes_the_place_of_the_suggested_one(
    trained: Trained, shifted: Path, tmp_path: Path
) -> None:
    def change(document: dict[str, Any]) -> None:
        bounds = document["monitoring_config"]["distribution_constraints"]
        bounds["least_numeric_change"] = 1.0
        feature(document, "fuel")["string_constraints"]["domains"] = ["petrol"]
        feature(document, "previous_owners")["completeness"] = 1.0

    copy = edited(shifted, tmp_path, change)
    assert named(trained, shifted, copy, tmp_path / "drift") == {"fuel", "previous_owners"}
    said = read(tmp_path / "drift" / "constraint_violations.json")["violations"]
    kinds = {each["constraint_check_type"] for each in said}
    assert kinds == {"categorical_values_check", "completeness_check"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"least_numeric_change"', '"least_change"', r"'least_change'.*'least_\w+_change'"),
        ('"is_non_negative"', '"non_negative"', "'non_negative'.*'is_non_negative'"),
        ('"Enabled"', '"On"', "'On'; give Enabled or Disabled"),
        ('"features"', '"feature"', "'feature'.*'features'"),
        ('"level": 0.001', '"level": 0.001,,', "data/constraints.json.*JSON"),
    ],
)
def test_an_edit_that_nobody_would_look_at_ends_in_one_sentence(
    trained: Trained, shifted: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    copy = edited(shifted, tmp_path, lambda document: None)
    file = copy / "data" / "constraints.json"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SystemExit, match=said) as ended:
        named(trained, shifted, copy, tmp_path / "drift")
    assert str(ended.value).startswith("monitor: ") and "\n" not in str(ended.value)
    assert not (tmp_path / "drift").exists()
