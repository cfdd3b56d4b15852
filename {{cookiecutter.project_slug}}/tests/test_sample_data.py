"""Sample data: the same for the same seed, in any amount, one target to a file."""

from pathlib import Path

import pandas as pd
import pytest

from {{ cookiecutter.package_name }} import cli, sample_data, settings


def read(path: Path, **options: object) -> pd.DataFrame:
    """Write a sample with these options and read it."""
    return pd.read_csv(sample_data.write_sample(path, **options))


def test_first_rows_do_not_depend_on_the_total(tmp_path: Path) -> None:
    few = sample_data.write_sample(tmp_path / "few.csv", 300).read_text()
    many = sample_data.write_sample(tmp_path / "many.csv", sample_data.CHUNK + 10).read_text()
    assert many.startswith(few)
    assert len(many.splitlines()) == sample_data.CHUNK + 11
    assert pd.read_csv(tmp_path / "many.csv")["listing_id"].is_unique


HEAD = (
    "listing_id,make,model,first_registered,listed_on,mileage_km,power_kw,fuel,gearbox,colour,"
    "region,seller,previous_owners,photos,price"
)
ROWS = {
    0: (
        "1,Toyota,Yaris,2016-11-24,2023-05-07,180700,85,petrol,automatic,white,south,private,1,10,9220",
        "2,Audi,A4,2021-03-06,2024-03-29,64900,102,petrol,manual,white,west,dealer,1,7,24580",
    ),
    1: (
        "1,Toyota,Yaris,2016-03-05,2025-04-06,,85,hybrid,automatic,white,south,private,2,8,5670",
        "2,Audi,A4,2021-11-03,2026-02-27,,102,petrol,manual,white,west,dealer,2,12,22250",
    ),
}


@pytest.mark.parametrize("shift", ROWS)
def test_the_rows_are_the_same_everywhere(shift: int, tmp_path: Path) -> None:
    """Figures in notebooks and READMEs are of these."""
    options = {"rows": 2, "seed": 7, "shift": shift, "problem_type": "regression"}
    file = sample_data.write_sample(tmp_path / "any" / "folder" / "cars.csv", **options)
    assert file.read_text().splitlines() == [HEAD, *ROWS[shift]]


@pytest.mark.parametrize(
    ("problem_type", "values"),
    [
        ("binary_classification", [1, 1, 0]),
        ("multiclass_classification", ["mid_range", "premium", "premium"]),
    ],
)
def test_the_other_targets_are_the_same_everywhere(problem_type: str, values: list) -> None:
    [chunk] = sample_data.listings(3, seed=7, problem_type=problem_type)
    assert chunk[sample_data.TARGETS[problem_type]].tolist() == values


def test_seed_decides(tmp_path: Path) -> None:
    first, again, other = (
        read(tmp_path / f"{number}.csv", rows=300, seed=seed)
        for number, seed in enumerate((1, 1, 2))
    )
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize("problem_type", sample_data.TARGETS)
def test_a_file_holds_only_its_own_target(problem_type: str) -> None:
    [chunk] = sample_data.listings(500, problem_type=problem_type)
    assert set(chunk.columns) & set(sample_data.TARGETS.values()) == {
        sample_data.TARGETS[problem_type]
    }
    assert chunk.columns[-1] == sample_data.TARGETS[problem_type]
    assert chunk[chunk.columns[-1]].notna().all()


def test_columns_are_of_every_kind_with_missing_values() -> None:
    [chunk] = sample_data.listings(500)
    kinds = {kind for dtype in chunk.dtypes for kind in [dtype.kind]}
    assert {"i", "M", "O"} <= kinds
    assert set(chunk.columns[chunk.isna().any()]) == set(sample_data.MISSING)


def test_shift_moves_numbers_categories_dates_and_target() -> None:
    [now] = sample_data.listings(2_000, problem_type="regression")
    [later] = sample_data.listings(2_000, shift=1.0, problem_type="regression")
    assert later["mileage_km"].mean() > 1.2 * now["mileage_km"].mean()
    assert (later["fuel"] == "electric").mean() > 2 * (now["fuel"] == "electric").mean()
    assert later["listed_on"].min() > now["listed_on"].quantile(0.7)
    assert later["colour"].isna().mean() > 2 * now["colour"].isna().mean()


@pytest.mark.parametrize("problem_type", sample_data.TARGETS)
@pytest.mark.parametrize("column", ["mileage_km", "fuel", "photos", "power_kw", "listed_on"])
def test_a_shift_of_chosen_columns_moves_no_other(column: str, problem_type: str) -> None:
    [calm] = sample_data.listings(2_000, problem_type=problem_type)
    [moved] = sample_data.listings(
        2_000, shift=1.0, problem_type=problem_type, shifted_columns=[column]
    )
    target = sample_data.TARGETS[problem_type]
    same = [name for name in calm if name not in (column, target)]
    pd.testing.assert_frame_equal(moved[same], calm[same])
    assert (moved[column].isna() == calm[column].isna()).all()
    if column == "fuel":
        assert (moved["fuel"] == "electric").mean() > (calm["fuel"] == "electric").mean() + 0.2
    elif column == "listed_on":
        assert ((moved[column] - calm[column]).dt.days == 700).all()
    else:
        by = (moved[column] - calm[column]).dropna()
        assert by.nunique() == 1 and by.iloc[0] == pytest.approx(calm[column].std(), rel=0.2)


@pytest.mark.parametrize("problem_type", sample_data.TARGETS)
def test_a_shift_of_the_target_moves_what_cars_are_worth(problem_type: str) -> None:
    target = sample_data.TARGETS[problem_type]
    [calm] = sample_data.listings(2_000, problem_type=problem_type)
    [moved] = sample_data.listings(
        2_000, shift=1.0, problem_type=problem_type, shifted_columns=[target]
    )
    pd.testing.assert_frame_equal(moved.drop(columns=target), calm.drop(columns=target))
    assert not moved[target].equals(calm[target])


def test_a_new_category_is_that_of_every_tenth_listing() -> None:
    [calm] = sample_data.listings(2_000)
    [new] = sample_data.listings(2_000, new_category="fuel=hydrogen")
    assert 0.07 < (new["fuel"] == "hydrogen").mean() < 0.13
    pd.testing.assert_frame_equal(new.drop(columns="fuel"), calm.drop(columns="fuel"))
    kept = new["fuel"] != "hydrogen"
    assert new["fuel"][kept].equals(calm["fuel"][kept])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shifted_columns": ["milage"]}, "no column 'milage' can be shifted; make, model, "),
        ({"new_category": "fuel"}, "new category 'fuel' is not column=category, of make, "),
        ({"new_category": "photos=many"}, "is not column=category, of make, "),
        ({"new_category": "fuel=petrol"}, "fuel has the category 'petrol' already"),
    ],
)
def test_what_cannot_be_shifted_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(sample_data.listings(10, shift=1.0, **options))


def test_a_refused_sample_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows must be 1 or more and shift 0 to 1"):
        sample_data.write_sample(tmp_path / "cars.csv", shift=2.0)
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new" / "cars.csv"
    cli.main(["sample-data", "--rows", "50", "--seed", "3", "--output", str(output)])
    assert str(output) in capsys.readouterr().out
    frame = pd.read_csv(output)
    assert len(frame) == 50 and sample_data.TARGETS[settings.PROBLEM_TYPE] in frame
    with pytest.raises(SystemExit):
        cli.main(["sample-data", "--problem-type", "ranking"])
