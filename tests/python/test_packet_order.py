# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels of the gap guard against plain Python."""

import numpy as np
import pytest
from gnuradio.sentinel import kernel
from hypothesis import given
from hypothesis import strategies as st
from packet_streams import RATE, time_of


def reference(sequence, depth=4):
    """Packets in order and the packets missing before each, by the rule in its plainest form."""
    played, held, due = [], set(), sequence[0]
    for number in [*sequence, None]:
        if number is not None and number >= due:
            held.add(number)
        while held and (min(held) == due or len(held) > depth or number is None):
            played.append((min(held), min(held) - due))
            due = min(held) + 1
            held.discard(due - 1)
    return played


def played_by(order, headers):
    """(number, missing samples) of what the kernel hands on, with `headers` of (number, keywords)."""
    slots, played = {}, []
    for number, keywords in [*headers, (None, None)]:
        steps = order.finish() if number is None else order.push(**keywords)
        for step in steps:
            if step["what"] == "hold":
                assert step["slot"] not in slots
                slots[step["slot"]] = number
            elif step["what"] in ("pass", "play"):
                played.append((number if step["slot"] < 0 else slots.pop(step["slot"]), step["missing"]))
            elif step["slot"] >= 0:
                slots.pop(step["slot"])
    assert not slots
    return played


@given(
    fates=st.lists(st.tuples(st.integers(0, 6), st.sampled_from("......ld")), min_size=2, max_size=80),
    first=st.sampled_from([0, 2**31 - 20, 2**32 - 20, 2**40 - 20, 2**63 - 20]),
    stamps=st.booleans(),
)
def test_order_and_losses_are_those_of_the_plain_rule(fates, first, stamps):
    """Packets delayed by up to 6 places, lost or doubled."""
    sent = [(0, 0)]
    for number, (delay, fate) in enumerate(fates, 1):
        sent += [(number + delay, number)] * {"l": 0, "d": 2}.get(fate, 1)
    numbers = [number for _, number in sorted(sent, key=lambda pair: pair[0])]
    headers = []
    for number in numbers:
        key = dict(time_ns=time_of(100 * number)) if stamps else dict(seq=first + number)
        headers.append((number, dict(items=100) | key))
    found = played_by(kernel.packet_order(RATE), headers)
    assert found == [(number, 100 * missing) for number, missing in reference(numbers)]


@pytest.mark.parametrize("packet", [1023, 131072])
@pytest.mark.parametrize("rate", [3840.0, 2.4e6])
@pytest.mark.parametrize("ppm", [-190, -50, 50, 190])
def test_the_line_follows_a_clock(packet, rate, ppm):
    line, exact = kernel.time_line(), 1 / rate / (1 + ppm * 1e-6)
    line.start(time_of(0), rate)
    for number in range(1, 400):
        line.advance(packet)
        residual = line.residual_s(time_of(0) + round(1e9 * number * packet * exact))
        assert abs(residual) <= line.tolerance_s()
        line.observe(residual)
    assert line.rate_ppm() == pytest.approx(ppm, abs=0.05)
    assert abs(residual) < max(2e-9, 0.02 / rate)


def test_jitter_is_measured(rng):
    line = kernel.time_line()
    line.start(time_of(0), RATE)
    measured = []
    for number in range(1, 5000):
        line.advance(1023)
        line.observe(line.residual_s(time_of(1023 * number) + round(5e6 * rng.standard_normal())))
        measured.append(line.jitter_s())
    assert np.mean(measured[100:]) == pytest.approx(0.005, rel=0.05)


def test_pace_tells_a_step_from_a_loss():
    pace = kernel.arrival_pace()
    for number in range(20):
        pace.observe(10**9 + number * 10**8, 0.1 * number)
    assert pace.paced()
    assert pace.is_clock_step(3 * 10**9, 2.0, 1.5)
    assert not pace.is_clock_step(3 * 10**9 + 15 * 10**8, 2.0, 1.5)
    hasty = kernel.arrival_pace()
    for number in range(20):
        hasty.observe(10**9 + number * 10**6, 0.1 * number)
    assert not hasty.paced()
    assert not hasty.is_clock_step(10**9 + 20 * 10**6, 2.0, 1.5)


def test_the_published_rule_is_its_formula(rng):
    rule, last = kernel.published_gap_rule(RATE), None
    time_ns = time_of(0)
    for _ in range(200):
        items = int(rng.integers(1, 2000))
        (step,) = rule.push(items, time_ns=time_ns)
        if last is not None:
            gap_ns = time_ns - last[0] - round(last[1] * 1e9 / RATE)
            missing = round(gap_ns * 1e-9 * RATE)
            assert step["missing"] == max(missing, 0) and step["never_fill"] == (missing < 0)
        last = time_ns, items
        time_ns += round(items * 1e9 / RATE) + int(rng.integers(-5, 6)) * int(rng.integers(0, 10**7))


def test_the_accountant_needs_a_whole_minute():
    accountant = kernel.clock_accountant(1000.0)
    estimated = [accountant.add(90 if 20 < second < 31 else 1000, second * 10**9) for second in range(130)]
    (found,) = [lost for lost in estimated if lost]
    assert found == pytest.approx(10 * 910, abs=1)
    assert 60 <= estimated.index(found) <= 61
