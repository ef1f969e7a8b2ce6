"""A second outside source: forward and gradient of each primitive that PyTorch has, against torch's own autograd."""

import numpy as np
import pytest

from gradcheck.cases import Case
from gradcheck.problems import draw_cotangent
from gradcheck.run.targets import find
from tests.case_checks import tuple_of
from tests.reference.torch_twins import DIFFERENT, TWINS, WITHOUT

torch = pytest.importorskip("torch")

# Worked examples, identities and networks are no primitives.
OTHERS = ("worked.", "identities.", "network.", "digits.")
CASES = [
    f.item
    for f in find(["reference"])
    if isinstance(f.item, Case) and not f.name.removeprefix("reference.").startswith(OTHERS)
]
TURNS = (0, 1, 2)
# float64 on both sides; what two right evaluations may differ by, relative to the largest entry.
CLOSE = 1e-9


def short(rule):
    return rule.name.removeprefix("reference.")


def as_tensor(value):
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def numbers(tensor):
    return tensor.detach().resolve_conj().numpy()


def torch_gradient(case, args, params, dys):
    """Outputs and cotangents by torch; its complex gradients are the conjugates of ours."""
    tensors = [torch.tensor(a, requires_grad=True) for a in args]
    ys = tuple_of(TWINS[short(case.rule)](torch, *tensors, **{k: as_tensor(v) for k, v in params.items()}))
    pairs = [(y, torch.tensor(np.conj(dy))) for y, dy in zip(ys, dys, strict=True) if y.requires_grad]
    found = torch.autograd.grad([y for y, _ in pairs], tensors, [d for _, d in pairs], materialize_grads=True)
    return [numbers(y) for y in ys], [np.conj(numbers(g)) for g in found]


def assert_close(mine, theirs, what):
    assert np.shape(mine) == np.shape(theirs), what
    np.testing.assert_allclose(
        mine, theirs, rtol=CLOSE, atol=CLOSE * np.max(np.abs(theirs), initial=1e-3), err_msg=what
    )


@pytest.mark.parametrize(
    "case", [c for c in CASES if short(c.rule) in TWINS], ids=lambda c: c.name.removeprefix("reference.")
)
def test_forward_and_gradient_agree_with_torch(case):
    if case.name.removeprefix("reference.") in DIFFERENT:
        with pytest.raises(AssertionError, match="Mismatched elements"):
            compare(case)
    else:
        compare(case)


def compare(case):
    for turn in TURNS:
        point = case.point("random", turn)
        y, pullback = case.rule(*point.args, **point.params)
        ys = tuple_of(y)
        rng = np.random.default_rng(turn)
        dys = tuple(draw_cotangent(rng, np.asarray(v)) for v in ys)
        theirs, gradient = torch_gradient(case, point.args, point.params, dys)
        for mine, other in zip(ys, theirs, strict=True):
            assert_close(mine, other, f"forward at turn {turn}")
        mine = tuple_of(pullback(dys if isinstance(y, tuple) else dys[0]))
        for name, a, b in zip(case.rule.argument_names(len(mine)), mine, gradient, strict=True):
            assert_close(a, b, f"d{name} at turn {turn}")


def test_every_primitive_has_a_counterpart_in_torch_or_a_reason_why_not():
    rules = {short(c.rule) for c in CASES}
    assert rules - set(TWINS) - set(WITHOUT) == set()
    assert (set(TWINS) | set(WITHOUT)) - rules == set()
    assert set(TWINS) & set(WITHOUT) == set()
