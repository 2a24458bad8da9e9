# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening recordings: what is found in good ones, and the one line each bad one gets."""

import json
import os
import struct
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
import sigmf
from conftest import SHARED_DATA
from gnuradio import sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.recording import Capture, open_recording
from gnuradio.sentinel.core.sigmf_time import format_datetime, parse_datetime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

SAMPLES = 1000


def make_sigmf(folder, data=b"\x80" * 2 * SAMPLES, captures=None, annotations=(), name="x", **info):
    """Write a pair of files by hand, so that it may be wrong; returns the metadata's path."""
    captures = [{"core:sample_start": 0}] if captures is None else captures
    fields = {"core:datatype": "cu8", "core:sample_rate": 1000.0, "core:version": "1.2.0"}
    fields |= {f"core:{key}": value for key, value in info.items()}
    fields = {key: value for key, value in fields.items() if value is not ...}
    meta = {"global": fields, "captures": captures, "annotations": list(annotations)}
    path = folder / f"{name}.sigmf-meta"
    path.write_text(json.dumps(meta))
    if data is not None:
        (folder / f"{name}.sigmf-data").write_bytes(data)
    return path


def refusal(path, **options):
    """The text of the error, which must be one line that names the file."""
    with pytest.raises(InputError) as caught:
        open_recording(path, **options)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 500
    return text


