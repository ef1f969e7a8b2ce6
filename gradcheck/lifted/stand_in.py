"""Running the user's own code object with stand-ins for `np`, `math` and `scipy.linalg`, so that the arrays it creates are exact too."""

from __future__ import annotations

import dis
import functools
import math
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.floats import is_inexact
from gradcheck.lifted.array import Lifted, NotLiftable, Refuses, System, lifted
from gradcheck.lifted.sampling import each_entry
from gradcheck.lifted.scipy_stand_in import ScipyStandIn
from gradcheck.rules import rewriting

Function = Callable[..., Any]

# A module of one of these is not the user's: its functions are left as they are.
FOREIGN = ("numpy", "scipy", "jax", "torch", "sympy", "autograd", *sys.stdlib_module_names)

OURS = Path(__file__).parents[1]

# What an operation raises that has no meaning for exact numbers.
ERRORS = (AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)


@contextmanager
def lifting(system: System) -> Iterator[Callable[[Function], Function]]:
    """Inside, rules run on exact numbers of `system`; gives the rewriting for plain functions.

    Raises NotLiftable, with the line of the user's code that is to blame; Refuses where that line itself raises.
    """
    scipy = ScipyStandIn(system)
    modules = {
        "numpy": NumpyStandIn(system),
        "math": MathStandIn(),
        "scipy": scipy,
        "scipy.linalg": scipy.linalg,
        "scipy.special": scipy.special,
    }
    with rewritten(modules) as rewrite:
        try:
            yield rewrite
        except Exception as error:
            if not isinstance(error, NotLiftable) and raised_by_user(error):
                raise Refuses(f"{blame(error)}{error}") from error
            if isinstance(error, ERRORS):
                raise NotLiftable(f"{blame(error)}{error}") from error
            raise


@contextmanager
def rewritten(modules: Mapping[str, Any]) -> Iterator[Rewriter]:
    """Inside, rules run with other modules, given by name, in place of their own; gives the rewriting for functions."""
    rewrite = Rewriter(modules)
    token = rewriting.set(rewrite)
    try:
        yield rewrite
    finally:
        rewriting.reset(token)


def blame(error: BaseException) -> str:
    """The last line of the traceback that is neither ours nor a library's: ``layers.py:12: `np.sort(x)`: ``."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if OURS not in path.parents and not {"numpy", "jax", "contextlib.py"}.intersection(path.parts):
            return f"{path.name}:{frame.lineno}: `{frame.line}`: "
    return ""


def raised_by_user(error: BaseException) -> bool:
    """Whether a ``raise`` or ``assert`` of the user's own code raised it, rather than an operation that failed."""
    found = error.__traceback__
    while found is not None and found.tb_next is not None:
        found = found.tb_next
    if found is None or OURS in Path(found.tb_frame.f_code.co_filename).parents:
        return False
    code = found.tb_frame.f_code.co_code
    return not foreign(found.tb_frame.f_globals.get("__name__")) and dis.opname[code[found.tb_lasti]] == "RAISE_VARARGS"


