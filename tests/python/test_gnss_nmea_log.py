# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated receiver logs: C/N0 by the closed form, satellites lost and found, sentences well formed."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss.receiver.effect import effective_cn0, undisturbed_cn0
from gnuradio.sentinel.gnss.simulation.nmea_log import GLONASS, Receiver, receiver_log, write_nmea
from gnuradio.sentinel.gnss.simulation.nmea_sentences import checksum, epoch_sentences

START = 1_782_907_200  # 2026-07-01T12:00:00Z
QUIET = Receiver(scatter_db=0.0)


def test_cn0_follows_jammer_and_separation():
    js = np.repeat([-np.inf, 10.0, 20.0, 30.0], 5)
    q = np.where(np.arange(20) % 2, 1.5, 2.5)
    truth = receiver_log(20, start_time_s=START, js_db=js, q=q, receiver=QUIET)
    for second in range(20):
        for place, satellite in enumerate(truth.epochs[second].satellites):
            free = float(undisturbed_cn0(satellite.elevation_deg))
            # J/S is that of a satellite at 45 dB-Hz; GLONASS gets 20 dB less of it.
            own_js = js[second] + 45 - free - (20 if satellite.gnssid == GLONASS else 0)
            expected = float(effective_cn0(free, own_js, q[second]))
            assert truth.cn0_db_hz[second, place] == pytest.approx(expected, abs=1e-9)
            if expected >= QUIET.tracking_db_hz:
                assert satellite.cn0_db_hz == pytest.approx(expected, abs=1e-9)


def test_satellites_are_lost_and_found_again_and_the_fix_with_them():
    receiver = Receiver(scatter_db=0.0, glonass_rejection_db=0.0)
    js = np.where((np.arange(30) >= 10) & (np.arange(30) < 20), 50.0, -np.inf)
    truth = receiver_log(30, start_time_s=START, js_db=js, receiver=receiver)
    assert set(truth.mode[:10]) == {3} and set(truth.mode[10:20]) == {1}
    assert not truth.used[10:20].any()
    assert all(sat.cn0_db_hz is None for sat in truth.epochs[15].satellites)
    # Found after 3 s over the threshold.
    assert set(truth.mode[20:22]) == {1} and set(truth.mode[22:]) == {3}
    # In view all the time: the almanac knows them.
    assert len({len(epoch.satellites) for epoch in truth.epochs}) == 1


def test_an_obstruction_lowers_all_alike_and_a_jammer_on_l1_spares_glonass():
    loss = np.where(np.arange(20) < 10, 0.0, 12.0)
    truth = receiver_log(20, start_time_s=START, obstruction_db=loss, receiver=QUIET)
    # Only the elevations have moved besides, by 0.03 degrees.
    assert np.allclose(truth.cn0_db_hz[0] - truth.cn0_db_hz[10], 12, atol=0.05)
    jammed = receiver_log(20, start_time_s=START, js_db=40.0, receiver=QUIET)
    glonass = np.array([sat.gnssid == GLONASS for sat in jammed.epochs[0].satellites])
    assert jammed.cn0_db_hz[:, glonass].min() > 30 > jammed.cn0_db_hz[:, ~glonass].max()
    assert set(jammed.mode) == {3} and not jammed.used[:, ~glonass].any()


def test_sentences_are_those_of_the_standard(tmp_path):
    truth = receiver_log(3, start_time_s=START)
    write_nmea(tmp_path / "log.nmea", truth)
    lines = (tmp_path / "log.nmea").read_bytes().split(b"\r\n")[:-1]
    kinds = [line[1:6].decode() for line in lines]
    assert kinds[:2] == ["GNRMC", "GNGGA"] and {"GPGSV", "GAGSV", "GLGSV", "GAGSA", "GNGST"} <= set(kinds)
    for line in lines:
        body, _, digits = line[1:].decode().partition("*")
        assert line[:1] == b"$" and checksum(body) == digits and len(line) <= 82
    # The example that the literature gives of a checksum.
    assert checksum("GPGLL,5057.970,N,00146.110,E,142451,A") == "27"
    assert b"$GNRMC,120000.00,A,5006.0" in lines[0] and b",010726," in lines[0]


@pytest.mark.parametrize(
    ("latitude", "longitude", "text"),
    [(-33.999999999, -0.5, "3400.00000,S,00030.00000,W"), (0.0, 179.99999999, "0000.00000,N,18000.00000,E")],
)
def test_places_of_both_hemispheres(latitude, longitude, text):
    receiver = Receiver(latitude, longitude, range_error_m=0.0)
    (epoch,) = receiver_log(1, start_time_s=START, receiver=receiver).epochs
    assert text in epoch_sentences(epoch)


def test_the_same_seed_gives_the_same_log_and_wrong_arrays_are_refused():
    assert receiver_log(5, start_time_s=START).text() == receiver_log(5, start_time_s=START).text()
    other = receiver_log(5, start_time_s=START, receiver=Receiver(seed=2))
    assert receiver_log(5, start_time_s=START).text() != other.text()
    with pytest.raises(ValueError, match="each of 5 s"):
        receiver_log(5, start_time_s=START, js_db=np.zeros(4))
    with pytest.raises(ValueError, match="q must be above 0"):
        receiver_log(5, start_time_s=START, q=0.0)
