"""What importing costs: nothing heavy is imported before the function that needs it runs."""

import subprocess
import sys

import pytest

HEAVY = (
    "flint",
    "hypothesis",
    "jax",
    "jinja2",
    "matplotlib",
    "pandas",
    "pytest",
    "rich",
    "scipy",
    "sklearn",
    "sympy",
    "torch",
)


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    program = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return {line for line in output.split() if line}


@pytest.mark.parametrize("code", ["import gradcheck", "import gradcheck; gradcheck.rule; gradcheck.check"])
def test_a_heavy_module_is_imported_early(code: str) -> None:
    assert not {name.split(".")[0] for name in modules_after(code)} & set(HEAVY)


def test_importing_gradcheck_imports_none_of_its_modules() -> None:
    assert {name for name in modules_after("import gradcheck") if name.startswith("gradcheck.")} == set()


def test_numpy_is_not_imported_by_the_import_alone() -> None:
    assert "numpy" not in modules_after("import gradcheck")


def test_the_exact_oracle_does_without_the_libraries_of_the_others() -> None:
    code = """
import numpy as np, gradcheck
result = gradcheck.check(lambda x: (x * x, lambda dy: 2 * x * dy), np.ones(2), oracles="exact")
assert result
"""
    found = {name.split(".")[0] for name in modules_after(code)}
    assert "flint" in found
    assert not found & {"jax", "jinja2", "rich", "sympy", "torch"}
