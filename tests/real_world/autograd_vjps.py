"""Every VJP of HIPS autograd's `autograd/numpy/numpy_vjps.py`, checked by ``gradcheck run tests/real_world/autograd_vjps.py``.

Most run on exact arithmetic as they are, so that what is found is certified.  README.md beside has the outcome.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
from autograd.numpy import numpy_vjps

from gradcheck import choice, interval, positive, real
from gradcheck.adapters import from_autograd
from tests.real_world.tables import complexes, rules

X = {"x": real("n k")}
REAL = {"x": real("*b", at=(0.0, 1e3, -1e3, 1e-200))}
PAIR = {"x": real("*b"), "y": real("?b")}
TIES = {"": {"x": real("n k"), "y": real("k")}, "equal": {"x": real("n", at=(1.0,)), "y": real("n", at=(1.0,))}}
EXTREME = {"x": real("n k", ties=True), "axis": choice(None, 0, 1, -1), "keepdims": choice(False, True)}
SUM = {"x": real("n k"), "axis": choice(None, 0, 1, -1, (0, 1)), "keepdims": choice(False, True)}


def both(plain: dict[str, Any], shape: str = "n") -> dict[str, Any]:
    """A real domain and a complex one, of as many arguments."""
    return {"": plain, "complex": {name: complexes(shape) for name in plain}}


ELEMENTWISE = {
    "negative": (lambda x: anp.negative(x), both(REAL)),
    "absolute": (lambda x: anp.absolute(x), both(REAL)),
    "fabs": (lambda x: anp.fabs(x), REAL),
    "reciprocal": (lambda x: anp.reciprocal(x), both({"x": positive("*b", at=(1e-3, 1e150))})),
    "exp": (lambda x: anp.exp(x), both({"x": real("*b", at=(-700.0, 700.0))})),
    "exp2": (lambda x: anp.exp2(x), {"x": real("*b", at=(-1000.0, 1000.0))}),
    "expm1": (lambda x: anp.expm1(x), {"x": real("*b", at=(-40.0, 1e-10))}),
    "log": (lambda x: anp.log(x), both({"x": positive("*b", at=(1e-200, 1e200))})),
    "log2": (lambda x: anp.log2(x), {"x": positive("*b", at=(1e-200, 1e200))}),
    "log10": (lambda x: anp.log10(x), {"x": positive("*b", at=(1e-200, 1e200))}),
    "log1p": (lambda x: anp.log1p(x), {"x": positive("*b", at=(1e-200, 1e200))}),
    "sin": (lambda x: anp.sin(x), both({"x": real("*b", at=(1e5,))})),
    "cos": (lambda x: anp.cos(x), both({"x": real("*b", at=(1e5,))})),
    "tan": (lambda x: anp.tan(x), {"x": interval("*b", -1.5, 1.5, at=(1.57,))}),
    "arcsin": (lambda x: anp.arcsin(x), {"x": interval("*b", -1.0, 1.0, at=(0.999999999999,))}),
    "arccos": (lambda x: anp.arccos(x), {"x": interval("*b", -1.0, 1.0, at=(0.999999999999,))}),
    "arctan": (lambda x: anp.arctan(x), {"x": real("*b", at=(1e3, 1e200))}),
    "sinh": (lambda x: anp.sinh(x), {"x": real("*b", at=(700.0,))}),
    "cosh": (lambda x: anp.cosh(x), {"x": real("*b", at=(700.0,))}),
    "tanh": (lambda x: anp.tanh(x), {"x": real("*b", at=(20.0, 400.0))}),
    "arcsinh": (lambda x: anp.arcsinh(x), {"x": real("*b", at=(1e100, 1e200))}),
    "arccosh": (lambda x: anp.arccosh(x), {"x": interval("*b", 1.0, 9.0, at=(1.000000001, 1e100, 1e200))}),
    "arctanh": (lambda x: anp.arctanh(x), {"x": interval("*b", -1.0, 1.0, at=(0.999999999999,))}),
    "rad2deg": (lambda x: anp.rad2deg(x), REAL),
    "degrees": (lambda x: anp.degrees(x), REAL),
    "deg2rad": (lambda x: anp.deg2rad(x), REAL),
    "radians": (lambda x: anp.radians(x), REAL),
    "square": (lambda x: anp.square(x), both(REAL)),
    "sqrt": (lambda x: anp.sqrt(x), {"x": positive("*b", at=(1e-200, 1e200))}),
    "sinc": (lambda x: anp.sinc(x), {"x": real("*b", at=(0.0, 1e-5, 2.0))}),
    "nan_to_num": (lambda x: anp.nan_to_num(x), REAL),
    "clip": (lambda x: anp.clip(x, -1.0, 2.0), {"x": real("*b", kinks=(-1.0, 2.0), at=(-1.0, 2.0))}),
    "real_if_close": (lambda x: anp.real_if_close(x), REAL),
    "real": (lambda x: anp.real(x), both(REAL)),
    "imag": (lambda x: anp.imag(x), {"x": complexes("n")}),
    "conjugate": (lambda x: anp.conjugate(x), both(REAL)),
    "angle": (lambda x: anp.angle(x), {"x": complexes("n")}),
    "astype": (lambda x: x.astype(float), REAL),
}

PAIRS = {
    "add": (lambda x, y: anp.add(x, y), both(PAIR)),
    "multiply": (lambda x, y: anp.multiply(x, y), both(PAIR)),
    "subtract": (lambda x, y: anp.subtract(x, y), both(PAIR)),
    "divide": (
        lambda x, y: anp.divide(x, y),
        {
            "": {"x": real("*b"), "y": positive("?b", at=(1e-3,))},
            "large": {"x": real("n", 1.0, 3.0, at=(1e160,)), "y": positive("n", 1.0, 3.0, at=(1e160,))},
            "complex": {"x": complexes("n"), "y": complexes("n")},
        },
    ),
    "maximum": (lambda x, y: anp.maximum(x, y), TIES),
    "minimum": (lambda x, y: anp.minimum(x, y), TIES),
    "fmax": (lambda x, y: anp.fmax(x, y), TIES),
    "fmin": (lambda x, y: anp.fmin(x, y), TIES),
    "logaddexp": (lambda x, y: anp.logaddexp(x, y), {"x": real("n k", at=(1e3, -1e3)), "y": real("k")}),
    "logaddexp2": (lambda x, y: anp.logaddexp2(x, y), {"x": real("n k", at=(1e3, -1e3)), "y": real("k")}),
    "remainder": (lambda x, y: anp.remainder(x, y), {"x": positive("n k", 5.0, 9.0), "y": interval("k", 2.1, 2.4)}),
    "power": (
        lambda x, y: anp.power(x, y),
        {
            "": {"x": positive("n k"), "y": real("k", at=(0.0,))},
            "base 0": {"x": real("n", 0.5, 2.0, at=(0.0,)), "y": real("n", 1.5, 3.0)},
        },
    ),
    "power_of_negative": (lambda x, *, y: anp.power(x, y), {"x": real("n", -3.0, -0.5), "y": choice(2.0, -3.0)}),
    "arctan2": (
        lambda x, y: anp.arctan2(x, y),
        {
            "": {"x": real("n k", kinks=(0.0,)), "y": positive("k")},
            "large": {"x": real("n", 1.0, 2.0, at=(1e200,)), "y": real("n", 1.0, 2.0, at=(1e200,))},
        },
    ),
    "hypot": (lambda x, y: anp.hypot(x, y), {"x": real("n k", at=(1e200,)), "y": positive("k")}),
    "where": (
        lambda x, y, *, condition: anp.where(condition, x, y),
        {"x": real("3 4"), "y": real("3 4"), "condition": choice(anp.arange(12).reshape(3, 4) % 3 == 0)},
    ),
    "inner": (
        lambda x, y: anp.inner(x, y),
        {
            "": {"x": real("n k"), "y": real("m k")},
            "vectors": {"x": real("k"), "y": real("k")},
            "a number": {"x": real(""), "y": real("n k")},
            "complex": {"x": complexes("n k"), "y": complexes("m k")},
        },
    ),
    "matmul": (
        lambda x, y: anp.matmul(x, y),
        {
            "": {"x": real("n k"), "y": real("k m")},
            "vector first": {"x": real("k"), "y": real("k m")},
            "vector last": {"x": real("n k"), "y": real("k")},
            "vectors": {"x": real("k"), "y": real("k")},
            "batches": {"x": real("b n k"), "y": real("k m")},
            "two batches": {"x": real("b 1 n k"), "y": real("c k m")},
            "vector and batch": {"x": real("k"), "y": real("b k m")},
            "batch and vector": {"x": real("b n k"), "y": real("k")},
            "complex": {"x": complexes("n k"), "y": complexes("k m")},
        },
    ),
    "dot": (
        lambda x, y: anp.dot(x, y),
        {
            "": {"x": real("n k"), "y": real("k m")},
            "vectors": {"x": real("k"), "y": real("k")},
            "three axes": {"x": real("n k"), "y": real("m k l")},
            "three axes first": {"x": real("l n k"), "y": real("k")},
            "a number": {"x": real(""), "y": real("n k")},
            "complex": {"x": complexes("n k"), "y": complexes("k m")},
        },
    ),
    "tensordot": (
        lambda x, y, *, axes: anp.tensordot(x, y, axes=axes),
        {
            "number": {"x": real("n k l"), "y": real("k l m"), "axes": choice(2)},
            "lists": {"x": real("n k l"), "y": real("l m k"), "axes": choice(([1, 2], [2, 0]), ([2, 1], [0, 2]))},
            "none": {"x": real("n k"), "y": real("m"), "axes": choice(0)},
        },
    ),
    "outer": (
        lambda x, y: anp.outer(x, y),
        {
            "": {"x": real("n"), "y": real("k")},
            "matrices": {"x": real("n k"), "y": real("m")},
            "complex": {"x": complexes("n"), "y": complexes("k")},
        },
    ),
    "kron": (
        lambda x, y: anp.kron(x, y),
        {
            "": {"x": real("n k"), "y": real("m l")},
            "vectors": {"x": real("n"), "y": real("k")},
            "vector and matrix": {"x": real("n"), "y": real("m l")},
        },
    ),
    "cross": (
        lambda x, y: anp.cross(x, y),
        {"": {"x": real("n 3"), "y": real("n 3")}, "broadcast": {"x": real("n 3"), "y": real("3")}},
    ),
    "cross_axes": (lambda x, y: anp.cross(x, y, 0, 1, 0), {"x": real("3 n"), "y": real("n 3")}),
    "linspace": (
        lambda x, y: anp.linspace(x, y, 5),
        {"": {"x": real(""), "y": real("")}, "arrays": {"x": real("n"), "y": real("n")}},
    ),
    "concatenate": (
        lambda x, y, *, axis: anp.concatenate((x, y, 2 * x), axis),
        {
            "": {"x": real("n k"), "y": real("m k"), "axis": choice(0, -2)},
            "columns": {"x": real("n k"), "y": real("n m"), "axis": choice(1, -1)},
        },
    ),
    "array": (lambda x, y: anp.array([x, y, x]), {"x": real("n"), "y": real("n")}),
    "einsum": (
        lambda x, y, *, subscripts: anp.einsum(subscripts, x, y),
        {
            "product": {
                "x": real("n k"),
                "y": real("k m"),
                "subscripts": choice("ij,jk->ik", "ij,jk->ki", "ij,jk->i", "ij,jk"),
            },
            "batches": {
                "x": real("b n k"),
                "y": real("b k m"),
                "subscripts": choice("bij,bjk->bik", "...ij,...jk->...ik"),
            },
            "broadcast": {"x": real("b n k"), "y": real("k m"), "subscripts": choice("...ij,jk->...ik", "bij,jk->bk")},
            "summed": {"x": real("n k"), "y": real("m"), "subscripts": choice("ij,k->k", "ij,k->jk")},
            "complex": {"x": complexes("n k"), "y": complexes("k m"), "subscripts": choice("ij,jk->ik")},
        },
    ),
    "einsum_diagonal": (
        lambda x, *, subscripts: anp.einsum(subscripts, x),
        {"x": real("n n"), "subscripts": choice("ii->i", "ii->", "ij->ji", "ij->j")},
    ),
    "einsum_lists": (lambda x, y: anp.einsum(x, [0, 1], y, [1, 2], [2, 0]), {"x": real("n k"), "y": real("k m")}),
}

REDUCTIONS = {
    "sum": (lambda x, *, axis, keepdims: anp.sum(x, axis=axis, keepdims=keepdims), SUM),
    "mean": (lambda x, *, axis, keepdims: anp.mean(x, axis=axis, keepdims=keepdims), SUM),
    "prod": (
        lambda x, *, axis, keepdims: anp.prod(x, axis=axis, keepdims=keepdims),
        {
            "": {"x": real("n k", kinks=(0.0,)), "axis": choice(None, 0, 1, -1), "keepdims": choice(False, True)},
            "a zero": {"x": real("n k", at=(0.0,)), "axis": choice(None, 0), "keepdims": choice(False)},
        },
    ),
    "var": (
        lambda x, *, axis, ddof, keepdims: anp.var(x, axis=axis, ddof=ddof, keepdims=keepdims),
        {
            "": {**SUM, "ddof": choice(0, 1)},
            "complex": {"x": complexes("n k"), "axis": choice(0), "ddof": choice(0), "keepdims": choice(False)},
        },
    ),
    "std": (
        lambda x, *, axis, ddof, keepdims: anp.std(x, axis=axis, ddof=ddof, keepdims=keepdims),
        {"": {**SUM, "x": real("3 4"), "ddof": choice(0, 1)}},
    ),
    "max": (lambda x, *, axis, keepdims: anp.max(x, axis=axis, keepdims=keepdims), EXTREME),
    "min": (lambda x, *, axis, keepdims: anp.min(x, axis=axis, keepdims=keepdims), EXTREME),
    "amax": (lambda x, *, axis, keepdims: anp.amax(x, axis=axis, keepdims=keepdims), EXTREME),
    "amin": (lambda x, *, axis, keepdims: anp.amin(x, axis=axis, keepdims=keepdims), EXTREME),
    "cumsum": (lambda x, *, axis: anp.cumsum(x, axis), {"x": real("n k l"), "axis": choice(None, 0, 1, -1)}),
    "trace": (
        lambda x, *, offset: anp.trace(x, offset),
        {
            "": {"x": real("n k"), "offset": choice(0, 1, -1)},
            "three axes": {"x": real("n k l"), "offset": choice(0, 1)},
        },
    ),
}

MOVEMENTS = {
    "reshape": (lambda x, *, order: anp.reshape(x, (-1,), order=order), {**X, "order": choice("C", "F")}),
    "ravel": (lambda x, *, order: anp.ravel(x, order), {**X, "order": choice(None, "C", "F")}),
    "roll": (
        lambda x, *, shift, axis: anp.roll(x, shift, axis),
        {
            "": {**X, "shift": choice(1, -2, 7), "axis": choice(None, 0, 1)},
            "two axes": {**X, "shift": choice((1, 2)), "axis": choice((0, 1))},
        },
    ),
    "array_split": (lambda x, *, axis: anp.array_split(x, 2, axis)[1], {**X, "axis": choice(0, 1)}),
    "split": (lambda x, *, axis: anp.split(x, [1], axis)[0], {"x": real("4 6"), "axis": choice(0, 1)}),
    "vsplit": (lambda x: anp.vsplit(x, 2)[1], {"x": real("4 k")}),
    "hsplit": (lambda x: anp.hsplit(x, 2)[1], {"": {"x": real("n 4")}, "a vector": {"x": real("4")}}),
    "dsplit": (lambda x: anp.dsplit(x, 2)[1], {"x": real("n k 4")}),
    "expand_dims": (lambda x, *, axis: anp.expand_dims(x, axis), {**X, "axis": choice(0, 1, -1)}),
    "squeeze": (lambda x, *, axis: anp.squeeze(x, axis), {"x": real("n 1 k"), "axis": choice(None, 1)}),
    "diag": (
        lambda x, *, k: anp.diag(x, k),
        {
            "a vector": {"x": real("n"), "k": choice(0, 1, -1)},
            "a square": {"x": real("n n"), "k": choice(0, 1, -1)},
            "a matrix": {"x": real("3 4"), "k": choice(0, 1, -1)},
        },
    ),
    "flipud": (lambda x: anp.flipud(x), X),
    "fliplr": (lambda x: anp.fliplr(x), X),
    "rot90": (lambda x, *, k: anp.rot90(x, k), {**X, "k": choice(1, 2, 3, -1)}),
    "full": (lambda x: anp.full((2, 3), x), {"": {"x": real("")}, "a row": {"x": real("3")}}),
    "triu": (lambda x, *, k: anp.triu(x, k), {**X, "k": choice(0, 1, -1)}),
    "tril": (lambda x, *, k: anp.tril(x, k), {**X, "k": choice(0, 1, -1)}),
    "swapaxes": (lambda x: anp.swapaxes(x, 0, 2), {"x": real("n k l")}),
    "moveaxis": (lambda x, *, to: anp.moveaxis(x, 0, to), {"x": real("n k l"), "to": choice(1, 2, -1)}),
    "rollaxis": (
        lambda x, *, axis, start: anp.rollaxis(x, axis, start),
        {"x": real("n k l"), "axis": choice(0, 1, 2), "start": choice(0, 1, 2, 3)},
    ),
    "transpose": (
        lambda x, *, axes: anp.transpose(x, axes),
        {"x": real("n k l"), "axes": choice(None, (1, 2, 0), (2, 0, 1))},
    ),
    "broadcast_to": (lambda x: anp.broadcast_to(x, (2, 3)), {"x": real("1 3")}),
    "diff": (
        lambda x, *, n, axis: anp.diff(x, n, axis),
        {"x": real("4 5"), "n": choice(1, 2, 3), "axis": choice(0, -1)},
    ),
    "gradient": (
        lambda x, *, axis: anp.stack(anp.gradient(x, axis=axis)) if axis is None else anp.gradient(x, axis=axis),
        {"": {"x": real("6 7"), "axis": choice(0, 1, None)}, "short": {"x": real("2 3"), "axis": choice(0, 1)}},
    ),
    "repeat": (
        lambda x, *, repeats, axis: anp.repeat(x, repeats, axis),
        {
            "": {**X, "repeats": choice(2, 3), "axis": choice(None, 0, 1)},
            "negative axis": {**X, "repeats": choice(2), "axis": choice(-1, -2)},
        },
    ),
    "tile": (
        lambda x, *, reps: anp.tile(x, reps),
        {
            "": {**X, "reps": choice((2, 3), (1, 2))},
            "a number": {"x": real("n"), "reps": choice(3)},
            "fewer": {**X, "reps": choice(2, (3,))},
            "more": {"x": real("k"), "reps": choice((2, 3))},
        },
    ),
    "sort": (lambda x: anp.sort(x), {"x": real("n")}),
    "partition": (lambda x: anp.partition(x, 1), {"x": real("4")}),
    "atleast_1d": (lambda x: anp.atleast_1d(x), {"x": real("")}),
    "atleast_2d": (lambda x: anp.atleast_2d(x), {"x": real("n")}),
    "atleast_3d": (lambda x: anp.atleast_3d(x), {"x": real("n k")}),
    "diagonal": (
        lambda x, *, offset: anp.diagonal(x, offset),
        {
            "a square": {"x": real("n n"), "offset": choice(0, 1, -1)},
            "a matrix": {"x": real("3 4"), "offset": choice(0, 1)},
            "batches": {"x": real("n n b"), "offset": choice(0)},
        },
    ),
    "diagonal_of_last": (
        lambda x: anp.diagonal(x, 0, -1, -2),
        {"": {"x": real("n n")}, "batches": {"x": real("b n n")}},
    ),
    "make_diagonal": (
        lambda x: numpy_vjps.anp.make_diagonal(x, 0, -1, -2),
        {"": {"x": real("n")}, "batches": {"x": real("b n")}},
    ),
    "array_ndmin": (lambda x: anp.array(x, ndmin=3), {"x": real("n")}),
    "getitem": (
        lambda x, *, key: x[key],
        {"x": real("3 4"), "key": choice(1, (slice(None), [0, 2, 0]), (slice(2, 0, -1), 1))},
    ),
    "pad": (
        lambda x, *, width: anp.pad(x, width, "constant"),
        {**X, "width": choice(2, ((1, 0), (0, 2)), (1, 2), ((0, 1),))},
    ),
}


def second(vjp: Any) -> Any:
    """The adjoint of a product, itself to be differentiated: once for the matrix and once for the cotangent."""
    meta = numpy_vjps.anp.metadata

    def function(x: Any, g: Any) -> Any:
        return vjp(x, g, meta(anp.ones((2, 3))), meta(anp.ones((3, 4))))

    return function


ADJOINTS = {
    "dot_adjoint_0": (second(numpy_vjps.dot_adjoint_0), {"x": real("3 4"), "g": real("2 4")}),
    "dot_adjoint_1": (second(numpy_vjps.dot_adjoint_1), {"x": real("2 3"), "g": real("2 4")}),
    "tensordot_adjoint_0": (
        lambda x, g: numpy_vjps.tensordot_adjoint_0(x, g, ([1], [0]), 2, 2), {"x": real("3 4"), "g": real("2 4")}),
    "tensordot_adjoint_1": (
        lambda x, g: numpy_vjps.tensordot_adjoint_1(x, g, ([1], [0]), 2, 2), {"x": real("2 3"), "g": real("2 4")}),
}  # fmt: skip

# VJPs that no case reaches, and why.
NOT_REACHED = {
    "untake": "its value is autograd's own sparse accumulator, no array: only a second derivative of x[i] meets it",
}

RULES = rules(from_autograd, __name__, {**ELEMENTWISE, **PAIRS, **REDUCTIONS, **MOVEMENTS, **ADJOINTS})
# A module's namespace is the registry.
globals().update(RULES)
