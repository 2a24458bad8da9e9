# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files are checked before they run: whole, ours, of the right purpose, and harmless."""

import hashlib
import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
from gnuradio.sentinel.core.errors import InputError
from gnuradio.sentinel.core.model_export import export_forest, save_model
from gnuradio.sentinel.core.model_info import ModelInfo
from gnuradio.sentinel.core.models import load_model
from gnuradio.sentinel.core.onnx_build import GraphBuilder, finish
from gnuradio.sentinel.core.onnx_header import read_onnx_header
from model_files import GEOMETRY, model_info, small_forest
from onnx import TensorProto, helper


@pytest.fixture(scope="module")
def whole():
    return export_forest(small_forest()[0], model_info())


def refused(path, data, **wanted):
    """The one line with which a file is refused."""
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load_model(path, **({"room": "gnss"} | wanted))
    text = str(caught.value)
    assert text.startswith(str(path)) and "\n" not in text and "sentinel train" in text
    return text


def doubled(change=None, domain="", operator="Add", **attributes):
    """A model that adds its input to itself, changed before it is written; not checked by onnx."""
    node = helper.make_node(operator, ["x", "x"], ["y"], domain=domain, **attributes)
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    model = helper.make_model(
        helper.make_graph([node], "g", sides[:1], sides[1:]), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    for key, value in model_info().to_metadata().items():
        model.metadata_props.add(key=key, value=value)
    if change:
        change(model)
    return model.SerializeToString()


def test_a_whole_model_runs_and_tells_its_name(tmp_path, whole):
    path = tmp_path / "m.onnx"
    sha256 = save_model(path, whole)
    model = load_model(
        path, room="gnss", kind="classifier", geometry=GEOMETRY, feature_version=3, classes=("a", "b", "c")
    )
    assert model.info == model_info() and model.sha256 == sha256 == hashlib.sha256(whole).hexdigest()
    assert (model.event_model.name, model.event_model.version, model.event_model.sha256) == (
        "test",
        "1.2",
        sha256,
    )
    assert model.inputs == ("features",) and model.outputs == ("mean", "mean_square", "mean_entropy")
    # float64 is taken too; the sum over classes is 1.
    assert np.allclose(model.run(features=np.zeros((2, 6)))["mean"].sum(axis=1), 1, atol=1e-6)


def test_inputs_of_another_name_or_shape_are_told(tmp_path, whole):
    path = tmp_path / "m.onnx"
    save_model(path, whole)
    model = load_model(path, room="gnss")
    with pytest.raises(ValueError, match=r"takes \['features'\], not \['x'\]"):
        model.run(x=np.zeros((1, 6)))
    for shape in ((1, 7), (6,)):
        with pytest.raises(ValueError, match="of shape"):
            model.run(features=np.zeros(shape))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"room": "radar"}, "the room of this model is gnss, wanted is radar"),
        ({"kind": "detector"}, "the kind of this model is classifier, wanted is detector"),
        ({"kind": ("detector", "lane")}, "wanted is detector or lane"),
        ({"feature_version": 4}, "the feature version of this model is 3, wanted is 4"),
        ({"geometry": GEOMETRY | {"channels": 32}}, "channels of this model is 64, wanted is 32"),
        ({"geometry": {"channels": 64}}, "sample_rate of this model is 2560000, wanted is not given"),
        ({"geometry": GEOMETRY | {"taps": 8}}, "taps of this model is not given, wanted is 8"),
        ({"classes": ("a", "c", "b")}, "the list of classes of this model is a, b, c, wanted is a, c, b"),
        ({"max_bytes": 1000}, "larger than 1000 bytes"),
    ],
)
def test_models_for_something_else_are_refused(tmp_path, whole, wanted, words):
    assert words in refused(tmp_path / "m.onnx", whole, **wanted)


def test_a_file_cut_short_anywhere_is_refused(tmp_path, whole):
    for length in [*range(200), *range(200, len(whole), 997), len(whole) - 1]:
        text = refused(tmp_path / "m.onnx", whole[:length])
        assert re.search(r"cut short|no ONNX|not an ONNX|damaged|none of ours|not say", text), text


def test_flipped_bits_are_refused_or_leave_a_model_that_runs(tmp_path, whole, rng):
    path = tmp_path / "m.onnx"
    refusals = 0
    for place in rng.integers(0, len(whole), 300):
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            load_model(path, room="gnss", geometry=GEOMETRY, feature_version=3)
        except InputError as error:
            refusals += "\n" not in str(error)
    assert 0 < refusals < 300


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 100, b"PK\x03\x04 zip", b"%PDF-1.4\n", b"\x80\x04\x95 pickle", b"{}", b"\xff" * 64]
)
def test_what_is_no_onnx_is_refused(tmp_path, data):
    assert "ONNX" in refused(tmp_path / "m.onnx", data)


