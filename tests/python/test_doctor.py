# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel doctor` on this machine, and on machines that lack something."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import gnuradio.sentinel
import pytest
from gnuradio.sentinel.apps import doctor

COMMAND = [sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())"]


def by_name(**environment):
    done = subprocess.run(
        [*COMMAND, "doctor", "--json"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    report = json.loads(done.stdout)
    assert (done.returncode == 0) is report["ok"], done.stderr
    return {check["name"]: check for check in report["checks"]}, report["ok"]


def test_this_machine_has_what_is_needed():
    checks, ok = by_name()
    assert ok
    assert checks["GNU Radio"]["found"].startswith("3.10.")
    assert checks["numpy"]["ok"] and checks["VOLK"]["ok"]
    assert f"{os.cpu_count()} cores" in checks["processor"]["found"]
    assert all(check["ok"] or check["remedy"] for check in checks.values())
    assert checks["onnxruntime"]["ok"] and checks["scikit-learn"]["ok"]
    assert not checks["torch"]["needed"]  # a node does without


def test_folders_that_cannot_be_written_are_a_warning(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    checks, ok = by_name(SENTINEL_CACHE_DIR=str(file / "cache"), HOME=str(file))
    assert ok
    assert not checks["cache"]["ok"] and "SENTINEL_CACHE_DIR" in checks["cache"]["remedy"]
    assert not checks["FFTW wisdom"]["ok"] and "HOME" in checks["FFTW wisdom"]["remedy"]


def test_what_is_needed_and_missing_is_exit_code_1(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "CHECKS", (doctor.check_gnuradio,))
    monkeypatch.setattr(doctor, "NEEDED_PACKAGES", ("a-package-of-no-one",))
    monkeypatch.setattr(doctor, "OPTIONAL_PACKAGES", {"another-of-no-one": "pictures"})
    assert doctor.run(argparse.Namespace(json=False)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok ") and "3.10" in lines[0]
    assert lines[1].startswith("MISSING") and "pip install" in lines[2]
    assert lines[3].startswith("warn") and "no pictures" in lines[3]
    assert lines[-1] == "1 needed thing(s) missing."


@pytest.mark.parametrize(("version", "ok"), [("1.26.4", True), ("2.0.1", False)])
def test_numpy_2_is_refused(monkeypatch, version, ok):
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda name: version)
    check = doctor.check_numpy()
    assert (check.ok, bool(check.remedy), check.needed) == (ok, not ok, True)


def test_a_stale_install_is_told_by_its_files(tmp_path):
    source, install = tmp_path / "python" / "sentinel", tmp_path / ".venv" / "lib" / "sentinel"
    here = Path(gnuradio.sentinel.__file__).parent
    for folder in (source, install):
        shutil.copytree(here / "core", folder / "core")
        shutil.copy(here / "__init__.py", folder)
    (tmp_path / "grc").mkdir()
    assert doctor.stale_files(install) == []
    (source / "core" / "utc.py").write_text("# newer\n")
    (install / "core" / "units.py").unlink()
    assert doctor.stale_files(install) == ["units.py", "utc.py"]


def test_a_second_copy_on_the_path_is_told(tmp_path, monkeypatch):
    copy = tmp_path / "gnuradio" / "sentinel"
    copy.mkdir(parents=True)
    (copy / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    check = doctor.check_module()
    assert not check.ok and str(copy) in check.remedy
