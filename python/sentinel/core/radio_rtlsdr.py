# SPDX-License-Identifier: GPL-3.0-or-later
"""RTL dongles through pyrtlsdr, with their own 8-bit samples: `rtlsdr:`."""

from __future__ import annotations

import ctypes.util
import importlib.util
import logging
import queue
import threading
from typing import Any

import numpy as np
from gnuradio import gr

from .. import kernel
from .block import WORK_DONE, SafeBlock, guarded
from .errors import InputError
from .input_stream import RadioGain, Tuning
from .inputs import InputSpec
from .quiet import captured_output
from .radio import Feed, check_granted, refusal, try_in_child

log = logging.getLogger("gnuradio.sentinel.core.radio")

#: Bytes of one transfer from the dongle, 27 ms at 2.4 MHz, and how many transfers may wait: 1.7 s.
TRANSFER_BYTES = 1 << 17
QUEUE_TRANSFERS = 64
#: Longest wait of one call of work, s.
_WAIT_S = 0.1
_PROGRAM = "import sys, rtlsdr; rtlsdr.RtlSdr(int(sys.argv[1])).close()"
_REMEDY = (
    "connect the dongle, end other programs that use it, and unload the television driver "
    "(sudo modprobe -r dvb_usb_rtl28xxu)"
)


class RtlsdrSource(SafeBlock, gr.sync_block):
    """Samples of a dongle, read in a thread of its own.

    One output: complex samples with full scale 1.0, or pairs of bytes as they came. What does not fit in
    the queue is dropped and counted.

    Parameters
    ----------
    device : rtlsdr.RtlSdr
        Open and tuned; closed when the flowgraph stops.
    native : bool
        Leave samples as bytes.
    """

    def __init__(self, device: Any, native: bool = False) -> None:
        gr.sync_block.__init__(self, "rtlsdr_source", None, [(np.uint8, 2) if native else np.complex64])
        self._device = device
        self._native = native
        self._transfers: queue.Queue[bytes] = queue.Queue(QUEUE_TRANSFERS)
        self._left = b""
        self._thread: threading.Thread | None = None
        self._closing = False
        self._ended = threading.Event()
        self.complaint = ""
        self.samples_dropped = 0
        self.samples_clipped = 0

    def start(self) -> bool:
        """Begin to read."""
        self._thread = threading.Thread(target=self._read, name="rtlsdr-reader", daemon=True)
        self._thread.start()
        return super().start()

    def stop(self) -> bool:
        """End the reader and release the dongle."""
        self._closing = True
        self._device.cancel_read_async()
        if self._thread is not None:
            self._thread.join(2.0)
            if not self._thread.is_alive():
                self._device.close()
        return super().stop()

    def take(self, transfer: Any, _context: Any = None) -> None:
        """Queue what the dongle sent; called in the reader's thread."""
        data = bytes(transfer)
        try:
            self._transfers.put_nowait(data)
        except queue.Full:
            self.samples_dropped += len(data) // 2

    def _read(self) -> None:
        try:
            self._device.read_bytes_async(self.take, TRANSFER_BYTES)
            if not self._closing:
                self.complaint = "the dongle ended the stream; was it unplugged?"
        except OSError as error:
            self.complaint = f"the dongle failed: {error}"
        finally:
            self._ended.set()

    @guarded
    def work(self, _input_items: Any, output_items: Any) -> int:
        """Give what has come; at most `_WAIT_S` without anything."""
        if not self._left:
            ended = self._ended.is_set()  # before the look: what came until then is in the queue
            try:
                self._left = self._transfers.get(timeout=0 if ended else _WAIT_S)
            except queue.Empty:
                return WORK_DONE if ended else 0
        out = output_items[0]
        count = min(len(out), len(self._left) // 2)
        native = np.frombuffer(self._left, np.uint8, 2 * count)
        samples, clipped, _ = kernel.convert_samples(native, "cu8")
        out[:count] = native.reshape(-1, 2) if self._native else samples
        self.samples_clipped += clipped
        self._left = self._left[2 * count :]
        return count


def open_rtlsdr(spec: InputSpec) -> Feed:
    """Open and tune a dongle. Raises InputError."""
    if importlib.util.find_spec("rtlsdr") is None:
        raise InputError(f"{spec.text}: pyrtlsdr is not installed; pip install 'pyrtlsdr<0.3', or use rtl:N")
    if ctypes.util.find_library("rtlsdr") is None:
        raise InputError(f"{spec.text}: librtlsdr is not installed; sudo apt install librtlsdr0")
    try_in_child(spec, _PROGRAM, spec.target, _REMEDY)
    failed = None
    with captured_output() as noise:
        try:
            import rtlsdr

            device = rtlsdr.RtlSdr(int(spec.target))
            tuning = _tune(device, spec)
        except OSError as error:  # LibUSBError is one
            failed = str(error)
    log.debug("%s", noise.text.strip())
    if failed is not None:
        raise refusal(spec, failed, _REMEDY)
    notes, warnings = check_granted(spec, tuning)
    block = RtlsdrSource(device, spec.native)
    return Feed(
        blocks=(block,),
        sample_rate=tuning.sample_rate,
        center_freq_hz=tuning.center_freq_hz,
        format="cu8" if spec.native else "cf32_le",
        clipping_known=True,
        reconnects=False,
        tuning=tuning,
        notes=notes,
        warnings=warnings,
        counters=lambda: {
            "samples_clipped": block.samples_clipped,
            "samples_dropped": block.samples_dropped,
        },
        failure=lambda: block.complaint,
        gain=_gain(device, tuning),
    )


def _tune(device: Any, spec: InputSpec) -> Tuning:
    device.sample_rate = spec.sample_rate
    if round(spec.ppm):  # librtlsdr refuses a correction by 0
        device.freq_correction = round(spec.ppm)
    device.center_freq = spec.center_freq_hz
    device.gain = "auto" if spec.gain_db is None else spec.gain_db
    gain_db = None if spec.gain_db is None else float(device.gain)
    return Tuning(
        device.sample_rate, device.center_freq, gain_db, spec.gain_db is None, float(round(spec.ppm))
    )


def _gain(device: Any, tuning: Tuning) -> RadioGain:
    def set_gain(gain_db: float) -> float:
        device.gain = gain_db  # also leaves automatic gain
        return float(device.gain)

    return RadioGain(tuple(sorted(map(float, device.valid_gains_db))), tuning.gain_db, set_gain)