def test_what_is_no_file_is_refused(tmp_path):
    for path, words in ((tmp_path / "none.onnx", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=words):
            load_model(path, room="gnss")


def test_an_onnx_model_of_others_is_refused(tmp_path):
    foreign = doubled(lambda model: model.ClearField("metadata_props"))
    assert "none of ours" in refused(tmp_path / "m.onnx", foreign)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "2", "of format '2', this release reads '1'"),
        ("classes", "[1]", "damaged properties"),
        ("geometry", "[", "damaged properties"),
        ("feature_version", "x", "damaged properties"),
        ("kind", None, "does not say its kind"),
    ],
)
def test_damaged_properties_are_refused(tmp_path, key, value, words):
    def change(model):
        for place, item in enumerate(model.metadata_props):
            if item.key == f"sentinel.{key}":
                if value is None:
                    del model.metadata_props[place]
                    return
                item.value = value

    assert words in refused(tmp_path / "m.onnx", doubled(change))


def external(model):
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.initializer.append(tensor)


def oversized(model):
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    tensor.dims[0] = 1 << 40
    model.graph.initializer.append(tensor)


def branching(model):
    body = helper.make_graph([], "b", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body))


def functional(model):
    model.functions.append(helper.make_function("", "f", ["a"], ["b"], [], [helper.make_opsetid("", 17)]))


def foreign_opset(model):
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def twice(model):
    model.metadata_props.add(key="sentinel.room", value="radar")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (external, "other files"),
        (oversized, "size is not that of its shape"),
        (branching, "loops or branches"),
        (functional, "functions"),
        (foreign_opset, "'com.microsoft'"),
        (twice, "twice"),
    ],
)
def test_what_is_not_run_here_is_refused_before_it_is_loaded(tmp_path, change, words):
    assert words in refused(tmp_path / "m.onnx", doubled(change))


def test_operators_of_other_domains_are_refused(tmp_path):
    assert "'com.example'" in refused(tmp_path / "m.onnx", doubled(domain="com.example", operator="Evil"))


def test_a_model_that_the_library_cannot_run_is_refused(tmp_path):
    assert "cannot be run" in refused(tmp_path / "m.onnx", doubled(operator="NoSuchOperator"))


def test_the_header_agrees_with_the_onnx_package(whole):
    header, model = read_onnx_header(whole), onnx.load_from_string(whole)
    assert header.metadata == {item.key: item.value for item in model.metadata_props}
    assert header.opsets == {item.domain: item.version for item in model.opset_import}
    assert header.ir_version == model.ir_version
    names = {f"{node.domain}::{node.op_type}" if node.domain else node.op_type for node in model.graph.node}
    assert header.operators == names
    tensors = list(model.graph.initializer)
    tensors += [part.t for node in model.graph.node for part in node.attribute if part.HasField("t")]
    assert header.tensor_bytes == sum(len(tensor.raw_data) for tensor in tensors)


def test_a_graph_that_is_not_valid_is_not_written():
    graph = GraphBuilder()
    graph.output("y", graph.add("Add", graph.input("x", ["n"]), "nowhere"), ["n"])
    with pytest.raises(ValueError, match="not valid"):
        graph.model_bytes(model_info())


def test_only_our_properties_are_written(whole):
    model = onnx.load_from_string(whole)
    model.metadata_props.add(key="author", value="someone")
    data = finish(model, model_info(settings={"threshold": 0.25}))
    metadata = read_onnx_header(data).metadata
    assert set(metadata) == set(model_info().to_metadata())
    assert ModelInfo.from_metadata(metadata).settings == {"threshold": 0.25}


@pytest.mark.parametrize(
    "changes",
    [
        {"room": ""},
        {"feature_version": -1},
        {"feature_version": True},
        {"classes": ("a", "a")},
        {"geometry": {"rate": float("nan")}},
        {"settings": {"x": float("inf")}},
    ],
)
def test_what_a_model_says_is_checked(changes):
    with pytest.raises(ValueError):
        model_info(**changes)


def test_running_a_model_needs_no_training_library(tmp_path, whole):
    path = tmp_path / "m.onnx"
    save_model(path, whole)
    program = (
        "import sys; from gnuradio.sentinel.core.models import load_model; import numpy as np; "
        f"model = load_model({str(path)!r}, room='gnss'); model.run(features=np.zeros((1, 6))); "
        "print([m for m in ('onnx', 'skl2onnx', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
