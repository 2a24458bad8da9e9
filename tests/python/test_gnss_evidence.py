# SPDX-License-Identifier: GPL-3.0-or-later
"""The fusion's truth table, and the receiver's reference on simulated logs."""

from dataclasses import replace

import numpy as np
import pytest
from gnuradio.sentinel.gnss.receiver import evidence
from gnuradio.sentinel.gnss.receiver.evidence import (
    NO_RECEIVER,
    EvidenceSettings,
    ReceiverEvidence,
    ReceiverReference,
    SpectrumEvidence,
    judge,
    receiver_suffers,
)
from gnuradio.sentinel.gnss.receiver.receiver_data import FrontEnd, ReceiverState
from gnuradio.sentinel.gnss.simulation.nmea_log import Receiver, receiver_log

START = 1_782_907_200
FINE = ReceiverEvidence(available=True, drop_db=0.2, compared=8)
DOWN = ReceiverEvidence(available=True, drop_db=5.0, compared=8)
LOST = ReceiverEvidence(available=True, drop_db=None, fix_lost=True)
CLEAN = SpectrumEvidence(shape_exponent=1.0, level_exponent=0.3, level_rise_db=0.01, gain_known=True)
SHAPE = replace(CLEAN, shape_exponent=9.0, gain_known=False)
LEVEL_KNOWN = replace(CLEAN, level_exponent=9.0, level_rise_db=2.0)
LEVEL_UNKNOWN = replace(LEVEL_KNOWN, gain_known=False)
NOT_JUDGED = SpectrumEvidence(shape_exponent=None)

#: Every cell: spectrum, receiver, kind, flags.
TABLE = [
    (CLEAN, NO_RECEIVER, "none", {"no_receiver"}),
    (CLEAN, FINE, "none", set()),
    (CLEAN, DOWN, "obstruction", set()),
    (CLEAN, LOST, "obstruction", {"fix_lost"}),
    (SHAPE, NO_RECEIVER, "interference", {"no_receiver"}),
    (SHAPE, FINE, "interference", {"early_warning"}),
    (SHAPE, DOWN, "interference", set()),
    (SHAPE, LOST, "interference", {"fix_lost"}),
    (LEVEL_KNOWN, NO_RECEIVER, "interference", {"no_receiver"}),
    (LEVEL_KNOWN, FINE, "interference", {"early_warning"}),
    (LEVEL_KNOWN, DOWN, "interference", set()),
    (LEVEL_KNOWN, LOST, "interference", {"fix_lost"}),
    (LEVEL_UNKNOWN, NO_RECEIVER, "none", {"no_receiver", "level_unconfirmed"}),
    (LEVEL_UNKNOWN, FINE, "none", {"level_unconfirmed"}),
    (LEVEL_UNKNOWN, DOWN, "interference", set()),
    (LEVEL_UNKNOWN, LOST, "interference", {"fix_lost"}),
    (NOT_JUDGED, NO_RECEIVER, "none", {"no_receiver", "not_judged"}),
    (NOT_JUDGED, FINE, "none", {"not_judged"}),
    (NOT_JUDGED, DOWN, "none", {"not_judged"}),
    (NOT_JUDGED, LOST, "none", {"not_judged", "fix_lost"}),
]


@pytest.mark.parametrize(("spectrum", "receiver", "kind", "flags"), TABLE)
def test_truth_table(spectrum, receiver, kind, flags):
    judged = judge(spectrum, receiver)
    assert (judged.kind, set(judged.flags)) == (kind, flags)
    assert judged.spectrum_raised == (kind == "interference")
    assert judged.receiver_suffers == receiver_suffers(receiver)


def test_the_table_is_the_documented_one():
    """Each of its cells stands in the module's text."""
    rows = [line.split("|")[1:-1] for line in evidence.__doc__.splitlines() if line.startswith("|")][2:]
    names = {
        "clean": CLEAN,
        "gain unknown": LEVEL_UNKNOWN,
        "known gain": LEVEL_KNOWN,
        "not judged": NOT_JUDGED,
    }
    assert len(rows) == 4
    for label, *cells in rows:
        spectrum = next(value for name, value in names.items() if name in label)
        for cell, receiver in zip(cells, (FINE, DOWN, NO_RECEIVER), strict=True):
            judged = judge(spectrum, receiver)
            said = [judged.kind, *(f"`{flag}`" for flag in judged.flags if flag != "no_receiver")]
            assert cell.strip() == ", ".join(said)


def test_the_receivers_agc():
    fell = replace(FINE, agc_fall=0.3)
    # It confirms a level at an unknown gain before C/N0 has fallen.
    judged = judge(LEVEL_UNKNOWN, fell)
    assert (judged.kind, judged.flags) == ("interference", ("early_warning",))
    assert judge(CLEAN, fell).kind == "none"
    assert judge(CLEAN, replace(DOWN, agc_fall=0.3)).flags == ("agc_fell",)
    assert judge(LEVEL_UNKNOWN, replace(fell, available=False)).kind == "none"


def test_a_threshold_of_its_own_for_seconds_in_which_the_receiver_suffers():
    weak = replace(CLEAN, shape_exponent=4.0)
    assert judge(weak, DOWN).kind == "obstruction"
    settings = EvidenceSettings(supported_exponent=3.5)
    assert judge(weak, DOWN, settings).kind == "interference"
    assert judge(weak, FINE, settings).kind == "none"


