# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of live inputs, docs/results-streams.md: text around sections that are replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gnuradio.sentinel.core.markdown import markdown_table, replace_section

from .evaluate_streams_row import Row

_PAGE = """# Live inputs: measured figures

[The same scene](#the-same-scene-by-every-way) · [damage](#damage-on-the-way) ·
[clock](#a-clock-that-is-off) · [bad packets](#packets-that-are-none) · [every sample](#every-sample) ·
[long runs](#long-runs)

Everything between markers is written by `sentinel evaluate streams`; `--quick` measures a tenth of the rows
again, writes nothing, and fails where a claim does not hold.

<!-- begin:conditions -->
<!-- end:conditions -->

## The same scene by every way

A minute with two tags, of E/N0 18 and 10.5 dB, sent at the pace of a radio and read from a recording of the
same seed. Claimed: the same tags in the same cycles, frequency within 5 Hz, place within one sample and the
estimator's 3.5 ms, UTC within one sample where packets bear stamps. 3840 samples/s; over rtl_tcp 250 kS/s
of 8 bit, compared with a cu8 recording, for 59 s because the driver keeps its last buffer when the server
ends.

<!-- begin:same -->
<!-- end:same -->

## Damage on the way

A tag of 20 dB every 0.5 s, 38.4 kS/s, K 3, cycles of 1.52 s. UDP: 30 s at the pace of a radio, packets of 1
+ 1023 samples. zmqiq: packets of 768 samples, 120 s as fast as the receiver takes them (jitter: 30 s at the
pace of a radio). Single packets are below 30 ms and filled; two and more are cut. Claimed: received = sent
in time; made = received + filled + cut + lost, to the sample; no gap told that none made; in every cycle
that no loss touched the tag, its pulses within 3.5 ms of the truth, and the UTC of the event within one
sample. A pulse across the begin
of its cycle is not asked for its place.
A restart: the sender is killed (SIGKILL) and another started at
the same address; the receiver then
waits for a third one and ends with exit code 3.

<!-- begin:damage -->
<!-- end:damage -->

## A clock that is off

One hour at 3840 samples/s, the sender's crystal off and its stamps true. UDP at 80 times real time, which
paces it; zmqiq as fast as the receiver takes it. Claimed: nothing lost, no gap, no step, the tag in every
cycle, the rate known within 0.5 ppm. The guard gives the time anew once a second, and a cycle counts from
the one in its middle at the stated rate: times are claimed within one sample and 6 s of the clock's error.

<!-- begin:clock -->
<!-- end:clock -->

## Packets that are none

Thrown at the running receiver, one behind every third good packet, in turn. UDP: 0, 1, 7 and 65507 bytes, a
header alone, part of a sample, a whole second of nanoseconds, NaN and denormals as header, stamps of 1970,
2038 and 2106. zmqiq: 0, 1, 7, 39 and 65507 bytes, payload too short and too long, magic, version, header
size, payload size wrong, rate 0, count 0, a count that contradicts the length, NaN and denormals as header,
a good packet again with a stamp of 2038. Claimed: each malformed one counted, each readable one dropped as
late or duplicate, all good ones received, no gap, step or restart, the tag in every cycle.

<!-- begin:junk -->
<!-- end:junk -->

## Every sample

`made` is what the sender made between the first and the last sample that it sent in time (by its own
report, or by stamps where it was killed); `difference` is made - received - filled - cut - lost. `lost` are
estimates by the clock.

<!-- begin:samples -->
<!-- end:samples -->

## Long runs

Written by `sentinel evaluate streams --soak 10`. Resident memory of the receiver's process at its largest
in the first fifth of the run and in the rest; of a recording, of a fifth of the hours and of all. The share
of a core is CPU time of the whole process, start and calibration included, over seconds of signal.

<!-- begin:soak -->
<!-- end:soak -->
"""

_TABLES = {
    "same": ("same",),
    "damage": ("damage", "restart"),
    "clock": ("clock",),
    "junk": ("junk",),
}


def write_page(rows: Sequence[Row], out: Path, conditions: str) -> None:
    """Write the page; text between the sections is kept if the page is there."""
    if not out.exists():
        out.write_text(_PAGE, encoding="utf-8")
    replace_section(out, "conditions", conditions)
    for section, tables in _TABLES.items():
        replace_section(out, section, row_table(row for row in rows if row.table in tables))
    replace_section(out, "samples", sample_table(rows))


def row_table(rows: Iterable[Row]) -> str:
    """What was found, row by row."""
    header = ("input", "row", "gaps made", "gaps told", "tag found in cycles", "measured", "holds", "s")
    return markdown_table(
        header,
        [
            (
                row.kind,
                row.name,
                row.gaps_made,
                row.gaps_told,
                row.found,
                "; ".join(row.notes),
                "yes" if row.ok else "no: " + "; ".join(row.failures),
                f"{row.seconds:.0f}",
            )
            for row in rows
        ],
    )


def sample_table(rows: Iterable[Row]) -> str:
    """The account of all rows."""
    names = ("made", "received", "filled", "cut", "lost", "late", "duplicate", "difference")
    return markdown_table(
        ("input", "row", *names),
        [(row.kind, row.name, *(getattr(row, name) for name in names)) for row in rows],
    )
