"""Kernels in low precision, ranked: ``python -m tests.benchmarks.precision``.

Softmax, layer norm and attention (`tests.low_precision`) in float16, bfloat16 and float32, each written three ways,
checked beside the certified rules of `reference`.  Their errors by gradcheck, in condition-weighted ULPs of their own
type at worst, stand beside the true ones: of another definition in 80-bit floats, weighted by what ±½ ULP of the inputs
changes there.
Each is the geometric mean over some draws, forward and gradient together by the larger one; gradcheck moves inputs 12
times where that is enough to pass, so that its units are smaller and its errors larger.

                float16 (true)     bfloat16 (true)    float32 (true)
    softmax
      naive       inf    (inf)      14.9  (13.4)      40.8  (38.2)
      stable       30.5   (30.9)    13.4  (11.4)      62.4  (62.4)
      float32       0.50   (0.50)    0.48  (0.47)      4.2   (3.3)
    layer norm
      naive        42.2   (43.3)     inf   (inf)      63.3  (56.6)
      stable        2.6    (2.8)     5.5   (4.1)       4.1   (3.3)
      float32       0.49   (0.50)    0.50  (0.50)      1.8   (1.3)
    attention
      naive         2.6    (3.0)     2.7   (2.4)       3.8   (2.9)
      stable        3.2    (3.1)     2.2   (2.3)       3.1   (2.5)
      float32       0.41   (0.36)    0.40  (0.36)      3.0   (2.1)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from ml_dtypes import bfloat16

from gradcheck import check
from gradcheck.floats import epsilon
from gradcheck.results import Result
from tests.low_precision import EPS, WAYS

DTYPES: Mapping[str, Any] = {"float16": np.float16, "bfloat16": bfloat16, "float32": np.float32}
DRAWS = 5
# Inputs are moved so many times.
MOVES = 40


class Row(NamedTuple):
    """One kernel: its error by gradcheck and in truth, in ULPs, and the verdicts of all draws."""

    function: str
    dtype: str
    way: str
    found: float
    true: float
    verdicts: tuple[str, ...]


def measured(function: str, dtype: str, way: str, draws: int = DRAWS) -> Row:
    """One kernel at several draws."""
    results = [checked(function, dtype, way, seed) for seed in range(draws)]
    found = [max(a.worst for a in r.accuracy.values()) for r in results]
    true = [true_error(function, DTYPES[dtype], way, r) for r in results]
    return Row(function, dtype, way, average(found), average(true), tuple(r.verdict for r in results))


def checked(function: str, dtype: str, way: str, seed: int) -> Result:
    """One kernel at one draw, beside its reference."""
    reference, draw, ways = WAYS[function]
    args = (a.astype(DTYPES[dtype]) for a in draw(np.random.default_rng(seed)))
    return check(ways[way], *args, like=reference, oracles="exact", seed=seed)


def average(errors: list[float]) -> float:
    """The geometric mean."""
    return float(np.exp(np.mean(np.log(errors))))


def true_error(function: str, dtype: Any, way: str, result: Result) -> float:
    """The largest error of a kernel in weighted ULPs, by the definition in 80-bit floats."""
    args, dy = (np.asarray(a).astype(np.longdouble) for a in result.points[0].args), result.points[0].dy
    args, dy = tuple(args), np.asarray(dy)
    with np.errstate(all="ignore"):
        y, pullback = WAYS[function][2][way](*(a.astype(dtype) for a in args))
        found = flat(y, pullback(dy.astype(dtype)))
    true = TRUTHS[function](*args, dy.astype(np.longdouble))
    rng = np.random.default_rng(0)
    unit = ulp(true, dtype)
    for _ in range(MOVES):
        moved = (a + rng.choice([-0.5, 0.5], a.shape) * ulp(a, dtype) for a in (*args, dy.astype(np.longdouble)))
        unit = np.maximum(unit, np.abs(TRUTHS[function](*moved) - true))
    return float(np.max(np.nan_to_num(np.abs(found - true), nan=np.inf) / unit))


def ulp(x: Any, dtype: Any) -> Any:
    """The spacing of a type's numbers at others."""
    size = np.maximum(np.abs(x), 2.0**-14)
    return 2.0 ** np.floor(np.log2(size)) * epsilon(np.dtype(dtype))


def flat(y: Any, cotangents: Any) -> Any:
    """Output and cotangents in one row."""
    cotangents = cotangents if isinstance(cotangents, tuple) else (cotangents,)
    return np.concatenate([np.ravel(a).astype(np.longdouble) for a in (y, *cotangents)])


def true_softmax(x: Any, dy: Any) -> Any:
    """By the Jacobian diag(y) - y yᵀ of each row."""
    y = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    return flat(y, np.array([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(y, dy, strict=True)]))


def true_layer_norm(x: Any, g: Any, b: Any, dy: Any) -> Any:
    """By the Jacobian (I - 1/n - x̂ x̂ᵀ/n) / σ of each row."""
    n = x.shape[-1]
    deviation = np.sqrt(x.var(-1, keepdims=True) + np.longdouble(EPS))
    h = (x - x.mean(-1, keepdims=True)) / deviation
    eye = np.eye(n, dtype=np.longdouble)
    dx = [(eye - 1 / n - np.outer(r, r) / n) @ (d * g) / s for r, d, s in zip(h, dy, deviation, strict=True)]
    return flat(h * g + b, (np.array(dx), (dy * h).sum(0), dy.sum(0)))


def true_attention(q: Any, k: Any, v: Any, dy: Any) -> Any:
    """Query by query, by the Jacobian of its softmax."""
    scale = 1 / np.sqrt(np.longdouble(q.shape[-1]))
    y, dq, dk, dv = [], [], np.zeros_like(k), np.zeros_like(v)
    for query, d in zip(q, dy, strict=True):
        p = np.exp(scale * (k @ query))
        p = p / p.sum()
        ds = scale * (np.diag(p) - np.outer(p, p)) @ (v @ d)
        y.append(p @ v)
        dq.append(ds @ k)
        dk, dv = dk + np.outer(ds, query), dv + np.outer(p, d)
    return flat(np.array(y), (np.array(dq), dk, dv))


TRUTHS: Mapping[str, Callable[..., Any]] = {
    "softmax": true_softmax,
    "layer_norm": true_layer_norm,
    "attention": true_attention,
}


def table(draws: int = DRAWS) -> Iterator[Row]:
    """Every kernel in every type."""
    for function, (_, _, ways) in WAYS.items():
        for dtype in DTYPES:
            for way in ways:
                yield measured(function, dtype, way, draws)


def main() -> None:
    """Print the table."""
    print(f"{'':22}{'way':10}{'by gradcheck':>14}{'true':>10}  passed")
    for row in table():
        passed = f"{row.verdicts.count('pass')} of {len(row.verdicts)}"
        print(f"{row.function:12}{row.dtype:10}{row.way:10}{row.found:14.2f}{row.true:10.2f}  {passed}")


if __name__ == "__main__":
    main()
