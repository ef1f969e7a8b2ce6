"""The double backward passes of what stands beside, by ``gradcheck run tests/real_world/double_backwards.py``.

torch, JAX and autograd differentiate their own backward passes; the truth is that of the forward: certified where
that is NumPy code (autograd), else differences of the backward, which is checked itself.  README.md has the outcome.
"""

from __future__ import annotations

from gradcheck import double_backward
from gradcheck.rules import Rule
from tests.real_world import autograd_vjps, jax_nn, torch_functional

LIBRARIES = {"torch": torch_functional.RULES, "jax": jax_nn.RULES, "autograd": autograd_vjps.RULES}


def twice(rule: Rule, name: str) -> Rule:
    """The double backward of a rule under that name, as one of this module."""
    made = double_backward(rule)
    for named in (made, made.function):
        named.__module__, named.__name__, named.__qualname__ = __name__, name, name
    return made


RULES = {
    f"{library}_{name}": twice(rule, f"{library}_{name}")
    for library, rules in LIBRARIES.items()
    for name, rule in rules.items()
}
# A module's namespace is the registry.
globals().update(RULES)
