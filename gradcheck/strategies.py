"""Hypothesis strategies made from domains: points, shapes, numbers and layouts, for the search and for users' tests.

>>> from hypothesis import given
>>> from gradcheck import real, strategies
>>> @given(strategies.points(dict(a=real("*b"), b=real("?b"))))
... def test_addition_commutes(point):
...     assert (point["a"] + point["b"] == point["b"] + point["a"]).all()
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from gradcheck.domains import Draw, Spec
from gradcheck.results import Array

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from gradcheck.cases import Case


T = TypeVar("T")

# The longest axis, and how many entries the axes of a point together may have (one of 12 goes with others of 4).
LONGEST, ENTRIES = 12, 48
# How many different numbers an array is made of.
DIFFERENT = 12
# Beside ordinary numbers: zero, tiny ones, and those whose powers are themselves.
LANDMARKS = (0.0, 1.0, -1.0, 1e-8, -1e-8)
# How many axes a group of any number has at most.
RANK = 3
DTYPES = ("float64", "float32")
NARROW = {"float64": "float32", "complex128": "complex64"}


class Drawing(Protocol):
    """Hypothesis' function that draws a value of a strategy."""

    def __call__(self, strategy: SearchStrategy[T], /) -> T: ...


class Drawn(Draw):
    """A point drawn by Hypothesis: sizes, ranks, broadcasts and seeds are its choices, so that it shrinks them."""

    def __init__(self, choose: Drawing, *, longest: int = LONGEST, entries: int = ENTRIES) -> None:
        from hypothesis import strategies as st

        super().__init__("hypothesis")
        self.choose, self.longest, self.entries = choose, longest, entries
        kind = choose(st.integers(0, 127))
        # What `made` functions ask: whether the point is a small one, and its number.
        self.role, self.turn = ("small", "random")[kind % 2], kind // 2 % 4
        # One point in sixteen may have axes of size 0.
        self.least = 0 if kind // 8 == 15 else 1

    def new_size(self, known: list[int]) -> int:
        from hypothesis import strategies as st

        room = self.entries // max(1, math.prod(known))
        return int(self.choose(st.integers(self.least, max(2, min(self.longest, room)))))

    def group(self, letter: str) -> list[int]:
        """As many sizes as there may be, of which some count: so that a rank shrinks and all else stays as it is."""
        from hypothesis import strategies as st

        sizes = [self.size(f"{letter}{axis}") for axis in range(RANK)]
        return sizes[: self.choose(st.sampled_from((1, 2, 3, 0)))]

    def broadcasting(self, group: list[int]) -> list[int]:
        from hypothesis import strategies as st

        dropped, ones = self.choose(st.integers(0, RANK)), self.choose(st.integers(0, 2**RANK - 1))
        return [1 if ones >> axis & 1 else n for axis, n in enumerate(group[dropped:])]


def points(
    domain: Mapping[str, Spec],
    *,
    dtypes: tuple[str, ...] = DTYPES,
    longest: int = LONGEST,
    entries: int = ENTRIES,
) -> SearchStrategy[dict[str, Any]]:
    """A value for each name of a domain, shrinking to small shapes and simple numbers.

    dtypes: those of float arrays, one for all of a point (complex ones follow: float32 goes with complex64).
    longest: of an axis.  entries: of an array whose axes are all drawn.  Raises ImportError without Hypothesis.
    """
    need_hypothesis()
    from hypothesis import strategies as st

    precisions = st.sampled_from(dtypes)

    @st.composite
    def drawn(choose: Drawing) -> dict[str, Any]:
        drawing = Drawn(choose, longest=longest, entries=entries)
        for key, spec in domain.items():
            drawing.values[key] = choose(strategy_of(spec, drawing))
        dtype = choose(precisions)
        return {k: in_precision(v, dtype) for k, v in drawing.values.items()}

    return drawn()


