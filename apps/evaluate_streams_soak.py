# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and processor share of the pulse detector over long runs, as the kernel counts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.markdown import markdown_table, replace_section
from gnuradio.sentinel.core.ports import free_port, udp_port_is_bound

#: Runs of the `sentinel` command, whatever folder they are started from.
COMMAND = (sys.executable, "-c", "import sys; from gnuradio.sentinel.apps.main import main; sys.exit(main())")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_POLL_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")
#: Share of a run that counts as its beginning: caches fill, buffers grow to their size.
WARM_UP = 0.2
#: The memory of a fifth of them, an hour, is compared with that of all.
FULL_SPEED_HOURS = 5.0


@dataclass(frozen=True)
class Soak:
    """What a long run came to.

    Attributes
    ----------
    name : str
    signal_s, wall_s, cpu_s : float
        Seconds of signal, and of the receiver's process.
    early_mib, late_mib : float
        Its largest resident memory in the first fifth of the run after the first samples, and in the rest.
    decisions, events, samples_lost : int
        From its report.
    """

    name: str
    signal_s: float
    wall_s: float
    cpu_s: float
    early_mib: float
    late_mib: float
    decisions: int
    events: int
    samples_lost: int

    @property
    def cpu_share(self) -> float:
        """Share of one core that real time needs."""
        return self.cpu_s / self.signal_s


def watch(process: subprocess.Popen, every_s: float = 1.0) -> tuple[list[float], float]:
    """Resident MiB of a process every so often until it ends, and its CPU seconds."""
    memory, cpu_s = [], 0.0
    while process.poll() is None:
        try:
            resident = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError):
            break
        if resident:  # 0 once it is a zombie
            memory.append(resident * _PAGE / 2**20)
            cpu_s = (int(fields[11]) + int(fields[12])) * _TICK_S
        time.sleep(every_s)
    return memory, cpu_s


def run_soak(
    name: str,
    receiver: Sequence[str],
    sender: Sequence[str] = (),
    every_s: float = 1.0,
    listens: Callable[[], bool] = lambda: True,
) -> Soak:
    """Run a receiver, and a sender if it needs one, to the receiver's end.

    The sender starts when `listens` says that the receiver does.

    Raises
    ------
    RuntimeError
        The receiver failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = [*COMMAND, *receiver, "--json", "--report", str(report)]
        with open(os.devnull, "wb") as nothing, open(Path(folder) / "errors", "w+b") as errors:
            began = time.monotonic()
            process = subprocess.Popen(words, stdout=nothing, stderr=errors)
            other = None
            if sender:
                while not listens() and process.poll() is None:
                    time.sleep(_POLL_S)
                other = subprocess.Popen([*COMMAND, *sender], stdout=nothing, stderr=nothing)
            memory, cpu_s = watch(process, every_s)
            code, wall_s = process.wait(), time.monotonic() - began
            if other is not None:
                other.terminate()
                other.wait()
            if code != 0:
                errors.seek(0)
                raise RuntimeError(f"{name}: the receiver ended with {code}: {errors.read().decode()[-500:]}")
        told = json.loads(report.read_text())
    warm = max(1, int(WARM_UP * len(memory)))
    return Soak(
        name=name,
        signal_s=told["signal_s"],
        wall_s=wall_s,
        cpu_s=cpu_s,
        early_mib=max(memory[:warm]),
        late_mib=max(memory[warm:] or memory),
        decisions=told["decisions"],
        events=told["events"],
        samples_lost=told["samples_lost"],
    )


def one_detector(minutes: float) -> Soak:
    """One tag from decimator packets at 3840 S/s, in real time."""
    port = free_port("UDP")
    seconds = f"{60 * minutes:g}"
    return run_soak(
        f"one 3840 S/s detector, udp, {minutes:g} min in real time",
        ["pulse", f"udp:127.0.0.1:{port}", "--tip", "2", "--duration", seconds],
        ["simulate", "pulse", "--tag", "freq=500,tip=2,tp=0.015,en0=15", "--udp", f"127.0.0.1:{port}"],
        listens=lambda: udp_port_is_bound(port),
    )


def many_tags(minutes: float, tags: int = 50, sample_rate: float = 768e3) -> Soak:
    """Many tags over a wideband stream of IQ packets, in real time."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tags.yaml"
        places = [(-0.45 + 0.9 * t / (tags - 1)) * sample_rate for t in range(tags)]
        rows = [f"  - {{id: t{t}, freq: {place:.0f}, interval_s: 2.0}}" for t, place in enumerate(places)]
        path.write_text("offsets: true\ntags:\n" + "\n".join(rows) + "\n", encoding="utf-8")
        endpoint = f"tcp://127.0.0.1:{port}"
        return run_soak(
            f"{tags} tags from one {sample_rate:g} S/s stream, zmqiq, {minutes:g} min in real time",
            ["pulse", f"zmqiq:{endpoint}", "--rate", f"{sample_rate:g}", "--tags", str(path)]
            + ["--duration", f"{60 * minutes:g}", "--stall-timeout", "60"],
            ["simulate", "pulse", "--rate", f"{sample_rate:g}", "--zmqiq", endpoint]
            + ["--tag", f"freq={places[tags // 2]:.0f},tip=2,tp=0.015,en0=15"],
        )


def full_speed(hours: float) -> Soak:
    """Hours of samples at 3840 S/s from a file, at full speed; early memory is that of a fifth of them."""
    part, whole = _file_soak(WARM_UP * hours), _file_soak(hours)
    return replace(whole, early_mib=part.late_mib)


def _file_soak(hours: float) -> Soak:
    with tempfile.TemporaryDirectory() as folder:
        scene = Path(folder) / "scene.sigmf-meta"
        words = ["simulate", "pulse", "--tag", "freq=500,tip=2,tp=0.015,en0=12", "--out", str(scene)]
        subprocess.run([*COMMAND, *words, "--duration", f"{3600 * hours:g}"], check=True, capture_output=True)
        name = f"{hours:g} h of samples at 3840 S/s from a file, full speed"
        return run_soak(name, ["pulse", str(scene), "--tip", "2"], every_s=0.02)


def run(minutes: float, out: str | Path) -> int:
    """Run all of them, write the section of the page, and return the exit code.

    Raises
    ------
    InputError
        There is no page, or the minutes make no sense.
    """
    out = Path(out)
    if not out.exists():
        raise InputError(f"--out {out}: there is no page yet; run `sentinel evaluate streams` first")
    if not 0.5 <= minutes <= 1440:
        raise InputError(f"--soak {minutes:g}: give 0.5 to 1440 minutes")
    with ThreadPoolExecutor(2) as pool:
        live = [pool.submit(one_detector, minutes), pool.submit(many_tags, minutes)]
        rows = [full_speed(FULL_SPEED_HOURS), *(task.result() for task in live)]
    replace_section(out, "soak", soak_table(rows))
    print(f"wrote {out}")
    return 0


def soak_table(rows: Iterable[Soak]) -> str:
    """Memory and processor share, row by row."""
    header = ("run", "decisions", "events", "samples lost", "MiB early", "MiB late", "share of a core")
    return markdown_table(
        header,
        [
            (
                row.name,
                row.decisions,
                row.events,
                row.samples_lost,
                f"{row.early_mib:.1f}",
                f"{row.late_mib:.1f}",
                f"{100 * row.cpu_share:.2g} %",
            )
            for row in rows
        ],
    )
