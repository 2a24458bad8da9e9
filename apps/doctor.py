# SPDX-License-Identifier: GPL-3.0-or-later
"""`sentinel doctor`: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import filecmp
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import gnuradio.sentinel
from gnuradio import gr
from gnuradio.sentinel.core.calibration_cache import cache_folder
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.live_kinds import live_kinds

from . import companion

#: What is installed with pip and needed by every command, and by some.
NEEDED_PACKAGES = ("scipy", "jsonschema", "pydantic", "pyyaml", "pyzmq", "rich", "sigmf")
OPTIONAL_PACKAGES = {
    "matplotlib": "pictures (--plot)",
    "onnxruntime": "learned models",
    "scikit-learn": "grouping of what is unknown, training of trees",
    "pyarrow": "tables of features (--features)",
    "skl2onnx": "training of trees",
    "torch": "training of networks",
}
_SIMD = ("neon", "asimd", "sse4_2", "avx", "avx2", "fma", "avx512f")


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes
    ----------
    name : str
    ok : bool
    found : str
        What is there, or what is wrong.
    remedy : str
        What to do; empty when all is well.
    needed : bool
        Whether commands fail without it.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `sentinel doctor`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; 0 if nothing that is needed is missing, else 1."""
    checks = [check() for check in CHECKS]
    checks += [_package(name, True, "") for name in NEEDED_PACKAGES]
    checks += [_package(name, False, use) for name, use in OPTIONAL_PACKAGES.items()]
    checks += [Check(kind.form, kind.ok, kind.found, kind.remedy) for kind in live_kinds()]
    healthy = all(check.ok or not check.needed for check in checks)
    if arguments.json:
        print(json.dumps({"ok": healthy, "checks": [asdict(check) for check in checks]}))
    else:
        print("\n".join(format_checks(checks)))
    return 0 if healthy else 1


def format_checks(checks: list[Check]) -> list[str]:
    """Lines for people: what is missing and needed is MISSING, the rest a warning."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        word = "ok" if check.ok else "MISSING" if check.needed else "warn"
        lines.append(f"{word:<7}  {check.name:<{width}}  {check.found}")
        if check.remedy:
            lines.append(f"{'':<7}  {'':<{width}}  -> {check.remedy}")
    missing = sum(check.needed and not check.ok for check in checks)
    lines.append("")
    lines.append(f"{missing} needed thing(s) missing." if missing else "All that is needed is there.")
    return lines


def check_gnuradio() -> Check:
    """The module is built against the binary interface of one release series."""
    version = gr.version()
    ok = version.startswith("3.10.")
    return Check("GNU Radio", ok, version, "" if ok else "install GNU Radio 3.10, as in Debian 12", True)


def check_numpy() -> Check:
    """NumPy 2 breaks Debian's GNU Radio."""
    version = importlib.metadata.version("numpy")
    ok = int(version.split(".")[0]) < 2
    remedy = "" if ok else "pip install 'numpy==1.24.2': GNU Radio 3.10 of Debian does not work with NumPy 2"
    return Check("numpy", ok, version, remedy, True)


def check_module() -> Check:
    """Whether the module in use is complete, the only one, and that of the source tree around it."""
    here = Path(gnuradio.sentinel.__file__).resolve().parent
    others = [path for path in _copies_on_path() if path != here]
    if others:
        remedy = f"remove {', '.join(map(str, others))}, so that it is clear which one runs"
        return Check("module", False, f"{here}, and another beside it", remedy)
    stale = stale_files(here)
    if stale:
        return Check(
            "module",
            False,
            f"{here}: {len(stale)} file(s) differ from the source tree, as {stale[0]}",
            "run `make run` again",
        )
    return Check("module", True, f"{gnuradio.sentinel.__version__} in {here}")


def _copies_on_path() -> list[Path]:
    places = (Path(entry or ".") / "gnuradio" / "sentinel" / "__init__.py" for entry in sys.path)
    return list(dict.fromkeys(place.resolve().parent for place in places if place.exists()))


def stale_files(here: Path) -> list[str]:
    """Python files of the source tree around an install that it lacks or has in another state."""
    for parent in here.parents:
        source = parent / "python" / "sentinel"
        if (source / "__init__.py").exists() and (parent / "grc").is_dir():
            pairs = [(path, here / path.relative_to(source)) for path in sorted(source.rglob("*.py"))]
            pairs += [(path, here / "apps" / path.name) for path in sorted((parent / "apps").glob("*.py"))]
            return [
                path.name
                for path, copy in pairs
                if "bindings" not in path.parts and not (copy.exists() and filecmp.cmp(path, copy, False))
            ]
    return []


