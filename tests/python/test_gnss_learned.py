# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped models, and files that are refused with one line."""

import numpy as np
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.model_export import export_forest, save_model
from gnuradio.sentinel.gnss import description, statistics
from gnuradio.sentinel.gnss.families import FAMILIES
from gnuradio.sentinel.gnss.learned import (
    CLASSIFIER_FILE,
    DETECTION_COLUMNS,
    DETECTOR_FILE,
    FEATURE_VERSION,
    ClassModel,
    DetectionModel,
    detection_columns,
)
from gnuradio.sentinel.gnss.rules import rule_score
from model_files import model_info, small_forest


@pytest.fixture(scope="module")
def detection():
    return DetectionModel()


@pytest.fixture(scope="module")
def classes():
    return ClassModel()


def test_evidence_only_adds_to_scores_and_they_are_never_below_the_rule(detection):
    rows = np.zeros((40, len(statistics.NAMES)))
    place = statistics.NAMES.index("shape_max_now")
    rows[:, place] = np.linspace(0, 8, 40)
    scores = detection.score(rows)
    assert scores.shape == (40,) and np.isfinite(scores).all()
    assert np.all(np.diff(scores) >= -1e-6)
    log_odds = detection.log_odds(detection_columns(rows))
    assert np.all(np.abs(log_odds) < 17) and np.all(scores >= log_odds)
    # What the rule sees as plainly as this is beyond any threshold, whatever the trees were taught.
    seen = rule_score(rows) > 1
    assert seen.sum() > 10 and scores[seen].min() > detection.threshold(0.01)
    assert detection.score(rows[7]) == pytest.approx(scores[7:8])
    assert detection_columns(rows[3]).shape == (1, len(DETECTION_COLUMNS))


def test_thresholds_rise_as_fewer_false_alarms_are_wanted(detection):
    rates = (60.0, 6.0, 1.0, 0.1, 0.01)
    thresholds = [detection.threshold(rate) for rate in rates]
    assert np.all(np.diff(thresholds) > 0)
    chances = [detection.probability(value) for value in thresholds]
    # Of a block of `decision_s` seconds; less than stated by what the calibration may be wrong by.
    calibration = detection.calibration
    kept = np.array(chances[1:]) * 3600 / calibration.decision_s / np.array(rates[1:])
    assert np.all(kept < 1) and np.all(np.diff(kept) < 0) and kept[0] > 0.6
    assert calibration.seconds > 7 * 3600
    assert detection.loaded.event_model.name == "gnss-detector"


def test_predictions_are_shares_of_all_classes(classes):
    assert classes.classes == FAMILIES
    middle = (classes.low + classes.high) / 2
    inside, far = classes.predict(np.array([middle, classes.high + 5 * (classes.high - classes.low) + 1]))
    for one in (inside, far):
        assert one.mean.shape == one.variance.shape == (len(FAMILIES),)
        assert one.mean.sum() == pytest.approx(1, abs=1e-3) and one.mean.min() >= 0
        assert one.variance.min() >= -1e-6
    assert far.uncertainty > inside.uncertainty
    assert (
        classes.out_of_range(middle[None]) == 0
        and classes.out_of_range(far.mean.sum() * 1e9 + middle[None]) > 1
    )


def test_the_limit_of_the_unknown(classes):
    assert classes.limit(0) == np.inf
    limits = [classes.limit(share) for share in (0.01, 0.05, 0.2, 0.5)]
    assert np.all(np.diff(limits) <= 0) and np.isfinite(limits).all()


def written(path, **changes):
    """A small forest on six columns that says something else of itself."""
    forest, _ = small_forest()
    save_model(path, export_forest(forest, model_info(**changes)))
    return path


def refusal(make, path):
    with pytest.raises(InputError) as caught:
        make(path)
    text = str(caught.value)
    assert "\n" not in text and str(path) in text and ";" in text
    return text


def test_models_of_another_purpose_are_refused(tmp_path):
    assert "kind" in refusal(ClassModel, DETECTOR_FILE)
    assert "kind" in refusal(DetectionModel, CLASSIFIER_FILE)
    file = tmp_path / "other.onnx"
    here = {"kind": "detector", "feature_version": FEATURE_VERSION}
    assert "room" in refusal(DetectionModel, written(file, **(here | {"room": "pulse"})))
    assert "feature version" in refusal(
        DetectionModel, written(file, **(here | {"feature_version": FEATURE_VERSION + 1}))
    )
    assert "columns" in refusal(DetectionModel, written(file, **here))
    other = {"settings": {"columns": ["a", "b"]}}
    assert "columns" in refusal(DetectionModel, written(file, **here, **other))
    assert "columns" in refusal(ClassModel, written(file, feature_version=FEATURE_VERSION, **other))


@pytest.mark.parametrize("make, shipped", [(DetectionModel, DETECTOR_FILE), (ClassModel, CLASSIFIER_FILE)])
def test_damaged_files_are_refused(tmp_path, make, shipped):
    data = shipped.read_bytes()
    file = tmp_path / "cut.onnx"
    for length in (0, 100, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:length])
        refusal(make, file)
    file.write_bytes(b"not a model at all" * 100)
    refusal(make, file)
    refusal(make, tmp_path / "nowhere.onnx")
    refusal(make, tmp_path)


@pytest.mark.parametrize(
    "settings", [{}, {"low": [0], "high": "x"}, {"low": [0], "high": [1], "weights": 3}, {"low": None}]
)
def test_classifiers_without_their_settings_are_refused(tmp_path, settings):
    file = written(
        tmp_path / "bare.onnx",
        feature_version=FEATURE_VERSION,
        settings={"columns": list(description.NAMES)} | settings,
    )
    assert "train it again" in refusal(ClassModel, file)


def test_a_detector_without_the_units_of_the_rule_is_refused(tmp_path):
    settings = {"columns": list(DETECTION_COLUMNS), "rule_gain": None}
    here = {"kind": "detector", "feature_version": FEATURE_VERSION, "settings": settings}
    assert "train it again" in refusal(DetectionModel, written(tmp_path / "bare.onnx", **here))


def test_a_detector_without_calibration_is_refused_when_it_is_asked_for_a_threshold(tmp_path):
    file = written(
        tmp_path / "bare.onnx",
        kind="detector",
        feature_version=FEATURE_VERSION,
        settings={"columns": list(DETECTION_COLUMNS), "rule_gain": 1.0, "rule_offset": 0.0},
    )
    assert "calibration" in refusal(lambda path: DetectionModel(path).threshold(1.0), file)
