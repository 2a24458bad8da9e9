# SPDX-License-Identifier: GPL-3.0-or-later
"""One grammar of inputs for every command, the block Sentinel Source and the station.

`parse_input` says what a text means and refuses what makes no sense; `open_input` opens it through
the registry `OPENERS`. No driver of a radio is loaded before an input of its kind is opened.
"""

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .data_file import canonical_format
from .errors import InputError
from .input_stream import NATIVE_FORMATS, InputStream, open_recording_stream
from .recording import open_recording
from .recording_raw import SUFFIX_FORMATS
from .units import parse_frequency, parse_rate


@dataclass(frozen=True)
class Kind:
    """One row of the grammar.

    Attributes
    ----------
    prefix : str
        What stands before the colon; empty for files and standard input.
    form : str
        How the input is written, for error texts.
    accounting : str
        How well a loss of samples is known: exact, sequence, timestamps, clock or none.
    live : bool
        Whether it is received now, so that it has no start and takes no file type.
    needs : tuple of str
        Options it cannot do without.
    radio : bool
        Whether it is tuned: takes a gain and a correction of its clock.
    """

    prefix: str
    form: str
    accounting: str
    live: bool = True
    needs: tuple[str, ...] = ()
    radio: bool = False


_TUNED = ("--rate", "--center-freq")
KINDS = {
    "sigmf": Kind("", "x.sigmf-meta", "exact", live=False),
    "wav": Kind("", "x.wav", "exact", live=False),
    "raw": Kind("", "x.cf32", "exact", live=False),
    "stdin": Kind("", "-", "none", live=False),
    "udp": Kind("udp", "udp:HOST:PORT", "timestamps", needs=("--rate",)),
    "zmqiq": Kind("zmqiq", "zmqiq:tcp://HOST:PORT", "sequence"),
    "zmq": Kind("zmq", "zmq:tcp://HOST:PORT", "clock", needs=("--rate",)),
    "rtl_tcp": Kind("rtl_tcp", "rtl_tcp:HOST:PORT", "clock", needs=_TUNED, radio=True),
    "rtl": Kind("rtl", "rtl:N", "clock", needs=_TUNED, radio=True),
    "osmosdr": Kind("osmosdr", "osmosdr:ARGS", "clock", needs=_TUNED, radio=True),
    "soapy": Kind("soapy", "soapy:ARGS", "clock", needs=_TUNED, radio=True),
    "rtlsdr": Kind("rtlsdr", "rtlsdr:N", "clock", needs=_TUNED, radio=True),
}

#: Seconds without a sample after which a live input counts as lost.
STALL_TIMEOUT_S = 10.0
#: How a gap is found: by the gap guard's own rule, or to the letter of the published pulse detector.
GAP_RULES = ("sentinel", "published")
#: Receivers whose samples can stay bytes.
_NATIVE_LIVE = ("rtlsdr", "rtl_tcp", "rtl")
_SIGMF_SUFFIXES = (".sigmf-meta", ".sigmf-data", ".sigmf")


@dataclass(frozen=True)
class InputSpec:
    """What an input text and its options mean, all values checked, nothing opened.

    `target` is what stands behind the prefix: a path, `tcp://HOST:PORT`, a device number or driver
    arguments. `host` and `port` are set where it names a network address. `gain_db` None is automatic
    gain, `stall_timeout_s` 0 is to wait for ever, gaps of `fill_below_s` or more are cut and not filled;
    `gap_rule` is one of `GAP_RULES`.
    """

    text: str
    kind: str
    target: str
    host: str | None = None
    port: int | None = None
    sample_rate: float | None = None
    center_freq_hz: float | None = None
    format: str | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    channel: int = 0
    gain_db: float | None = None
    ppm: float = 0.0
    stall_timeout_s: float = STALL_TIMEOUT_S
    fill_below_s: float = 0.0
    gap_rule: str = "sentinel"
    native: bool = False

    @property
    def accounting(self) -> str:
        return KINDS[self.kind].accounting

    @property
    def live(self) -> bool:
        return KINDS[self.kind].live