class Rewriter:
    """Functions with the same code, in whose globals and closures modules such as numpy and math are replaced."""

    def __init__(self, modules: Mapping[str, Any]) -> None:
        self.modules = modules
        self.done: dict[types.FunctionType, types.FunctionType] = {}
        # What functions share through globals and closures they share in their copies too.
        self.namespaces: dict[int, dict[str, Any]] = {}
        self.cells: dict[int, types.CellType] = {}

    def __call__(self, function: Function) -> Any:
        return self.replace(function)

    def replace(self, value: Any) -> Any:
        """What stands in for a global or a closed-over value; itself where nothing has to."""
        if isinstance(value, types.ModuleType):
            return self.modules.get(value.__name__, value)
        # Not by __module__, which a wrapper takes over from what it wraps.
        if isinstance(value, types.FunctionType) and not foreign(value.__globals__.get("__name__")):
            return self.function(value)
        if isinstance(value, types.MethodType):
            return types.MethodType(self.replace(value.__func__), value.__self__)
        if isinstance(value, functools.partial):
            return functools.partial(self.replace(value.func), *value.args, **value.keywords)
        if callable(value) and (home := home_of(value)) in self.modules:
            return getattr(self.modules[home], value.__name__, value)
        return value

    def function(self, function: types.FunctionType) -> types.FunctionType:
        """A copy of a Python function over replaced globals; helpers of the user's are copied with it."""
        if function in self.done:
            return self.done[function]
        original = function.__globals__
        namespace = self.namespaces.setdefault(id(original), dict(original))
        closure = function.__closure__ or ()
        fresh = [source for source in closure if id(source) not in self.cells]
        self.cells |= {id(source): types.CellType() for source in fresh}
        cells = tuple(self.cells[id(source)] for source in closure)
        copy = types.FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, cells or None)
        copy.__kwdefaults__ = function.__kwdefaults__
        self.done[function] = copy
        for name in names_of(function.__code__):
            if name in original and namespace.get(name) is original[name]:
                namespace[name] = self.replace(original[name])
        for source in fresh:
            with suppress(ValueError):  # a cell that is not filled yet
                self.cells[id(source)].cell_contents = self.replace(source.cell_contents)
        return copy


def home_of(function: Any) -> str:
    """The public module that a library's function is from; ufuncs of scipy.special do not say it themselves."""
    home = getattr(function, "__module__", None)
    if home is None and isinstance(function, np.ufunc):
        return "scipy.special"
    return str(home).partition("._")[0]


def foreign(module: str | None) -> bool:
    """Whether a module is a library's rather than the user's."""
    return (module or "").split(".")[0] in FOREIGN


def names_of(code: types.CodeType) -> set[str]:
    """The global names that a code object and those nested in it refer to."""
    nested = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*(names_of(c) for c in nested))


class AnyArray(type(np.ndarray)):  # type: ignore[misc]
    """Makes ``isinstance(x, np.ndarray)`` true of exact arrays too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, np.ndarray | Lifted)


class ArrayStandIn(metaclass=AnyArray):
    """What the stand-in has for ``np.ndarray``."""


class NumpyStandIn:
    """The module numpy, except that arrays of floats it creates are exact ones."""

    ndarray = ArrayStandIn

    def __init__(self, system: System) -> None:
        self._system = system

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def _made(self, array: Any) -> Any:
        """A fresh array that can be written into; one of integers or booleans stays plain."""
        if not is_inexact(array.dtype):
            return array
        made = self._system.zeros(array.shape)
        made = self._system.complexes(made) if array.dtype.kind == "c" else made
        if array.size and array.any():
            made[...] = array
        return made

    def zeros(self, shape: Any, dtype: Any = float, **_: Any) -> Any:
        return self._made(np.zeros(shape, dtype))

    def empty(self, shape: Any, dtype: Any = float, **_: Any) -> Any:
        return self._made(np.zeros(shape, dtype))

    def ones(self, shape: Any, dtype: Any = float, **_: Any) -> Any:
        return self._made(np.ones(shape, dtype))

    def full(self, shape: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Any:
        if isinstance(fill_value, Lifted | float) and dtype is None:
            made = self.zeros(shape, complex if np.iscomplexobj(fill_value) else float)
            made[...] = fill_value
            return made
        return self._made(np.full(shape, fill_value, dtype))

    def eye(self, *args: Any, **kwargs: Any) -> Any:
        return self._made(np.eye(*args, **kwargs))

    def identity(self, n: int, **_: Any) -> Any:
        return self._made(np.eye(n))

    def array(self, value: Any, dtype: Any = None, copy: Any = True, ndmin: int = 0, **kwargs: Any) -> Any:
        if not holds_lifted(value):
            return self._made(np.array(value, dtype, ndmin=ndmin, **kwargs))
        array = lifted(self._system, nested(value, self._system))
        array = array.reshape((1,) * (ndmin - array.ndim) + array.shape)
        array = array if dtype is None else array.astype(dtype)
        return array.copy() if copy else array

    def asarray(self, value: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return self.array(value, dtype, copy=False) if holds_lifted(value) else np.asarray(value, dtype, **kwargs)

    asanyarray = ascontiguousarray = asfarray = asarray

    def vectorize(self, function: Function, *args: Any, **kwargs: Any) -> Function:
        return self._entries(function, np.vectorize(function, *args, **kwargs))

    def frompyfunc(self, function: Function, nin: int, nout: int, **kwargs: Any) -> Function:
        return self._entries(function, np.frompyfunc(function, nin, nout, **kwargs))

    def _entries(self, function: Function, plain: Function) -> Function:
        """`function` on each entry of exact arrays, and NumPy's own way of that where there are none."""

        def either(*inputs: Any) -> Any:
            return each_entry(function)(self._system, *inputs) if any(map(holds_lifted, inputs)) else plain(*inputs)

        return either

    def ndenumerate(self, value: Any) -> Any:
        return ((i, value[i]) for i in np.ndindex(value.shape)) if holds_lifted(value) else np.ndenumerate(value)

    def nditer(self, op: Any, *args: Any, **kwargs: Any) -> Any:
        if holds_lifted(op):
            raise NotLiftable(
                "np.nditer walks over memory, which exact arrays do not have: loop over np.ndindex(x.shape)"
            )
        return np.nditer(op, *args, **kwargs)

    def fromiter(self, iterable: Any, dtype: Any = float, *args: Any, **kwargs: Any) -> Any:
        return self.array(list(iterable), dtype)

    @property
    def r_(self) -> Any:
        return Joined(np.r_, np.concatenate)

    @property
    def c_(self) -> Any:
        return Joined(np.c_, np.column_stack)

    def isscalar(self, value: Any) -> bool:
        return np.isscalar(value) or (isinstance(value, Lifted) and value.ndim == 0)


