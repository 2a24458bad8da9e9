# SPDX-License-Identifier: GPL-3.0-or-later
"""The published classifiers, trained again: a forest on 36 chosen features, ResNet18 on pictures of 5 s.

Each is tested twice: on sessions held out, and on the published random 70/30 split, which shows what
neighbouring seconds on both sides are worth. Stages done are kept, a network goes on from its checkpoint.

For training programs: needs scikit-learn, and for ResNet18 torch and safetensors.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.canonical import digest
from ...core.errors import InputError
from ...core.files import write_atomic
from ...core.training_needs import require_training
from .class_scores import table_scores
from .forest import out_of_bag, published_forest
from .images import PowerScale, flipped, image_tensors, published_images
from .scaling import MinMaxScaling
from .selection import select_features
from .splits import SESSION, split

_log = logging.getLogger("gnuradio.sentinel.gnss.train_published")

SELECTED_FEATURES = 36
TEST_SHARE = 0.3
MAX_IMAGES = 3000
RESULTS_FILE = "published.json"
SCHEMA = 1
#: Method and split of each stage.
STAGES = ("forest/session", "forest/random", "resnet/session", "resnet/random")


@dataclass(frozen=True)
class ForestData:
    """What the forest is trained on.

    Attributes
    ----------
    features : float32, shape (n, columns)
    labels : str, shape (n,)
    groups : shape (n,)
        Session of each row: what no split may cut.
    names : sequence of str
        Of the columns.
    """

    features: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    names: Sequence[str]


@dataclass(frozen=True)
class ImageData:
    """What the network is trained on: powers, shape (n, 5, 64), with label and session of each."""

    power: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Provider:
    """Where the data come from; each is asked for once, and only if its stage has to be done."""

    forest: Callable[[], ForestData]
    images: Callable[[], ImageData]
    #: Names the data, so that results of others are not taken for these: recipe, counts, seeds.
    key: str


@dataclass(frozen=True)
class PublishedSettings:
    """What may be made smaller than published, for tests and slow machines."""

    selected: int = SELECTED_FEATURES
    trees: int = 1000
    max_images: int = MAX_IMAGES
    epochs: int = 32
    seed: int = 1
    stages: tuple[str, ...] = STAGES


def train_published(
    provider: Provider,
    folder: str | os.PathLike,
    *,
    settings: PublishedSettings | None = None,
    classes: Sequence[str] | None = None,
    max_minutes: float | None = None,
    resume: bool = True,
    threads: int = 1,
    weights: str | os.PathLike | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train and test the published classifiers.

    Parameters
    ----------
    folder : path
        Keeps results and checkpoints.
    classes : sequence of str, optional
        Order of the classes; sorted if left out.
    max_minutes : float, optional
        No further stage or step is begun after that; the same call resumes later.
    resume : bool
        False begins anew.
    weights : path, optional
        Weights of ResNet18 to start from, safetensors; random if left out.

    Returns
    -------
    dict
        By `forest/session`, `forest/random`, `resnet/session`, `resnet/random`: scores, seconds of training,
        milliseconds of inference per row; only those that are done.

    Raises
    ------
    InputError
        A package is missing, weights or a checkpoint do not fit, the folder holds results of other data, or a
        class is missing on the training side of a split.
    """
    settings = settings or PublishedSettings()
    networks = any(name.startswith("resnet") for name in settings.stages)
    require_training("scikit-learn", *(("torch", "safetensors") if networks else ()))
    folder = Path(folder)
    end = None if max_minutes is None else time.monotonic() + 60 * max_minutes
    start = "random" if weights is None else hashlib.sha256(_weight_bytes(weights)).hexdigest()
    key = digest([provider.key, vars(settings) | {"stages": 0}, start, list(classes or ())])
    done = _results(folder, key) if resume else {}
    if not resume:
        for stage in ("session", "random"):
            _clear(folder / f"resnet-{stage}")
    data: dict[str, Any] = {}
    run = {"forest": _forest_stage, "resnet": _resnet_stage}
    for name in settings.stages:
        method, kind = name.split("/")
        left = None if end is None else (end - time.monotonic()) / 60
        if name in done or (left is not None and left <= 0):
            continue
        if method not in data:
            data[method] = provider.forest() if method == "forest" else provider.images()
        order = tuple(classes or np.unique(data[method].labels).tolist())
        _log.info("stage %s begins", name)
        result = run[method](
            data[method], order, kind, settings, folder, threads, left, weights=weights, quiet=quiet
        )
        if result is not None:
            done[name] = result
            folder.mkdir(parents=True, exist_ok=True)
            content = {"schema": SCHEMA, "key": key, "stages": done}
            write_atomic(folder / RESULTS_FILE, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return done


def _weight_bytes(path: str | os.PathLike) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: the weights cannot be read ({error.strerror}); give a safetensors file"
        ) from error


def _results(folder: Path, key: str) -> dict[str, Any]:
    path = folder / RESULTS_FILE
    if not path.exists():
        return {}
    remedy = "give another folder, or begin anew without --resume"
    try:
        content = json.loads(path.read_bytes())
        stages = content["stages"]
        there = (content["schema"], content["key"])
        if not isinstance(stages, dict):
            raise ValueError("stages are no object")
    except OSError as error:
        raise InputError(f"{path}: the results cannot be read ({error.strerror}); {remedy}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path}: the results are damaged ({error}); {remedy}") from error
    if there != (SCHEMA, key):
        raise InputError(f"{path}: these results are of other data or settings; {remedy}")
    return stages


