"""The encoding that training learns: what stands for a missing value."""

import numpy as np

import features

COLUMNS = [{"name": "km", "role": "numeric"}, {"name": "day", "role": "date"}]
# The median of the rows is not the median of the different values.
KM = ["1", "1", "1", "9", "11"]
DAYS = ["2020-01-01", "2020-01-01", "2020-01-01", "2022-03-03", "2024-05-05"]
RECORDS = [{"km": km, "day": day} for km, day in zip(KM, DAYS, strict=True)]
MISSING = {"km": None, "day": None}


def test_a_missing_value_becomes_the_median_of_the_rows() -> None:
    encoder = features.Encoder(features.fit([*RECORDS, MISSING], COLUMNS, impute=True))
    assert encoder.encode(MISSING) == encoder.encode(RECORDS[0])


def test_without_imputing_it_stays_missing() -> None:
    encoder = features.Encoder(features.fit([*RECORDS, MISSING], COLUMNS, impute=False))
    assert np.isnan(encoder.encode(MISSING)).all()
