"""A walk over all trees, and sets of their leaves, give XGBoost's own margins, to the bit, and what
is no such forest is left to XGBoost."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from tabular import booster_margins, forest, leaf_sets, links, trees, ubjson

OBJECTIVES = {
    "reg:squarederror": {},
    "binary:logistic": {},
    "multi:softprob": {"num_class": 3},
}
NUMBERS = 4


@cache
def booster(objective: str, depth: int, rounds: int, parallel: int, seed: int) -> xgboost.Booster:
    """A model of noise with missing values, in which every number is used."""
    random = np.random.default_rng(seed)
    matrix = np.round(random.normal(size=(120, NUMBERS)) * 4, 1)
    matrix[random.random(matrix.shape) < 0.2] = np.nan
    target = random.integers(0, 2 if objective == "binary:logistic" else 3, 120)
    parameters = {
        "objective": objective,
        "max_depth": depth,
        "num_parallel_tree": parallel,
        "min_child_weight": 0,
        "nthread": 1,
        **OBJECTIVES[objective],
    }
    return xgboost.train(parameters, xgboost.DMatrix(matrix, target), rounds)


models = st.builds(
    booster,
    st.sampled_from(list(OBJECTIVES)),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 2),
    st.integers(0, 3),
)
# Numbers as they were trained on, so that many are equal to a threshold, and any others.
cells = st.one_of(
    st.integers(-80, 80).map(lambda tenths: tenths / 10),
    st.floats(allow_infinity=False),
    st.sampled_from([float("nan"), -0.0, 1e-45, -1e-45, 3.4e38, -1e300]),
)
rows = st.lists(st.lists(cells, min_size=NUMBERS, max_size=NUMBERS), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(models, rows)
def test_a_walk_gives_xgboost_s_margins_to_the_bit(
    model: xgboost.Booster, rows: list[list[float]]
) -> None:
    walked = forest.of(model)
    assert walked is not None, "left to XGBoost, so nothing would be compared"
    matrix = np.array(rows)
    expected = model.inplace_predict(matrix, predict_type="margin").reshape(len(rows), -1)
    assert walked.margins(matrix).tobytes() == expected.tobytes()
    sets = leaf_sets.of(walked)
    assert sets is not None, "left to XGBoost, so nothing would be compared"
    matrix, expected = np.vstack([matrix, matrix[:1]]), np.vstack([expected, expected[:1]])
    assert sets.margins(matrix).tobytes() == expected.tobytes()


def test_numbers_with_one_threshold_are_looked_up_together() -> None:
    """As those of categories are; here they are missing, too."""
    random = np.random.default_rng(8)
    matrix = random.integers(0, 2, (300, 12)).astype(float)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    target = np.nan_to_num(matrix) @ random.normal(size=12)
    model = xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(matrix, target), 20)
    walked = forest.of(model)
    sets = leaf_sets.of(walked) if walked else None
    assert sets is not None
    assert not sets.scales and len(sets.tables) > 1
    expected = model.inplace_predict(matrix, predict_type="margin").reshape(len(matrix), -1)
    assert sets.margins(matrix).tobytes() == expected.tobytes()


@pytest.mark.parametrize("limit", ["MOST_BYTES", "BYTES_PER_LEVEL", "MOST_LEAVES"])
def test_tables_that_would_be_slow_are_not_made(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = forest.of(booster("reg:squarederror", 4, 5, 1, seed=1))
    assert walked is not None and leaf_sets.of(walked) is not None
    monkeypatch.setattr(leaf_sets, limit, 1)
    assert leaf_sets.of(walked) is None


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_scores_are_the_same_on_both_sides_of_the_break_even(
    objective: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = booster(objective, 4, 5, 1, seed=1)
    model.save_model(tmp_path / trees.FILE)
    matrix = np.random.default_rng(2).normal(size=(9, NUMBERS)) * 4
    matrix[::3, 1] = np.nan
    visits = 4 * 5 * (3 if objective == "multi:softprob" else 1) * 8
    monkeypatch.setattr(forest, "VISITS", 2 * visits)
    score = trees.load(tmp_path)
    by_sets, walked = score(matrix), score(matrix[:8])
    monkeypatch.setattr(leaf_sets, "of", lambda _: None)
    monkeypatch.setattr(forest, "VISITS", visits)
    score = trees.load(tmp_path)
    by_xgboost = score(matrix)
    called = []
    monkeypatch.setattr(
        forest.Forest, "margins", lambda *_: called.append(1) or np.zeros((8, 3), np.float32)
    )
    score(matrix[:8])
    assert called == [1], "eight rows are walked"
    score(matrix)
    assert called == [1], "nine are not"
    assert walked.tobytes() == by_xgboost[:8].tobytes()
    assert by_sets.tobytes() == by_xgboost.tobytes()
    own = model.inplace_predict(matrix)
    np.testing.assert_allclose(by_xgboost, own, rtol=1e-6)
    np.testing.assert_allclose(1 - by_xgboost, 1 - own, rtol=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_many_rows_get_what_xgboost_s_own_call_gives(objective: str) -> None:
    model = booster(objective, 5, 6, 2, seed=2)
    matrix = np.random.default_rng(6).normal(size=(700, NUMBERS)) * 4
    matrix[::5, 2] = np.nan
    margins = booster_margins.of(model)
    assert "_quick" in margins.__qualname__, "the library was not called directly"
    for rows in (matrix, matrix[:1], np.asfortranarray(matrix), matrix[::3], np.float32(matrix)):
        own = model.inplace_predict(rows, predict_type="margin").reshape(len(rows), -1)
        assert margins(rows).tobytes() == own.tobytes()
    with pytest.raises(ValueError, match="Feature shape mismatch"):
        margins(matrix[:, :2])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_few_rows_need_no_xgboost(objective: str, tmp_path: Path) -> None:
    model = booster(objective, 5, 6, 1, seed=3)
    trees.write(model, tmp_path)
    matrix = np.random.default_rng(5).normal(size=(trees.FEW, NUMBERS)) * 4
    sums = model.inplace_predict(matrix, predict_type="margin").reshape(len(matrix), -1)
    for count in (1, 2, 8, len(matrix)):
        score = trees.load(tmp_path)
        assert score(matrix[:count]).tobytes() == trees.LINKS[objective](sums[:count]).tobytes()
        assert "_booster" not in vars(score), "XGBoost was asked"


@pytest.mark.parametrize("change", ["another model", "other bits", "nothing kept", "cut off"])
def test_what_training_did_not_compare_is_compared_again(change: str, tmp_path: Path) -> None:
    trees.write(booster("reg:squarederror", 3, 4, 1, seed=0), tmp_path)
    kept = tmp_path / forest.FILE
    if change == "another model":
        booster("reg:squarederror", 3, 5, 1, seed=0).save_model(tmp_path / trees.FILE)
    elif change == "other bits":
        kept.write_text(kept.read_text(encoding="utf-8").replace('"margins": "', '"margins": "0'))
    elif change == "cut off":
        kept.write_text(kept.read_text(encoding="utf-8")[:40])
    else:
        kept.unlink()
    assert forest.read(tmp_path / trees.FILE) is None
    matrix = np.zeros((2, NUMBERS))
    own = xgboost.Booster(model_file=tmp_path / trees.FILE).inplace_predict(matrix)
    np.testing.assert_array_equal(trees.load(tmp_path)(matrix), own)


def test_a_model_s_file_is_read_as_xgboost_writes_it(tmp_path: Path) -> None:
    model = booster("multi:softprob", 4, 3, 2, seed=1)
    learner = ubjson.loads(bytes(model.save_raw("ubj")))["learner"]
    expected = json.loads(bytes(model.save_raw("json")))["learner"]
    assert learner["learner_model_param"] == expected["learner_model_param"]
    ours, theirs = (each["gradient_booster"]["model"]["trees"] for each in (learner, expected))
    for one, other in zip(ours, theirs, strict=True):
        assert one["left_children"].tolist() == other["left_children"]
        np.testing.assert_array_equal(
            one["split_conditions"], np.float32(other["split_conditions"])
        )
    content = bytes(model.save_raw("ubj"))
    for end in range(0, len(content), 97):
        with pytest.raises(ValueError, match="not UBJSON"):
            ubjson.loads(content[:end])


@pytest.mark.parametrize(("objective", "link"), list(trees.LINKS.items())[1:])
def test_a_link_gives_xgboost_s_own_scores(objective: str, link: links.Link) -> None:
    matrix = np.random.default_rng(4).normal(size=(20_000, NUMBERS)) * 4
    model = booster(objective, 6, 6, 1, seed=2)
    own = model.inplace_predict(matrix)
    ours = link(model.inplace_predict(matrix, predict_type="margin").reshape(len(matrix), -1))
    assert ours.dtype == own.dtype
    assert (ours != own).mean() < 0.001, "of the last of 24 bits"
    np.testing.assert_allclose(ours, own, rtol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"booster": "dart", "rate_drop": 0.5},
        {"booster": "gblinear"},
        {"max_cat_to_onehot": 1},
        {"multi_strategy": "multi_output_tree", "tree_method": "hist"},
    ],
)
def test_other_models_are_left_to_xgboost(parameters: dict[str, object], tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    matrix, target = random.integers(0, 5, (80, 2)).astype(float), random.normal(size=(80, 1))
    types = ["c", "q"] if "max_cat_to_onehot" in parameters else None
    if "multi_strategy" in parameters:
        target = np.hstack([target, -target])
    data = xgboost.DMatrix(matrix, target, feature_types=types, enable_categorical=bool(types))
    model = xgboost.train({"nthread": 1, **parameters}, data, 3)
    assert forest.of(model) is None


def test_another_objective_keeps_its_own_link(tmp_path: Path) -> None:
    matrix = np.arange(40.0).reshape(20, 2)
    data = xgboost.DMatrix(matrix, np.arange(20.0) + 1)
    model = xgboost.train({"objective": "reg:gamma", "nthread": 1}, data, 3)
    model.save_model(tmp_path / trees.FILE)
    np.testing.assert_array_equal(trees.load(tmp_path)(matrix), model.inplace_predict(matrix))