def parse_input(
    text: str,
    *,
    sample_rate: float | str | None = None,
    center_freq: float | str | None = None,
    format: str | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
    channel: int = 0,
    gain: float | str | None = None,
    ppm: float | None = None,
    stall_timeout_s: float = STALL_TIMEOUT_S,
    fill_below_s: float = 0.0,
    gap_rule: str = "sentinel",
    native: bool = False,
) -> InputSpec:
    """Read an INPUT and the options that go with it.

    Parameters
    ----------
    text : str
        The input as the user wrote it.
    sample_rate, center_freq : float or str, optional
        Hz, or text such as 2.56e6 or 146M.
    format : str, optional
        Sample type of raw samples.
    start_s, duration_s : float
        The part to read, in seconds; None is up to the end.
    channel : int
        Which of several interleaved channels.
    gain : float or str, optional
        Of a radio, dB, or `auto`, which is what it does if this is not given.
    ppm : float, optional
        Correction of a radio's clock.
    stall_timeout_s : float
        Seconds without a sample after which a live input counts as lost; 0 waits for ever.
    fill_below_s : float
        Gaps of a live input that are shorter are filled with zeros, longer ones cut.
    native : bool
        Leave 8- and 16-bit samples as they are; for recordings and RTL dongles.

    Raises
    ------
    InputError
        If the text is not in the grammar or an option is missing, senseless or of no use for it.
    """
    kind, target = _kind_and_target(str(text))
    row = KINDS[kind]
    options = {
        "--rate": None if sample_rate is None else parse_rate(sample_rate, "--rate"),
        "--center-freq": None if center_freq is None else parse_frequency(center_freq, "--center-freq"),
        "--format": None if format is None else canonical_format(format, "--format"),
    }
    _check_span(text, start_s, duration_s)
    if isinstance(channel, bool) or not isinstance(channel, int) or channel < 0:
        raise InputError(f"{text}: channel {channel!r} must be a whole number from 0 on")
    for option in row.needs:
        if options[option] is None:
            raise InputError(f"{text}: needs {option}; {_EXAMPLES[option]}")
    if row.live and start_s:
        raise InputError(f"{text}: --start is for recordings; a live input begins now, leave it out")
    if row.live and options["--format"] is not None:
        raise InputError(f"{text}: --format is for raw files and -; leave it out")
    gain_db = _radio_options(text, row, gain, ppm)
    if gap_rule not in GAP_RULES:
        raise InputError(f"{text}: --gap-rule {gap_rule!r} is none of {', '.join(GAP_RULES)}")
    for name, value in (("--stall-timeout", stall_timeout_s), ("gap fill limit", fill_below_s)):
        if not (math.isfinite(value) and value >= 0):
            raise InputError(f"{text}: {name} {value:g} s must be 0 or more")
    if native and row.live and kind not in _NATIVE_LIVE:
        raise InputError(f"{text}: native samples come from recordings and RTL dongles; leave native out")
    host, port = _address(text, kind, target)
    return InputSpec(
        text=str(text),
        kind=kind,
        target=target,
        host=host,
        port=port,
        sample_rate=options["--rate"],
        center_freq_hz=options["--center-freq"],
        format=options["--format"],
        start_s=float(start_s),
        duration_s=None if duration_s is None else float(duration_s),
        channel=channel,
        gain_db=gain_db,
        ppm=0.0 if ppm is None else float(ppm),
        stall_timeout_s=float(stall_timeout_s),
        fill_below_s=float(fill_below_s),
        gap_rule=gap_rule,
        native=bool(native),
    )


def input_kind(text: str) -> str:
    """Which of `KINDS` an input text is of. Raises InputError where it is none."""
    return _kind_and_target(str(text))[0]


