# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the `sentinel` command: finds the verb, turns errors into one line and an exit code."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

#: Verb, module below this package, and what it does.
VERBS = {
    "pulse": ("pulse", "find weak periodic pulses of wildlife tags"),
    "gnss": ("gnss", "find, name and describe interference on satellite navigation bands"),
    "clusters": ("clusters", "list and name groups of interference that no class fits"),
    "decimate": ("decimate", "one narrow channel of a wide input, as UDP packets or a recording"),
    "simulate": ("simulate", "make a scene with exact truth, or send it as a radio would: simulate pulse"),
    "pipeline": ("pipeline", "receiver or simulator, decimator and detector together: pipeline pulse"),
    "score": ("score", "compare events with the truth of a recording"),
    "calibrate": ("calibrate", "make a threshold and measure its real false-alarm rate: calibrate pulse"),
    "evaluate": (
        "evaluate",
        "re-run the published experiments and write their tables: evaluate pulse, evaluate streams",
    ),
    "train": ("train", "make the shipped models again: train gnss"),
    "info": ("info", "what a recording is, and which detectors fit it"),
    "demo": ("demo", "a minute's scene with a result worth showing"),
    "companion": ("companion", "open GNU Radio Companion with our blocks"),
    "bench": ("bench", "measure speed as ratios and write docs/benchmarks.md"),
    "doctor": ("doctor", "what is installed and what is missing"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a C locale must not end a run at a Δ
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        from gnuradio.sentinel import __version__

        print(f"gr-sentinel {__version__}")
        return 0
    _shun_unwritable_home()
    verb = words[0]
    if verb not in VERBS:
        close = difflib.get_close_matches(verb, VERBS, 1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(VERBS)}"
        return _complain(f"unknown command {verb!r}; {hint}", 2)
    return _run(verb, words[1:])


def _run(verb: str, words: list[str]) -> int:
    from gnuradio.sentinel.core.errors import InputError
    from gnuradio.sentinel.core.sinks import silence_stdout

    try:
        with _ending_on_sigterm():
            module, parser = _parser(verb)
            code = module.run(parser.parse_args(words))
            sys.stdout.flush()
            return code
    except InputError as error:
        return _complain(error, 2)
    except BrokenPipeError:
        silence_stdout()
        return 0
    except KeyboardInterrupt:
        return 130
    except (RuntimeError, OSError) as error:
        code = _complain(error, 1)
        _drop_unwritten(silence_stdout)
        return code


def _parser(verb: str) -> tuple[ModuleType, argparse.ArgumentParser]:
    module_name, summary = VERBS[verb]
    module = importlib.import_module(f"gnuradio.sentinel.apps.{module_name}")
    parser = argparse.ArgumentParser(
        prog=f"sentinel {verb}",
        description=summary[0].upper() + summary[1:] + ".",
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return module, parser


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the command with exit code 0 also outside a flowgraph: while it calibrates, say."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    previous = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _shun_unwritable_home() -> None:
    """Let GNU Radio keep its FFT plans in the folder for temporary files where HOME cannot be written.

    It raises otherwise. Only its view of the environment changes, not that of Python.
    """
    home = os.environ.get("HOME")
    if home and not (os.path.isdir(home) and os.access(home, os.W_OK | os.X_OK)):
        os.unsetenv("HOME")


def _drop_unwritten(silence_stdout: Callable[[], None]) -> None:
    """Keep the interpreter from failing once more, at its exit, on what a full disk did not take."""
    try:
        sys.stdout.flush()
    except OSError:
        silence_stdout()


def _complain(error: object, code: int) -> int:
    print(f"sentinel: {error}", file=sys.stderr)
    return code


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = ["usage: sentinel VERB ... (sentinel VERB --help tells more)", ""]
    lines += [f"  {verb:<{width}}  {summary}" for verb, (_, summary) in VERBS.items()]
    return "\n".join(lines)
