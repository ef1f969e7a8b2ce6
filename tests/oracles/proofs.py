"""Rules to be proved or refuted, and how the tests of the symbolic oracle ask."""

import time

import numpy as np
from scipy import special

from gradcheck.oracles.symbolic import Symbolic
from gradcheck.problems import Problem, draw_cotangent
from gradcheck.results import Point
from gradcheck.rules import Rule

A = np.array([[2.0, 0.3], [0.5, 1.7]])
X = np.array([[0.4, -0.3, 1.2]])


def problem_of(function, *args, params=None, role="small", **declaration):
    rule = Rule(function, **declaration)
    args = tuple(np.asarray(a) for a in args)
    params = params or {}
    y, pullback = function(*(a.copy() for a in args), **params)
    single = not isinstance(y, tuple)
    outputs = tuple(np.asarray(o) for o in ((y,) if single else y))
    point = Point("small0", role, args, params)
    problem = Problem(rule, point, rule.argument_names(len(args)), args, params, outputs, (), (), single)
    problem.dy = tuple(draw_cotangent(problem.rng("dy"), o) for o in outputs)
    claimed = pullback(problem.dy[0].copy() if single else problem.dy)
    problem.claimed = tuple(np.asarray(c) for c in (claimed if isinstance(claimed, tuple) else (claimed,)))
    return problem


def examine(*args, **kwargs):
    problem = problem_of(*args, **kwargs)
    return list(Symbolic().examine(problem)), problem


def only(*args, **kwargs):
    (evidence,), _ = examine(*args, **kwargs)
    return evidence


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(-1, keepdims=True))


def softmax_without_sum(x):
    return softmax(x)[0], lambda dy: softmax(x)[0] * dy


def layer_norm(x, gamma):
    centred = x - x.mean(-1, keepdims=True)
    s = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    h = centred / s

    def pullback(dy):
        g = dy * gamma
        return (g - g.mean(-1, keepdims=True) - h * (g * h).mean(-1, keepdims=True)) / s, (dy * h).sum(0)

    return h * gamma, pullback


def layer_norm_with_ddof(x, gamma):
    y, pullback = layer_norm(x, gamma)
    return y, lambda dy: (pullback(dy)[0] * 2 / 3, pullback(dy)[1])


def mlp(x, w, v):
    h = np.tanh(x @ w)

    def pullback(dy):
        g = (dy @ v.T) * (1 - h**2)
        return g @ w.T, x.T @ g, h.T @ dy

    return h @ v, pullback


def attention(q, k, v):
    s = 1 / np.sqrt(2)
    e = np.exp(q @ k.T * s)
    p = e / e.sum(-1, keepdims=True)

    def pullback(dy):
        dp = dy @ v.T
        ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * s
        return ds @ k, ds.T @ q, p.T @ dy

    return p @ v, pullback


def matmul(a, b):
    return a @ b, lambda dy: (dy @ b.T, a.T @ dy)


def matmul_transposed(a, b):
    return a @ b, lambda dy: (dy @ b.T, dy.T @ a)


def largest(x):
    return x.max(), lambda dy: dy * (x == x.max())


def logdet(x):
    return np.linalg.slogdet(x)[1], lambda dy: dy * np.linalg.inv(x).T


def inverse(a):
    y = np.linalg.inv(a)
    return y, lambda dy: -y.T @ dy @ y.T


def sine(x):
    return np.sin(x), lambda dy: dy * np.cos(x)


def scaled(x, *, scale):
    return x * scale, lambda dy: dy * scale


def cross_entropy(x, *, target):
    p = softmax(x)[0]
    return -(target * np.log(p)).sum(), lambda dy: dy * (p - target)


def mean_and_square(x):
    return (x.mean(), x**2), lambda dy: dy[0] / x.size + 2 * x * dy[1]


def straight_through(x):
    return np.rint(x), lambda dy: dy


def power_three_tenths(x):
    return x**0.3, lambda dy: dy * 0.3 * x**-0.7


def normal_cdf(x):
    return special.ndtr(x), lambda dy: dy * 0.3989422804014327 * np.exp(-x * x / 2)


def overwriting(x):
    y = x**2

    def pullback(dy):
        dy *= 2
        dy *= x
        return dy

    return y, pullback


def norm(x, *, p):
    if p == 2:
        y = np.sqrt((x * x).sum())
        return y, lambda dy: dy * x / y
    raise ValueError("p")


def nothing_of(x):
    return np.ones_like(x), lambda dy: (None,)


def half_life(x):
    # Equal at the argument itself and nowhere beside it.
    return x**2, lambda dy: dy * (2 * x + (x - 0.75) * (x - 0.75))


def row_of(x, w):
    return x.sum() * w.sum(), lambda dy: (np.full_like(x, dy * w.sum()), np.full_like(w, dy * x.sum()))


RIGHT = {
    "softmax": (softmax, X),
    "layer norm": (layer_norm, X, [1.5, 0.5, -2.0]),
    "mlp": (mlp, [[0.3, -0.2]], A, A - 1),
    "attention": (attention, A, A / 3, A - 1),
    "matmul": (matmul, A, [[1.0], [2.0]]),
    "log determinant": (logdet, A),
    "inverse": (inverse, np.eye(3) + np.arange(9.0).reshape(3, 3) ** 2 / 16),
    "several outputs": (mean_and_square, [0.5, 2.0]),
    "0-d": (sine, 0.5),
    "float32": (sine, np.float32([0.5, 0.25])),
    "pullback overwrites dy": (overwriting, [0.5, 2.0]),
    "no gradient": (nothing_of, [0.5]),
    "empty argument": (row_of, np.zeros((0,)), [0.5]),
}


WRONG = {
    "sum left out": (softmax_without_sum, "dx[0, 0]", X),
    "transposed": (matmul_transposed, "db[0, 1]", A, A - 1),
    "factor": (layer_norm_with_ddof, "dx[0, 1]", X, [1.5, 0.5, -2.0]),
    "right here only": (half_life, "dx[0]", [0.5, 0.75]),
}


def sleep(*args):
    time.sleep(600)


def fail(*args):
    raise ValueError("no")


def answer():
    return 42
