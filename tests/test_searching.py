"""The search: bugs that show in one region only are found within 200 points, and shrunk to the obvious smallest input."""

import sys

import numpy as np
import pytest

import gradcheck as gc
from gradcheck import searching
from gradcheck.cases import Case
from gradcheck.domains import choice, index, real
from gradcheck.guessing import shapes_of
from gradcheck.rules import Rule
from reference.broadcasting import unbroadcast

EXAMPLES = 200
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own for each test."""
    monkeypatch.setenv("GRADCHECK_CACHE", str(tmp_path / "cache"))


def doubled(wrong):
    """2 x, whose pullback is half too large where `wrong(x)` is true."""

    def rule(x):
        return 2 * x, lambda dy: np.where(wrong(x), 3 * dy, 2 * dy).astype(x.dtype)

    return rule


def product(wrong):
    """a b, broadcasting; db is zero where ``wrong(a, b)`` is true."""

    def rule(a, b):
        def pullback(dy):
            return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape) * (not wrong(a, b))

        return a * b, pullback

    return rule


def taken(x, *, indices):
    """x[indices], where a repeated one is counted once."""

    def pullback(dy):
        dx = np.zeros_like(x)
        dx[indices] = dy
        return dx

    return x[indices], pullback


def summed(x, *, axis):
    """The sum along an axis; its cotangent is wrong for negative ones."""
    y = x.sum(axis)
    return y, lambda dy: np.broadcast_to(np.expand_dims(dy, axis), x.shape) * (2 if axis < 0 else 1)


def largest(x):
    """max(x), whose pullback gives all of dy to each of several largest ones."""
    return x.max(), lambda dy: dy * (x == x.max())


def in_float32(x):
    return 2 * x, lambda dy: 3 * dy if x.dtype == np.float32 else 2 * dy


def raising(x):
    def pullback(dy):
        if x.size > 2:
            raise IndexError("three")
        return dy

    return x + 0, pullback


WIDE = dict(x=real("n", -10, 10))
PAIR = dict(a=real("*b"), b=real("?b"))
# The rule, its domain, and what is true of the smallest point.
BUGS = {
    "only for x > 3": (doubled(lambda x: x > 3), WIDE, lambda x: x.tolist() == [4.0]),
    "only for x < -3": (doubled(lambda x: x < -3), WIDE, lambda x: x.tolist() == [-4.0]),
    "only at 0": (doubled(lambda x: x == 0), WIDE, lambda x: x.tolist() == [0.0]),
    "only near 0": (doubled(lambda x: (x != 0) & (abs(x) < 1e-4)), WIDE, lambda x: x.size == 1 and abs(x[0]) == 1e-8),
    "only at a bound": (doubled(lambda x: x == 10), WIDE, lambda x: x.tolist() == [10.0]),
    "only at a kink": (
        doubled(lambda x: x == 0.5),
        dict(x=real("n", kinks=(0.5,))),
        lambda x: x.tolist() == [0.5],
    ),
    "only at a special value": (
        doubled(lambda x: x == 700),
        dict(x=real("n", at=(700.0,))),
        lambda x: x.tolist() == [700.0],
    ),
    "only at ties": (
        doubled(lambda x: np.full(x.shape, len(set(x.tolist())) < x.size)),
        WIDE,
        lambda x: x.tolist() == [0, 0],
    ),
    "ties of the largest": (largest, WIDE, lambda x: x.tolist() == [0, 0]),
    "only for n > 8": (doubled(lambda x: np.full(x.shape, x.size > 8)), WIDE, lambda x: x.tolist() == [0.0] * 9),
    "only for n = 1": (
        doubled(lambda x: np.full(x.shape, len(x) == 1)),
        dict(x=real("n k")),
        lambda x: x.tolist() == [[0.0]],
    ),
    "only for even n": (doubled(lambda x: np.full(x.shape, len(x) % 2 == 0)), WIDE, lambda x: x.tolist() == [0.0, 0.0]),
    "everywhere": (doubled(lambda x: True), WIDE, lambda x: x.tolist() == [0.0]),
    "a broadcast second axis": (
        product(lambda a, b: a.ndim == b.ndim == 2 and b.shape[1] == 1 < a.shape[1]),
        PAIR,
        lambda a, b: a.shape == (1, 2) and b.shape == (1, 1) and set(a.ravel()) <= {0.0, 1.0} and b.item() == 0.0,
    ),
    "a dropped axis": (
        product(lambda a, b: b.ndim < a.ndim),
        PAIR,
        lambda a, b: a.tolist() == [1.0] and b.tolist() == 0.0,
    ),
    "repeated indices": (
        taken,
        dict(x=real("n"), indices=index("n", "m")),
        lambda x, indices: x.tolist() == [0.0] and indices.tolist() == [0, 0],
    ),
    "only for a negative axis": (
        summed,
        dict(x=real("n k"), axis=choice(0, 1, -1)),
        lambda x, axis: x.tolist() == [[0.0]] and axis == -1,
    ),
    "only in float32": (in_float32, WIDE, lambda x: x.tolist() == [0.0] and x.dtype == np.float32),
    "the pullback raises for n > 2": (raising, WIDE, lambda x: x.tolist() == [0.0] * 3),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("function", "domain", "obvious"), BUGS.values(), ids=BUGS)
def test_a_bug_of_one_region_is_missed_or_its_smallest_point_is_not_the_obvious_one(function, domain, obvious, seed):
    found = searching.search(Case(Rule(function, domains={"": domain})), EXAMPLES, seed=seed)
    assert found.smallest is not None, str(found)
    assert found.tried <= EXAMPLES
    assert obvious(*found.smallest.args, **found.smallest.params), str(found)


def negative_wrong(x):
    return 2 * x, lambda dy: np.where(x < -3, dy, 2 * dy)


def test_check_with_a_search_shows_the_smallest_point_beside_right_ones():
    result = gc.check(negative_wrong, np.array([1.0, 2.0]), oracles="exact", search=100)
    assert result.verdict == "fail"
    assert result.failed_at == "searched"
    assert "x = [-4.]" in str(result)
    assert result.points[-1].args[0].tolist() == [-4.0]


def test_check_with_a_search_of_a_right_rule_passes_and_says_how_many_points_it_tried():
    result = gc.check(doubled(lambda x: False), np.array([1.0, 2.0]), oracles="exact", search=30)
    assert result
    assert "none of 30 points drawn fails" in str(result)


def test_the_domain_that_is_passed_is_not_searched():
    result = gc.check(summed, np.ones((2, 3)), params=dict(axis=0), oracles="exact", search=60)
    assert result, str(result)
    domain = dict(x=real("n k"), axis=choice(0, -1))
    result = gc.check(summed, np.ones((2, 3)), params=dict(axis=0), oracles="exact", search=60, domain=domain)
    assert dict(result.points[-1].params) == {"axis": -1}


def test_a_point_that_was_found_is_not_the_first_to_be_tried_again():
    case = Case(Rule(negative_wrong, domains={"": WIDE}))
    first = searching.search(case, EXAMPLES)
    again = searching.search(case, EXAMPLES, seed=1)
    assert again.tried == 1
    assert again.smallest.args[0].tolist() == first.smallest.args[0].tolist()


def test_two_searches_with_one_seed_differ(monkeypatch):
    monkeypatch.setenv("GRADCHECK_CACHE", "off")
    case = Case(Rule(negative_wrong, domains={"": WIDE}))
    first, again = (str(searching.search(case, EXAMPLES, seed=3)) for _ in range(2))
    assert first == again


def test_a_forward_that_refuses_points_fails():
    def root(x):
        if (x < 0).any():
            raise ValueError("below 0")
        return np.sqrt(x + 1), lambda dy: dy / (2 * np.sqrt(x + 1))

    found = searching.search(Case(Rule(root, domains={"": dict(x=real("n"))})), 40)
    assert found.smallest is None
    assert found.refused > 0


def test_a_search_without_hypothesis_is_no_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(ImportError, match=r"pip install 'gradcheck\[search\]'"):
        gc.check(negative_wrong, np.ones(2), search=5)


@pytest.mark.parametrize(("search", "error"), [(-1, ValueError), (2.5, TypeError)])
def test_a_search_of_no_number_of_points_is_no_error(search, error):
    with pytest.raises(error, match="search is"):
        gc.check(negative_wrong, np.ones(2), search=search)


def test_the_command_line_searches_and_its_rerun_command_finds_the_point_again(tmp_path, monkeypatch, capsys):
    from gradcheck.cli import main

    monkeypatch.chdir(tmp_path)
    code = (
        "import numpy as np\nfrom gradcheck import real, rule\n\n@rule(domain=dict(x=real('n', -3, 9)))\n"
        "def searched_rule(x):\n    return 2 * x, lambda dy: np.where(x == 9, dy, 2 * dy)\n"
    )
    (tmp_path / "searched_rules.py").write_text(code)
    words = ["run", "searched_rules.py", "-j", "1", "--oracles", "exact", "--search", "200"]
    assert main(words) == 1
    assert "x = [9.]" in (report := (tmp_path / "reports" / "report.json").read_text())
    assert "--point searched --oracles exact --search 200" in report
    assert main([*words, "--point", "searched"]) == 1
    capsys.readouterr()


def concatenated(split):
    """The arguments one after the other; dy is split at the lengths ``split(a, b)``."""

    def rule(a, b):
        def pullback(dy):
            n, m = split(a, b)
            return dy[:n], dy[m:]

        return np.concatenate([a, b]), pullback

    return rule


SIZES = {
    "two that are joined": (lambda a, b: (np.concatenate([a, b]),), [(3,), (3,)], ("n3of0axis0", "n3of1axis0")),
    "a product of matrices": (lambda a, b: (a @ b,), [(4, 4), (4, 4)], ("n4of0axis0 n4", "n4 n4of1axis1")),
    "a square matrix": (lambda a: (a @ a,), [(3, 3)], ("n3 n3",)),
    "what need not be square": (lambda a: (a.T,), [(3, 3)], ("n3of0axis0 n3of0axis1",)),
    "a pairing that stops at the shorter": (
        lambda a, b: (sum(x * y for x, y in zip(a, b, strict=False)),),
        [(3,), (3,)],
        ("n3", "n3"),
    ),
    "sizes that nothing else has": (lambda a, b: (a @ b,), [(2, 4), (4, 3)], ("n2 n4", "n4 n3")),
    "an axis of size 0": (lambda a: (2 * a,), [(3, 0)], ("n3 n0",)),
    "a forward for one size": (lambda a: (a.reshape(3) * 2,), [(3,)], ("3",)),
}


@pytest.mark.parametrize(("forward", "shapes", "texts"), SIZES.values(), ids=SIZES)
def test_sizes_are_tied_that_the_forward_does_not_tie(forward, shapes, texts):
    assert shapes_of(tuple(np.ones(s) for s in shapes), forward) == texts


def test_a_bug_that_equal_sizes_hide_is_not_found():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    by_the_first = concatenated(lambda a, b: (len(a), -len(a)))
    assert gc.check(by_the_first, a, b)
    assert gc.check(by_the_first, a, b, search=EXAMPLES).verdict == "fail"
    assert gc.check(concatenated(lambda a, b: (len(a), len(a))), a, b, search=EXAMPLES)
