"""Where an argument lives: shape, range, dtype, structure, kinks.  Data: drawn from, printed, and keeping steps inside.

A shape is a text of letters and numbers, ``"n k"``: equal letters are equal sizes in all arguments of a domain.  ``*b``
is a group of any number of axes; ``?b`` is that group with some axes dropped or of size 1, so that it broadcasts.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from gradcheck.combining import combined
from gradcheck.results import Array

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Generator = np.random.Generator

# Sizes of axes in the order in which letters take them: unequal, odd and even, a batch of one among them.
SIZES = (3, 4, 2, 5, 1, 6)


@runtime_checkable
class Spec(Protocol):
    """A domain of one argument or parameter.

    One with a method ``strategy(draw)`` has its own Hypothesis strategy; else that searches the seeds of `draw`.
    """

    def draw(self, draw: Draw) -> Any:
        """A value of this domain, given what was drawn before it."""
        ...

    def room(self, value: Any) -> Array | None:
        """How far each entry may move before it leaves the domain or meets a kink; None: as far as you like."""
        ...


class Draw:
    """One point being drawn: its random generator, its sizes by letter, and the values drawn so far."""

    def __init__(self, name: str, *, role: str = "random", turn: int = 0, seed: int = 0) -> None:
        self.name, self.role, self.turn, self.seed = name, role, turn, seed
        self.values: dict[str, Any] = {}
        self.sizes: dict[str, Any] = {}
        self.broadcasts = 0
        self.rng = np.random.default_rng(seed_of(name, seed))
        # The option that is to be taken, where what is drawn is a choice of the domain.
        self.option: int | None = None

    def size(self, letter: str) -> int:
        """The size of an axis: equal for equal letters, different between letters; 1 or 2 at a small point."""
        if letter.isdigit():
            return int(letter)
        if letter not in self.sizes:
            self.sizes[letter] = self.new_size([s for s in self.sizes.values() if isinstance(s, int)])
        return int(self.sizes[letter])

    def new_size(self, known: list[int]) -> int:
        """The size of another axis, beside those `known`."""
        if self.role == "small":
            # Two axes of 2 make no formula trivial, one of 1 (last, then first) is a case of its own; proofs stay cheap.
            return ((2, 2, 1), (1, 2, 2))[self.turn % 2][len(known) % 3]
        # The second point has a batch of one; special points keep the first one's shapes.
        offset = 4 * self.turn % len(SIZES) if self.role == "random" else 0
        turned = SIZES[offset:] + SIZES[:offset]
        return next((n for n in turned if n not in known), turned[0])

    def shape(self, text: str) -> tuple[int, ...]:
        """The shape that a text such as ``"n k"``, ``"*b n"`` or ``"?b"`` stands for at this point."""
        shape: list[int] = []
        for token in text.split():
            if token[0] not in "*?":
                shape.append(self.size(token))
                continue
            group = self._group(token[1:])
            shape += self.broadcasting(group) if token[0] == "?" else group
        return tuple(shape)

    def _group(self, letter: str) -> list[int]:
        if "*" + letter not in self.sizes:
            self.sizes["*" + letter] = self.group(letter)
        return list(self.sizes["*" + letter])

    def group(self, letter: str) -> list[int]:
        """The sizes of a group of any number of axes."""
        rank = 1 if self.role == "small" else int(self.rng.integers(1, 4))
        return [self.size(f"{letter}{axis}") for axis in range(rank)]

    def broadcasting(self, group: list[int]) -> list[int]:
        """A group with some axes dropped or of size 1."""
        if self.role == "small" and not self.turn:
            # Of size 1 for every other argument: an axis is kept and broadcasts, whatever chance draws.
            self.broadcasts += 1
            return [1 if self.broadcasts % 2 else s for s in group]
        group = group[int(self.rng.integers(len(group) + 1)) :]
        return [1 if self.rng.random() < 0.3 else s for s in group]


def seed_of(name: str, seed: int = 0) -> list[int]:
    """A seed made of a name, so that adding a case or an argument moves no other."""
    return [seed, zlib.crc32(name.encode())]


def draw(
    domain: Mapping[str, Spec], name: str, *, role: str = "random", turn: int = 0, seed: int = 0
) -> dict[str, Any]:
    """A value for each name of the domain.  `turn` cycles through choices and special values."""
    return fill(Draw(name, role=role, turn=turn, seed=seed), domain)


def fill(drawing: Draw, domain: Mapping[str, Spec]) -> dict[str, Any]:
    """A value for each name of the domain, drawn one after the other."""
    choices = {key: len(spec.options) for key, spec in domain.items() if isinstance(spec, Choice)}
    rows = combined(tuple(choices.values()))
    options = dict(zip(choices, rows[drawing.turn % len(rows)], strict=True))
    for key, spec in domain.items():
        drawing.rng = np.random.default_rng(seed_of(f"{drawing.name}/{key}", drawing.seed))
        drawing.option = options.get(key)
        drawing.values[key] = spec.draw(drawing)
    return drawing.values


@dataclass(frozen=True)
class Real:
    """Real numbers of an interval, given to three decimals; `at` are special values, `kinks` are kept at a distance."""

    shape: str = ""
    low: float = -3.0
    high: float = 3.0
    at: tuple[float, ...] = ()
    kinks: tuple[float, ...] = ()
    ties: bool = False
    closed: bool = False
    dtype: str = "float64"

    def draw(self, draw: Draw) -> Array:
        shape, rng = draw.shape(self.shape), draw.rng
        value = np.round(rng.uniform(self.low, self.high, shape), 3)
        if self.low > 0:
            value = np.maximum(value, self.low)
        for kink in self.kinks:
            # Away from the kink by more than any finite-difference step; on the side where it was drawn.
            near = np.abs(value - kink) < 0.02
            value = np.where(near, kink + np.where(value < kink, -0.05, 0.05), value)
        value = np.asarray(value, dtype=self.dtype)
        return self._special(value, draw) if draw.role == "special" and value.size else value

    def _special(self, value: Array, draw: Draw) -> Array:
        flat = value.reshape(-1).copy()
        chosen = draw.rng.random(flat.size) < 0.5
        chosen[draw.rng.integers(flat.size)] = True
        if self.at:
            flat[chosen] = self.at[draw.turn % len(self.at)]
        elif self.ties:
            flat[chosen] = flat.max()
        return flat.reshape(value.shape)

    @property
    def specials(self) -> int:
        """How many special points this domain asks for."""
        return len(self.at) or int(self.ties)

    def room(self, value: Array) -> Array | None:
        bounds = [b for b in (self.low, self.high) if self.closed or (b == self.low == 0.0)]
        distances = [np.abs(np.asarray(value, dtype=float) - b) for b in (*bounds, *self.kinks)]
        return np.asarray(np.minimum.reduce(distances)) if distances else None

    def strategy(self, draw: Draw) -> SearchStrategy[Array]:
        """Arrays of these numbers for Hypothesis: ordinary and special ones, at kinks and bounds too."""
        from gradcheck import strategies

        return strategies.arrays(draw.shape(self.shape), self.entries(), self.dtype)

    def entries(self) -> SearchStrategy[float]:
        """Single numbers for Hypothesis."""
        from gradcheck import strategies

        return strategies.numbers(self.low, self.high, special=(*self.at, *self.kinks))

    def __str__(self) -> str:
        kinks = f", kinks at {', '.join(map(str, self.kinks))}" if self.kinks else ""
        at = f", also at {', '.join(map(str, self.at))}" if self.at else ""
        return f"[{self.low:g}, {self.high:g}] ({self.shape or '0-d'}){kinks}{at}"


@dataclass(frozen=True)
class Made:
    """Values made by a function of ``rng``, the sizes and the values drawn before, named by its parameters.

    search: gives the Hypothesis strategy, where one shrinks better than another seed of `make` does.
    """

    make: Callable[..., Any]
    text: str
    search: Callable[[Draw], SearchStrategy[Any]] | None = None

    def draw(self, draw: Draw) -> Any:
        known = {"rng": draw.rng, "draw": draw, **draw.values}
        names = inspect.signature(self.make).parameters
        unknown = [n for n in names if n not in known]
        if unknown:
            raise ValueError(f"{draw.name}: a domain asks for {unknown}, drawn before it are {list(draw.values)}")
        return self.make(**{n: known[n] for n in names})

    def strategy(self, draw: Draw) -> SearchStrategy[Any]:
        """The declared strategy, or what `make` makes from seeds of Hypothesis."""
        from gradcheck import strategies

        return self.search(draw) if self.search else strategies.seeded(self, draw)

    def room(self, value: Any) -> Array | None:
        return None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Choice:
    """One of several values of a parameter; the points of a case take them in turn, two choices not in step."""

    options: tuple[Any, ...]

    def draw(self, draw: Draw) -> Any:
        return self.options[(draw.turn if draw.option is None else draw.option) % len(self.options)]

    def strategy(self, draw: Draw) -> SearchStrategy[Any]:
        """Any of the options; Hypothesis shrinks to the first."""
        from hypothesis import strategies as st

        return st.sampled_from(self.options)

    def room(self, value: Any) -> Array | None:
        return None

    def __str__(self) -> str:
        return "one of " + ", ".join(map(repr, self.options))


def real(
    shape: str = "",
    low: float = -3.0,
    high: float = 3.0,
    *,
    at: tuple[float, ...] = (),
    kinks: tuple[float, ...] = (),
    ties: bool = False,
    dtype: str = "float64",
) -> Real:
    """Real numbers between low and high, which are where points are drawn and no limit to steps.

    at: special values, each giving a point of its own; kinks: values where the function has no derivative;
    ties: a further point with repeated largest values.
    """
    return Real(shape, low, high, tuple(at), tuple(kinks), ties, False, dtype)


def positive(shape: str = "", low: float = 0.1, high: float = 4.0, *, at: tuple[float, ...] = ()) -> Spec:
    """Numbers above 0: a step never reaches 0."""
    return _Positive(shape, low, high, tuple(at))


@dataclass(frozen=True)
class _Positive(Real):
    def room(self, value: Array) -> Array | None:
        return np.asarray(np.abs(np.asarray(value, dtype=float)))


def interval(shape: str, low: float, high: float, *, at: tuple[float, ...] = (), kinks: tuple[float, ...] = ()) -> Spec:
    """Numbers strictly inside (low, high): a step never leaves it."""
    return _Interval(shape, low, high, tuple(at), tuple(kinks), closed=True)


@dataclass(frozen=True)
class _Interval(Real):
    def draw(self, draw: Draw) -> Array:
        margin = 0.02 * (self.high - self.low)
        value = super().draw(draw)
        # Special values stay what they are.
        return value if draw.role == "special" else np.clip(value, self.low + margin, self.high - margin)

    def entries(self) -> SearchStrategy[float]:
        from gradcheck import strategies

        margin = 1e-3 * (self.high - self.low)
        return strategies.numbers(self.low + margin, self.high - margin, special=(*self.at, *self.kinks))


def choice(*options: Any) -> Spec:
    """A parameter with a few values, taken in turn by the points of the case.  Raises ValueError without any."""
    if not options:
        raise ValueError("choice() has no options: give the values that the parameter takes")
    return Choice(options)


def made(make: Callable[..., Any], text: str = "") -> Spec:
    """Values that depend on others: ``make`` is called with those of ``rng``, ``draw`` and earlier names it has."""
    return Made(make, text or (make.__doc__ or "made by a function").splitlines()[0])


def index(below: str, shape: str = "m") -> Spec:
    """Integers from 0 to below - 1, where `below` is a size letter; the last repeats the first."""

    def make(rng: Generator, draw: Draw) -> Array:
        value = rng.integers(draw.size(below), size=draw.shape(shape))
        if value.size > 1:
            value.flat[-1] = value.flat[0]
        return value

    return Made(make, f"integers below {below} ({shape}), one repeated", partial(_below, below, shape))


def _below(below: str, shape: str, draw: Draw) -> SearchStrategy[Array]:
    """Integers from 0 to below - 1 for Hypothesis."""
    from gradcheck import strategies

    return strategies.integers_below(draw.size(below), draw.shape(shape))


def labels(classes: str, shape: str = "n") -> Spec:
    """Class labels: integers from 0 to classes - 1."""
    return Made(
        lambda rng, draw: rng.integers(draw.size(classes), size=draw.shape(shape)),
        f"labels below {classes} ({shape})",
        partial(_below, classes, shape),
    )


def mask(shape: str, keep: float = 0.6) -> Spec:
    """Booleans, at least one of each kind where there is room for both."""

    def make(rng: Generator, draw: Draw) -> Array:
        value = rng.random(draw.shape(shape)) < keep
        if value.size > 1:
            value.flat[0], value.flat[-1] = True, False
        return value

    def search(draw: Draw) -> SearchStrategy[Array]:
        from hypothesis import strategies as st

        from gradcheck import strategies

        return strategies.arrays(draw.shape(shape), st.booleans(), "bool")

    return Made(make, f"booleans ({shape})", search)


def simplex(shape: str) -> Spec:
    """Probabilities that add up to 1 along the last axis."""

    def make(rng: Generator, draw: Draw) -> Array:
        weights = rng.uniform(0.2, 1.0, draw.shape(shape))
        return np.asarray(weights / weights.sum(-1, keepdims=True))

    return Made(make, f"probabilities along the last axis ({shape})")


def one_hot(shape: str) -> Spec:
    """Rows of zeros with a single one along the last axis."""

    def make(rng: Generator, draw: Draw) -> Array:
        *batch, classes = draw.shape(shape)
        return np.eye(classes)[rng.integers(classes, size=tuple(batch))]

    return Made(make, f"one-hot along the last axis ({shape})")


def spd(letter: str = "n") -> Spec:
    """A symmetric positive definite matrix; its entries are independent to those who differentiate."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        b = np.round(rng.uniform(-1, 1, (n, n)), 2)
        return np.asarray(b @ b.T + n * np.eye(n))

    return Made(make, f"symmetric positive definite ({letter} {letter})")


def invertible(letter: str = "n") -> Spec:
    """A square matrix that is far from singular and not symmetric."""

    def make(rng: Generator, draw: Draw) -> Array:
        n = draw.size(letter)
        return np.asarray(np.round(rng.uniform(-1, 1, (n, n)), 3) + n * np.diag(rng.choice([-1.0, 1.0], n)))

    return Made(make, f"invertible ({letter} {letter})")


def fixed(value: Any) -> Spec:
    """One value, the same at every point."""
    return Made(lambda: value, f"fixed: {value!r}" if np.size(value) < 9 else f"fixed, shape {np.shape(value)}")
