# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel train ROOM`: makes the shipped models again, or the published configurations."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from gnuradio.sentinel.core import logs
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.progress import progress
from gnuradio.sentinel.core.training_needs import require_training

EPILOG = """\
examples:
  sentinel train gnss --out models/
  sentinel train gnss --only classifier --max-minutes 30
  sentinel train gnss --only classifier --add unknown.json --out my-models/
  sentinel train gnss --published --max-minutes 60
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel train`."""
    parser.add_argument("room", choices=("gnss",), help="whose models")
    parser.add_argument("--only", choices=("detector", "classifier"), help="train one of the models (both)")
    parser.add_argument(
        "--published",
        action="store_true",
        help="train and test the published forest and ResNet18 instead (torch); results stay in the cache",
    )
    parser.add_argument(
        "--add",
        metavar="FILE.json",
        action="append",
        default=[],
        help="train the classifier on the named clusters of this file too; may be given several times",
    )
    parser.add_argument("--out", metavar="DIR", default="models", help="where the models go (models)")
    parser.add_argument(
        "--cache",
        metavar="DIR",
        default=".cache/gnss",
        help="where features of simulated sessions are kept (.cache/gnss)",
    )
    parser.add_argument("--max-minutes", type=float, metavar="M", help="stop after so long; again goes on")
    logs.add_log_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train and say where the models are."""
    logs.configure(arguments.log_level, arguments.log_json)
    if not arguments.published:
        require_training("scikit-learn", "onnx", "skl2onnx")
    if arguments.max_minutes is not None and not arguments.max_minutes > 0:
        raise InputError(f"--max-minutes {arguments.max_minutes:g} must be above 0")
    if arguments.add and (arguments.published or arguments.only != "classifier"):
        raise InputError("--add is for the classifier; give --only classifier with it")
    if arguments.published:
        return _published(arguments)
    from gnuradio.sentinel.gnss.training.shipped import Clock, train_classifier, train_detector

    steps = {
        "detector": train_detector,
        "classifier": partial(train_classifier, additions=_additions(arguments.add)),
    }
    Path(arguments.out).mkdir(parents=True, exist_ok=True)
    clock = Clock.start(arguments.max_minutes)
    for name, train in steps.items():
        if arguments.only in (None, name):
            with progress(None, f"{name}: sessions") as advance:
                path = train(arguments.out, arguments.cache, clock, advance)
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, card {path.with_suffix('.card.json')}")
    return 0


def _additions(paths: list[str]) -> tuple:
    """Seconds of named clusters; says what is added and what is left out. Raises InputError."""
    if not paths:
        return ()
    from gnuradio.sentinel.gnss.training.additions import read_additions

    additions, left_out = read_additions(paths)
    for part in additions:
        print(f"{part.name}: {len(part.rows)} seconds of {len(set(part.interval.tolist()))} intervals added")
    for line in left_out:
        print(line)
    return additions


def _published(arguments: argparse.Namespace) -> int:
    if arguments.only:
        raise InputError("--only is for the shipped models; leave it out with --published")
    from gnuradio.sentinel.gnss.evaluation.published import folder
    from gnuradio.sentinel.gnss.training.published import PublishedSettings, train_published
    from gnuradio.sentinel.gnss.training.published_data import KINDS, PublishedData
    from gnuradio.sentinel.gnss.training.shipped import Clock

    clock = Clock.start(arguments.max_minutes)
    for method in ("forest", "resnet"):
        for kind, experiment in KINDS.items():
            stages = tuple(name for name in experiment.stages if name.startswith(method))
            with progress(None, f"{kind}: sessions") as advance:

                def tell(count: int, advance=advance) -> None:
                    advance(count)
                    clock.check()

                done = train_published(
                    PublishedData(kind, arguments.cache, tell).provider(),
                    folder(arguments.cache, kind),
                    settings=PublishedSettings(stages=stages),
                    classes=experiment.classes,
                    max_minutes=clock.minutes_left,
                )
            for name in stages:
                if name in done:
                    found = done[name]
                    print(f"{kind} {name}: accuracy {found['accuracy']:.3f}, F2 {found['macro_f2']:.3f}")
                else:
                    print(f"{kind} {name}: not done yet; the same command goes on")
    print("`sentinel evaluate gnss` takes the results into its page")
    return 0