class Joined:
    """np.r_ and np.c_ of exact arrays: joined along the first axis, or as columns."""

    def __init__(self, plain: Any, join: Function) -> None:
        self._plain, self._join = plain, join

    def __getitem__(self, items: Any) -> Any:
        parts = items if isinstance(items, tuple) else (items,)
        if not any(map(holds_lifted, parts)):
            return self._plain[items]
        if any(isinstance(part, str | slice) for part in parts):
            raise NotLiftable("np.r_ and np.c_ of exact arrays take arrays and numbers only: use np.concatenate")
        return self._join([part if np.ndim(part) else np.reshape(part, 1) for part in parts])


def holds_lifted(value: Any) -> bool:
    """Whether a number, array or nested list contains exact numbers."""
    return isinstance(value, Lifted) or (isinstance(value, list | tuple) and any(map(holds_lifted, value)))


def nested(value: Any, system: System) -> Any:
    """Nested lists with exact numbers as lists of exact arrays."""
    if isinstance(value, list | tuple):
        return [lifted(system, nested(v, system)) for v in value]
    return value


# What NumPy calls the functions of `math` that have another name there.
NUMPY_NAMES: Mapping[str, str] = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "fabs": "abs",
    "lgamma": "gammaln",
    "pow": "power",
}


def numpy_and_special() -> tuple[Any, ...]:
    """Where the functions of exact numbers are."""
    from scipy import special

    return np, special


class MathStandIn:
    """The module math; a function of an array of `kind` is that of the same name in the first of `homes` that has it."""

    def __init__(self, kind: type = Lifted, homes: Callable[[], tuple[Any, ...]] = numpy_and_special) -> None:
        self._kind, self._homes = kind, homes

    def __getattr__(self, name: str) -> Any:
        value = getattr(math, name)
        if not callable(value):
            return value

        def function(*args: Any) -> Any:
            if not any(isinstance(a, self._kind) for a in args):
                return value(*args)
            known = NUMPY_NAMES.get(name, name)
            for home in self._homes():
                if hasattr(home, known):
                    return getattr(home, known)(*args)
            raise NotLiftable(f"math.{name} is not known to this arithmetic: use the NumPy function")

        return function
