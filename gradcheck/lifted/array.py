"""An array that NumPy code takes for an ndarray, and that holds the exact numbers of a number system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import numpy as np

from gradcheck.results import Array

Order = Literal["C", "F", "A", "K"]


class NotLiftable(TypeError):
    """The code does something that has no meaning in exact arithmetic; the message says what, and what to do."""

    reason = "not liftable"


class Refuses(NotLiftable):
    """The rule's own code raises on exact numbers; what it raised is the cause."""

    reason = "raises"


class TooLarge(RuntimeError):
    """The operation budget is used up."""

    reason = "too large"


class System(Protocol):
    """A number system: what numbers are, how they are ordered, and what ufuncs do with them.

    A lifted array has two channels of equal shape: the numbers themselves, and their companions (tangents of balls,
    floats of symbols).  Companions may be missing (None) where they are all zero.
    """

    name: str

    def constant(self, array: Any) -> Lifted:
        """A plain number or array as one of this system's."""
        ...

    def zeros(self, shape: tuple[int, ...]) -> Lifted:
        """Zeros that can be assigned to."""
        ...

    def ufunc(self, name: str, *inputs: Lifted) -> Any:
        """An elementwise function of broadcastable arrays."""
        ...

    def complexes(self, a: Lifted) -> Lifted:
        """Real numbers as complex ones.  Raises NotLiftable where the system has none."""
        ...

    def turns(self, n: int, sign: int) -> Lifted:
        """exp(sign 2 pi i k / n) for k from 0 to n - 1.  Raises NotLiftable where the system has none."""
        ...

    def multilinear(self, function: Callable[..., Any], *inputs: Lifted) -> Lifted:
        """A function of arrays that is linear in each of them."""
        ...

    def order(self, a: Lifted, b: Lifted) -> Array:
        """-1, 0 or 1 where a is below, equal to or above b."""
        ...

    def finite(self, a: Lifted) -> Array:
        """Where the numbers are finite, as booleans."""
        ...

    def nan(self, a: Lifted) -> Array:
        """Where there is no number at all, such as the root of a negative one, as booleans."""
        ...

    def magnitude(self, a: Lifted) -> Array:
        """The sizes of the numbers as floats, good enough to choose a pivot by."""
        ...

    def count(self, operations: int, terms: int = 1) -> None:
        """Note that so many operations were done, `terms` of them for each number.  Raises TooLarge beyond the budget."""
        ...