@pytest.mark.parametrize(
    ("suffix", "fmt", "size"),
    [
        (".cf32", "cf32_le", 8),
        (".fc32", "cf32_le", 8),
        (".cs16", "ci16_le", 4),
        (".cs8", "ci8", 2),
        (".cu8", "cu8", 2),
        (".CU8", "cu8", 2),
        (".complex16s", "ci8", 2),
        (".complex16u", "cu8", 2),
    ],
)
def test_raw_suffixes(tmp_path, suffix, fmt, size):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(bytes(160))
    found = open_recording(path, sample_rate="2.4M", center_freq="146M")
    assert (found.format, found.sample_rate, found.sample_count) == (fmt, 2.4e6, 160 // size)
    assert (found.center_freq_hz, found.start_time, found.accounting) == (146e6, None, "exact")
    assert (found.path, found.byte_offset, found.warnings) == (path, 0, ())


@pytest.mark.parametrize("suffix", [".iq", ".data", ".bin", ""])
def test_other_suffixes_need_the_format(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(bytes(160))
    assert "give --format, one of cu8" in refusal(path, sample_rate=1e3)
    assert open_recording(path, sample_rate=1e3, fmt="cs16").sample_count == 40


def test_sigmf_pair_from_either_file(tmp_path):
    path = make_sigmf(
        tmp_path,
        captures=[
            {
                "core:sample_start": 0,
                "core:frequency": 146e6,
                "core:datetime": "2026-07-01T12:00:00.123456789Z",
            }
        ],
        annotations=[{"core:sample_start": 10, "core:sample_count": 5, "core:label": "tag"}],
    )
    for name in (path, path.with_suffix(".sigmf-data")):
        found = open_recording(name)
        assert found.path == tmp_path / "x.sigmf-data"
        assert found.metadata_path == path
        assert (found.format, found.sample_rate, found.sample_count) == ("cu8", 1000.0, SAMPLES)
        assert found.start_time == "2026-07-01T12:00:00.123456789Z"
        assert found.annotations[0]["core:label"] == "tag"
        assert found.warnings == ()
    # What metadata says may be said again.
    assert open_recording(path, sample_rate=1000, center_freq="146M", fmt="cu8").center_freq_hz == 146e6


def test_archive_is_read_in_place(tmp_path, rng):
    data = rng.integers(0, 256, 2 * SAMPLES, dtype=np.uint8).tobytes()
    meta = make_sigmf(tmp_path, data, captures=[{"core:sample_start": 0, "core:frequency": 1e8}])
    archive = tmp_path / "all.sigmf"
    sigmf.fromfile(meta).archive(str(archive))
    found = open_recording(archive)
    assert (found.path, found.sample_count, found.center_freq_hz) == (archive, SAMPLES, 1e8)
    assert archive.read_bytes()[found.byte_offset :][: 2 * SAMPLES] == data
    assert found.warnings == ()

    # Cut inside of the samples when the metadata stands in front, as tar writes it by name.
    second = tmp_path / "cut.sigmf"
    with tarfile.open(second, "w") as tar:
        tar.add(meta, "x/x.sigmf-meta")
        tar.add(meta.with_suffix(".sigmf-data"), "x/x.sigmf-data")
    os.truncate(second, open_recording(second).byte_offset + 901)
    found = open_recording(second)
    assert found.sample_count == 450
    assert "is cut short, x.sigmf-data has 901 of its 2000 bytes" in found.warnings[0]
    assert "1 of the 2 bytes" in found.warnings[1]


def test_header_trailer_dataset_and_channels(tmp_path):
    meta = make_sigmf(
        tmp_path,
        None,
        captures=[{"core:sample_start": 0, "core:header_bytes": 44}],
        datatype="ci16_le",
        dataset="radio.bin",
        num_channels=2,
        trailing_bytes=6,
    )
    (tmp_path / "radio.bin").write_bytes(bytes(44 + 8 * 25 + 6))
    found = open_recording(meta, channel=1)
    assert (found.byte_offset, found.sample_count, found.channel, found.channels) == (44, 25, 1, 2)
    assert found.path.name == "radio.bin"
    assert "channel 2 does not exist, core:num_channels is 2" in refusal(meta, channel=2)


def test_captures_keep_what_changes(tmp_path):
    def capture(start, freq, seconds):
        return {
            "core:sample_start": start,
            "core:frequency": freq,
            "core:datetime": f"2026-07-01T12:00:{seconds}Z",
        }

    meta = make_sigmf(
        tmp_path,
        captures=[
            capture(0, 1e8, "00.000"),
            capture(200, 1e8, "00.200"),  # goes on: not a segment
            capture(400, 1e8, "00.900"),  # 0.5 s are missing
            capture(600, 1.1e8, "01.100"),  # retuned
        ],
    )
    found = open_recording(meta)
    assert [c.sample_start for c in found.captures] == [0, 400, 600]
    assert found.capture_at(599).center_freq_hz == 1e8
    assert found.capture_at(600).center_freq_hz == 1.1e8
    assert format_datetime(found.time_ns_at(500)) == "2026-07-01T12:00:01.000000Z"
    assert [s.sample_start for s in found.segments()] == [0, 400, 600]


def test_offset_of_a_split_recording(tmp_path):
    meta = make_sigmf(
        tmp_path,
        captures=[{"core:sample_start": 5000}],
        annotations=[{"core:sample_start": 5010, "core:sample_count": 5}],
        offset=5000,
    )
    found = open_recording(meta)
    assert found.captures == (Capture(0),)
    assert found.annotations[0]["core:sample_start"] == 10
    # GNU Radio's own sink counts from the file's start all the same.
    meta = make_sigmf(tmp_path, annotations=[{"core:sample_start": 10}], offset=5000)
    found = open_recording(meta)
    assert found.annotations[0]["core:sample_start"] == 10
    assert "core:offset 5000" in found.warnings[0]


@pytest.mark.parametrize(("dtype", "fmt"), [("u1", "cu8"), ("<i2", "ci16_le"), ("<f4", "cf32_le")])
def test_wav_in_place(tmp_path, rng, dtype, fmt):
    values = (rng.integers(0, 100, (500, 2))).astype(dtype)
    path = tmp_path / "x.wav"
    wavfile.write(path, 48000, values)
    found = open_recording(path)
    assert (found.format, found.sample_rate, found.sample_count) == (fmt, 48000.0, 500)
    assert path.read_bytes()[found.byte_offset :][: values.nbytes] == values.tobytes()
    assert "contradicts the 48000 Hz" in refusal(path, sample_rate=44100)
    assert f"--format ci8 contradicts its header, which says {fmt}" in refusal(path, fmt="cs8")


def test_big_endian_wav(tmp_path):
    values = np.arange(20, dtype=">i2").tobytes()
    form = struct.pack(">IHHIIHH", 16, 1, 2, 48000, 48000 * 4, 4, 16)
    body = b"WAVEfmt " + form + b"data" + struct.pack(">I", len(values)) + values
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFX" + struct.pack(">I", len(body)) + body)
    found = open_recording(path)
    assert (found.format, found.sample_count, found.byte_offset) == ("ci16_be", 10, 44)


def _wav(path, values, rate=48000):
    wavfile.write(path, rate, values)
    return path.read_bytes()


def test_wav_refusals(tmp_path):
    path = tmp_path / "x.wav"
    _wav(path, np.zeros(100, np.int16))
    assert "WAV has 1 channel(s), I/Q needs 2" in refusal(path)
    _wav(path, np.zeros((100, 2), np.int32))
    assert "<i4 are not read" in refusal(path)
    good = _wav(path, np.zeros((100, 2), np.int16))
    wide = bytearray(good)
    wide[28:36] = (48000 * 6).to_bytes(4, "little") + (6).to_bytes(2, "little") + (24).to_bytes(2, "little")
    path.write_bytes(wide)
    assert "24-bit WAV is not read" in refusal(path)
    path.write_bytes(good[:200])
    assert "shorter than its WAV header says" in refusal(path)
    for length in (1, 3, 12, 20, 36, 40):
        path.write_bytes(good[:length])
        assert str(path) in refusal(path)
    path.write_bytes(bytes(1000))
    assert "is not a WAV file" in refusal(path)


BAD_FILES = {
    "missing": (lambda p: None, "x.cu8: file not found"),
    "folder": (lambda p: p.mkdir(), "is a folder"),
    "empty": (lambda p: p.touch(), "holds no samples (0 bytes of data)"),
    "half a sample": (lambda p: p.write_bytes(b"\x80"), "less than one cu8 sample (2 bytes)"),
    "pipe": (os.mkfifo, "is not a regular file; pipe its bytes in"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files(tmp_path, case):
    make, message = BAD_FILES[case]
    path = tmp_path / "x.cu8"
    make(path)
    text = refusal(path, sample_rate=1e3)
    assert message in text and str(path) in text


def test_a_similar_name_is_offered(tmp_path):
    (tmp_path / "morning.cu8").write_bytes(b"ab")
    assert "did you mean morning.cu8?" in refusal(tmp_path / "mornin.cu8", sample_rate=1e3)
    (tmp_path / "x.cu88").write_bytes(b"ab")
    assert "did you mean .cu8?" in refusal(tmp_path / "x.cu88", sample_rate=1e3)


def test_no_permission():
    user = os.geteuid()
    # Root may read everything, so the check runs as nobody, who may look into this folder.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.cu8"
        path.write_bytes(b"ab")
        path.chmod(0)
        Path(folder).chmod(0o755)
        if user == 0:
            os.seteuid(65534)
        try:
            assert "no permission to read it" in refusal(path, sample_rate=1e3)
        finally:
            os.seteuid(user)


def test_odd_length_is_a_warning(tmp_path):
    path = tmp_path / "x.cs16"
    path.write_bytes(bytes(43))
    found = open_recording(path, sample_rate=1e3)
    assert (found.sample_count, found.bytes_left_over) == (10, 3)
    assert len(found.warnings) == 1
    assert "3 of the 4 bytes of a ci16_le sample, at byte 40" in found.warnings[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give --rate"),
        ({"sample_rate": 0}, "--rate"),
        ({"sample_rate": -1.0}, "--rate"),
        ({"sample_rate": float("nan")}, "--rate"),
        ({"sample_rate": float("inf")}, "--rate"),
        ({"sample_rate": "fast"}, "--rate 'fast'"),
        ({"sample_rate": 1e3, "center_freq": "nan"}, "--center-freq 'nan'"),
        ({"sample_rate": 1e3, "fmt": "wow"}, "--format: datatype 'wow' is unknown"),
        ({"sample_rate": 1e3, "fmt": "rf32_le"}, "is real, I/Q is needed"),
        ({"sample_rate": 1e3, "channel": 1}, "channel 1 does not exist"),
        ({"sample_rate": 1e3, "channel": -1}, "channel -1"),
    ],
)
def test_bad_options(tmp_path, options, message):
    path = tmp_path / "x.cu8"
    path.write_bytes(b"ab")
    assert message in refusal(path, **options)


BAD_METADATA = {
    "no rate": ({"sample_rate": ...}, {}, "core:sample_rate is missing; give --rate"),
    "rate of zero": ({"sample_rate": 0}, {}, "core:sample_rate 0 must be above 0"),
    "rate is no number": ({"sample_rate": "1k"}, {}, "core:sample_rate '1k'"),
    "rate is NaN": ({"sample_rate": float("nan")}, {}, "core:sample_rate nan"),
    "other rate": ({}, {"sample_rate": 2000}, "--rate 2000 contradicts its core:sample_rate 1000"),
    "other format": ({}, {"fmt": "cs16"}, "--format ci16_le contradicts its core:datatype cu8"),
    "no datatype": ({"datatype": ...}, {}, "core:datatype is missing"),
    "unknown datatype": ({"datatype": "ci24"}, {}, "core:datatype: datatype 'ci24' is unknown"),
    "real datatype": ({"datatype": "rf32_le"}, {}, "is real"),
    "no data file": ({"data": None}, {}, "x.sigmf-data: SigMF data file not found"),
    "metadata only": ({"data": None, "metadata_only": True}, {}, "says core:metadata_only"),
    "data elsewhere": ({"dataset": "../x.bin"}, {}, "core:dataset '../x.bin' must be a file name"),
    "no data": ({"data": b""}, {}, "holds no samples"),
    "too many channels": ({"num_channels": 4000}, {}, "less than one cu8 sample of 4000 channels"),
    "channels no number": ({"num_channels": "two"}, {}, "core:num_channels 'two' must be a whole number"),
    "no channels": ({"num_channels": 0}, {}, "core:num_channels 0 must be a whole number from 1 on"),
    "other channel": ({}, {"channel": 1}, "channel 1 does not exist, core:num_channels is 1"),
    "other data": ({"sha512": "0" * 128}, {}, "SHA-512 is not the core:sha512"),
    "trailer": ({"trailing_bytes": 9999}, {}, "says 0 bytes of header and 9999 behind"),
    "late capture": ({"captures": [{"core:sample_start": SAMPLES}]}, {}, "capture 0 begins at sample 1000"),
    "capture nowhere": ({"captures": [{}]}, {}, "capture 0 has no core:sample_start"),
    "captures": ({"captures": {"a": 1}}, {}, "'captures' must be a list of objects"),
    "unsorted captures": (
        {"captures": [{"core:sample_start": 5}, {"core:sample_start": 2}]},
        {},
        "capture 1 begins before the one in front",
    ),
    "inner header": (
        {"captures": [{"core:sample_start": 0}, {"core:sample_start": 2, "core:header_bytes": 4}]},
        {},
        "core:header_bytes inside the data",
    ),
    "late annotation": (
        {"annotations": [{"core:sample_start": 10}, {"core:sample_start": 5000, "core:sample_count": 1}]},
        {},
        "annotation 1 begins at sample 5000, but the data ends at 1000",
    ),
    "other frequency": (
        {"captures": [{"core:sample_start": 0, "core:frequency": 1e8}]},
        {"center_freq": 2e8},
        "--center-freq 200000000 contradicts its core:frequency 100000000",
    ),
    "frequency no number": (
        {"captures": [{"core:sample_start": 0, "core:frequency": "VHF"}]},
        {},
        "core:frequency 'VHF' must be a number",
    ),
}


@pytest.mark.parametrize("case", BAD_METADATA)
def test_metadata_that_contradicts(tmp_path, case):
    fields, options, message = BAD_METADATA[case]
    text = refusal(make_sigmf(tmp_path, **fields), **options)
    assert message in text and str(tmp_path) in text


def test_a_missing_rate_may_be_given(tmp_path):
    assert open_recording(make_sigmf(tmp_path, sample_rate=...), sample_rate="1k").sample_rate == 1000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"global": {,}', "broken JSON at line 1 column 13"),
        (b"", "broken JSON at line 1 column 1"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"[1, 2]", "it has no object 'global'"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_json(tmp_path, content, message):
    make_sigmf(tmp_path).write_bytes(content)
    assert message in refusal(tmp_path / "x.sigmf-meta")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"version": ...}, "SigMF schema at global"),
        ({"captures": [{"core:sample_start": 0, "core:datetime": "yesterday"}]}, "core:datetime 'yesterday'"),
        (
            {"annotations": [{"core:sample_start": 990, "core:sample_count": 20}]},
            "1 annotation(s) reach beyond",
        ),
        ({"data": b"\x80" * 2001}, "1 of the 2 bytes"),
    ],
)
def test_faults_that_leave_it_usable_are_warnings(tmp_path, fields, message):
    found = open_recording(make_sigmf(tmp_path, **fields))
    assert found.sample_count == SAMPLES
    assert any(message in text for text in found.warnings)
    assert all("\n" not in text for text in found.warnings)


