# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing SigMF: what is read back, and what is refused."""

import json
import resource
import subprocess
import sys

import numpy as np
import pytest
import sigmf
from gnuradio import sentinel
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.recording import open_recording
from gnuradio.sentinel.core.simulate_io import quantise, write_sigmf
from hypothesis import given, settings
from hypothesis import strategies as st


def read_back(recording):
    raw = np.fromfile(recording.path, np.uint8)
    return sentinel.kernel.convert_samples(raw, recording.format)[0]


# Half a step of the type.
@pytest.mark.parametrize(
    ("datatype", "tolerance"), [("cu8", 0.5 / 127.5), ("ci8", 0.5 / 127), ("ci16", 0.5 / 32767), ("cf32", 0)]
)
def test_round_trip(tmp_path, rng, datatype, tolerance):
    samples = (rng.uniform(-1, 1, 5000) + 1j * rng.uniform(-1, 1, 5000)).astype(np.complex64)
    annotation = {
        "core:sample_start": 10,
        "core:sample_count": 20,
        "core:label": "tag",
        "sentinel:snr_db": 12.5,
    }
    path = write_sigmf(
        tmp_path / "x.sigmf-meta",
        samples,
        250e3,
        146e6,
        "2026-07-01T12:00:00.000001Z",
        [annotation],
        datatype,
    )
    found = open_recording(path, verify_checksum=True)
    assert (found.sample_rate, found.center_freq_hz, found.sample_count) == (250e3, 146e6, 5000)
    assert found.start_time == "2026-07-01T12:00:00.000001Z"
    assert found.annotations == (annotation,)
    assert found.warnings == ()
    difference = read_back(found) - samples
    # float32 rounding of the values read back comes on top.
    assert max(np.abs(difference.real).max(), np.abs(difference.imag).max()) <= tolerance + 1e-7 * bool(
        tolerance
    )
    sigmf.fromfile(path).validate()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.sigmf-data", "x.sigmf-meta"]


@pytest.mark.parametrize("datatype", ["cu8", "ci8", "ci16_le"])
@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=50))
def test_quantised_samples_stay_in_order_and_in_range(datatype, values):
    values = np.sort(np.array(values, np.float32))
    codes = quantise(values + 0j, datatype)[0::2].astype(int)
    assert np.all(np.diff(codes) >= 0)
    raw = quantise(values + 0j, datatype).view(np.uint8)
    again = sentinel.kernel.convert_samples(raw, datatype)[0]
    # What was read is written again as the same bytes.
    assert np.array_equal(quantise(again, datatype).view(np.uint8), raw)


def test_pieces_are_written_as_they_come(tmp_path, rng):
    samples = rng.standard_normal(1000).astype(np.complex64)
    path = write_sigmf(tmp_path / "x.sigmf-meta", (samples[k : k + 7] for k in range(0, 1000, 7)), 1e3)
    assert np.array_equal(read_back(open_recording(path)), samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "global/core:sample_rate"),
        ({"start_time": "yesterday"}, "captures/0/core:datetime"),
        ({"annotations": [{"core:sample_start": 10}]}, "annotation 0 \\(10 to 10\\) is not inside the 10"),
        ({"annotations": [{"core:sample_start": 5, "core:sample_count": 6}]}, "annotation 0"),
        ({"annotations": [{"core:sample_start": 5, "core:label": 3}]}, "annotations/0/core:label"),
        ({"datatype": "cf64"}, "'cf64_le' is not written"),
        ({"samples": np.zeros(0, np.complex64)}, "no samples"),
        ({"samples": np.full(3, np.nan, np.complex64), "datatype": "cu8"}, "not finite"),
        ({"path_meta": "x.json"}, "must end in .sigmf-meta"),
    ],
)
def test_refusals_leave_nothing_behind(tmp_path, options, message):
    settings = {
        "path_meta": "x.sigmf-meta",
        "samples": np.zeros(10, np.complex64),
        "sample_rate": 1e3,
    } | options
    settings["path_meta"] = tmp_path / settings["path_meta"]
    with pytest.raises(InputError, match=message):
        write_sigmf(**settings)
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import sys
import numpy as np
from gnuradio.sentinel.core.errors import OutputError
from gnuradio.sentinel.core.simulate_io import write_sigmf
try:
    write_sigmf(sys.argv[1], np.zeros(100_000, np.complex64), 1e3)
except OutputError as error:
    print(error)
"""


def test_a_full_disk_gives_one_line_and_keeps_the_old_recording(tmp_path):
    # A limit on the size of files fails in write(2) as a full disk does.
    path = write_sigmf(tmp_path / "x.sigmf-meta", np.ones(10, np.complex64), 1e3)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith(f"{path}: cannot be written: File too large; free some space"), done.stderr
    assert done.stdout.count("\n") == 1
    assert open_recording(path, verify_checksum=True).sample_count == 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.sigmf-data", "x.sigmf-meta"]


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OSError, match="cannot be written: No such file or directory"):
        write_sigmf(tmp_path / "none" / "x.sigmf-meta", np.ones(3, np.complex64), 1e3)


def test_the_samples_may_have_a_name_of_their_own(tmp_path):
    samples = np.ones(50, np.complex64) * 0.5
    path = write_sigmf(tmp_path / "x.sigmf-meta", samples, 1e3, datatype="cu8", data_name="x.cu8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.cu8", "x.sigmf-meta"]
    assert open_recording(path, verify_checksum=True).path == tmp_path / "x.cu8"


def test_annotations_come_in_order(tmp_path):
    annotations = [{"core:sample_start": k, "core:sample_count": 1} for k in (5, 90, 2)]
    path = write_sigmf(tmp_path / "x.sigmf-meta", np.ones(100, np.complex64), 1e3, annotations=annotations)
    assert [a["core:sample_start"] for a in json.loads(path.read_text())["annotations"]] == [2, 5, 90]
