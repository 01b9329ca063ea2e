"""Splits are seeded, exact in size, and alike in level."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.metrics.stratified_split import stratified_folds, stratified_split

LEVELS: dict[str, float | None] = {f"c{place:02}": place / 10 for place in range(40)}

units = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4), st.none() | st.floats(0, 4, allow_nan=False), min_size=2, max_size=30
)


def mean_level(names: tuple[str, ...]) -> float:
    return statistics.fmean(LEVELS[name] or 0 for name in names)


@given(mean_levels=units, share=st.floats(0.05, 0.95), seed=st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_every_unit_is_on_exactly_one_side_of_the_wanted_size(
    mean_levels: dict[str, float | None], share: float, seed: int
) -> None:
    """No candidate is on both, none is lost, and the test side has its share to the unit."""
    split = stratified_split(mean_levels, test_share=share, seed=seed)
    assert set(split.calibration) | set(split.test) == set(mean_levels)
    assert not set(split.calibration) & set(split.test)
    wanted = min(max(round(len(mean_levels) * share), 1), len(mean_levels) - 1)
    assert len(split.test) == wanted


@pytest.mark.parametrize("seed", range(10))
def test_both_sides_are_alike_in_level(seed: int) -> None:
    """Forty candidates from 0 to 3.9, mean 1.95: a stratified half is within 0.25 of it, whatever the seed."""
    split = stratified_split(LEVELS, test_share=0.5, seed=seed)
    assert mean_level(split.test) == pytest.approx(1.95, abs=0.25)
    assert mean_level(split.calibration) == pytest.approx(1.95, abs=0.25)


def test_the_seed_decides_and_the_order_of_units_does_not() -> None:
    """The same seed, the same split, however the table was sorted; another seed, another split."""
    turned = dict(reversed(LEVELS.items()))
    assert set(stratified_split(LEVELS, test_share=0.4, seed=3).test) == set(
        stratified_split(turned, test_share=0.4, seed=3).test
    )
    assert stratified_split(LEVELS, test_share=0.4, seed=3) != stratified_split(LEVELS, test_share=0.4, seed=4)


@given(count=st.integers(2, 12), share=st.floats(0.1, 0.9))
@settings(max_examples=25, deadline=None)
def test_every_unit_is_in_test_on_some_seeds_and_not_on_others(count: int, share: float) -> None:
    """The lowest and the highest as well: no place in the order keeps a unit on one side for good."""
    names = {f"u{place}": float(place) for place in range(count)}
    tests = [set(stratified_split(names, test_share=share, seed=seed).test) for seed in range(200)]
    assert set().union(*tests) == set(names)
    assert not set(names).intersection(*tests)


@pytest.mark.parametrize("name", ["c00", "c07", "c20", "c39"])
def test_every_unit_has_the_same_chance_of_being_in_test(name: str) -> None:
    """Of 600 seeds, a share of .3 sends each unit there about 180 times: within four standard deviations of 11."""
    times = sum(name in stratified_split(LEVELS, test_share=0.3, seed=seed).test for seed in range(600))
    assert times == pytest.approx(180, abs=45)


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_every_stratum_gives_its_share_to_less_than_one_unit(seed: int, share: float) -> None:
    """Forty candidates make five strata of eight neighbours, wherever the walk begins."""
    test = stratified_split(LEVELS, test_share=share, seed=seed).test
    names = list(LEVELS)
    for start in range(0, 40, 8):
        given_away = len(set(names[start : start + 8]) & set(test))
        assert abs(given_away - 8 * len(test) / 40) < 1


def test_unlabelled_units_are_shared_out_too() -> None:
    """Ten labelled, ten not: half of each."""
    mixed: dict[str, float | None] = {f"l{place}": place for place in range(10)}
    mixed |= {f"u{place}": None for place in range(10)}
    split = stratified_split(mixed, test_share=0.5, seed=1)
    assert sum(name.startswith("u") for name in split.test) == 5


@given(mean_levels=units, seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_folds_hold_every_unit_once_and_are_of_one_size(mean_levels: dict[str, float | None], seed: int) -> None:
    """Sizes differ by one at the most."""
    folds = stratified_folds(mean_levels, folds=2, seed=seed)
    assert sorted(name for fold in folds for name in fold) == sorted(mean_levels)
    assert abs(len(folds[0]) - len(folds[1])) <= 1


def test_each_fold_has_low_and_high_units() -> None:
    """Five folds of forty candidates are alike in level."""
    for fold in stratified_folds(LEVELS, folds=5, seed=2):
        assert mean_level(fold) == pytest.approx(1.95, abs=0.5)


@pytest.mark.parametrize(
    ("levels", "share"), [({"a": 1.0}, 0.5), ({"a": 1.0, "b": 2.0}, 0.0), ({"a": 1.0, "b": 2.0}, 1.0)]
)
def test_what_cannot_be_split_is_refused(levels: dict[str, float | None], share: float) -> None:
    """One candidate, or a side that would hold nobody."""
    with pytest.raises(ValueError, match=r"split|share"):
        stratified_split(levels, test_share=share, seed=1)


@pytest.mark.parametrize("folds", [1, 41])
def test_folds_need_a_unit_each(folds: int) -> None:
    """One fold is no cross-validation, and forty units do not fill forty-one."""
    with pytest.raises(ValueError, match="folds"):
        stratified_folds(LEVELS, folds=folds, seed=1)
