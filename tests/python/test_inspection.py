# SPDX-License-Identifier: GPL-3.0-or-later
"""What `sentinel info` says, against closed forms."""

import json

import numpy as np
import pytest
from conftest import SHARED_DATA
from gnuradio import sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.inspection import format_info, inspect_recording, pulse_fits
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.core.simulate_io import write_sigmf

RATE = 100e3


def tone(count, offset_hz, amplitude):
    return amplitude * np.exp(2j * np.pi * offset_hz / RATE * np.arange(count))


@pytest.fixture
def noise():
    return sentinel.kernel.gaussian_noise(5).generate(600_001)


def inspect(tmp_path, samples, datatype="cf32_le", **options):
    path = write_sigmf(
        tmp_path / "x.sigmf-meta", samples.astype(np.complex64), RATE, datatype=datatype, **options
    )
    return inspect_recording(open_recording(path))


def test_a_full_scale_tone_reads_0_dbfs(tmp_path):
    info = inspect(tmp_path, tone(300_000, 12_345.6, 1.0))
    assert info.level_dbfs == pytest.approx(0, abs=1e-5)
    assert info.peak_dbfs == pytest.approx(0, abs=1e-5)
    assert info.clipped_share is None


def test_tones_in_noise(tmp_path, noise):
    # Noise at -40 dBFS over 4096 bins; the window's equivalent noise bandwidth is 1.5 bins.
    samples = (
        0.01 * noise + tone(len(noise), 20_003.0, 0.1) + tone(len(noise), -30_001.0, 0.05) + (0.02 - 0.01j)
    )
    info = inspect(tmp_path, samples)
    offsets = [offset for offset, _ in info.lines]
    gains = [db for _, db in info.lines]
    assert offsets[:3] == pytest.approx([20_003.0, -30_001.0, 0.0], abs=0.1 * info.line_width_hz)
    over_floor = [10 * np.log10(a**2 / (1e-4 * 1.5 / 4096)) for a in (0.1, 0.05, abs(0.02 - 0.01j))]
    # Scalloping of the Hann window takes at most 1.42 dB.
    for gain, expected in zip(gains, over_floor, strict=False):
        assert expected - 1.6 < gain < expected + 0.2
    assert len(info.lines) == 3
    assert info.dc_offset == pytest.approx((0.02, -0.01), abs=1e-4)
    power = 1e-4 + 0.01 + 0.0025 + 0.0005
    assert info.level_dbfs == pytest.approx(10 * np.log10(power), abs=0.02)


def test_noise_has_no_lines(tmp_path, noise):
    assert inspect(tmp_path, 0.1 * noise).lines == ()


def test_faults_are_counted_over_all_chunks(tmp_path, noise):
    samples = 0.1 * noise
    samples[[0, 300_000, 600_000]] = np.nan
    assert inspect(tmp_path, samples).nonfinite_count == 3
    clipped = 0.1 * noise
    clipped[::1000] = 2.0
    info = inspect(tmp_path, clipped, "cu8")
    assert info.clipped_share == pytest.approx(601 / 600_001)
    assert info.peak_dbfs == 0.0


def test_silence_has_no_level(tmp_path):
    info = inspect(tmp_path, np.zeros(100))
    assert (info.level_dbfs, info.peak_dbfs, info.lines) == (None, None, ())
    assert "silence" in format_info(info)
    assert json.loads(info.to_json())["level_dbfs"] is None


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 300])
def test_short_recordings(tmp_path, count):
    info = inspect(tmp_path, np.full(count, 0.5 + 0j))
    assert info.sample_count == count
    assert info.level_dbfs == pytest.approx(-6.0206, abs=1e-3)


def test_gaps_from_the_metadata(tmp_path):
    path = write_sigmf(
        tmp_path / "x.sigmf-meta", np.ones(1000, np.complex64), 1000.0, 1e8, "2026-07-01T12:00:00.000Z"
    )
    meta = json.loads(path.read_text())
    meta["captures"].append(
        {"core:sample_start": 400, "core:frequency": 1e8, "core:datetime": "2026-07-01T12:00:00.900Z"}
    )
    path.write_text(json.dumps(meta))
    info = inspect_recording(open_recording(path))
    assert [(g.sample, pytest.approx(0.5)) for g in info.gaps] == [(400, g.seconds) for g in info.gaps]
    assert len(info.gaps) == 1
    assert "+0.500000 s in front of sample 400" in format_info(info)


def test_rooms(tmp_path):
    assert pulse_fits(500, 100)[0] is False
    assert "1 kHz" in pulse_fits(500, 100)[1]
    fits, why = pulse_fits(3840, 9.0)
    assert not fits and "fits intervals up to 1.8 s" in why
    assert pulse_fits(3840, 31.0) == (True, "3 cycles of 5 pulses 2 s apart")
    path = write_sigmf(tmp_path / "x.sigmf-meta", np.ones(100, np.complex64), RATE)
    info = inspect_recording(
        open_recording(path), rooms={"all": lambda rate, duration_s: (True, f"{rate:g} {duration_s:g}")}
    )
    assert info.rooms == {"all": (True, "100000 0.001")}
    assert "room all     fits: 100000 0.001" in format_info(info)


def test_progress_adds_up_and_json_is_whole(tmp_path, noise):
    path = write_sigmf(tmp_path / "x.sigmf-meta", 0.1 * noise, RATE)
    done = []
    info = inspect_recording(open_recording(path), progress=done.append)
    assert sum(done) == 600_001 and len(done) > 1
    assert json.loads(info.to_json())["rooms"]["pulse"][0] is False


def test_standard_input_is_refused():
    with pytest.raises(InputError, match="standard input cannot be inspected"):
        inspect_recording(open_recording("-", 1e3, "cu8"))


@pytest.mark.skipif(not SHARED_DATA.exists(), reason="no real recordings beside the project")
@pytest.mark.parametrize(
    ("name", "carrier_hz"),
    [("nexus_01_gfile001", 78_400), ("PT2262_01_gfile001", -83_300), ("alectov1_gfile001", -94_800)],
)
def test_real_carriers(name, carrier_hz):
    path = SHARED_DATA / "real433" / f"{name}_433.92M_250k.cu8"
    info = inspect_recording(open_recording(path, sample_rate="250k"))
    raw = np.fromfile(path, np.uint8).astype(float).reshape(-1, 2) - 127.5
    assert info.level_dbfs == pytest.approx(10 * np.log10((raw**2).sum(axis=1).mean() / 127.5**2), abs=1e-6)
    offsets = [offset for offset, _ in info.lines if abs(offset) > 1000]
    # On-off keying spreads the carrier, and the published figures have another resolution.
    assert abs(offsets[0] - carrier_hz) < 1500
