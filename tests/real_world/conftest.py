"""Tables of functions of a package that is not installed cannot be imported, and are left out."""

from importlib.util import find_spec

TABLES = {"autograd_vjps.py": "autograd", "torch_functional.py": "torch", "jax_nn.py": "jax"}
collect_ignore = [table for table, package in TABLES.items() if find_spec(package) is None]
