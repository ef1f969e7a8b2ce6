"""How long the exact oracle takes on large problems: ``python -m tests.benchmarks.exact``.

A perceptron with tanh and softmax cross-entropy on a batch of 4: formula and accuracy of 105,000 parameters, one entry of
them wrong by a factor 1 + 1e-6 found and named, and formula and accuracy of a million parameters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from gradcheck import Result, check
from gradcheck.results import Array

# Layer sizes of 104,938 and of 1,068,810 parameters.
SMALL, LARGE = (784, 128, 32, 10), (784, 1024, 256, 10)
BATCH = 4
# The wrong entry: of the first weights.
ENTRY, FACTOR = (123, 45), 1 + 1e-6


def perceptron(*parameters: Array, x: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """The mean cross-entropy of a tanh perceptron for the labels 0, 1, 2, ...  weights and biases in turn -> ()"""
    weights, biases = parameters[::2], parameters[1::2]
    hidden, before = [x], []
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        before.append(hidden[-1] @ w + b)
        hidden.append(np.tanh(before[-1]))
    logits = hidden[-1] @ weights[-1] + biases[-1]
    e = np.exp(logits - logits.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    rows = np.arange(x.shape[0])

    def pullback(dy: Array) -> tuple[Array, ...]:
        d = p.copy()
        d[rows, rows] -= 1
        d = dy * d / x.shape[0]
        found = [hidden[-1].T @ d, d.sum(0)]
        for h, a, w in zip(hidden[-2::-1], before[::-1], weights[:0:-1], strict=True):
            # Not 1 - tanh(a)**2, which loses digits where tanh is near 1.
            d = d @ w.T / np.cosh(a) ** 2
            found = [h.T @ d, d.sum(0), *found]
        return tuple(found)

    return -np.log(p[rows, rows]).mean(), pullback


def spoiled(*parameters: Array, x: Array) -> tuple[Array, Callable[[Array], tuple[Array, ...]]]:
    """The same with one wrong entry of the first cotangent."""
    y, pullback = perceptron(*parameters, x=x)

    def wrong(dy: Array) -> tuple[Array, ...]:
        first, *others = pullback(dy)
        first[ENTRY] = first[ENTRY] * FACTOR
        return first, *others

    return y, wrong


def drawn(sizes: tuple[int, ...]) -> tuple[list[Array], Array]:
    """Parameters of layers of these sizes, and an input."""
    rng = np.random.default_rng(0)
    parameters = []
    for n, m in pairwise(sizes):
        parameters += [rng.normal(size=(n, m)) / np.sqrt(n), rng.normal(size=m)]
    return parameters, rng.normal(size=(BATCH, sizes[0]))


def timed(function: Callable[..., object], sizes: tuple[int, ...]) -> tuple[Result, float]:
    """What the exact oracle says, and the seconds it took."""
    parameters, x = drawn(sizes)
    start = time.perf_counter()
    result = check(function, *parameters, params={"x": x}, oracles=["exact"])
    return result, time.perf_counter() - start


def main() -> None:
    """Print a line for each problem."""
    for function, sizes in ((perceptron, SMALL), (spoiled, SMALL), (perceptron, LARGE)):
        result, seconds = timed(function, sizes)
        count = sum(p.size for p in drawn(sizes)[0])
        entry = next((f"{e.argument}{list(e.entry)}" for e in result.evidence if e.stance == "against" and e.entry), "")
        print(f"{function.__name__:10} {count:9,} parameters: {result.verdict} in {seconds:.2f} s  {entry}", flush=True)


if __name__ == "__main__":
    main()