def open_input(spec: InputSpec) -> InputStream:
    """Open what `parse_input` understood. Raises InputError if it cannot be opened."""
    return OPENERS[spec.kind](spec)


def input_rate(text: str, sample_rate: float | str | None = None, otherwise: float = 3840.0) -> float:
    """Sample rate that `open_input` would find, Hz; for a flowgraph whose other blocks must know it.

    Parameters
    ----------
    text : str
        As of `parse_input`.
    sample_rate : float or str, optional
        As given by the user; None, 0 and "" are not given.
    otherwise : float
        The answer where the input cannot be opened now: Companion asks while the file is not there yet,
        and Sentinel Source will say what is wrong with it.

    Raises
    ------
    InputError
        If only the packets of the input will tell: they come when all blocks are made already.
    """
    if sample_rate:
        return parse_rate(sample_rate, "--rate")
    if text.startswith("zmqiq:"):
        raise InputError(f"{text}: a flowgraph needs the rate before the packets come; say it with --rate")
    try:
        spec = parse_input(text)
        from_metadata = spec.kind in ("sigmf", "wav")
        return open_recording(spec.target).sample_rate if from_metadata else otherwise
    except InputError:
        return otherwise


def input_center(text: str, center_freq: float | str | None = None) -> float:
    """Centre of the input that `open_input` would find, Hz; for the axes of a flowgraph with windows.

    0 where it is not known, or the input cannot be opened now.

    Parameters
    ----------
    text : str
        As of `parse_input`.
    center_freq : float or str, optional
        As given by the user; None, 0 and "" are not given.
    """
    if center_freq:
        return parse_frequency(center_freq, "--center-freq")
    try:
        spec = parse_input(text)
        found = open_recording(spec.target).captures[0].center_freq_hz if spec.kind == "sigmf" else None
    except InputError:
        return 0.0
    return found or 0.0


def input_format(text: str, format: str | None = None) -> str:
    """Type of the items that `open_input` gives where they stay native if they can.

    For a flowgraph whose other blocks must know it: cu8, ci8, cu16_le or ci16_le of recordings and RTL
    dongles that have it, else cf32_le. So too where the input cannot be opened now: Companion asks while the
    file is not there yet, and Sentinel Source will say what is wrong with it.

    Parameters
    ----------
    text : str
        As of `parse_input`.
    format : str, optional
        Type of raw samples as given by the user; None and "" are not given.
    """
    try:
        spec = parse_input(text, sample_rate=1.0, center_freq=1.0, format=format or None)
        if spec.live:
            return "cu8" if spec.kind in _NATIVE_LIVE else "cf32_le"
        if spec.kind in ("raw", "stdin"):
            found = spec.format or SUFFIX_FORMATS.get(Path(spec.target).suffix.lower())
        else:
            found = open_recording(spec.target, fmt=spec.format).format
    except InputError:
        return "cf32_le"
    return found if found in NATIVE_FORMATS else "cf32_le"


def pace_rate(text: str, sample_rate: float, speed: float = 1.0) -> float:
    """Samples per second that a Throttle behind the input lets pass, for a flowgraph with windows.

    A recording passes at `speed` times the pace it was made at. A live input has a pace of its own, which
    is never that of this machine's clock, and must not be held up.
    """
    live = KINDS[input_kind(text)].live
    return sample_rate * (1e3 if live else speed)


def open_file(spec: InputSpec) -> InputStream:
    """Opener of recordings and standard input."""
    return open_recording_stream(
        spec.target,
        sample_rate=spec.sample_rate,
        fmt=spec.format,
        center_freq=spec.center_freq_hz,
        channel=spec.channel,
        start_s=spec.start_s,
        duration_s=spec.duration_s,
        native=spec.native,
    )


def open_live(spec: InputSpec) -> InputStream:
    """Opener of what is received now."""
    # Here, since that module needs InputSpec, and recordings need nothing of it.
    from .live_inputs import open_live_stream

    return open_live_stream(spec)