def check_processor() -> Check:
    """Cores and vector units."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    words = set(text.split())
    units = [unit for unit in _SIMD if unit in words]
    return Check("processor", True, f"{platform.machine()}, {os.cpu_count()} cores, {' '.join(units) or '-'}")


def check_volk() -> Check:
    """Which vector unit GNU Radio's kernels use, and whether they were measured on this machine."""
    name = ctypes.util.find_library("volk")
    if name is None:
        return Check("VOLK", False, "library not found", "sudo apt install libvolk2.5", True)
    library = ctypes.CDLL(name)
    library.volk_get_machine.restype = ctypes.c_char_p
    machine = library.volk_get_machine().decode()
    profiled = any(path.exists() for path in _volk_profiles())
    hint = "" if profiled else "; `volk_profile` once may make it faster"
    return Check("VOLK", True, f"machine {machine}, {'profiled' if profiled else 'not profiled'}{hint}")


def _volk_profiles() -> list[Path]:
    folder = os.environ.get("VOLK_CONFIGPATH")
    home = os.path.expanduser("~")
    return [
        Path(folder or home) / "volk" / "volk_config",
        Path(home) / ".volk" / "volk_config",
        Path("/etc/volk/volk_config"),
    ]


def check_radios() -> Check:
    """Receivers are reached through gr-osmosdr."""
    if importlib.util.find_spec("osmosdr") is not None:
        return Check("gr-osmosdr", True, "installed")
    return Check("gr-osmosdr", False, "radios cannot be opened", "sudo apt install gr-osmosdr")


def check_companion() -> Check:
    """What `sentinel companion` needs, but for a display."""
    try:
        program = companion.find_companion()
    except InputError as error:
        found, _, remedy = str(error).partition("; ")
        return Check("Companion", False, found, remedy)
    lacking, _, remedy = companion.missing_gtk().partition("; ")
    if lacking:
        return Check("Companion", False, lacking, remedy)
    if not companion.block_folders():
        return Check("Companion", False, "no descriptions of our blocks", "run `make run`")
    return Check("Companion", True, f"{program}, blocks in {companion.block_folders()[-1]}")


def check_cache() -> Check:
    """Where calibrations are kept between runs."""
    folder = cache_folder()
    if folder is None:
        return Check("cache", False, "there is no home folder", "set SENTINEL_CACHE_DIR to a folder")
    if not _can_write(folder):
        remedy = "make it writable, or set SENTINEL_CACHE_DIR: every run now calibrates anew"
        return Check("cache", False, f"{folder} cannot be written", remedy)
    return Check("cache", True, str(folder))


def check_wisdom() -> Check:
    """GNU Radio keeps what FFTW learned in the home folder, and complains at each start if it cannot."""
    folder = Path(os.environ.get("HOME") or os.environ.get("APPDATA") or tempfile.gettempdir())
    if not _can_write(folder):
        remedy = "set HOME to a folder that can be written: FFTs are planned anew at each start"
        return Check("FFTW wisdom", False, f"{folder} cannot be written", remedy)
    return Check("FFTW wisdom", True, str(folder / ".gr_fftw_wisdom"))


def _can_write(folder: Path) -> bool:
    """Whether a file can be made there, or in the folder above that it would be made in."""
    existing = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if existing is None or not existing.is_dir():
        return False
    try:
        with tempfile.TemporaryFile(dir=existing):
            return True
    except OSError:
        return False


def _package(name: str, needed: bool, use: str) -> Check:
    try:
        return Check(name, True, importlib.metadata.version(name), "", needed)
    except importlib.metadata.PackageNotFoundError:
        what = f"not installed{': no ' + use if use else ''}"
        remedy = f"{sys.executable} -m pip install -c constraints.txt {name}"
        return Check(name, False, what, remedy, needed)


CHECKS: tuple[Callable[[], Check], ...] = (
    check_gnuradio,
    check_numpy,
    check_module,
    check_processor,
    check_volk,
    check_radios,
    check_companion,
    check_cache,
    check_wisdom,
)
