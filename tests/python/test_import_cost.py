# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the package stays light."""

import subprocess
import sys

HEAVY = (
    "sigmf",
    "jsonschema",
    "scipy.io.wavfile",
    "matplotlib",
    "torch",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "sklearn",
    "pyarrow",
    "safetensors",
    "fastapi",
    "osmosdr",
    "rtlsdr",
)
#: What a node runs of models, without what trains them.
RUN_TIME = ("core.models", "core.model_card", "core.clustering", "core.cluster_file", "gnss.training.scaling")
RUN_TIME += ("gnss.uncertainty", "gnss.training.monte_carlo", "gnss.training.images")


def test_nothing_heavy_is_loaded():
    assert loaded_by("from gnuradio import sentinel") == "[]"


def test_what_a_node_runs_of_models_loads_nothing_that_trains_them():
    imports = "; ".join(f"import gnuradio.sentinel.{name}" for name in RUN_TIME)
    assert loaded_by(imports) == "[]"


def loaded_by(statement: str) -> str:
    program = f"{statement}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