def _clear(folder: Path) -> None:
    if folder.is_dir():
        from .checkpoint import Checkpoints

        Checkpoints(folder).clear()


def _numbers(labels: np.ndarray, classes: Sequence[str], test: np.ndarray) -> np.ndarray:
    """Class numbers of the labels; every class must be there to train on."""
    labels = np.asarray(labels, dtype=str)
    if odd := sorted({*labels.tolist()} - {*classes}):
        raise InputError(
            f"the label {odd[0]!r} is none of the classes {', '.join(classes)}; name all of them"
        )
    if lacking := [name for name in classes if name not in labels[~test]]:
        raise InputError(
            f"class {lacking[0]!r} has no session to train on once others are held out; "
            "record more sessions of it"
        )
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places[name] for name in labels])


def _forest_stage(
    data: ForestData,
    classes: Sequence[str],
    kind: str,
    settings: PublishedSettings,
    folder: Path,
    threads: int,
    minutes: float | None,
    **_: Any,
) -> dict[str, Any]:
    test = split(data.groups, kind, TEST_SHARE, settings.seed, np.asarray(data.labels))
    numbers = _numbers(data.labels, classes, test)
    features, groups = np.asarray(data.features, np.float32), np.asarray(data.groups)
    begin = time.monotonic()
    # Chosen on the training side alone, else the test side would have had its say.
    chosen = select_features(
        features[~test],
        numbers[~test],
        data.names,
        settings.selected,
        groups=groups[~test] if kind == SESSION else None,
        seeds=(settings.seed,),
        trees=min(settings.trees, 200),
        threads=threads,
    )
    selected_s = time.monotonic() - begin
    scaling = MinMaxScaling.fit(features[~test][:, chosen.columns], chosen.names)
    scaled = scaling.transform(features[:, chosen.columns])
    begin = time.monotonic()
    forest = published_forest(scaled[~test], numbers[~test], settings.seed, threads, settings.trees)
    trained_s = time.monotonic() - begin
    bag = out_of_bag(forest, scaled[~test])
    begin = time.monotonic()
    answer = forest.predict(scaled[test])
    inference_ms = 1e3 * (time.monotonic() - begin) / test.sum()
    return table_scores(numbers[test], answer, classes) | {
        "trained_rows": int((~test).sum()),
        "features": list(chosen.names),
        "importance": [float(value) for value in chosen.importance],
        "oob_accuracy": bag.accuracy(numbers[~test]),
        "oob_variance": float(np.nanmean(np.take_along_axis(bag.variance, _best(bag.mean), axis=1))),
        "selection_s": selected_s,
        "training_s": trained_s,
        "inference_ms": inference_ms,
    }


def _best(mean: np.ndarray) -> np.ndarray:
    return np.argmax(np.nan_to_num(mean), axis=1)[:, None]


def _resnet_stage(
    data: ImageData,
    classes: Sequence[str],
    kind: str,
    settings: PublishedSettings,
    folder: Path,
    threads: int,
    minutes: float | None,
    *,
    weights: str | os.PathLike | None,
    quiet: bool,
) -> dict[str, Any] | None:
    from .checkpoint import Checkpoints
    from .network_training import TrainingSettings, probabilities, train
    from .resnet import ResNet18, load_weights

    kept = _at_most(np.asarray(data.groups), settings.max_images, settings.seed)
    power, labels = np.asarray(data.power)[kept], np.asarray(data.labels)[kept]
    test = split(np.asarray(data.groups)[kept], kind, TEST_SHARE, settings.seed, labels)
    numbers = _numbers(labels, classes, test)
    scale = PowerScale.fit(power[~test])
    network = ResNet18(len(classes), seed=settings.seed)
    if weights is not None:
        load_weights(network, weights)
    rows = np.flatnonzero(~test)

    def pictures(places: np.ndarray) -> np.ndarray:
        return image_tensors(published_images(power[places], scale))

    result = train(
        network,
        lambda places: pictures(rows[places]),
        numbers[rows],
        TrainingSettings(epochs=settings.epochs, seed=settings.seed, threads=threads),
        augment=flipped,
        checkpoints=Checkpoints(folder / f"resnet-{kind}"),
        max_minutes=minutes,
        quiet=quiet,
    )
    if not result.finished:
        return None
    begin = time.monotonic()
    answer = np.argmax(probabilities(network, pictures, np.flatnonzero(test), threads=threads), axis=1)
    inference_ms = 1e3 * (time.monotonic() - begin) / test.sum()
    return table_scores(numbers[test], answer, classes) | {
        "trained_rows": len(rows),
        "losses": list(result.losses),
        "scale_db": [scale.low_db, scale.high_db],
        "start": "random" if weights is None else "weights",
        "training_s": result.seconds,
        "inference_ms": inference_ms,
    }


def _at_most(groups: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Places of at most `count` rows, drawn evenly from all, in their order."""
    if len(groups) <= count:
        return np.arange(len(groups))
    return np.sort(np.random.default_rng([seed, 2]).permutation(len(groups))[:count])
