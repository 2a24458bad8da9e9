# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks in torch and as ONNX files are the same; weights from elsewhere; Monte Carlo dropout."""

import numpy as np
import pytest
import torch
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.model_export import save_model
from gnuradio.sentinel.core.models import load_model
from gnuradio.sentinel.gnss.training.monte_carlo import dropout_masks, monte_carlo, summarise
from gnuradio.sentinel.gnss.training.network_export import export_network
from gnuradio.sentinel.gnss.training.networks import GridNetwork, VectorNetwork
from gnuradio.sentinel.gnss.training.resnet import ResNet18, load_weights
from gnuradio.sentinel.gnss.training.scaling import MinMaxScaling
from model_files import model_info
from safetensors.torch import save_file

CLASSES = tuple("abcd")


def small_network(name):
    network = {
        "grid": lambda: GridNetwork(2, 5, 16, 4, widths=(8, 12, 16), hidden=10),
        "vector": lambda: VectorNetwork(7, 4, widths=(16, 10)),
        "resnet": lambda: ResNet18(4),
    }[name]()
    # Statistics as after training: those of a fresh network would hide mistakes in folding them.
    generator = torch.Generator().manual_seed(3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            for tensor, low in ((module.running_var, 0.5), (module.weight, 0.5), (module.running_mean, -0.2)):
                tensor.data = low + torch.rand(tensor.shape, generator=generator)
            module.bias.data = 0.1 * torch.randn(module.bias.shape, generator=generator)
    return network.eval()


def exported(tmp_path, network):
    path = tmp_path / "n.onnx"
    settings = {"width": network.width, "dropout": network.dropout}
    save_model(path, export_network(network, model_info(CLASSES, settings=settings)))
    return load_model(path, room="gnss")


def inputs(network, rows, seed=1):
    shape = (rows, *network.input_shape)
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("name", ["grid", "vector", "resnet"])
def test_the_file_gives_what_torch_gives(tmp_path, name):
    network = small_network(name)
    x = inputs(network, 2)
    masks = dropout_masks(3, network.width, network.dropout)
    out = exported(tmp_path, network).run(input=x, masks=masks)
    kept = {}
    network.fc.register_forward_pre_hook(lambda _, given: kept.update(features=given[0]))
    with torch.no_grad():
        expected = torch.softmax(network(torch.from_numpy(x)), dim=1).numpy()
        scaled = torch.from_numpy(masks)[:, None] / (1 - network.dropout) * kept["features"]
        passes = torch.softmax(torch.nn.functional.linear(scaled, network.fc.weight, network.fc.bias), -1)
    assert np.ptp(expected) > 0.01  # else equal numbers would prove nothing
    assert np.abs(out["probability"] - expected).max() < 1e-5
    assert out["passes"].shape == (3, 2, 4) and np.abs(out["passes"] - passes.numpy()).max() < 1e-5


def test_equal_networks_give_equal_bytes():
    assert export_network(small_network("grid"), model_info(CLASSES)) == export_network(
        small_network("grid"), model_info(CLASSES)
    )
    with pytest.raises(ValueError, match="4 outputs"):
        export_network(small_network("grid"), model_info())


def test_a_network_takes_the_scaling_in(tmp_path):
    network = small_network("vector")
    x = inputs(network, 50)
    scaling = MinMaxScaling.fit(x, list("abcdefg"))
    also = {"out_of_range": scaling.add_out_of_range}
    save_model(tmp_path / "n.onnx", export_network(network, model_info(CLASSES), scaling.add_to, also))
    masks = dropout_masks(2, network.width, network.dropout)
    out = load_model(tmp_path / "n.onnx", room="gnss").run(input=9 * x, masks=masks)
    with torch.no_grad():
        expected = torch.softmax(network(torch.from_numpy(scaling.transform(9 * x))), dim=1).numpy()
    assert np.abs(out["probability"] - expected).max() < 1e-5
    assert np.abs(out["out_of_range"] - scaling.out_of_range(9 * x)).max() < 1e-6


def test_sizes():
    resnet = ResNet18(5)
    # 11 176 512 of the backbone, as everywhere, and the last layer.
    assert sum(p.numel() for p in resnet.parameters()) == 11_176_512 + 512 * 5 + 5
    assert resnet.dropout == 0.5 and resnet.input_shape == (3, 125, 193)
    data = export_network(GridNetwork(4, 5, 64, 12).eval(), model_info(tuple("abcdefghijkl")))
    assert len(data) < 2_000_000


def test_the_start_follows_the_seed_and_leaves_torch_alone():
    before = torch.get_rng_state()
    first, same, other = GridNetwork(1, 5, 8, 3), GridNetwork(1, 5, 8, 3), GridNetwork(1, 5, 8, 3, seed=2)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.conv1.weight, same.conv1.weight)
    assert not torch.equal(first.conv1.weight, other.conv1.weight)


