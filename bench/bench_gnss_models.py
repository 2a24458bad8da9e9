# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of one snapshot behind the features: `sentinel bench gnss-models`.

Comparison with the reference, statistics, detection model, description and classification, one snapshot at
a time as they come at run time, in snapshots per second of CPU time, against the 2 ms that one may cost.
Where scikit-learn is installed, its boosted trees and the published forest stand beside ours instead, one
call for one row.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from gnuradio.sentinel.gnss import description, statistics
from gnuradio.sentinel.gnss.comparison import look
from gnuradio.sentinel.gnss.description import describe
from gnuradio.sentinel.gnss.features import measure
from gnuradio.sentinel.gnss.learned import DETECTION_COLUMNS, ClassModel, DetectionModel
from gnuradio.sentinel.gnss.statistics import detection_statistics
from gnuradio.sentinel.gnss.training.columns import make_detector

from .bench_channelizer import REPEATS, noise, row

RATE = 256e3
SNAPSHOTS = 20
#: What a step may cost, seconds of one core.
LIMIT_S = 2e-3
#: Trees of the published forest, for scikit-learn; iterations of boosting as ours.
TREES, ITERATIONS = 1000, 250


def per_call(run: Callable[[], object], calls: int) -> float:
    """Seconds of CPU of one call, best of a few repeats."""
    run()
    best = np.inf
    for _ in range(REPEATS):
        begin = time.process_time()
        for _ in range(calls):
            run()
        best = min(best, (time.process_time() - begin) / calls)
    return best


def line(name: str, seconds: float, baseline: float, what: str) -> dict:
    """A row in snapshots per second; both in seconds a snapshot."""
    return row(name, 1 / seconds, 1 / baseline, f"{1e3 * seconds:.3f} ms a snapshot on one core, {what}")


def scikit_learn_seconds() -> tuple[float, float]:
    """Seconds of one row through boosted trees and through a forest of scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    rng = np.random.default_rng(1)
    rows = rng.normal(size=(1200, len(description.NAMES))).astype(np.float32)
    forest = RandomForestClassifier(TREES, random_state=1).fit(rows, np.arange(1200) % 11)
    fewer = rows[:, : len(DETECTION_COLUMNS)]
    boosted = HistGradientBoostingClassifier(
        max_iter=ITERATIONS, max_leaf_nodes=15, min_samples_leaf=5, random_state=1
    ).fit(fewer, np.arange(1200) % 2)
    return (
        per_call(lambda: boosted.predict_proba(fewer[:1]), 20),
        per_call(lambda: forest.predict_proba(rows[:1]), 3),
    )


def run() -> list[dict]:
    """Name, ours and baseline (snapshots/s of CPU time), ratio, conditions, one row per step."""
    detection, classes = DetectionModel(), ClassModel()
    samples = (0.09 * noise(int(RATE) * SNAPSHOTS)).astype(np.complex64)
    snapshots = measure(samples, RATE)
    detector = make_detector(detection.score)
    for index in range(SNAPSHOTS):
        judged = detector.judge(snapshots, index)
        detector.settle(True)
    seen, comparison, baseline = judged.seen, judged.comparison, detector.baseline
    buffer, doubts = [comparison] * statistics.BUFFER, (0.0, np.inf, 0.0)
    rows = detection_statistics(buffer[-2:], buffer, doubts)

    def judge() -> None:
        detector.judge(snapshots, SNAPSHOTS - 1)
        detector.settle(True)

    asked = f"against the {1e3 * LIMIT_S:g} ms it may cost"
    steps = {
        "look and compare": lambda: baseline.compare(look(snapshots, SNAPSHOTS - 1)),
        "statistics": lambda: detection_statistics(buffer[-2:], buffer, doubts),
        "description": lambda: describe(seen, comparison, baseline, 0.0),
        "detection model, 3 rows": lambda: detection.score(rows),
        "classification": lambda: classes.predict(judged.description),
        "judge and learn, all but classification": judge,
    }
    costs = {name: per_call(step, 200) for name, step in steps.items()}
    made = [line(name, seconds, LIMIT_S, asked) for name, seconds in costs.items()]
    if find_spec("sklearn") is not None:
        boosted, forest = scikit_learn_seconds()
        what = f"against boosted trees of scikit-learn, {ITERATIONS} iterations, one row"
        made.append(line("detection model, scikit-learn", costs["detection model, 3 rows"], boosted, what))
        what = f"against a forest of scikit-learn, {TREES} trees, one row"
        made.append(line("classification, scikit-learn", costs["classification"], forest, what))
    return made
