# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions as features on disk, and as columns: rendered once, whole or again."""

import numpy as np
import pytest
from gnuradio.sentinel.gnss import description, statistics
from gnuradio.sentinel.gnss.families import CLASSES
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.simulation.parameters import check_parameters
from gnuradio.sentinel.gnss.simulation.receiver_model import Receiver
from gnuradio.sentinel.gnss.simulation.session import GainStep, Interval, Session
from gnuradio.sentinel.gnss.training.columns import columns_of, join_columns
from gnuradio.sentinel.gnss.training.dataset import cached, render_features

RATE = 256e3


def session(index=0, **keys):
    """28.5 s at a tenth of the rate: quiet, a carrier, a step of the gain, half a second of a carrier."""
    parameters = check_parameters("cw", {"offset_hz": 30e3})
    return Session(
        28.5,
        Receiver(noise_lsb=8.0, gain_db=30.0, tilt_db=2.0),
        (Interval(15, 18, "cw", parameters, 0.0, 3), Interval(27.5, 28, "cw", parameters, 10.0, 4)),
        (GainStep(22.5, 3.0),),
        sample_rate=RATE,
        baseline_s=12,
        seed=5,
        index=index,
        **keys,
    )


@pytest.fixture(scope="module")
def rendered():
    return render_features(session())


def test_features_are_those_of_the_samples(rendered):
    samples = np.concatenate([part for part, _ in session().chunks("cu8")])
    direct = measure(samples, RATE)
    assert len(rendered) == len(direct) == 29
    for name in ("power", "kurtosis", "coherence", "rows", "saturated_share", "sample_start", "sample_count"):
        assert np.array_equal(getattr(rendered.snapshots, name), getattr(direct, name)), name
    assert rendered.snapshots.rows[-1] < 0.51 * rendered.snapshots.rows[0]


def test_the_truth_stands_beside_them(rendered):
    cw = CLASSES.index("cw")
    assert list(np.flatnonzero(rendered.label)) == [15, 16, 17, 27] and rendered.label[15] == cw
    assert rendered.active_share[[14, 15, 27]] == pytest.approx([0, 1, 0.5])
    assert list(rendered.waveform[[0, 15, 17, 27]]) == [-1, 0, 0, 1]
    assert rendered.baseline.sum() == 12 and np.isnan(rendered.jn_db[0]) and rendered.jn_db[16] == 0
    # The gain in force at the end of each second.
    assert list(rendered.snapshots.gain_db[20:25]) == [30, 30, 33, 33, 33]


def same(one, other):
    arrays = (
        "power",
        "kurtosis",
        "coherence",
        "gain_db",
        "row_kurtosis",
        "sample_start",
        "sample_count",
        "time_s",
    )
    for name in arrays:
        assert np.array_equal(getattr(one.snapshots, name), getattr(other.snapshots, name)), name
    assert (one.snapshots.sample_rate, one.snapshots.snapshot_samples) == (
        other.snapshots.sample_rate,
        other.snapshots.snapshot_samples,
    )
    for name in ("label", "jn_db", "active_share", "baseline", "waveform"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "jn_db"), name


def test_a_session_is_rendered_once_and_a_damaged_file_again(tmp_path, rendered):
    def fetch():
        (found,) = cached(tmp_path, "set", lambda: [session()])
        return found

    same(fetch(), rendered)
    (path,) = (tmp_path / "set").iterdir()
    whole, written = path.read_bytes(), path.stat().st_mtime_ns
    same(fetch(), rendered)
    assert path.stat().st_mtime_ns == written
    for damaged in (b"", whole[:1000], whole[: len(whole) // 2], b"PK" + b"\0" * 500):
        path.write_bytes(damaged)
        same(fetch(), rendered)
        assert path.read_bytes() == whole
    # A partial file of a process that was killed lies elsewhere and disturbs nobody.
    (tmp_path / "set" / "x.part").write_bytes(whole[:10])
    same(fetch(), rendered)


def test_damage_inside_a_whole_archive_is_seen(tmp_path, rendered):
    (found,) = cached(tmp_path, "set", lambda: [session()])
    (path,) = (tmp_path / "set").iterdir()
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3] ^= 0x55
    path.write_bytes(whole)
    (found,) = cached(tmp_path, "set", lambda: [session()])
    same(found, rendered)


def test_other_sessions_have_other_files_and_progress_is_told(tmp_path):
    short = [Session(1.0, Receiver(), sample_rate=RATE, seed=seed, index=seed) for seed in (1, 2)]
    steps = []
    found = list(cached(tmp_path, "set", lambda: short, steps.append))
    assert len(found) == 2 and steps == [1, 1] and len(list((tmp_path / "set").iterdir())) == 2
    assert not np.array_equal(found[0].snapshots.power, found[1].snapshots.power)


def test_columns_of_a_session(rendered):
    columns = columns_of(rendered, 4)
    assert len(columns) == 29 and set(columns.session) == {4}
    assert columns.statistics.shape == (29, len(statistics.NAMES)) and np.isfinite(columns.statistics).all()
    assert (
        columns.description.shape == (29, len(description.NAMES)) and np.isfinite(columns.description).all()
    )
    found = columns.rule > 0.35
    assert found[[15, 16, 17, 27]].all() and not found[:15].any() and not found[19:27].any()
    assert np.array_equal(columns.score, columns.rule) and list(columns.second) == list(range(29))
    strongest = columns.energy[15:18].min()
    assert strongest > 20 and columns.kurtosis[15:18].min() > 20 and columns.energy[:15].max() < 20
    joined = join_columns([columns, columns[columns.label > 0]])
    assert len(joined) == 33 and joined.statistics.shape == (33, len(statistics.NAMES))


def test_the_truth_may_say_what_is_learned(rendered):
    # Where everything counts as found nothing is learned, unless the truth says what is quiet.
    columns, told = (columns_of(rendered, 0, threshold=-np.inf, told=told) for told in (False, True))
    place = statistics.NAMES.index("shape_max_now")
    assert told.statistics[15, place] > columns.statistics[15, place] + 1
    assert np.array_equal(told.statistics[0], columns.statistics[0])
