"""What every case of a family of rules is held to, whatever the family."""

import numpy as np

from gradcheck.checking import check_case

NARROW = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


def tuple_of(value):
    return tuple(value) if isinstance(value, tuple) else (value,)


def narrow(value):
    """Floats of a point as float32, complex numbers as complex64."""
    return value.astype(NARROW[value.dtype]) if isinstance(value, np.ndarray) and value.dtype in NARROW else value


def assert_certified_at_every_point(case, oracles="exact"):
    result = check_case(case, oracles=oracles)
    assert result, str(result.diagnosis)
    formula = {(e.point, e.argument) for e in result.evidence if e.question == "formula" and e.stance == "for"}
    names = case.rule.argument_names(len(result.points[0].args))
    assert formula >= {(p.name, n) for p in result.points for n in names}


def assert_float32_stays_and_arguments_are_left_alone(case, turn=0):
    point = case.point("random", turn)
    args = [narrow(a) for a in point.args]
    for a in args:
        a.flags.writeable = False
    y, pullback = case.rule(*args, **{k: narrow(v) for k, v in point.params.items()})
    ys = tuple_of(y)
    assert all(np.asarray(v).dtype in NARROW.values() for v in ys)
    dys = tuple(np.full(np.shape(v), 0.5, np.asarray(v).dtype) for v in ys)
    first, second = (tuple_of(pullback(dys if isinstance(y, tuple) else dys[0])) for _ in range(2))
    assert [(np.shape(c), np.asarray(c).dtype) for c in first] == [(a.shape, a.dtype) for a in args]
    for once, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(once, again, err_msg="a pullback may be called twice")
