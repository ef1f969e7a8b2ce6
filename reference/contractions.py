"""Sums of products over axes: dot, tensordot, einsum, and chains of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from gradcheck.domains import choice, real
from gradcheck.results import Array
from gradcheck.rules import rule
from reference.declaring import Pulled

Axes = int | tuple[tuple[int, ...], tuple[int, ...]]


@rule(
    domains={
        "": dict(a=real("n k"), b=real("k m")),
        "vectors": dict(a=real("k"), b=real("k")),
        "matrix vector": dict(a=real("p n k"), b=real("k")),
        "many axes": dict(a=real("n k"), b=real("p k m")),
        "number": dict(a=real(""), b=real("n k")),
    },
    jax=lambda jax, a, b: jax.numpy.dot(a, b),
    sympy=lambda sympy, a, b: np.dot(a, b),
)
def dot(a: Array, b: Array) -> Pulled:
    """Σ over the last axis of a and the last but one of b, every a with every b.  (n, k), (k, m) -> (n, m)

    da = dy bᵀ, db = aᵀ dy, over the axes that are not shared; of numbers a product.
    """
    if not a.ndim or not b.ndim:
        axes: Axes = 0
    else:
        axes = (a.ndim - 1,), (max(b.ndim - 2, 0),)
    _, pullback = tensordot(a, b, axes=axes)
    return np.dot(a, b), pullback


@rule(
    domains={
        "": dict(a=real("n k m"), b=real("m k p"), axes=choice(((1, 2), (1, 0)), ((-1, 1), (0, -2)))),
        "one axis": dict(a=real("n k"), b=real("m n"), axes=choice(((0,), (1,)), ((-2,), (-1,)))),
        "last and first": dict(a=real("n k m"), b=real("k m p"), axes=choice(2)),
        "no axis": dict(a=real("n k"), b=real("m"), axes=choice(0)),
    },
    jax=lambda jax, a, b, *, axes: jax.numpy.tensordot(a, b, axes),
    sympy=lambda sympy, a, b, *, axes: np.tensordot(a, b, axes),
)
def tensordot(a: Array, b: Array, *, axes: Axes = 2) -> Pulled:
    """Σ a b over pairs of axes: those given, or the last of a with as many first ones of b.  (n, k, m), (m, k, p) -> (n, p)

    da = Σ dy b over the axes that b has alone, db = Σ dy a over those of a.
    """
    of_a, of_b = axes if isinstance(axes, tuple) else (tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes)))
    of_a, of_b = tuple(i % a.ndim for i in of_a), tuple(i % b.ndim for i in of_b)
    left, right = a.ndim - len(of_a), b.ndim - len(of_b)

    def pullback(dy: Array) -> Any:
        da = contracted(dy, range(left, left + right), b, of_b, of_a)
        return da, contracted(dy, range(left), a, of_a, of_b)

    return np.tensordot(a, b, axes), pullback


def contracted(dy: Array, places: Sequence[int], other: Array, theirs: tuple[int, ...], mine: tuple[int, ...]) -> Array:
    """The cotangent of one factor: dy times the other over the axes that this has alone, which are `places` of dy.

    theirs: the axes of the other that were summed; mine: those of this one that they were paired with.
    """
    alone = [i for i in range(other.ndim) if i not in theirs]
    product = np.tensordot(dy, other, (list(places), alone))
    # Its axes: this factor's own ones in order, then those that were summed, in the order of the other.
    paired = [mine[theirs.index(i)] for i in sorted(theirs)]
    own = [i for i in range(product.ndim) if i not in mine]
    return np.transpose(product, tuple(np.argsort([*own, *paired]).tolist()))


@rule(
    domains={
        "two": dict(xs0=real("b n k"), xs1=real("b m k"), subscripts=choice("bij,bkj->bik", "bij,bkj->kbi")),
        "three": dict(
            xs0=real("n k"), xs1=real("k m"), xs2=real("m p"), subscripts=choice("ij,jk,kl->il", "ij,jk,kl->lj")
        ),
        "implicit": dict(xs0=real("n k"), xs1=real("n m"), subscripts=choice("ba,bc", "bz,bc")),
        "summed alone": dict(xs0=real("n k"), xs1=real("m"), subscripts=choice("ij,k->ik", "ij,k->")),
        "repeated": dict(xs0=real("n n"), subscripts=choice("ii->i", "ii", "ii->")),
        "repeated in products": dict(xs0=real("n n k"), xs1=real("k n"), subscripts=choice("iij,ji->j", "iij,jk->ik")),
        "ellipsis": dict(
            xs0=real("b 1 n k"), xs1=real("c k m"), subscripts=choice("...ij,...jk->...ik", "...ij,...jk")
        ),
        "ellipsis in one": dict(xs0=real("n b k"), xs1=real("k"), subscripts=choice("i...j,j->...i")),
        "number": dict(xs0=real(""), xs1=real("n k"), subscripts=choice(",ij->ji")),
        "broadcast": dict(xs0=real("n 1"), xs1=real("n k"), subscripts=choice("ij,ij->i", "ij,ij->ij")),
    },
    jax=lambda jax, *xs, subscripts: jax.numpy.einsum(subscripts, *xs),
    sympy=lambda sympy, *xs, subscripts: np.einsum(subscripts, *xs),
    source="Einstein 1916, section 5",
)
def einsum(*xs: Array, subscripts: str) -> Pulled:
    """Σ of products over the letters that the output does not have.  (b, n, k), (b, m, k) -> (b, n, m)

    The cotangent of a factor: dy times the others, summed to the letters of that factor.  A letter that it has twice
    is one on the diagonal (times the identity); one that it has alone is spread out (times ones).
    """
    letters, output = spelled(subscripts, [x.ndim for x in xs])
    sizes: dict[str, int] = {}
    for x, word in zip(xs, letters, strict=True):
        sizes |= {t: max(n, sizes.get(t, 1)) if n else 0 for t, n in zip(word, x.shape, strict=True)}

    def pullback(dy: Array) -> tuple[Any, ...]:
        # What broadcasts, an axis of size 1 of a longer letter, is left out.
        slim = [np.squeeze(x, stretched(x, word, sizes)) for x, word in zip(xs, letters, strict=True)]
        words = [drop(word, stretched(x, word, sizes)) for x, word in zip(xs, letters, strict=True)]
        answers = []
        for k, x in enumerate(xs):
            factors = [(output, dy), *((w, v) for i, (w, v) in enumerate(zip(words, slim, strict=True)) if i != k)]
            answers.append(spread_out(factors, words[k], sizes).reshape(x.shape))
        return tuple(answers)

    return np.einsum(subscripts, *xs, optimize=True), pullback


def spread_out(factors: list[tuple[str, Array]], word: str, sizes: dict[str, int]) -> Any:
    """Σ of products over the letters that `word` does not have, which may have a letter twice, or one of its own."""
    wanted = ""
    for t in word:
        known = "".join([word, wanted, *(w for w, _ in factors)])
        if t in wanted:
            fresh = next(f for f in ALPHABET if f not in known)
            factors = [*factors, (t + fresh, np.eye(sizes[t], dtype=factors[0][1].dtype))]
            wanted += fresh
        else:
            if not any(t in w for w, _ in factors):
                factors = [*factors, (t, np.ones(sizes[t], dtype=factors[0][1].dtype))]
            wanted += t
    return np.einsum(f"{','.join(w for w, _ in factors)}->{wanted}", *(v for _, v in factors), optimize=True)


def stretched(x: Array, word: str, sizes: dict[str, int]) -> tuple[int, ...]:
    """The axes of size 1 that broadcast."""
    return tuple(i for i, t in enumerate(word) if x.shape[i] != sizes[t])


def drop(word: str, places: tuple[int, ...]) -> str:
    """A word without the letters at these places."""
    return "".join(t for i, t in enumerate(word) if i not in places)


ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def spelled(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each factor and of the output, with letters for an ellipsis and an output that is not written."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    factors = left.split(",")
    if len(factors) != len(ranks):
        raise ValueError(f"subscripts {subscripts!r} speak of {len(factors)} factors, {len(ranks)} were given")
    free = [t for t in ALPHABET if t not in subscripts]
    hidden = [rank - len(s.replace("...", "")) if "..." in s else 0 for s, rank in zip(factors, ranks, strict=True)]
    dots = "".join(free[: max(hidden)])
    if not arrow:
        output = "..." + "".join(sorted(t for t in set(left) - set(".,") if left.count(t) == 1))
    spelled_out = [s.replace("...", dots[len(dots) - n :]) for s, n in zip(factors, hidden, strict=True)]
    return spelled_out, output.replace("...", dots)


@rule(
    domains={
        "": dict(xs0=real("n k"), xs1=real("k m"), xs2=real("m p")),
        "vectors at the ends": dict(xs0=real("n"), xs1=real("n m"), xs2=real("m k"), xs3=real("k")),
        "two": dict(xs0=real("n k"), xs1=real("k m")),
    },
    jax=lambda jax, *xs: jax.numpy.linalg.multi_dot(xs),
    sympy=lambda sympy, *xs: np.linalg.multi_dot(xs),
)
def multi_dot(*xs: Array) -> Pulled:
    """The product of matrices, in the order that costs least; vectors at the ends.  (n, k), (k, m), (m, p) -> (n, p)

    dx_i = Lᵀ dy Rᵀ, with L the product of those before x_i and R of those after it.
    """
    chain = [xs[0].reshape((-1, xs[0].shape[-1])), *xs[1:-1], xs[-1].reshape((len(xs[-1]), -1))]

    def pullback(dy: Array) -> tuple[Any, ...]:
        dy = dy.reshape((len(chain[0]), chain[-1].shape[1]))
        # Lᵀ dy for each, and R for each, each one product more than its neighbour's.
        left = list(accumulate(chain[:-1], lambda d, x: x.mT @ d, initial=dy))
        right = list(accumulate(chain[:0:-1], lambda r, x: x @ r))[::-1]
        answers = [d @ r.mT for d, r in zip(left, right, strict=False)] + [left[-1]]
        return tuple(d.reshape(x.shape) for d, x in zip(answers, xs, strict=True))

    return np.linalg.multi_dot(xs), pullback
