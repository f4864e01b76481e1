"""scikit-learn, loaded when something is learnt: a second of every start would go into it."""

import importlib
from typing import Any


def scikit_learn() -> Any:
    """Return the package with the two parts that learning takes from it."""
    for part in ("linear_model", "model_selection"):
        importlib.import_module(f"sklearn.{part}")
    return importlib.import_module("sklearn")