def states(truth):
    """The states that a client would have got."""
    made = []
    for epoch in truth.epochs:
        made.append(
            ReceiverState(
                time_s=epoch.time_s,
                mode=epoch.mode,
                satellites=epoch.satellites,
                satellites_in_view=len(epoch.satellites),
                satellites_used=sum(sat.used for sat in epoch.satellites),
            )
        )
    return made


def run(truth_or_states, reference=None, frozen=lambda _t: False):
    """Evidence of each second: compare first, then learn."""
    reference = reference or ReceiverReference()
    found = []
    given = truth_or_states if isinstance(truth_or_states, list) else states(truth_or_states)
    for t, state in enumerate(given):
        found.append(reference.compare(state))
        reference.learn(state, START + t, frozen(t))
    return found


def test_an_hour_without_interference_has_no_fall(rng):
    """Satellites move and their C/N0 scatter by 1 dB, twice a receiver's: never 3 dB."""
    truth = receiver_log(3600, start_time_s=START, receiver=Receiver(scatter_db=1.0))
    found = run(truth)
    assert not any(receiver_suffers(each) for each in found)
    drops = [each.drop_db for each in found[20:]]
    assert (
        max(drops) < 2.5
        and abs(np.mean([each.mean_drop_db for each in found[20:]])) < 0.2
        and all(each.available for each in found)
    )


def test_a_jammer_and_an_obstruction_are_a_fall_at_once():
    js = np.where(np.arange(180) < 120, -np.inf, 25.0)
    jammed = run(receiver_log(180, start_time_s=START, js_db=js))
    # 45 dB-Hz under J/S 25 dB at Q 1.5: 36.3.
    assert not any(map(receiver_suffers, jammed[:120])) and all(map(receiver_suffers, jammed[121:]))
    assert jammed[125].drop_db == pytest.approx(8.7, abs=1.5)
    loss = np.where(np.arange(180) < 120, 0.0, 10.0)
    shadowed = run(receiver_log(180, start_time_s=START, obstruction_db=loss))
    assert shadowed[125].drop_db == pytest.approx(10, abs=1) and all(map(receiver_suffers, shadowed[121:]))


def test_a_lost_fix_and_lost_satellites_count():
    js = np.where(np.arange(140) < 120, -np.inf, 90.0)
    found = run(receiver_log(140, start_time_s=START, js_db=js), frozen=lambda t: t >= 120)
    last = found[-1]
    assert last.fix_lost and last.lost == last.compared > 15
    assert last.drop_db > 15


def test_satellites_that_come_and_go_are_no_fall():
    given = states(receiver_log(600, start_time_s=START, receiver=Receiver(scatter_db=0.3)))
    changed = []
    for t, state in enumerate(given):
        # One after the other, from the strongest on, leaves for good; all come back later, weaker by 10 dB
        # under other numbers.
        gone = min(t // 60, 6)
        order = sorted(state.satellites, key=lambda sat: -(sat.cn0_db_hz or 0))
        others = [replace(sat, svid=sat.svid + 40, cn0_db_hz=sat.cn0_db_hz - 10) for sat in order[:gone]]
        changed.append(replace(state, satellites=tuple(order[gone:] + others)))
    assert not any(map(receiver_suffers, run(changed)))


def test_the_reference_stands_still_under_interference_and_follows_no_ramp():
    ramp = np.concatenate([np.zeros(120), np.linspace(0, 30, 600)])  # 0.05 dB/s
    found = run(receiver_log(720, start_time_s=START, obstruction_db=ramp))
    first = next(t for t, each in enumerate(found) if receiver_suffers(each))
    assert 120 + 50 < first < 120 + 110  # 3 dB at 0.04 dB/s
    js = np.where(np.arange(2000) < 120, -np.inf, 25.0)
    frozen = run(receiver_log(2000, start_time_s=START, js_db=js), frozen=lambda t: t >= 120)
    assert all(map(receiver_suffers, frozen[125:]))


def test_without_a_reference_or_a_state_there_is_no_fall():
    truth = receiver_log(20, start_time_s=START, js_db=60.0)
    assert not any(map(receiver_suffers, run(truth)))  # jammed from its first second on
    reference = ReceiverReference()
    assert reference.compare(None) == NO_RECEIVER
    stale = ReceiverState(mode=1, satellites_in_view=0).as_stale(5.0)
    assert reference.compare(stale) == NO_RECEIVER
    # Two satellites are too few.
    given = [replace(s, satellites=s.satellites[:2]) for s in states(receiver_log(60, start_time_s=START))]
    assert run(given)[-1].drop_db is None


def test_agc_has_a_reference_too():
    given = states(receiver_log(60, start_time_s=START))
    given = [replace(state, front_end=FrontEnd(agc=0.6, jamming=0.1)) for state in given]
    given[-1] = replace(given[-1], front_end=FrontEnd(agc=0.35, jamming=0.9))
    last = run(given)[-1]
    assert last.agc_fall == pytest.approx(0.25, abs=1e-6) and last.jamming == 0.9


def test_no_reports_of_satellites_are_no_fall_and_memory_is_bounded():
    given = states(receiver_log(60, start_time_s=START))
    given += [ReceiverState(mode=3) for _ in range(10)]  # the sky is not told, say a NMEA filter
    assert not any(map(receiver_suffers, run(given)))
    reference = ReceiverReference()
    for t in range(400):
        sats = tuple(replace(sat, svid=sat.svid + 100 * t) for sat in given[0].satellites)
        reference.learn(replace(given[0], satellites=sats), START + t, False)
    assert len(reference._known) <= 256
