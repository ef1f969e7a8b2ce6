"""What every rule of the reference library owes its reader: a docstring whose shapes are right, and cases."""

import importlib
import pkgutil
import re

import numpy as np
import pytest

import reference
from gradcheck.cases import Case, collect

# Networks and worked examples have arguments of a number, or under names, of their own.
OTHERS = ("reference.worked", "reference.examples", "reference.network", "reference.digits")
MODULES = [m.name for m in pkgutil.walk_packages(reference.__path__, "reference.") if not m.name.startswith(OTHERS)]
CASES = [c for m in MODULES for c in collect(importlib.import_module(m)) if isinstance(c, Case)]
# The first domain of each rule: the docstring speaks of that one.
FIRST = {case.rule.name: case for case in reversed(CASES)}
every_rule = pytest.mark.parametrize("case", FIRST.values(), ids=lambda case: case.rule.name.removeprefix("reference."))

SHAPE = re.compile(r"\(([^()]*)\)")


def letters_of(text):
    """``(n, k), (k)`` as lists of letters."""
    return [[t.strip() for t in shape.split(",") if t.strip()] for shape in SHAPE.findall(text)]


def stated_shapes(rule):
    """The shapes of the arguments, and the alternatives for those of the outputs, in the first line of a docstring."""
    left, _, right = rule.__doc__.splitlines()[0].rpartition(".  ")[2].partition("->")
    return letters_of(left), [letters_of(alternative) for alternative in right.split(" or ")]


def fits(stated, values, sizes):
    """Whether values have the stated shapes; learns the sizes of letters it has not met."""
    if len(stated) != len(values):
        return False
    for letters, value in zip(stated, values, strict=True):
        shape = list(np.shape(value))
        if "..." in letters:
            start = letters.index("...")
            shape[start : len(shape) - (len(letters) - 1 - start)] = [...]
            letters, shape = [t for t in letters if t != "..."], [n for n in shape if n is not ...]
        if len(letters) != len(shape):
            return False
        if any((int(t) if t.isdigit() else sizes.setdefault(t, n)) != n for t, n in zip(letters, shape, strict=True)):
            return False
    return True


@every_rule
def test_the_docstring_states_the_shapes_of_arguments_and_output(case):
    arguments, alternatives = stated_shapes(case.rule)
    for point in (case.point("small", 0), case.point("random", 0)):
        y, _ = case.rule(*point.args, **point.params)
        ys, sizes = y if isinstance(y, tuple) else (y,), {}
        assert fits(arguments, point.args, sizes), [a.shape for a in point.args]
        assert any(fits(outputs, ys, dict(sizes)) for outputs in alternatives), [np.shape(v) for v in ys]
