# SPDX-License-Identifier: GPL-3.0-or-later
"""Training learns, and a training that was stopped ends in the same bits as one that was not."""

import json

import numpy as np
import pytest
import torch
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.gnss.training import network_training as training
from gnuradio.sentinel.gnss.training.checkpoint import STATE_FILE, Checkpoints
from gnuradio.sentinel.gnss.training.images import flipped
from gnuradio.sentinel.gnss.training.network_training import TrainingSettings, probabilities, train
from gnuradio.sentinel.gnss.training.networks import GridNetwork, VectorNetwork
from model_files import blobs

SETTINGS = TrainingSettings(batch=32, epochs=3, seed=4)


def grid_scene(rows=129):
    """Grids with a line in the lower or the upper half, or none; an odd row is left for the last batch."""
    rng = np.random.default_rng(1)
    labels = np.arange(rows) % 3
    grids = rng.normal(0, 1, (rows, 1, 5, 16)).astype(np.float32)
    for row, label in enumerate(labels):
        if label:
            grids[row, 0, :, rng.integers(8) + 8 * (label - 1)] += 4
    return grids, labels


def network(seed=1):
    return GridNetwork(1, 5, 16, 3, widths=(6, 8, 8), hidden=8, seed=seed)


def bits(module):
    return b"".join(tensor.numpy().tobytes() for tensor in module.state_dict().values())


class Ticks:
    """A clock that goes on one second at each look."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 1.0
        return self.now


def run(module, grids, labels, folder=None, settings=SETTINGS, **options):
    checkpoints = Checkpoints(folder) if folder else None
    return train(
        module, lambda rows: grids[rows], labels, settings, checkpoints=checkpoints, quiet=True, **options
    )


def test_it_learns():
    features, labels = blobs(300)
    module = VectorNetwork(6, 3, widths=(32, 16))
    result = train(module, lambda rows: features[rows], labels, TrainingSettings(epochs=20), quiet=True)
    assert result.finished and len(result.losses) == 20 and result.losses[-1] < 0.5 * result.losses[0]
    answers = np.argmax(probabilities(module, lambda rows: features[rows], np.arange(300)), axis=1)
    assert np.mean(answers == labels) > 0.9
    assert not module.training


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    grids, labels = grid_scene()
    ends = []
    for seed in (4, 4, 5):
        module = network()
        run(module, grids, labels, settings=TrainingSettings(32, 2, seed=seed), augment=flipped)
        ends.append(bits(module))
    assert ends[0] == ends[1] != ends[2]


@pytest.mark.parametrize("minutes", [3 / 60, 5 / 60, 8 / 60])
def test_stopped_and_resumed_is_as_if_never_stopped(tmp_path, monkeypatch, minutes):
    grids, labels = grid_scene()
    whole = network()
    expected = run(whole, grids, labels, augment=flipped)
    monkeypatch.setattr(training, "time", Ticks())
    turns, result = 0, None
    while result is None or not result.finished:
        # A fresh network each time, with another start: all must come from the checkpoint.
        part = network(seed=1 if turns == 0 else 9)
        torch.manual_seed(turns)
        result = run(part, grids, labels, tmp_path, augment=flipped, max_minutes=minutes)
        turns += 1
        assert turns < 40
    assert turns > 2
    assert bits(part) == bits(whole) and result.losses == expected.losses


def test_a_finished_training_is_not_done_again(tmp_path):
    grids, labels = grid_scene()
    first = network()
    one = run(first, grids, labels, tmp_path)
    again = network(seed=9)
    two = run(again, grids, labels, tmp_path)
    assert bits(first) == bits(again) and one.losses == two.losses and two.finished
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".safetensors", ".safetensors"]


def test_torch_is_left_as_it_was():
    grids, labels = grid_scene(40)
    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.get_rng_state())
    run(network(), grids, labels, settings=TrainingSettings(32, 1, threads=2))
    assert before[:2] == (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    assert torch.equal(before[2], torch.get_rng_state())


def damaged_tensors(folder):
    path = next(folder.glob("network-*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def missing_tensors(folder):
    next(folder.glob("optimizer-*.safetensors")).unlink()


def state_changed(change):
    def damage(folder):
        content = json.loads((folder / STATE_FILE).read_text())
        change(content)
        (folder / STATE_FILE).write_text(json.dumps(content))

    return damage


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damaged_tensors, "is damaged"),
        (missing_tensors, "cannot be read"),
        (lambda folder: (folder / STATE_FILE).write_text("{"), "does not fit"),
        (state_changed(lambda content: content.update(schema=9)), "of this release"),
        (state_changed(lambda content: content["state"].pop("epoch")), "lacks values"),
        (state_changed(lambda content: content["key"].update(batch=64)), "batch was 64, is now 32"),
        (state_changed(lambda content: content["files"].update(network="../x")), "no file of a checkpoint"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, damage, words):
    grids, labels = grid_scene(40)
    run(network(), grids, labels, tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        run(network(), grids, labels, tmp_path)
    assert "\n" not in str(caught.value) and f"remove {tmp_path} to begin anew" in str(caught.value)
    Checkpoints(tmp_path).clear()
    assert run(network(), grids, labels, tmp_path).finished


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    grids, labels = grid_scene(40)
    run(network(), grids, labels, tmp_path)
    other = GridNetwork(1, 5, 16, 3, widths=(6, 8, 10), hidden=8)
    with pytest.raises(InputError, match="does not fit"):
        run(other, grids, labels, tmp_path)


@pytest.mark.parametrize("settings", [{"batch": 1}, {"epochs": 0}, {"threads": 0}, {"learning_rate": 0}])
def test_settings_are_checked(settings):
    with pytest.raises(ValueError, match="not possible"):
        TrainingSettings(**settings)
    with pytest.raises(ValueError, match="too few"):
        train(network(), lambda rows: rows, np.zeros(1), SETTINGS)