def test_bad_archives(tmp_path):
    path = tmp_path / "x.sigmf"
    path.write_bytes(b"not a tar" * 200)
    assert "is not an uncompressed tar archive" in refusal(path)
    with tarfile.open(path, "w"):
        pass
    assert "holds 0 recordings" in refusal(path)
    meta = make_sigmf(tmp_path)
    with tarfile.open(path, "w") as tar:
        tar.add(meta, "x/x.sigmf-meta")
    assert "its data file x.sigmf-data is not in the archive" in refusal(path)


def test_region(tmp_path):
    found = open_recording(make_sigmf(tmp_path))
    assert found.region() == (0, SAMPLES) or vars(found.region()) == {
        "sample_start": 0,
        "sample_count": SAMPLES,
    }
    region = found.region(0.25, 0.5)
    assert (region.sample_start, region.sample_count) == (250, 500)
    region = found.region(0.75, 0.25)
    assert (region.sample_start, region.sample_count) == (750, 250)
    for span, message in [
        ((1.0, None), "--start 1 s lies beyond the end; the recording is 1 s long (1000 samples)"),
        ((0.75, 0.251), "--duration 0.251 s from 0.75 s on reaches beyond the end"),
        ((-1.0, None), "--start -1 s must be 0 s or more"),
        ((float("nan"), None), "--start nan s must"),
        ((0.0, 0.0), "--duration 0 s is shorter than one sample"),
        ((0.0, -1.0), "--duration -1 s must"),
        ((0.0, float("inf")), "--duration inf s must"),
    ]:
        with pytest.raises(InputError) as caught:
            found.region(*span)
        assert message in str(caught.value)


