# SPDX-License-Identifier: GPL-3.0-or-later
import json
import logging
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
from gnuradio.sentinel.core.calibration import Calibration, CalibrationKey, GumbelTail
from gnuradio.sentinel.core.calibration_cache import CalibrationCache, cache_folder


def key_of(tip):
    return CalibrationKey("pulse", {"nw": 58, "tip": tip}, "1.0", "test")


def calibration_of(tip, trials=300):
    return Calibration.from_trials(key_of(tip), np.arange(float(trials)), GumbelTail(tip, 1.0), 10.0)


@pytest.fixture
def cache(tmp_path):
    return CalibrationCache(tmp_path / "deep" / "cache")


@pytest.fixture
def warnings_of(caplog, monkeypatch):
    # Another test may have set up our own handler, which keeps records from the root logger.
    monkeypatch.setattr(logging.getLogger("gnuradio.sentinel"), "propagate", True)
    caplog.set_level(logging.WARNING)
    return caplog


def test_second_call_reads_what_the_first_made(cache):
    made = []

    def make():
        made.append(1)
        return calibration_of(2)

    first = cache.get_or_make(key_of(2), make)
    second = cache.get_or_make(key_of(2.0), make)
    assert len(made) == 1
    assert first == second
    assert [path.name for path in cache.folder.iterdir()] == [f"{key_of(2).digest()}.json"]


def test_each_geometry_has_its_own_file(cache):
    for tip in (1, 2, 3):
        cache.get_or_make(key_of(tip), lambda tip=tip: calibration_of(tip))
    assert cache.load(key_of(2)).tail.location == 2
    assert cache.load(key_of(4)) is None
    with pytest.raises(ValueError, match="not the one asked for"):
        cache.get_or_make(key_of(4), lambda: calibration_of(5))


def _nan_quantile(good):
    broken = json.loads(good)
    broken["quantiles"][3] = float("nan")
    return json.dumps(broken)


DAMAGES = {
    "truncated": lambda good: good[: len(good) // 2],
    "empty": lambda good: "",
    "other geometry": lambda good: json.dumps(calibration_of(7).to_dict()),
    "wrong types": lambda good: good.replace('"trials": 300', '"trials": "300"'),
    "nan": _nan_quantile,
    "nan tail": lambda good: good.replace('"scale": 1.0', '"scale": NaN'),
    "list": lambda good: "[1, 2]",
    "nested": lambda good: "[" * 100_000,
    "binary": lambda good: "\udcff\x00",
    "huge": lambda good: good + " " * 1_000_001,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_a_logged_miss_and_is_made_again(cache, warnings_of, damage):
    cache.store(calibration_of(2))
    path = cache.path(key_of(2))
    text = DAMAGES[damage](path.read_text())
    assert text != path.read_text()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cache.load(key_of(2)) is None
    assert len(warnings_of.records) == 1
    assert str(path) in warnings_of.text
    assert cache.get_or_make(key_of(2), lambda: calibration_of(2)) == calibration_of(2)
    assert cache.load(key_of(2)) == calibration_of(2)


def test_oldest_files_go_first(tmp_path):
    cache = CalibrationCache(tmp_path, max_files=3)
    for age, tip in enumerate((4, 3, 2, 1)):
        cache.store(calibration_of(tip))
        path = cache.path(key_of(tip))
        if path.exists():
            os.utime(path, (1000 + age, 1000 + age))
    cache.store(calibration_of(5))
    left = {tip for tip in range(1, 6) if cache.load(key_of(tip)) is not None}
    assert left == {1, 2, 5}


def test_temporary_file_of_a_killed_writer_is_swept(cache):
    cache.store(calibration_of(1))
    stale, fresh = cache.folder / ".partial-1-a", cache.folder / ".partial-2-b"
    for path in (stale, fresh):
        path.write_text("{")
    os.utime(stale, (1, 1))
    cache.store(calibration_of(2))
    assert not stale.exists()
    assert fresh.exists()


def test_unwritable_folder_warns_once_and_works_on(tmp_path, warnings_of):
    # A file where the folder should be also stops root, whom permissions do not.
    (tmp_path / "file").write_text("")
    cache = CalibrationCache(tmp_path / "file" / "cache")
    for _ in range(3):
        assert cache.get_or_make(key_of(2), lambda: calibration_of(2)) == calibration_of(2)
    texts = [record.getMessage() for record in warnings_of.records if "cannot be kept" in record.getMessage()]
    assert len(texts) == 1
    assert "SENTINEL_CACHE_DIR" in texts[0]


def _write_and_read(folder, start, failures):
    cache = CalibrationCache(folder, max_files=8)
    start.wait()
    for turn in range(60):
        tip = turn % 3 + 1
        if cache.get_or_make(key_of(tip), lambda tip=tip: calibration_of(tip)) != calibration_of(tip):
            failures.put(f"wrong content for {tip}")
        if turn % 10 == 0:
            cache.path(key_of(tip)).unlink(missing_ok=True)
        cache.store(calibration_of(tip))
        try:
            size = cache.path(key_of(tip)).stat().st_size
        except FileNotFoundError:  # the other worker has just removed it, as this one does every ten turns
            continue
        if size < 1000:
            failures.put("a part of a file was seen")


def test_two_writers_never_show_half_a_file(tmp_path):
    context = multiprocessing.get_context("fork")
    start, failures = context.Event(), context.SimpleQueue()
    workers = [context.Process(target=_write_and_read, args=(tmp_path, start, failures)) for _ in range(2)]
    for worker in workers:
        worker.start()
    start.set()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert failures.empty()
    assert not list(tmp_path.glob(".partial-*"))
    for tip in (1, 2, 3):
        assert CalibrationCache(tmp_path).load(key_of(tip)) == calibration_of(tip)


def test_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("SENTINEL_CACHE_DIR", "/a/b")
    assert cache_folder() == Path("/a/b")
    monkeypatch.delenv("SENTINEL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/gr-sentinel/calibration")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder() == Path("/home/somebody/.cache/gr-sentinel/calibration")
