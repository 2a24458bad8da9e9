# SPDX-License-Identifier: GPL-3.0-or-later
"""What training needs beyond what runs on a node: asked for in one line, not by a failed import."""

import importlib.util

from .errors import InputError

#: Name of the import by name of the package.
PACKAGES = {
    "scikit-learn": "sklearn",
    "onnx": "onnx",
    "skl2onnx": "skl2onnx",
    "torch": "torch",
    "safetensors": "safetensors",
}


def require_training(*packages: str) -> None:
    """Refuse to begin where a package is not installed; loads none of them.

    Raises
    ------
    InputError
        One line that names what is missing and how to get it.
    """
    missing = [name for name in packages or PACKAGES if importlib.util.find_spec(PACKAGES[name]) is None]
    if missing:
        raise InputError(
            f"training needs {', '.join(missing)}; "
            "run pip install -c constraints.txt -r requirements-train.txt"
        )
