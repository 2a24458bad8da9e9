# SPDX-License-Identifier: GPL-3.0-or-later
"""Long runs keep their memory; short versions of those of docs/results-streams.md."""

from gnuradio.sentinel.apps import evaluate_streams_soak as soak


def test_memory_of_an_hour_is_that_of_its_first_part():
    told = soak.full_speed(1.0)
    assert told.decisions == 359 and told.samples_lost == 0
    # A page here and there; an event kept for each of 359 cycles would be some MiB, samples 110.
    assert abs(told.late_mib - told.early_mib) < 12


def test_a_receiver_in_real_time():
    told = soak.one_detector(0.35)
    assert (told.decisions, told.events, told.samples_lost) == (2, 2, 0)
    assert told.signal_s == 21.0 and 0 < told.cpu_s < told.signal_s
    assert told.late_mib - told.early_mib < 12
