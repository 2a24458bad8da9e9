# SPDX-License-Identifier: GPL-3.0-or-later
"""The block K-Fold Integrator: the kernel's decisions, cycle by cycle, on the input's own timeline."""

import numpy as np
import pmt
import pulse_reference as reference
import pytest
from block_runs import CHUNKS, MessageCollector, run_messages, stream_of, vector_source
from gnuradio import gr, sentinel
from gnuradio.sentinel._sentinel import kfold_integrator_core
from gnuradio.sentinel.core.block import SafeBlock, drain_all, guarded

WINDOW, HOP, ROWS = 16, 8, 32
THRESHOLD = 29.0


def geometry(interval_windows=37.4, pulses=5, **limits):
    return reference.make_geometry(WINDOW, HOP, ROWS, HOP * interval_windows, pulses, **limits)


def watch(channel=0, threshold=THRESHOLD, most=1, merge=0.25, **options):
    return sentinel.kfold_watch(channel, geometry(**options), threshold, most, merge)


def channel_samples(rng, cycles, interval_windows=37.4, frequency=0.2):
    """Noise with a 20 dB train, and samples for so many cycles of K 5 at interval_windows."""
    count = int(cycles * geometry(interval_windows).cycle_windows * HOP) + WINDOW
    samples = reference.noise(rng, count)
    interval = interval_windows * HOP
    starts = reference.round_half_up(rng.uniform(0, interval) + interval * np.arange(count // interval + 1))
    return reference.add_pulses(samples, starts, WINDOW, frequency, 20, rng)


def scores_of(*channels):
    """Items as W-Matrix STFT makes them: one of each channel for each window."""
    stft = sentinel.kernel.wmatrix_stft(WINDOW, ROWS)
    return np.stack([stft(samples, HOP) for samples in channels], axis=1).reshape(-1, ROWS)


def integrate(watches, items, channels=1, tags=(), chunk=0, change=None):
    """Messages of the ports cycles and changes, without the time that each cycle took."""
    core = kfold_integrator_core(ROWS, channels, watches)
    if change is not None:
        core.set_watch(*change)
    cycles, changes = run_messages([core], ["cycles", "changes"], items, tags, chunk)
    assert all(0 < cycle.pop("work_s") < 10 for cycle in cycles)
    return cycles, changes


def plain(value):
    """Arrays as lists, so that messages compare by ==."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(entry) for entry in value]
    return value


@pytest.fixture
def items(rng):
    return scores_of(channel_samples(rng, 6.5))


def test_each_cycle_is_what_the_kernel_says(items):
    one = watch(most=2, merge=0.1)
    windows = one.geometry.cycle_windows
    search = sentinel.kernel.pulse_train_search(one.geometry)
    cycles, changes = integrate([one], items)
    assert len(cycles) == len(items) // windows == 6 and changes == []
    for number, cycle in enumerate(cycles):
        trains = search.search(items[number * windows :][:windows].copy(), THRESHOLD, 2, 0.1)
        assert trains and cycle["noise"] == search.noise
        assert cycle["score"] == search.best_score >= trains[0].score and cycle["threshold"] == THRESHOLD
        assert (cycle["watch"], cycle["channel"], cycle["cycle"]) == (0, 0, number)
        assert len(cycle["trains"]) == len(trains)
        for told, train in zip(cycle["trains"], trains, strict=True):
            for key in ("start", "frequency", "score", "traffic_score", "noise"):
                assert told[key] == getattr(train, key)
            assert told["reason"] == train.reason.name
            assert np.array_equal(told["pulse_starts"], train.pulse_starts)
            assert np.array_equal(told["pulse_scores"], np.float32(train.pulse_scores))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_chunks_do_not_matter(chunk, items):
    watches = [watch(), watch(interval_windows=23.7, pulses=3)]
    whole, _ = integrate(watches, items)
    parts, _ = integrate(watches, items, chunk=chunk)
    assert len(whole) > 12 and plain(parts) == plain(whole)


@pytest.mark.parametrize("chunk", [7, 4096, 0])
def test_several_watches_are_each_as_if_alone(chunk, rng):
    samples = [
        channel_samples(rng, 5, interval, f) for interval, f in [(37.4, 0.2), (51.7, -0.3), (37.4, 0.0)]
    ]
    count = min(map(len, samples))
    channels = [channel[:count] for channel in samples]
    options = [
        (0, {}),
        (1, {"interval_windows": 51.7}),
        (0, {"interval_windows": 23.3, "pulses": 9}),
        (2, {"lowest": -0.1, "highest": 0.1}),
        (1, {"interval_windows": 51.7, "pulses": 1, "threshold": 20.0}),
    ]
    together, _ = integrate([watch(c, **o) for c, o in options], scores_of(*channels), 3, chunk=chunk)
    for index, (channel, option) in enumerate(options):
        (own, _) = integrate([watch(0, **option)], scores_of(channels[channel]))
        assert len(own) >= 3
        mine = [cycle for cycle in together if cycle["watch"] == index]
        expected = [{**cycle, "watch": index, "channel": channel} for cycle in own]
        assert plain(mine) == plain(expected)
    declared = [cycle["watch"] for cycle in together if any(t["reason"] == "pulses" for t in cycle["trains"])]
    assert {0, 1, 3} <= set(declared)


@pytest.mark.parametrize("start", [0, 12_345, 2**32 - 1000, 2**40 + 7])
@pytest.mark.parametrize("step", [1, 200])
def test_places_on_the_timeline_of_the_input(start, step, rng):
    """Sample numbers are those of the input, `step` of them to one of the channel's."""
    samples = channel_samples(rng, 3.5)
    tags = stream_of(len(samples), start, step, 768e3, 146e6, (1_800_000_000, 0.25))
    chain = [sentinel.wmatrix_stft(WINDOW, HOP, ROWS), kfold_integrator_core(ROWS, 1, [watch()])]
    (cycles,) = run_messages(chain, ["cycles"], samples, tags)
    spec = geometry()
    assert [cycle["sample_start"] for cycle in cycles] == [
        start + number * spec.cycle_windows * HOP * step for number in range(3)
    ]
    for cycle in cycles:
        assert cycle["sample_count"] == spec.cycle_samples * step
        assert (cycle["step"], cycle["anchor"]) == (step, start)
        assert (cycle["rx_rate"], cycle["rx_freq"]) == (768e3, 146e6)
        assert tuple(cycle["rx_time"]) == (1_800_000_000, 0.25)
    # The train goes on: from cycle to cycle its pulses lie a whole number of intervals apart.
    firsts = [(c["sample_start"] - start) / step + c["trains"][0]["start"] for c in cycles]
    intervals = np.diff(firsts) / spec.interval_samples
    assert intervals == pytest.approx(np.round(intervals), abs=4 / spec.interval_samples)


def test_without_tags_the_timeline_is_the_stream(items):
    cycles, _ = integrate([watch()], items)
    for number, cycle in enumerate(cycles):
        assert cycle["sample_start"] == number * geometry().cycle_windows * HOP
        assert (cycle["step"], cycle["rx_rate"], cycle["anchor"]) == (1, 0.0, 0)
        assert cycle["rx_freq"] is None and cycle["rx_time"] is None


def test_samples_too_few_for_a_cycle_say_nothing(items):
    cycles, changes = integrate([watch()], items[: geometry().cycle_windows - 1])
    assert cycles == [] and changes == []


@pytest.mark.parametrize("interval_windows, pulses", [(37.4, 5), (60.2, 7), (20.0, 2)])
@pytest.mark.parametrize("chunk", [1, 4096])
def test_a_new_watch_begins_at_the_next_cycle(interval_windows, pulses, chunk, items):
    old, new = watch(), watch(threshold=40.0, interval_windows=interval_windows, pulses=pulses)
    cycles, changes = integrate([old], items, chunk=chunk, change=(0, new))
    edge = old.geometry.cycle_windows
    assert changes == [
        {
            "watch": 0,
            "window": edge,
            "threshold": 40.0,
            "interval_samples": HOP * interval_windows,
            "pulses": pulses,
        }
    ]
    assert [cycle["threshold"] for cycle in cycles] == [THRESHOLD] + [40.0] * (len(cycles) - 1)
    # From the edge on, all is as in a stream that begins there with the new watch.
    later, _ = integrate([new], items[edge:])
    shift = {"cycle": 1, "sample_start": edge * HOP}
    expected = [{**c, **{key: c[key] + value for key, value in shift.items()}} for c in later]
    assert len(later) >= 2 and plain(cycles[1:]) == plain(expected)


class Changer(SafeBlock, gr.basic_block):
    """Changes the threshold of a running integrator at each cycle it hears of."""

    def __init__(self, core):
        gr.basic_block.__init__(self, "changer", None, None)
        self.core, self.asked = core, []
        self.register_handler("in", self.handle)

    @guarded
    def handle(self, message):
        number = pmt.to_python(message)["cycle"]
        if number < 5:
            self.asked.append(THRESHOLD + 1 + number)
            self.core.set_watch(0, watch(threshold=self.asked[-1]))


def test_changes_while_running_are_announced_in_order(rng):
    """Each cycle has the threshold that was announced last before it, whenever the change was asked for."""
    items = scores_of(channel_samples(rng, 40))
    core, top = kfold_integrator_core(ROWS, 1, [watch()]), gr.top_block()
    changer, cycles, changes = Changer(core), MessageCollector(), MessageCollector()
    top.connect(vector_source(items), core)
    top.msg_connect(core, "cycles", changer, "in")
    top.msg_connect(core, "cycles", cycles, "in")
    top.msg_connect(core, "changes", changes, "in")
    top.run(64)
    drain_all(cycles, changes)
    assert changer.failure is None
    in_force = {change["window"]: change["threshold"] for change in map(pmt.to_python, changes.messages)}
    threshold, windows = THRESHOLD, geometry().cycle_windows
    told = [pmt.to_python(message) for message in cycles.messages]
    assert len(told) == 40
    for cycle in told:
        threshold = in_force.pop(cycle["cycle"] * windows, threshold)
        assert cycle["threshold"] == threshold
    # What is left can only be a change after the last cycle.
    assert set(in_force) <= {40 * windows}


@pytest.mark.parametrize(
    "change, text",
    [
        ({"channel": 2}, "channel 2 of 2 does not exist"),
        ({"threshold": 0.0}, "threshold must be finite and above 0"),
        ({"threshold": float("nan")}, "threshold must be finite and above 0"),
        ({"threshold": float("inf")}, "threshold must be finite and above 0"),
        ({"most": 0}, "at least one tag"),
        ({"merge": -0.1}, "merges 0..0.5"),
        ({"merge": float("nan")}, "merges 0..0.5"),
    ],
)
def test_wrong_watches_are_refused(change, text):
    with pytest.raises(ValueError, match=text):
        kfold_integrator_core(ROWS, 2, [watch(**change)])
    core = kfold_integrator_core(ROWS, 2, [watch()])
    with pytest.raises(ValueError, match=text):
        core.set_watch(0, watch(**change))


def test_watches_that_do_not_fit_the_stream_are_refused():
    with pytest.raises(ValueError, match="at least one watch"):
        kfold_integrator_core(ROWS, 1, [])
    with pytest.raises(ValueError, match="32 rows does not fit items of 64"):
        kfold_integrator_core(64, 1, [watch()])
    other_hop = sentinel.kfold_watch(0, reference.make_geometry(WINDOW, 4, ROWS, 300.0), THRESHOLD)
    with pytest.raises(ValueError, match="share window and hop, 16 and 8, not 16 and 4"):
        kfold_integrator_core(ROWS, 1, [watch(), other_hop])
    core = kfold_integrator_core(ROWS, 2, [watch()])
    with pytest.raises(ValueError, match="cannot change its channel"):
        core.set_watch(0, watch(channel=1))
    with pytest.raises(IndexError):
        core.set_watch(1, watch())