def objects(value: Any) -> Array:
    """`value` as an object array; NumPy hands out the bare element of a 0-d one."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return array


class Lifted(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of exact numbers.  Not an ndarray: NumPy can neither round it nor copy it into floats unnoticed."""

    __slots__ = ("companion", "dtype", "system", "value")

    def __init__(self, system: System, value: Any, companion: Any = None, dtype: Any = float) -> None:
        self.system = system
        self.value = objects(value)
        self.companion = None if companion is None else objects(companion)
        self.dtype = np.dtype(dtype)

    # What NumPy asks.

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise NotLiftable(
            "an exact array was to be turned into a plain one: keep to NumPy functions of the array itself"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from gradcheck.lifted.ufuncs import apply_ufunc

        return apply_ufunc(self.system, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from gradcheck.lifted.functions import apply_function

        return apply_function(self.system, function, args, kwargs)

    # Shape.

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.value.shape
        return shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return int(self.value.size)

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def flags(self) -> Any:
        return self.value.flags

    @property
    def T(self) -> Lifted:
        return self.each(np.transpose)

    @property
    def mT(self) -> Lifted:
        return self.each(lambda c: np.swapaxes(c, -1, -2))

    @property
    def real(self) -> Lifted:
        from gradcheck.lifted.complexes import real

        return real(self)

    @real.setter
    def real(self, part: Any) -> None:
        from gradcheck.lifted.complexes import joined

        self[...] = joined(lifted(self.system, part), self.imag) if self.is_complex else part

    @property
    def imag(self) -> Lifted:
        from gradcheck.lifted.complexes import imag

        return imag(self)

    @imag.setter
    def imag(self, part: Any) -> None:
        from gradcheck.lifted.complexes import joined

        if not self.is_complex:
            raise TypeError("a real array does not have an imaginary part to set")
        self[...] = joined(self.real, lifted(self.system, part))

    @property
    def is_complex(self) -> bool:
        return bool(self.dtype.kind == "c")

    @property
    def flat(self) -> Lifted:
        flat = self.reshape(-1)
        if not np.shares_memory(flat.value, self.value):
            # The copy of an array that is not contiguous: writing into it must not be lost unnoticed.
            flat.value.flags.writeable = False
        return flat

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Lifted]:
        return (self[i] for i in range(len(self.value)))

    def __getitem__(self, index: Any) -> Lifted:
        self.materialise()
        return self.each(lambda c: c[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        value = lifted(self.system, value)
        if value.is_complex and not self.is_complex:
            raise NotLiftable("complex numbers were to be written into a real array: create it with dtype=complex")
        _, value = alike(self, value)
        self.materialise()
        self.value[index] = value.value if value.ndim else value.value[()]
        if self.companion is not None:
            companion = value.materialise().companion
            self.companion[index] = companion if companion.ndim else companion[()]

    def materialise(self) -> Lifted:
        """Give an array whose companions are missing a companion array, where the system uses them."""
        if self.companion is None:
            self.companion = self.system.zeros(self.shape).companion
        return self

    def each(self, function: Callable[[Array], Any]) -> Lifted:
        """`function` applied to both channels: right for whatever is linear and moves or adds up numbers."""
        # A view must share its companions too: what is written into it later has a tangent.
        companions = self.materialise().companion
        companion = None if companions is None else function(companions)
        return Lifted(self.system, function(self.value), companion, self.dtype)

    # Methods of an ndarray that NumPy code uses.

    def astype(self, dtype: Any, **kwargs: Any) -> Any:
        kind = np.dtype(dtype).kind
        if kind == "b":
            return self != 0
        if kind in "iu":
            raise NotLiftable(
                "astype(int) truncates, which exact arithmetic does not follow: keep indices out of the arguments"
            )
        if self.is_complex and kind != "c":
            raise NotLiftable("astype(float) drops imaginary parts: take z.real")
        # Exact arithmetic is about the ideal function: rounding to another float type is the identity.
        copied = self.system.complexes(self) if kind == "c" else self.copy()
        copied.dtype = np.dtype(dtype)
        return copied

    def copy(self, order: str = "C") -> Lifted:
        return self.each(np.copy)

    def __copy__(self) -> Lifted:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Lifted:
        return self.copy()

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        self[...] = np.sort(self, axis)

    def partition(self, kth: Any, axis: int = -1, kind: Any = None) -> None:
        self.sort(axis)

    def item(self, *index: int) -> Lifted:
        return self.reshape(-1)[index[0] if index else 0]

    def fill(self, value: Any) -> None:
        self[...] = value

    def reshape(self, *shape: Any, **kwargs: Any) -> Lifted:
        return self.each(lambda c: c.reshape(*shape, **kwargs))

    def transpose(self, *axes: Any) -> Lifted:
        order = axes[0] if len(axes) == 1 else axes or None
        return self.each(lambda c: np.transpose(c, order))

    def ravel(self, order: Order = "C") -> Lifted:
        return self.each(lambda c: c.ravel(order))

    def flatten(self, order: Order = "C") -> Lifted:
        return self.each(lambda c: c.flatten(order))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __float__(self) -> float:
        raise NotLiftable("float() of an exact number would round it: keep it an array")

    def __int__(self) -> int:
        raise NotLiftable("int() of an exact number would truncate it: keep indices out of the arguments")

    def __round__(self, decimals: int = 0) -> Any:
        return np.round(self, decimals)

    def __repr__(self) -> str:
        return f"Lifted({self.value!r})"

    def __getattr__(self, name: str) -> Any:
        # A method of ndarrays is the NumPy function of that name: x.sum(axis=1) is np.sum(x, axis=1).
        if name in METHODS:
            function = getattr(np, name)
            return lambda *args, **kwargs: function(self, *args, **kwargs)
        raise AttributeError(f"an exact array has no attribute {name!r}: use the NumPy function instead")


METHODS = frozenset(
    (
        *(
            "all",
            "any",
            "argmax",
            "argmin",
            "argpartition",
            "argsort",
            "clip",
            "conj",
            "conjugate",
            "cumprod",
            "cumsum",
        ),
        *("diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "put", "repeat", "round", "searchsorted"),
        *("squeeze", "std", "sum", "swapaxes", "take", "trace", "var"),
    )
)


def lifted(system: System, value: Any) -> Lifted:
    """`value` in the number system: itself where it is lifted, a constant where it is a plain number or array."""
    if isinstance(value, Lifted):
        return value
    if isinstance(value, list | tuple) and any(isinstance(v, Lifted) for v in value):
        return stack([lifted(system, v) for v in value])
    if isinstance(value, np.ndarray) and value.dtype == object and any(isinstance(v, Lifted) for v in value.flat):
        items = [lifted(system, v) for v in value.flat]
        return stack(items).reshape(value.shape) if items else system.zeros(value.shape)
    return system.constant(value)


def alike(*items: Lifted) -> tuple[Lifted, ...]:
    """Arrays of one kind: real ones among complex ones become complex."""
    if not any(i.is_complex for i in items):
        return items
    return tuple(i if i.is_complex else i.system.complexes(i) for i in items)


def stack(items: list[Lifted], axis: int = 0) -> Lifted:
    """Equal-shaped arrays along a new axis."""
    return join(np.stack, items, axis=axis)


def join(function: Callable[..., Any], items: list[Lifted], **kwargs: Any) -> Lifted:
    """A function of a list of arrays (`np.stack`, `np.concatenate`, ...) applied to both channels."""
    system, items = items[0].system, list(alike(*items))
    value = function([i.value for i in items], **kwargs)
    if all(i.companion is None for i in items):
        return Lifted(system, value, None, items[0].dtype)
    return Lifted(system, value, function([i.materialise().companion for i in items], **kwargs), items[0].dtype)


def select(condition: Array, a: Lifted, b: Lifted) -> Lifted:
    """Entries of `a` where the condition holds, else of `b`; broadcasting."""
    a, b = alike(a, b)
    value = np.where(condition, a.value, b.value)
    companions: list[Any] = [None, None]
    if a.companion is not None or b.companion is not None:
        companions = [a.materialise().companion, b.materialise().companion]
    companion = None if companions[0] is None else np.where(condition, *companions)
    return Lifted(a.system, value, companion, a.dtype)


def own_zeros(x: Lifted) -> Lifted:
    """The plain zeros that NumPy puts into object arrays, around a diagonal or for an empty sum, as the system's."""
    zero = x.system.zeros(()).materialise()

    def own(channel: Array, zero: Any) -> Array:
        plain = np.asarray(np.frompyfunc(lambda v: type(v) is int, 1, 1)(channel), dtype=bool)
        return objects(np.where(plain, zero, channel)) if plain.any() else channel

    companion = None if x.companion is None else own(x.companion, zero.companion)
    return Lifted(x.system, own(x.value, zero.value), companion, x.dtype)
