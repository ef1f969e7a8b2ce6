"""Cases: their names, their points, and what is collected from a module."""

import types
from typing import Any

import numpy as np
import pytest

from gradcheck import Rule, choice, claims, fixed, made, positive, real, rule, spd
from gradcheck.cases import Case, belongs, collect


@rule(
    domains={
        "": dict(x=real("n", at=(0.0, 1e3)), axis=choice(0, -1, 1)),
        "wide": dict(x=positive("n k"), axis=fixed(0)),
    }
)
def total(x: Any, *, axis: int) -> Any:
    return x.sum(axis), lambda dy: dy


@rule(domain=dict(x=real("n"), x2=fixed(3), _hidden=fixed(4)))
def numbered(x: Any, *, x2: int) -> Any:
    return x, None


@rule(domain=dict(xs0=real("n"), xs1=positive("n"), axis=fixed(0)))
def concat(*xs: Any, axis: int) -> Any:
    return np.concatenate(xs, axis), None


@rule
def undeclared(x: Any) -> Any:
    return x, None


def test_a_case_goes_by_another_name() -> None:
    assert [Case(total, label).name for label in total.domains] == [f"{__name__}.total", f"{__name__}.total[wide]"]


def test_a_case_is_checked_at_other_points() -> None:
    assert [p.name for p in Case(total).points()] == [
        "small0",
        "small1",
        "random0",
        "random1",
        "random2",
        "special0",
        "special1",
    ]
    assert [p.name for p in Case(total, "wide").points()] == ["small0", "small1", "random0", "random1"]
    assert [p.role for p in Case(total, "wide").points()] == ["small", "small", "random", "random"]


@pytest.mark.parametrize(
    ("domain", "shapes"),
    [
        pytest.param(dict(xs0=real("n")), [[(2,)], [(1,)]], id="one axis"),
        pytest.param(dict(xs0=real("n k"), xs1=real("k m")), [[(2, 2), (2, 1)], [(1, 2), (2, 2)]], id="a product"),
        pytest.param(
            dict(xs0=real("n 1 k"), xs1=real("m 1")), [[(2, 1, 2), (1, 1)], [(1, 1, 2), (2, 1)]], id="broadcast"
        ),
        pytest.param(dict(xs0=real()), [[()]], id="no axes"),
        pytest.param(dict(xs0=real("2 3")), [[(2, 3)]], id="fixed axes"),
        pytest.param(dict(xs0=made(lambda draw: np.ones(2 + draw.turn))), [[(2,)]], id="larger"),
    ],
)
def test_a_proof_is_attempted_at_shapes_that_cost_more_or_tell_nothing(domain: Any, shapes: Any) -> None:
    case = Case(Rule(lambda *xs: (xs, None), domains={"": domain}))
    assert [[np.shape(a) for a in p.args] for p in case.points() if p.role == "small"] == shapes


def test_an_argument_with_a_structure_is_free() -> None:
    case = Case(Rule(lambda x, a, p: (x, None), domains={"": dict(x=real("n"), a=spd("n"), p=positive("n"))}))
    assert case.free(3) == (True, False, True)


def test_every_choice_of_a_parameter_is_taken() -> None:
    assert {p.params["axis"] for p in Case(total).points()} == {0, -1, 1}


def test_a_point_is_another_one_the_next_time() -> None:
    first, second = (
        list(Case(total).points(3)),
        [Case(total).point(p.role, int(p.name[-1]), 3) for p in Case(total).points(3)],
    )
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.args[0], b.args[0])
    assert not np.array_equal(first[1].args[0], Case(total).point("random", 0, 4).args[0])


def test_a_parameter_with_a_number_in_its_name_is_lost() -> None:
    point = Case(numbered).point("random", 0)
    assert point.params == {"x2": 3}
    assert len(point.args) == 1


def test_variadic_arguments_are_parameters() -> None:
    point = Case(concat).point("random", 0)
    assert len(point.args) == 2
    assert point.params == {"axis": 0}
    assert [room is None for room in Case(concat).room(point.args)] == [True, False]


def test_room_is_that_of_each_arguments_domain() -> None:
    case = Case(total, "wide")
    args = case.point("random", 0).args
    np.testing.assert_array_equal(case.room(args)[0], args[0])


def module(name: str, **members: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    vars(made).update(members)
    return made


@claims(source="a book", at=dict(x=2.0), printed=dict(y="4"))
def printed(x: Any) -> Any:
    return dict(y=x * x)


def test_a_module_gives_other_cases() -> None:
    found = collect(module(__name__, total=total, again=total, undeclared=undeclared, printed=printed, other=np.sum))
    assert [f.name for f in found] == [f"{__name__}.total", f"{__name__}.total[wide]", f"{__name__}.printed"]


def test_a_rule_of_another_module_is_collected() -> None:
    assert collect(module("elsewhere", total=total)) == []


@pytest.mark.parametrize(
    ("name", "inside"),
    [("reference", True), ("reference.linalg", True), ("references", False), ("other.reference", False)],
)
def test_a_module_belongs_to_one_of_a_similar_name(name: str, inside: bool) -> None:
    assert belongs(name, "reference") == inside
