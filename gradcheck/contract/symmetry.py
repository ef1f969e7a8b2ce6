"""A rule that is a gradient has a symmetric Jacobian (Schwarz): <u, J v> is <v, J u>, which its pullback alone tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.contract.calling import answer, call, given
from gradcheck.contract.findings import Finding, epsilon_of, refusal
from gradcheck.floats import wide
from gradcheck.problems import Problem, as_tuple
from gradcheck.results import Array
from gradcheck.rules import Rule, signature

# The pullback on all outputs in a row, the cotangents of all arguments in a row.
Pull = Callable[[Array], Array]
# So many pairs of directions.
TURNS = 2


def symmetry(problem: Problem) -> Iterator[Finding]:
    """The two entries of the Jacobian that are not equal though the rule is declared to be a gradient.

    So many digits may be lost as are kept: what is ill-conditioned is the business of accuracy.
    """
    if not problem.rule.gradient_of or any(map(np.iscomplexobj, (*problem.args, *problem.y))):
        return
    whose = told(problem.rule)
    outputs, inputs = ([a.shape for a in group] for group in (problem.y, problem.args))
    if outputs != inputs:
        yield Finding(f"the rule is declared to be {whose}, but its outputs have shapes {outputs}, not {inputs}")
        return
    yield from forward(problem, whose)
    _, pullback = call(problem.rule, problem.args, problem.params)

    def pull(row: Array) -> Array:
        dys = apart(row, problem.y)
        return joined(answer(problem.names, problem.args, pullback(given(dys, problem.single))))

    size = problem.size
    slack = float(np.sqrt(max(epsilon_of(a) for a in (*problem.args, *problem.y, *problem.claimed))))
    for turn in range(TURNS):
        rng = problem.rng(f"symmetry{turn}")
        u, v = (rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 2.0, size) for _ in range(2))
        off, scale = antisymmetric(pull, u, v)
        if np.isfinite(scale) and abs(off) > slack * scale:
            i, j = pair(pull, u, v)
            one, other = pull(unit(i, size))[j], pull(unit(j, size))[i]
            (a, b), (c, d) = (entry(problem, k) for k in (i, j))
            yield Finding(
                f"the rule is declared to be {whose}, so that its Jacobian is symmetric, but by the pullback "
                f"∂{a}/∂{d} is {one:.6g} and ∂{c}/∂{b} is {other:.6g}",
                problem.names[place(problem, j)[0]],
            )
            return


def told(rule: Rule) -> str:
    """``the gradient of logsumexp``, or ``a gradient``."""
    of = rule.gradient_of
    return f"the gradient of {getattr(of, '__name__', of)}" if callable(of) else "a gradient"


def forward(problem: Problem, whose: str) -> Iterator[Finding]:
    """An output that is not what the pullback of the declared rule answers to ones."""
    of = problem.rule.gradient_of
    if not isinstance(of, Rule):
        return
    own = signature(problem.rule.function).parameters.values()
    given_or_default = {p.name: p.default for p in own if p.kind is p.KEYWORD_ONLY} | dict(problem.params)
    params = {k: v for k, v in given_or_default.items() if k in signature(of.function).parameters}
    try:
        y, pullback = call(of, problem.args, params)
        ones = tuple(np.ones_like(v) for v in as_tuple(y, not isinstance(y, tuple)))
        found = answer(problem.names, problem.args, pullback(given(ones, not isinstance(y, tuple))))
    except Exception as error:
        yield Finding(f"the rule is declared to be {whose}, which raises here: {refusal(error)}")
        return
    for k, (mine, theirs) in enumerate(zip(map(wide, problem.y), map(wide, found), strict=True)):
        slack = np.sqrt(epsilon_of(problem.y[k])) * np.max(np.abs(theirs), initial=0.0)
        off = np.abs(mine - theirs)
        if off.size and off.max() > slack:
            e = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
            yield Finding(
                f"the rule is declared to be {whose}, but {named('y', k, e, problem.single)} is {mine[e]:.6g}, "
                f"by the pullback of {of.name} {theirs[e]:.6g}"
            )


def antisymmetric(pull: Pull, u: Array, v: Array) -> tuple[float, float]:
    """<v, Jᵀu> - <u, Jᵀv>, and the size of its terms."""
    one, other = v * pull(u), u * pull(v)
    return float(one.sum() - other.sum()), float(np.abs(one).sum() + np.abs(other).sum())


def pair(pull: Pull, u: Array, v: Array) -> tuple[int, int]:
    """Two entries for which the form is not zero, by bisection of the longer of u and v."""
    while np.count_nonzero(u) > 1 or np.count_nonzero(v) > 1:
        if np.count_nonzero(u) >= np.count_nonzero(v):
            u = max(halves(u), key=lambda half: abs(antisymmetric(pull, half, v)[0]))
        else:
            v = max(halves(v), key=lambda half: abs(antisymmetric(pull, u, half)[0]))
    return int(np.flatnonzero(u)[0]), int(np.flatnonzero(v)[0])


def halves(row: Array) -> Iterator[Array]:
    """The first and the second half of what is not zero."""
    on = np.flatnonzero(row)
    for part in (on[: on.size // 2], on[on.size // 2 :]):
        half = np.zeros_like(row)
        half[part] = row[part]
        yield half


def unit(k: int, size: int) -> Array:
    """The direction of one entry."""
    row = np.zeros(size)
    row[k] = 1.0
    return row


def joined(arrays: tuple[Array, ...]) -> Array:
    """Arrays in a row."""
    return np.concatenate([wide(a).ravel() for a in arrays])


def apart(row: Array, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    """A row as arrays of such shapes and types."""
    cuts = np.cumsum([a.size for a in arrays])[:-1]
    return tuple(part.reshape(a.shape).astype(a.dtype) for part, a in zip(np.split(row, cuts), arrays, strict=True))


def place(problem: Problem, k: int) -> tuple[int, tuple[int, ...]]:
    """The argument and the entry that stand at a place of the row."""
    for number, a in enumerate(problem.args):
        if k < a.size:
            return number, tuple(int(i) for i in np.unravel_index(k, a.shape))
        k -= a.size
    raise IndexError(k)


def entry(problem: Problem, k: int) -> tuple[str, str]:
    """The output and the argument that stand at a place of the row, as ``y[0, 1]`` and ``x[0, 1]``."""
    number, index = place(problem, k)
    return named("y", number, index, problem.single), named(problem.names[number], None, index, True)


def named(name: str, number: int | None, index: tuple[int, ...], single: bool) -> str:
    """``y1[0, 2]``."""
    return f"{name}{'' if single else number}{list(index) if index else ''}"
