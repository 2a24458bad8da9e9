# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the whole tree: which way imports go, what an import loads, licences, block descriptions."""

import ast
import importlib
import importlib.metadata
import pkgutil
import re
from pathlib import Path

import pytest
import yaml
from gnuradio import sentinel

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "sentinel"
BLOCKS = sorted((ROOT / "grc").glob("*.block.yml"))

# Lower layers may not know the upper ones.
LAYERS = ["core", "pulse", "gnss", "bench", "apps"]
ROOMS = ("pulse", "gnss")
FOLDERS = {
    "core": PACKAGE / "core",
    "pulse": PACKAGE / "pulse",
    "gnss": PACKAGE / "gnss",
    "bench": ROOT / "bench",
    "apps": ROOT / "apps",
}
COMPATIBLE = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software|LGPL|ISC|HPND|MPL|GPL-?(3|v3)|GPLv3|Matplotlib", re.I
)


def imported_names(path: Path, package: str) -> set[str]:
    """Absolute names of what a file of `gnuradio.sentinel.<package>` imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = f"gnuradio.sentinel.{package}".split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, base]).rstrip(".")
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer):
    above = LAYERS[LAYERS.index(layer) + 1 :]
    for path in FOLDERS[layer].glob("*.py"):
        for name in imported_names(path, layer):
            for forbidden in above:
                assert not name.startswith(f"gnuradio.sentinel.{forbidden}"), f"{path.name} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_know_each_other(room):
    for path in FOLDERS[room].glob("*.py"):
        for name in imported_names(path, room):
            for other in set(ROOMS) - {room}:
                assert not name.startswith(f"gnuradio.sentinel.{other}"), f"{path.name} imports {name}"


def test_a_node_needs_neither_torch_nor_what_writes_models():
    node = (ROOT / "requirements.txt").read_text().split()
    assert "onnxruntime" in node and not {"onnx", "skl2onnx", "safetensors"} & {*node}
    assert not any(line.startswith("torch") for line in node)
    # Of what setup.sh installs, only the set for tests includes that for training.
    assert "-r requirements-train.txt" in (ROOT / "requirements-test.txt").read_text()
    assert "requirements-train.txt" not in (ROOT / "requirements.txt").read_text()


def test_everything_installed_is_pinned():
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().split()}
    for file in ("requirements.txt", "requirements-train.txt", "requirements-test.txt"):
        for line in (ROOT / file).read_text().splitlines():
            name = re.split(r"[<>=\[]", line)[0].strip().lower()
            # pyyaml and pyzmq are Debian's.
            if name and name[0] not in "#-" and name not in ("pyyaml", "pyzmq", "jsonschema"):
                assert name in pinned, name


def test_every_module_can_be_imported():
    names = [module.name for module in pkgutil.walk_packages(sentinel.__path__, "gnuradio.sentinel.")]
    assert len(names) > 40
    for name in names:
        importlib.import_module(name)


def licence(distribution: importlib.metadata.Distribution) -> str:
    """Whatever a distribution says of its licence, the classifiers included."""
    data = distribution.metadata
    said = [data.get("License-Expression") or "", data.get("License") or ""]
    return " ".join(said + [c for c in data.get_all("Classifier") or [] if c.startswith("License")])


def test_licences_of_what_we_depend_on_go_with_gpl_3():
    files = ("requirements.txt", "requirements-train.txt")
    wanted = [line for file in files for line in (ROOT / file).read_text().splitlines()]
    names = [re.split(r"[<>=\[]", line)[0].strip() for line in wanted if line.strip() and line[0] not in "#-"]
    assert {"numpy", "pydantic", "onnxruntime", "torch"} <= set(names)
    for name in names:
        assert COMPATIBLE.search(licence(importlib.metadata.distribution(name))), name


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.name)
def test_block_descriptions_are_complete(path):
    block = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert block["id"] == path.name.removesuffix(".block.yml")
    assert block["category"] == "[Sentinel]"
    assert len(block["documentation"]) > 200
    assert block.get("asserts")
    made = re.search(r"sentinel\.(?:flowgraph\.)?(\w+)\(", block["templates"]["make"])
    assert made and (hasattr(sentinel, made[1]) or hasattr(sentinel.flowgraph, made[1]))
    for key in ("label", "file_format"):
        assert key in block


def test_every_block_of_the_package_has_a_description():
    described = {path.name.removeprefix("sentinel_").removesuffix(".block.yml") for path in BLOCKS}
    # Parts that other blocks are made of.
    inner = {"recording_source", "recording_segment", "recording_gain", "rtl_byte_map"}
    inner |= {"kfold_watch", "kernel", "pulse_signature", "flowgraph"}
    assert {name for name in sentinel.__all__ if name not in inner} <= described
