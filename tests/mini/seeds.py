"""Any seed of the generated world, for property tests: a few seeds with a few rows each."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from adaptx.mini.suite import Suite

any_suite = st.integers(0, 10**9).map(lambda seed: Suite(seed=seed, train=6, dev=6, test=6))


def of_any_seed(test):
    """Run a test with the argument ``asked``: six rows a split, of eight seeds."""
    return settings(max_examples=8, deadline=None)(given(asked=any_suite)(test))
