"""How long the exact oracle takes on large problems: ``python -m tests.benchmarks.exact``.

A perceptron with tanh and softmax cross-entropy on a batch of 4: formula and accuracy of 105,000 parameters, one entry
of them wrong by a factor 1 + 1e-6 found (some argument is wrong) and named (which entry), and formula and accuracy of a
million parameters.  Seconds by the clock, and of the processor, which a busy machine does not stretch:

    certified   104,938 parameters   2.2 s of the processor, 3 allowed
    found       104,938 parameters   0.3 s                   3
    named       104,938 parameters   3.8 s                  10
    certified 1,068,810 parameters  11.3 s                  20
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from gradcheck import check, contract
from gradcheck.oracles.exact import Exact
from gradcheck.oracles.residuals import projected
from gradcheck.problems import Problem
from gradcheck.results import Array, Point
from gradcheck.rules import Rule

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


def certified(function: Callable[..., object], sizes: tuple[int, ...]) -> str:
    """What the exact oracle says, formula and accuracy, and the wrong entry."""
    parameters, x = drawn(sizes)
    result = check(function, *parameters, params={"x": x}, oracles=["exact"])
    entries = [f"{e.argument}{list(e.entry)}" for e in result.evidence if e.stance == "against" and e.entry]
    return " ".join([result.verdict, *entries])


def found(function: Callable[..., object], sizes: tuple[int, ...]) -> str:
    """Whether projections along which everything moves at once refute the claim."""
    parameters, x = drawn(sizes)
    point = Point("given", "given", tuple(parameters), {"x": x})
    problem: Problem = contract.evaluate(Rule(function), point, seed=0)
    finding, _ = projected(problem, Exact().claims(problem), tuple(range(len(parameters))))
    return finding.stance


# What is timed, on which function and sizes, and the seconds that it may take.
ROWS = (
    ("certified", certified, perceptron, SMALL, 3),
    ("found", found, spoiled, SMALL, 3),
    ("named", certified, spoiled, SMALL, 10),
    ("certified", certified, perceptron, LARGE, 20),
)


def main() -> None:
    """Print a line for each problem."""
    # Imports and first calls are not what is timed.
    certified(perceptron, (5, 4, 3))
    for what, job, function, sizes, allowed in ROWS:
        count = sum(p.size for p in drawn(sizes)[0])
        start, before = time.perf_counter(), time.process_time()
        said = job(function, sizes)
        seconds, processor = time.perf_counter() - start, time.process_time() - before
        print(
            f"{what:9} {count:9,} parameters: {said:25} {seconds:6.2f} s, of the processor {processor:6.2f} s "
            f"(allowed {allowed} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