def calls(case: Case, **options: Any) -> SearchStrategy[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The arguments and parameters of a case, for ``rule(*args, **params)``.  `options` as for `points`."""
    return points(case.domain, **options).map(case.split)


def shapes(*texts: str, longest: int = LONGEST, entries: int = ENTRIES) -> SearchStrategy[tuple[tuple[int, ...], ...]]:
    """Shapes that go together: ``shapes("n k", "k m")``, ``shapes("(n,k),(k,m)->(n,m)")``, ``shapes("*b", "?b")``.

    Letters and groups as in domains; a gufunc signature stands for its inputs.  Raises ValueError without a text.
    """
    need_hypothesis()
    from hypothesis import strategies as st

    if not texts:
        raise ValueError("shapes was given no text: pass one for each shape, as in shapes('n k', 'k m')")
    if len(texts) == 1 and "(" in texts[0]:
        inputs = re.findall(r"\(([^()]*)\)", texts[0].partition("->")[0])
        texts = tuple(" ".join(core.replace(",", " ").split()) for core in inputs)

    @st.composite
    def drawn(choose: Drawing) -> tuple[tuple[int, ...], ...]:
        drawing = Drawn(choose, longest=longest, entries=entries)
        return tuple(drawing.shape(text) for text in texts)

    return drawn()


@cache
def numbers(low: float, high: float, *, special: tuple[float, ...] = ()) -> SearchStrategy[float]:
    """Numbers of an interval: whole ones, ones of three decimals, the bounds, zero, tiny ones, and special values."""
    need_hypothesis()
    from hypothesis import strategies as st

    inside = [x for x in (*LANDMARKS, low, high) if low <= x <= high]
    ranges = [(math.ceil(low * unit), math.floor(high * unit), unit) for unit in (1, 1000)]
    ordinary = [st.integers(a, b).map(partial(divided, unit)) for a, b, unit in ranges if a <= b]
    return st.one_of(*ordinary, st.sampled_from(list(dict.fromkeys((*special, *inside)))))


def divided(unit: int, n: int) -> float:
    """n / unit."""
    return n / unit


def arrays(shape: tuple[int, ...], entries: SearchStrategy[Any], dtype: str = "float64") -> SearchStrategy[Array]:
    """Arrays of entries.  In large ones they are repeated, so that there are ties.

    How many different entries are drawn depends on no shape: Hypothesis can shrink one and leave the other as it is.
    """
    return several(entries).map(partial(placed, shape, dtype))


def placed(shape: tuple[int, ...], dtype: str, drawn: tuple[list[Any], int]) -> Array:
    """An array that begins with the different entries drawn, and goes on with the same in any order."""
    different, order = drawn
    places = np.arange(math.prod(shape)) % len(different)
    if order:
        places[len(different) :] = np.random.default_rng(order).permutation(places[len(different) :])
    return np.array([different[i] for i in places], dtype=dtype).reshape(shape)


@cache
def several(entries: SearchStrategy[Any]) -> SearchStrategy[tuple[list[Any], int]]:
    """Different entries, and in which order they are repeated.  (Kept: Hypothesis looks at each new strategy for long.)"""
    from hypothesis import strategies as st

    return st.tuples(st.lists(entries, min_size=1, max_size=DIFFERENT), st.integers(0, 255))


def integers_below(below: int, shape: tuple[int, ...]) -> SearchStrategy[Array]:
    """Arrays of integers from 0 to below - 1, repeated ones among them; nothing where there are none to be had."""
    need_hypothesis()
    from hypothesis import strategies as st

    if not below and 0 not in shape:
        return st.nothing()
    return arrays(shape, st.integers(0, max(0, below - 1)), "int64")


def seeded(spec: Spec, draw: Draw) -> SearchStrategy[Any]:
    """What a domain draws from the seeds that Hypothesis chooses; shapes for which it has no values are rejected."""
    import hypothesis
    from hypothesis import strategies as st

    def from_seed(seed: int) -> Any:
        draw.rng = np.random.default_rng(seed)
        try:
            return spec.draw(draw)
        except (ValueError, IndexError):  # an axis of size 0 or 1 that it cannot do with
            hypothesis.reject()

    return st.integers(0, 2**16 - 1).map(from_seed)


def laid_out(array: Array) -> SearchStrategy[Array]:
    """The same numbers in other layouts: C and Fortran order, negative strides, not contiguous, read-only."""
    need_hypothesis()
    from hypothesis import strategies as st

    return st.sampled_from([layout(array) for layout in LAYOUTS])


def backwards(array: Array) -> Array:
    """With negative strides along every axis."""
    there_and_back = (slice(None, None, -1),) * array.ndim
    return array[there_and_back].copy()[there_and_back]


def spaced(array: Array) -> Array:
    """Every other entry of an array twice as long, along every axis."""
    wide = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    view = wide[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def read_only(array: Array) -> Array:
    """A copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS: tuple[Callable[[Array], Array], ...] = (np.ascontiguousarray, np.asfortranarray, backwards, spaced, read_only)


def strategy_of(spec: Spec, drawing: Draw) -> SearchStrategy[Any]:
    """The strategy of a domain at a point being drawn: its own, or its seeds."""
    own = getattr(spec, "strategy", None)
    return seeded(spec, drawing) if own is None else own(drawing)


def in_precision(value: Any, dtype: str) -> Any:
    """A drawn float or complex array in a precision; everything else as it is.  What is not 0 stays so: 1e-200 is positive."""
    if dtype == "float32" and isinstance(value, np.ndarray) and value.dtype.name in NARROW:
        narrow = value.astype(NARROW[value.dtype.name])
        # The least number that has a square: divided by it few things overflow.
        least = (np.sign(value) * np.sqrt(np.finfo(narrow.dtype).tiny)).astype(narrow.dtype)
        return np.where((narrow == 0) & (value != 0), least, narrow)
    return value


def need_hypothesis() -> None:
    """Raises ImportError that names the extra where Hypothesis is not installed."""
    try:
        import hypothesis.strategies  # noqa: F401
    except ImportError as error:
        raise ImportError("hypothesis is not installed: pip install 'gradcheck[search]'") from error
