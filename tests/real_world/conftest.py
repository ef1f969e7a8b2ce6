"""Tables of rules over libraries that need not be installed are collected where they are."""

from importlib.util import find_spec

NEEDS = {"autograd_vjps.py": "autograd", "torch_functional.py": "torch", "jax_nn.py": "jax"}
collect_ignore = [file for file, library in NEEDS.items() if find_spec(library) is None]
