# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures. Fails loudly when the module under test is not the one just built."""

import os
from pathlib import Path

import numpy as np
import pytest

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def pytest_configure(config):
    from gnuradio import sentinel

    stage = os.environ.get("SENTINEL_STAGE")
    if stage and not Path(sentinel.__file__).resolve().is_relative_to(Path(stage).resolve()):
        raise pytest.UsageError(f"testing {sentinel.__file__}, not the build in {stage}")


@pytest.fixture
def rng():
    return np.random.default_rng(20260701)
