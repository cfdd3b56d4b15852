"""The encoding that training learns: what stands for a missing value."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import features
from tabular.values import DataError, days, number

COLUMNS = [{"name": "km", "role": "numeric"}, {"name": "day", "role": "date"}]
# The median of the rows is not the median of the different values.
KM = ["1", "1", "1", "9", "11"]
DAYS = ["2020-01-01", "2020-01-01", "2020-01-01", "2022-03-03", "2024-05-05"]
RECORDS = [{"km": km, "day": day} for km, day in zip(KM, DAYS, strict=True)]
MISSING = {"km": None, "day": None}


def test_a_missing_value_becomes_the_median_of_the_rows() -> None:
    encoder = features.Encoder(features.fit([*RECORDS, MISSING], COLUMNS, impute=True))
    assert encoder.encode(MISSING) == encoder.encode(RECORDS[0])


@pytest.mark.parametrize("time", ["T09:30:00Z", " 23:59"])
def test_the_time_of_day_is_no_part_of_a_date(time: str) -> None:
    """Tables that grew have both; the contract takes both."""
    timed = [{**record, "day": record["day"] + time} for record in RECORDS]
    encoder = features.Encoder(features.fit(timed, COLUMNS, impute=True))
    assert features.fit(timed, COLUMNS, impute=True) == features.fit(RECORDS, COLUMNS, impute=True)
    assert encoder.encode(timed[4]) == encoder.encode(RECORDS[4])


def test_without_imputing_it_stays_missing() -> None:
    encoder = features.Encoder(features.fit([*RECORDS, MISSING], COLUMNS, impute=False))
    assert np.isnan(encoder.encode(MISSING)).all()


def per_day(record: Mapping[str, Any]) -> float:
    """A number that is derived of a number and a date."""
    return number(record["km"], "km") / (days(record["day"], "day") - 18_000)


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(features.DERIVED, "per_day", ("numeric", per_day))
    monkeypatch.setitem(features.DERIVED, "weekend", ("categorical", lambda record: "no"))


@pytest.mark.usefixtures("derived")
def test_what_is_derived_is_encoded_by_its_role_wherever_a_record_comes_from() -> None:
    encoder = features.Encoder(features.fit(RECORDS, COLUMNS, impute=False))
    assert encoder.names[-3:] == ["per_day", "weekend=no", "weekend=(other)"]
    expected = per_day(RECORDS[0])
    assert encoder.encode(RECORDS[0])[-3:] == [expected, 1, 0]
    assert encoder.encode({"km": 1.0, "day": "2020-01-01"})[-3:] == [expected, 1, 0]
    assert np.isnan(encoder.encode(MISSING)[-3]), "what cannot be derived is missing"


@pytest.mark.usefixtures("derived")
def test_a_feature_is_derived_of_what_a_spelled_column_means() -> None:
    """Its function knows nothing of spellings."""
    columns = [
        {**COLUMNS[0], "spelling": "1.234,56 km", "missing": ["?"]},
        {**COLUMNS[1], "spelling": "DD/MM/YYYY"},
    ]
    days_first = ["/".join(reversed(day.split("-"))) for day in DAYS]
    spelled = [{"km": f"{km},0 km", "day": day} for km, day in zip(KM, days_first, strict=True)]
    encoder = features.Encoder(features.fit(spelled, columns, impute=False))
    assert encoder.encode(spelled[4])[-3] == per_day(RECORDS[4])
    assert encoder.encode(RECORDS[4])[-3] == per_day(RECORDS[4]), "an ISO day is always one"
    assert np.isnan(encoder.encode({**spelled[4], "km": "?"})[-3])


@pytest.mark.usefixtures("derived")
def test_what_cannot_be_derived_is_imputed_like_any_number() -> None:
    encoder = features.Encoder(features.fit([*RECORDS, MISSING], COLUMNS, impute=True))
    middle = sorted(per_day(record) for record in RECORDS)[2]
    assert encoder.encode(MISSING)[-3] == middle


@pytest.mark.usefixtures("derived")
def test_a_feature_of_a_column_that_the_model_does_not_get_is_refused_in_training() -> None:
    records = [{"km": record["km"]} for record in RECORDS]
    with pytest.raises(DataError, match="derives a feature from 'day', which is not among the"):
        features.fit(records, COLUMNS[:1], impute=False)


@pytest.mark.usefixtures("derived")
def test_a_request_that_lacks_what_a_feature_needs_is_told_which_field() -> None:
    encoder = features.Encoder(features.fit(RECORDS, COLUMNS, impute=False))
    with pytest.raises(DataError, match="field 'day' is not in the record"):
        encoder.encode({"km": 1})


def test_a_feature_may_not_have_the_name_of_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(features.DERIVED, "km", ("numeric", per_day))
    with pytest.raises(DataError, match="derives 'km', which is a column; choose another name"):
        features.fit(RECORDS, COLUMNS, impute=False)


@pytest.mark.usefixtures("derived")
def test_a_model_keeps_to_the_features_that_it_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = features.fit(RECORDS, COLUMNS, impute=False)
    monkeypatch.setitem(features.DERIVED, "later", ("numeric", lambda record: 1))
    assert "later" not in features.Encoder(learned).names
