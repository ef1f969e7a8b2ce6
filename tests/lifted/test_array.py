"""The array of exact numbers: it behaves as an ndarray does, and never becomes plain floats unnoticed."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.lifted.array import Lifted, NotLiftable, lifted
from gradcheck.lifted.balls import Balls, midpoints
from gradcheck.lifted.stand_in import lifting

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -4.0]])


def exact(x: Any = X, tangent: Any = None) -> Lifted:
    return Balls(tangents=True).exact(np.asarray(x), tangent)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "flat": lambda x: x.flat[2:4],
    "reshape": lambda x: x.reshape(3, 2),
    "reshape by a tuple": lambda x: x.reshape((3, -1)),
    "reshape column by column": lambda x: x.reshape(3, 2, order="F"),
    "transpose": lambda x: x.transpose(1, 0),
    "transpose by a tuple": lambda x: x.transpose((1, 0)),
    "transpose without axes": lambda x: x.transpose(),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "copy": lambda x: x.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "an entry": lambda x: x[1, 2],
    "a row": lambda x: x[0],
    "a slice": lambda x: x[:, ::-1],
    "a new axis": lambda x: x[:, None, ...],
    "a mask": lambda x: x[x > 0],
    "indices": lambda x: x[[1, 0, 1], [2, 2, 0]],
    "item": lambda x: x.item(4),
    "item of a 0-d array": lambda x: x[0, 0].item(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "iteration": lambda x: sum(row for row in x),
    "astype float32": lambda x: x.astype(np.float32).astype(float),
    "sum": lambda x: x.sum(axis=0),
    "dot": lambda x: x.dot(x.T),
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "conj": lambda x: x.conj(),
    "take": lambda x: x.take([1, 3]),
    "round": lambda x: (2.5 * x).round(),
    "in-place arithmetic": lambda x: in_place(x.copy()),
}


def in_place(x: Any) -> Any:
    x += 1
    x *= x
    x[0] -= 2
    return x


@pytest.mark.parametrize("view", [pytest.param(f, id=name) for name, f in VIEWS.items()])
def test_a_method_that_differs_from_ndarrays(view: Callable[[Any], Any]) -> None:
    theirs = lifted(Balls(), view(exact()))
    np.testing.assert_array_equal(midpoints(theirs.value), view(X), strict=True)


@pytest.mark.parametrize("name", ["shape", "ndim", "size", "dtype", "itemsize", "nbytes"])
def test_an_attribute_that_differs_from_ndarrays(name: str) -> None:
    assert getattr(exact(), name) == getattr(X, name)


def test_the_length_of_an_array_and_its_truth_value_are_those_of_ndarrays() -> None:
    assert len(exact()) == 2
    assert exact(3.0)
    assert not exact(0.0)
    assert "Lifted" in repr(exact())
    assert exact(X.astype(np.float32)).astype("f4").dtype == np.float32
    with pytest.raises(ValueError, match="ambiguous"):
        bool(exact())


def test_astype_bool_is_a_plain_mask() -> None:
    np.testing.assert_array_equal(exact([0.0, 2.0]).astype(bool), [False, True])


LEAVING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "float()": (lambda x: float(x[0, 0]), "float.. of an exact number"),
    "int()": (lambda x: int(x[0, 0]), "int.. of an exact number"),
    "complex()": (lambda x: complex(x[0, 0]), "float.. of an exact number"),
    "astype(int)": (lambda x: x.astype(int), r"astype\(int\) truncates.*indices"),
    "array(dtype=int)": (lambda x: np.array(x, dtype=int), r"astype\(int\) truncates"),
    "an object array": (lambda x: x + np.array([1.0, 2, 3], dtype=object), "object array.*arrays of floats"),
    "complex numbers into a real array": (lambda x: np.zeros_like(x).__setitem__(0, 1j * x[0]), "dtype=complex"),
    "astype(float) of complex numbers": (lambda x: (1j * x).astype(float), r"take z\.real"),
    "an order of complex numbers": (lambda x: 1j * x < 2, r"no order: compare np\.abs"),
    "the largest of complex numbers": (lambda x: np.max(1j * x), "no order"),
    "a function of real numbers only": (lambda x: np.logaddexp(1j * x, 0.0), "logaddexp of complex numbers"),
    "writing into a real part": (lambda x: (1j * x).real.__setitem__(0, 1.0), "read-only"),
    "an imaginary part of a real array": (lambda x: setattr(x, "imag", 1.0), "does not have an imaginary part"),
    "rfft of complex numbers": (lambda x: np.fft.rfft(1j * x), "takes real numbers"),
    "an unknown norm of a transform": (lambda x: np.fft.fft(x, norm="none"), "Invalid norm value 'none'"),
    "a transform of nothing": (lambda x: np.fft.fft(x[:, :0]), "Invalid number of FFT data points"),
    "tolist": (lambda x: x.tolist(), "no attribute 'tolist': use the NumPy function"),
    "np.float64": (lambda x: np.float64(x[0, 0]), "exact"),
    "memoryview": (lambda x: memoryview(x), "memoryview"),
    "an entry of a plain array": (lambda x: np.arange(3.0).__setitem__(0, x[0, 0]), "exact"),
    "out= a plain array": (lambda x: np.exp(x, out=np.arange(6.0).reshape(2, 3)), "create it with np.zeros_like"),
    "at a plain array": (lambda x: np.add.at(np.arange(3.0), [0], x[0, 0]), "create it with np.zeros_like"),
    "a flat copy": (lambda x: x.T.flat.__setitem__(0, 1.0), "read-only"),
}


@pytest.mark.parametrize(("convert", "says"), [pytest.param(*row, id=name) for name, row in LEAVING.items()])
def test_leaving_exact_arithmetic_names_the_line_and_the_remedy(convert: Callable[[Any], Any], says: str) -> None:
    system = Balls()
    with pytest.raises(NotLiftable, match=says) as caught, lifting(system) as rewrite:
        rewrite(convert)(system.exact(X))
    assert "test_array.py:" in str(caught.value)


WRITES: dict[str, Callable[[Any, Any], None]] = {
    "an entry": lambda a, x: a.__setitem__((0, 1), x[1, 2]),
    "a row": lambda a, x: a.__setitem__(1, x[0]),
    "a mask": lambda a, x: a.__setitem__(a > 100, x[0, 0]),
    "a broadcast": lambda a, x: a.__setitem__(slice(None), x[:, :1]),
    "a constant": lambda a, x: a.__setitem__((slice(None), 0), 7.0),
    "a list": lambda a, x: a.__setitem__((0, slice(0, 2)), [x[0, 0], 3.0]),
    "through T": lambda a, x: a.T.__setitem__(0, x[:, 1]),
    "through reshape": lambda a, x: a.reshape(-1).__setitem__(5, x[0, 0]),
    "through flat": lambda a, x: a.flat.__setitem__(slice(0, 2), x[1, :2]),
    "through a slice of a slice": lambda a, x: a[1:][:, 1:].__setitem__(Ellipsis, x[:1, :2]),
    "through swapaxes": lambda a, x: np.swapaxes(a, 0, 1).__setitem__(2, x[:, 0]),
    "fill": lambda a, x: a.fill(2.0),
}


@pytest.mark.parametrize("write", [pytest.param(f, id=name) for name, f in WRITES.items()])
@pytest.mark.parametrize("fresh", [True, False], ids=["zeros", "a constant"])
def test_a_write_that_loses_the_number_or_its_tangent(write: Callable[[Any, Any], None], fresh: bool) -> None:
    start, tangent = np.full((2, 3), 0.0 if fresh else 0.5), np.arange(6.0).reshape(2, 3)
    system = Balls(tangents=True)
    theirs = system.zeros((2, 3)) if fresh else system.constant(start)
    write(theirs, system.exact(X, tangent))
    ours, moved = start.copy(), start.copy()
    write(ours, X)
    write(moved, X + tangent)
    np.testing.assert_array_equal(midpoints(theirs.value), ours)
    np.testing.assert_array_equal(midpoints(theirs.materialise().companion), moved - ours)


def test_an_object_array_of_exact_arrays_is_taken_apart() -> None:
    x = exact()
    cells = np.empty(2, dtype=object)
    cells[0], cells[1] = x[0, 0], x[0, 1]
    np.testing.assert_array_equal(midpoints(lifted(x.system, cells).value), [1.0, -2.0])