def test_stdin_needs_rate_and_format():
    assert "give --format" in refusal("-", sample_rate=1e3)
    assert "give --rate" in refusal("-", fmt="cu8")
    found = open_recording("-", sample_rate=1e3, fmt="cu8")
    assert (found.path, found.sample_count, found.accounting) == (None, None, "none")
    assert len(found.warnings) == 1
    assert found.region(1.5, 2.0).sample_start == 1500


@pytest.mark.parametrize(
    ("text", "time_ns", "resolution_ns"),
    [
        ("1970-01-01T00:00:01Z", 10**9, 10**9),
        ("2026-07-01T12:00:00.5Z", 1782907200_500000000, 10**8),
        ("2026-07-01T14:00:00.000000001+02:00", 1782907200_000000001, 1),
        ("2026-07-01T12:00:00.1234567891Z", 1782907200_123456789, 1),
    ],
)
def test_times(text, time_ns, resolution_ns):
    assert parse_datetime(text) == (time_ns, resolution_ns)
    assert parse_datetime(format_datetime(time_ns)).time_ns == time_ns


@pytest.mark.parametrize("text", ["", "2026-07-01", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", None, 5])
def test_bad_times(text):
    with pytest.raises(ValueError):
        parse_datetime(text)


def real_recordings():
    return sorted((SHARED_DATA / "real433").glob("*.cu8"))


@pytest.mark.skipif(not real_recordings(), reason="no real recordings beside the project")
def test_real_recordings_agree_with_numpy():
    for path in real_recordings()[:4]:
        found = open_recording(path, sample_rate="250k", center_freq="433.92M")
        raw = np.fromfile(path, np.uint8)
        assert found.sample_count == len(raw) // 2
        samples, clipped, _ = sentinel.kernel.convert_samples(raw, found.format)
        parts = raw.reshape(-1, 2).astype(np.float64)
        assert np.allclose(samples, (parts[:, 0] - 127.5 + 1j * (parts[:, 1] - 127.5)) / 127.5, atol=1e-7)
        assert clipped == np.any((parts == 0) | (parts == 255), axis=1).sum()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    ("global",),
    ("captures",),
    ("annotations",),
    ("captures", 0),
    ("annotations", 0),
    *(
        ("global", f"core:{key}")
        for key in [
            "datatype",
            "sample_rate",
            "num_channels",
            "offset",
            "trailing_bytes",
            "sha512",
            "dataset",
            "extensions",
        ]
    ),
    *(("captures", 0, f"core:{key}") for key in ("sample_start", "frequency", "datetime", "header_bytes")),
    *(("annotations", 0, f"core:{key}") for key in ("sample_start", "sample_count", "label")),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=JSON)
def test_any_value_anywhere_is_read_or_refused(tmp_path, place, value):
    path = make_sigmf(tmp_path, captures=[{"core:sample_start": 0}], annotations=[{"core:sample_start": 1}])
    metadata = json.loads(path.read_text())
    parent = metadata
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    path.write_text(json.dumps(metadata))
    try:
        found = open_recording(path)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert found.sample_count >= 1 and found.sample_rate > 0
        assert all("\n" not in text for text in found.warnings)
        assert len(found.segments()) == len(found.captures)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 60), byte=st.integers(0, 255), length=st.integers(0, 700))
def test_damaged_wav_headers_are_read_or_refused(tmp_path, position, byte, length):
    path = tmp_path / "x.wav"
    content = bytearray(_wav(path, np.zeros((150, 2), np.int16)))
    content[min(position, len(content) - 1)] = byte
    path.write_bytes(content[:length])
    try:
        found = open_recording(path)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        end = found.byte_offset + found.sample_count * found.bytes_per_frame
        assert end <= path.stat().st_size
