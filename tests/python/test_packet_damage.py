# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage to a stream of packets is what was asked for, and is counted exactly."""

import itertools
from collections import Counter

import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.packet_damage import LATE_OVERTAKEN, MOST_OVERTAKEN, Damage, DamageCounts, damaged


class Packet:
    """A number, and a length that differs from packet to packet."""

    def __init__(self, number):
        self.number = number

    def __len__(self):
        return 10 + self.number % 7


def send(count=5000, **damage):
    counts = DamageCounts()
    packets = [Packet(number) for number in range(count)]
    return [p.number for p in damaged(iter(packets), Damage(**damage), counts)], counts


def overtaken(order):
    """How many younger packets come before each, second copies not counted."""
    place = {number: index for index, number in reversed(list(enumerate(order)))}
    firsts = sorted(place, key=place.get)
    return {n: sum(other > n for other in firsts[: firsts.index(n)]) for n in firsts}


def test_nothing_asked_nothing_changed():
    order, counts = send(100)
    assert order == list(range(100))
    assert counts.packets == dict.fromkeys(counts.packets, 0) | {"made": 100, "sent": 100}


def test_losses_are_those_missing():
    order, counts = send(loss=0.1, seed=1)
    missing = sorted(set(range(5000)) - set(order))
    assert order == sorted(order) and order[0] == 0
    assert counts.packets["lost"] == len(missing)
    assert counts.samples["lost"] == sum(len(Packet(number)) for number in missing)
    # Binomial: 4.5 standard deviations of 21.
    assert abs(len(missing) - 500) < 96


def test_bursts_have_their_length():
    order, counts = send(burst_loss=0.01, burst_packets=4, seed=2)
    steps = [b - a for a, b in itertools.pairwise(order)]
    gaps = [step - 1 for step in steps if step > 1]
    # Two bursts may touch.
    assert len(gaps) > 30 and all(gap % 4 == 0 for gap in gaps)
    assert sum(gaps) + counts.packets["lost_at_end"] == counts.packets["lost"]


@pytest.mark.parametrize("kind", ["reorder", "late"])
def test_packets_are_overtaken_by_as_many_as_stated(kind):
    order, counts = send(1500, **{kind: 0.05}, seed=3)
    behind = {number: n for number, n in overtaken(order).items() if n}
    if kind == "reorder":
        assert sorted(order) == list(range(1500))
        assert set(behind.values()) == set(range(1, MOST_OVERTAKEN + 1))
        assert counts.packets["reordered"] == len(behind) > 40
    else:
        assert set(behind.values()) == {LATE_OVERTAKEN}
        assert counts.packets["late"] == len(behind) > 40
        # Those for which the stream was over too soon.
        assert len(order) + counts.packets["lost"] == 1500


def test_duplicates_follow_at_once():
    order, counts = send(duplicate=0.2, seed=4)
    twice = [number for number, times in Counter(order).items() if times == 2]
    assert order == sorted(order)
    assert counts.packets["duplicate"] == len(twice) > 800
    assert counts.samples["duplicate"] == sum(len(Packet(number)) for number in twice)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 400])
@pytest.mark.parametrize("seed", range(20))
def test_the_account_balances(count, seed):
    everything = {"loss": 0.1, "burst_loss": 0.02, "burst_packets": 3}
    everything |= {"reorder": 0.2, "late": 0.1, "duplicate": 0.2}
    order, counts = send(count, **everything, seed=seed)
    unique = set(order)
    packets, samples = counts.packets, counts.samples
    assert packets["made"] == count
    assert packets["sent"] == len(unique)
    assert packets["sent"] + packets["lost"] == count
    assert samples["sent"] + samples["lost"] == samples["made"]
    assert packets["sent"] + packets["duplicate"] == len(order)
    at_end = [number for number in range(count) if number > max(unique)]
    assert packets["lost_at_end"] == len(at_end)
    assert samples["lost_at_end"] == sum(len(Packet(number)) for number in at_end)
    behind = overtaken(order)
    late = {number for number, n in behind.items() if n == LATE_OVERTAKEN}
    assert set(behind.values()) <= {*range(MOST_OVERTAKEN + 1), LATE_OVERTAKEN}
    assert packets["late"] == len(late)
    assert packets["reordered"] == sum(n > 0 for n in behind.values()) - len(late)


def test_the_seed_decides_and_kinds_do_not_disturb_each_other():
    assert send(loss=0.1, seed=5)[0] == send(loss=0.1, seed=5)[0] != send(loss=0.1, seed=6)[0]
    lost = set(range(5000)) - set(send(loss=0.1, seed=5)[0])
    assert set(range(5000)) - set(send(loss=0.1, duplicate=0.3, reorder=0.2, seed=5)[0]) == lost


@pytest.mark.parametrize(
    "values, what",
    [
        ({"loss": 1.0}, "loss is 1.0; give a probability below 1"),
        ({"late": float("nan")}, "late is nan"),
        ({"burst_loss": 0.1, "burst_packets": 0}, "burst of 0 packets"),
        ({"jitter_s": -1.0}, "jitter is -1.0 s"),
    ],
)
def test_senseless_damage_is_refused(values, what):
    with pytest.raises(InputError, match=what):
        Damage(**values)
