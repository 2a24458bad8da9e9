# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest
from gnuradio.sentinel.core.intervals import (
    poisson_interval,
    poisson_upper_bound,
    rate_claim_holds,
    wilson_interval,
)
from scipy.stats import binomtest


@pytest.mark.parametrize("successes, trials", [(0, 10), (1, 10), (81, 263), (5, 5), (500, 1000)])
def test_wilson_agrees_with_scipy(successes, trials):
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_known_value_and_exact_ends():
    # Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553 .. 0.3662.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20).low == 0.0
    assert wilson_interval(20, 20).high == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_poisson_known_values():
    # Garwood 1936 and every table since: 0 -> 3.689, 1 -> 0.0253 .. 5.572, 10 -> 4.795 .. 18.39.
    assert poisson_interval(0) == pytest.approx((0.0, 3.6889), abs=5e-4)
    assert poisson_interval(1) == pytest.approx((0.02532, 5.5716), abs=5e-4)
    assert poisson_interval(10) == pytest.approx((4.7954, 18.3904), abs=5e-4)
    low, high = poisson_interval(10, exposure=2.0)
    assert (low, high) == pytest.approx((2.3977, 9.1952), abs=5e-4)
    assert poisson_upper_bound(0) == pytest.approx(-math.log(0.05), rel=1e-12)
    assert poisson_upper_bound(3, exposure=10) == pytest.approx(0.77537, abs=5e-5)


@pytest.mark.parametrize("mean", [2.0, 30.0])
def test_poisson_interval_covers_at_least_its_confidence(rng, mean):
    counts = rng.poisson(mean, 3000)
    covered = [low <= mean <= high for low, high in (poisson_interval(int(n)) for n in counts)]
    assert np.mean(covered) > 0.95 - 4 * math.sqrt(0.05 * 0.95 / 3000)


def test_a_claimed_rate_needs_enough_evidence():
    # None in one hour bounds the rate by 3.0: too little for "at most 1", enough for "at most 2".
    assert not rate_claim_holds(0, 1.0, limit=1.0)
    assert rate_claim_holds(0, 1.0, limit=2.0)
    # 30 in 30 hours are bounded by 40.7 / 30 = 1.36.
    assert rate_claim_holds(30, 30.0, limit=1.0)
    assert not rate_claim_holds(40, 30.0, limit=1.0)


def test_nonsense_is_refused():
    for call in (
        lambda: wilson_interval(3, 2),
        lambda: wilson_interval(-1, 2),
        lambda: wilson_interval(1, 2, confidence=1.0),
        lambda: poisson_interval(-1),
        lambda: poisson_interval(1, exposure=0),
        lambda: poisson_upper_bound(1, exposure=float("nan")),
    ):
        with pytest.raises(ValueError):
            call()
