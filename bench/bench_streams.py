# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of the gap guard and of the packet sources: `sentinel bench streams`.

The guard alone stands behind a stock source; rates are million samples per second of CPU time in a
block's own work(), by GNU Radio's performance counters on the CPU clock of its thread. Source and guard
together receive packets that a process of its own sends over the loopback interface, and so does the stock
source with a copy behind it; rates are of the CPU time of the whole process. The best of a few repeats
taken in turn.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pmt
from gnuradio import blocks, gr, network, sentinel, zeromq
from gnuradio.sentinel import kernel
from gnuradio.sentinel.core.ports import free_port

REPEATS = 5
SAMPLES = 20_000_000
PACKET = 1023  # items of a decimator's packet
RATE = 2.4e6
NETWORK_S = 1.5
NETWORK_RATE = 16e6  # samples a second sent

#: Sends the packets of standard input, each of argv[3] bytes, again and again until it is ended.
SENDER = """
import sys, time
kind, address, size, every = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
packet = sys.stdin.buffer.read(size)
if kind == "udp":
    import socket
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect(("127.0.0.1", int(address)))
    send = out.send
else:
    import zmq
    out = zmq.Context().socket(zmq.PUB)
    out.bind(address)
    send = out.send
due = time.monotonic()
while True:
    for _ in range(16):
        try:
            send(packet)
        except OSError:
            pass
    due += 16 * every
    time.sleep(max(0.0, due - time.monotonic()))
"""


def tagged_source() -> gr.basic_block:
    """Packets of 1023 complex items, with the tag that says so."""
    tag = gr.tag_t()
    tag.offset, tag.key, tag.value = 0, pmt.intern("sentinel_packet"), pmt.from_uint64(PACKET)
    return blocks.vector_source_c(np.zeros(PACKET, np.complex64), True, 1, [tag])


def plain_source() -> gr.basic_block:
    """The stock source without packets."""
    return blocks.null_source(gr.sizeof_gr_complex)


def guard() -> gr.basic_block:
    """The block under test, as a source without numbers and stamps uses it."""
    return sentinel.gap_guard(gr.sizeof_gr_complex, RATE, accounting="sequence")


def run_chain(source: Callable, block: Callable) -> tuple[float, float]:
    """CPU seconds in the work() of a block, and of the process, for SAMPLES items."""
    top, under_test, first = gr.top_block(), block(), source()
    head, sink = blocks.head(gr.sizeof_gr_complex, SAMPLES), blocks.null_sink(gr.sizeof_gr_complex)
    top.connect(first, head, under_test, sink)
    begin = time.process_time()
    top.run()
    return under_test.pc_work_time_total() * 1e-9, time.process_time() - begin


def compare(name: str, source: Callable) -> dict:
    """The guard against the stock copy behind the same source."""
    chains = {"guard": guard, "copy": lambda: blocks.copy(gr.sizeof_gr_complex)}
    best = {side: (np.inf, np.inf) for side in chains}
    for _ in range(REPEATS):
        for side, block in chains.items():
            best[side] = tuple(np.minimum(best[side], run_chain(source, block)))
    ours, stock = (SAMPLES / best[side][0] / 1e6 for side in chains)
    whole = {side: seconds for side, (_, seconds) in best.items()}
    conditions = (
        f"complex64, MS/s of CPU in work(); the whole process takes {whole['guard']:.3f} s against "
        f"{whole['copy']:.3f} s for {SAMPLES / 1e6:g} MS, {100 * (whole['guard'] / whole['copy'] - 1):+.0f} %"
    )
    return dict(name=name, ours=ours, baseline=stock, ratio=ours / stock, conditions=conditions)


def network_rate(kind: str, address: str, packet: bytes, chain: list) -> float:
    """Samples received from a sender per second of this process's CPU time; source first in `chain`."""
    top, sink = gr.top_block(), blocks.null_sink(gr.sizeof_gr_complex)
    top.connect(*chain, sink)
    words = [
        sys.executable,
        "-c",
        SENDER,
        kind,
        address,
        str(len(packet)),
        str(len(packet) / 8 / NETWORK_RATE),
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as sender:
        try:
            sender.stdin.write(packet)
            sender.stdin.close()
            top.start()
            while not sink.nitems_read(0):
                time.sleep(0.01)
            begin, before = time.process_time(), sink.nitems_read(0)
            time.sleep(NETWORK_S)
            return (sink.nitems_read(0) - before) / (time.process_time() - begin)
        finally:
            top.stop()
            sender.terminate()


def compare_network(kind: str, packet_items: int) -> dict:
    """Packet source and guard against the stock source and a copy, on packets of the same size."""
    samples = np.zeros(packet_items, np.complex64)
    rates = {"ours": 0.0, "stock": 0.0}
    for _ in range(3):
        for side in rates:
            port = free_port("UDP" if kind == "udp" else "TCP")
            address = str(port) if kind == "udp" else f"tcp://127.0.0.1:{port}"
            guarded = sentinel.gap_guard(8, NETWORK_RATE, accounting="none")
            if side == "ours" and kind == "udp":
                packet = kernel.write_udp_iq_packet(0, samples)
                chain = [sentinel.udp_iq_source("127.0.0.1", port, NETWORK_RATE), guarded]
            elif side == "ours":
                packet = kernel.write_zmq_iq_packet(0, 0, int(NETWORK_RATE), samples)
                chain = [sentinel.zmq_iq_source(address), guarded]
            elif kind == "udp":
                packet = samples.tobytes()
                chain = [network.udp_source(8, 1, port, 0, len(packet), False, False, False), blocks.copy(8)]
            else:
                packet = samples.tobytes()
                chain = [zeromq.sub_source(8, 1, address, 100, False, -1, ""), blocks.copy(8)]
            rates[side] = max(rates[side], network_rate(kind, address, packet, chain))
    ours, stock = (rate / 1e6 for rate in rates.values())
    return dict(
        name=f"{kind} source and gap guard, packets of {packet_items}, stock {kind} source and copy",
        ours=ours,
        baseline=stock,
        ratio=ours / stock,
        conditions=(
            f"complex64, sent at {NETWORK_RATE / 1e6:g} MS/s by another process; MS received per second of "
            f"CPU of the whole process: {100 * (stock / ours - 1):+.0f} % of CPU time"
        ),
    )


def run() -> list[dict]:
    """Name, ours and baseline (MS/s of CPU time), ratio, conditions, one row per comparison."""
    return [
        compare("gap guard without packets, copy", plain_source),
        compare(f"gap guard of packets of {PACKET} items, copy", tagged_source),
        compare_network("udp", PACKET),
        compare_network("zmq", PACKET),
        compare_network("zmq", 16384),
    ]
