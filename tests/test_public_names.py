"""The public namespace: what `__all__` promises is there, lazily, and nothing else is promised."""

import importlib
import inspect

import pytest

import gradcheck


@pytest.mark.parametrize("name", gradcheck.__all__)
def test_a_promised_name_is_missing_or_has_no_docstring(name: str) -> None:
    value = getattr(gradcheck, name)
    assert inspect.getdoc(value)
    assert name in dir(gradcheck)


def test_a_name_has_no_home_or_two() -> None:
    assert sorted(gradcheck._HOME) == gradcheck.__all__ == sorted(set(gradcheck.__all__))


@pytest.mark.parametrize("name", gradcheck.__all__)
def test_a_name_comes_from_another_module_than_its_own(name: str) -> None:
    assert getattr(importlib.import_module(gradcheck._HOME[name]), name) is getattr(gradcheck, name)


def test_an_unknown_name_does_not_say_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"module 'gradcheck' has no attribute 'chek'; it has .*check"):
        _ = gradcheck.chek