#: Kind of input to the function that opens it.
OPENERS: dict[str, Callable[[InputSpec], InputStream]] = {
    kind: open_live if row.live else open_file for kind, row in KINDS.items()
}

_EXAMPLES = {
    "--rate": "for instance --rate 250k",
    "--center-freq": "for instance --center-freq 146M",
}


def _kind_and_target(text: str) -> tuple[str, str]:
    if not text.strip():
        raise InputError("the input is empty; name a recording or a receiver")
    if text == "-":
        return "stdin", "-"
    prefix, colon, rest = text.partition(":")
    prefixes = {row.prefix: kind for kind, row in KINDS.items() if row.prefix}
    if colon and prefix in prefixes:
        return prefixes[prefix], rest
    looks_like_prefix = colon and re.fullmatch(r"[A-Za-z][A-Za-z_0-9]*", prefix)
    suffix = Path(text).suffix.lower()
    is_file = suffix in (*_SIGMF_SUFFIXES, ".wav", *SUFFIX_FORMATS) or Path(text).exists()
    if looks_like_prefix and not is_file:
        close = difflib.get_close_matches(prefix.lower(), prefixes, n=1)
        hint = f"did you mean {close[0]}:?" if close else f"known are {', '.join(prefixes)}"
        raise InputError(f"{text}: input prefix {prefix!r} is unknown; {hint}")
    if suffix in _SIGMF_SUFFIXES:
        return "sigmf", text
    return ("wav" if suffix == ".wav" else "raw"), text


def _address(text: str, kind: str, target: str) -> tuple[str | None, int | None]:
    """Host and port where the kind has them; the rest of the target's grammar is checked too."""
    form = KINDS[kind].form
    if kind in ("rtl", "rtlsdr"):
        if not re.fullmatch(r"[0-9]{1,3}", target):
            raise InputError(f"{text}: must be {form} with a device number, for instance {kind}:0")
        return None, None
    if kind not in ("udp", "zmq", "zmqiq", "rtl_tcp"):
        return None, None
    address = target
    if kind in ("zmq", "zmqiq"):
        if not target.startswith("tcp://"):
            raise InputError(f"{text}: must be {form}, for instance {kind}:tcp://127.0.0.1:5555")
        address = target.removeprefix("tcp://")
    host, _, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise InputError(f"{text}: must be {form}; put an IPv6 address in brackets, as in [::1]:10000")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port):
        example = form.replace("HOST", "127.0.0.1").replace("PORT", "10000")
        raise InputError(f"{text}: must be {form}, for instance {example}")
    if not 1 <= int(port) <= 65535:
        raise InputError(f"{text}: port {port} must be from 1 to 65535")
    return host, int(port)


def _radio_options(text: str, row: Kind, gain: float | str | None, ppm: float | None) -> float | None:
    """The gain in dB, None where it is automatic."""
    for option, value in (("--gain", gain), ("--ppm", ppm)):
        if value is not None and not row.radio:
            raise InputError(f"{text}: {option} is for radios; leave it out")
    if ppm is not None and not (math.isfinite(ppm) and abs(ppm) <= 1000):
        raise InputError(f"{text}: --ppm {ppm:g} must be within 1000")
    if gain is None or gain == "auto":
        return None
    try:
        gain_db = float(gain)
    except ValueError:
        gain_db = math.nan
    if not math.isfinite(gain_db):
        raise InputError(f"{text}: --gain {gain} must be a number of dB, or auto")
    return gain_db


def _check_span(text: str, start_s: float, duration_s: float | None) -> None:
    if not math.isfinite(start_s) or start_s < 0:
        raise InputError(f"{text}: --start {start_s:g} s must be 0 or more")
    if duration_s is not None and not (math.isfinite(duration_s) and duration_s > 0):
        raise InputError(f"{text}: --duration {duration_s:g} s must be above 0")