def test_weights_of_another_last_layer_are_taken_but_for_that(tmp_path):
    given, network = ResNet18(10, seed=5), ResNet18(4, seed=1)
    save_file(given.state_dict(), tmp_path / "w.safetensors")
    last = network.fc.weight.clone()
    assert load_weights(network, tmp_path / "w.safetensors") is False
    assert torch.equal(network.layer3[1].conv2.weight, given.layer3[1].conv2.weight)
    assert torch.equal(network.fc.weight, last)
    again = ResNet18(10)
    assert load_weights(again, tmp_path / "w.safetensors") is True
    assert torch.equal(again.fc.weight, given.fc.weight)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match="cannot be read"):
        load_weights(ResNet18(4), path)
    path.write_bytes(b"\x80\x04 pickle of something")
    with pytest.raises(InputError, match="no safetensors file"):
        load_weights(ResNet18(4), path)
    state = ResNet18(4).state_dict()
    state["layer2.0.conv1.weight"] = torch.zeros(1, 2)
    save_file(state, path)
    with pytest.raises(
        InputError, match=r"layer2\.0\.conv1\.weight has shape \[1, 2\]; this is another network"
    ):
        load_weights(ResNet18(4), path)
    del state["bn1.running_mean"]
    save_file(state, path)
    with pytest.raises(InputError, match="running_mean is missing"):
        load_weights(ResNet18(4), path)


def test_masks_are_seeded_and_of_the_right_share():
    masks = dropout_masks(400, 100, 0.3)
    # 40 000 draws: five deviations of the share kept.
    assert abs(masks.mean() - 0.7) < 5 * np.sqrt(0.21 / 40_000) and set(np.unique(masks)) == {0, 1}
    assert np.array_equal(masks[:30], dropout_masks(30, 100, 0.3))
    assert not np.array_equal(dropout_masks(30, 100, 0.3, seed=2), masks[:30])


def test_monte_carlo_does_not_depend_on_its_company(tmp_path):
    network = small_network("grid")
    model = exported(tmp_path, network)
    x = inputs(network, 6)
    settings = model.info.settings
    all_of_them = monte_carlo(model, x, **settings)
    alone = monte_carlo(model, x[2:3], **settings)
    assert np.allclose(alone.moments.mean[0], all_of_them.moments.mean[2], atol=1e-6)
    assert alone.passes[0] == all_of_them.passes[2]
    assert np.allclose(all_of_them.moments.mean.sum(axis=1), 1)
    assert (all_of_them.moments.variance > 0).any()
    again = monte_carlo(model, x, **settings)
    assert np.array_equal(again.moments.mean, all_of_them.moments.mean)
    with pytest.raises(ValueError, match="not possible"):
        monte_carlo(model, x, **settings, least=9, most=8)


def test_passes_stop_once_the_mean_is_known():
    rng = np.random.default_rng(2)
    steady = np.tile([0.9, 0.1], (50, 1))
    shaky = rng.random(50)[:, None] * [1, -1] + [0, 1]
    found = summarise(np.stack([steady, shaky], axis=1), np.zeros((2, 2)), 30, 0.02)
    assert found.passes.tolist() == [30, 50] and found.converged.tolist() == [True, False]
    assert np.allclose(found.moments.mean[1], shaky.mean(axis=0))
    assert np.allclose(found.moments.variance[1], shaky.var(axis=0))
    # A tolerance between the errors at 30 and at 50 passes stops in between.
    error = [shaky[:n, 0].std(ddof=0) / np.sqrt(n - 1) for n in range(30, 51)]
    middle = (max(error) + min(error)) / 2
    stop = 30 + next(i for i, value in enumerate(error) if value <= middle)
    found = summarise(shaky[:, None], np.zeros((1, 2)), 30, middle)
    assert found.passes[0] == stop and found.converged[0]
    assert np.allclose(found.moments.mean[0], shaky[:stop].mean(axis=0))
