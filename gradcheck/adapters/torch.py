"""torch callables as rules: functions, torch.autograd.Function, modules with their parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapters.making import black_box, made, need_callable
from gradcheck.adapters.trees import bare, leaves, mapped, outputs, rebuilt
from gradcheck.rules import Function, Rule, signature

CONVENTION = (
    "cotangents of complex arguments are conjugated on their way to torch and back: its gradients are conjugates"
)


def from_torch(function: Any, **declaration: Any) -> Rule:
    """The rule of a torch callable, its backward pass that of torch.autograd.

    function: ``function(*tensors, **params)`` gives a tensor or several; a class derived from torch.autograd.Function;
    or a torch.nn.Module, whose parameters are differentiated too, starting from their present values.
    Tensors that are given to a check stay on their device and in their dtype; arrays become tensors of the CPU, of
    their own dtype.  Integer and boolean arrays among params become tensors.
    Raises TypeError where the output is detached from all arguments.
    """
    import torch

    need_callable(function=function)
    called: Any = function
    original: Any = function
    names: tuple[str, ...] = ()
    parameters: dict[str, Any] = {}
    if isinstance(function, torch.nn.Module):
        parameters = dict(function.named_parameters())
        original, names = type(function), (*required(signature(function.forward)), *parameters)
        called = functional(function, list(parameters))
    elif isinstance(function, type) and issubclass(function, torch.autograd.Function):
        names = forward_names(torch, function)
        called, original = applied(function, names), without_context(torch, function)
    weights = tuple(parameters.values())
    rule = of_tensors(called, original, weights, names=names, **declaration)
    rule.backward = lambda outputs: of_tensors(backward_of(called, outputs), original, weights)
    return rule


def of_tensors(called: Function, original: Any, weights: tuple[Any, ...], **declaration: Any) -> Rule:
    """The rule of a function of tensors; weights: those that follow the arguments of a check."""
    rule = made(differentiated(called), original, **declaration)
    rule.convention = CONVENTION

    def adapt(rule: Rule, args: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[Rule, tuple[Any, ...]]:
        args = (*args, *weights)
        devices = [getattr(leaf, "device", "cpu") for leaf in leaves(args)]
        return rule.but(function=differentiated(called, devices)), mapped(to_array, args)

    rule.adapt = adapt
    return rule


def differentiated(function: Function, devices: Sequence[Any] = ()) -> Function:
    """A function of arrays that returns outputs and pullback, by torch.autograd; devices: of each array, the CPU without."""

    def rule(*args: Any, **params: Any) -> Any:
        import torch

        black_box("torch", *leaves(args))
        where = iter(devices or ["cpu"] * len(leaves(args)))
        inputs = mapped(lambda a: to_tensor(a, next(where)).requires_grad_(), args)
        settings = {k: to_tensor(v, *devices[:1]) if isinstance(v, np.ndarray) else v for k, v in params.items()}
        y = function(*inputs, **settings)
        outs = leaves(y)
        write_back(args, leaves(inputs))
        if not any(v.requires_grad for v in outs):
            raise TypeError("the output is detached: torch sees no way from it to an argument (requires_grad is False)")

        def pullback(dy: Any) -> Any:
            dys = [to_tensor(conjugate(d), v.device) for d, v in zip(leaves(dy), outs, strict=True)]
            on = [v.requires_grad for v in outs]
            grads = torch.autograd.grad(
                [v for v, o in zip(outs, on, strict=True) if o],
                leaves(inputs),
                [d for d, o in zip(dys, on, strict=True) if o],
                retain_graph=True,
                allow_unused=True,
                materialize_grads=True,
            )
            write_back(dy, [d.conj() for d in dys])
            write_back(args, leaves(inputs))
            return rebuilt(args, iter([conjugate(to_array(g)) for g in grads]))

        return mapped(to_array, outputs(y)), pullback

    return rule


def backward_of(function: Function, outputs: int) -> Function:
    """The backward of a torch function as one itself: of the cotangents of so many outputs, then the arguments."""

    def backward(*tensors: Any, **params: Any) -> Any:
        import torch

        dys, inputs = leaves(tensors[:outputs]), tensors[outputs:]
        pairs = [(v, d) for v, d in zip(leaves(function(*inputs, **params)), dys, strict=True) if v.requires_grad]
        grads = torch.autograd.grad(
            [v for v, _ in pairs],
            leaves(inputs),
            [d.to(v.device).conj() for v, d in pairs],
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return bare(rebuilt(inputs, iter([g.conj() for g in grads])))

    return backward


def functional(module: Any, names: list[str]) -> Function:
    """A module as a function of its inputs and then its parameters."""

    def called(*tensors: Any, **params: Any) -> Any:
        import torch

        inputs, weights = tensors[: len(tensors) - len(names)], tensors[len(tensors) - len(names) :]
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), inputs, params)

    return called


def applied(function: Any, names: Sequence[str]) -> Function:
    """``function.apply``, which takes no keywords: parameters go to the places of their names."""

    def called(*tensors: Any, **params: Any) -> Any:
        rest = [n for n in names if n in params]
        unknown = sorted(set(params) - set(names))
        if unknown or list(names[len(tensors) : len(tensors) + len(rest)]) != rest:
            raise TypeError(
                f"{function.__name__}.forward takes {names}: {unknown or rest} cannot follow {len(tensors)} tensors"
            )
        return function.apply(*tensors, *(params[n] for n in rest))

    return called


def without_context(torch: Any, function: Any) -> Function:
    """The forward of an autograd.Function by the signature that its callers see."""
    forward = vars(function)["forward"].__func__

    @functools.wraps(forward)
    def called(*args: Any) -> Any:
        return forward(*args)

    given = list(signature(forward).parameters.values())
    called.__signature__ = inspect.Signature(given[0 if separate(torch, function) else 1 :])  # type: ignore[attr-defined]
    return called


def separate(torch: Any, function: Any) -> bool:
    """Whether an autograd.Function sets its context up apart from its forward."""
    return bool(function.setup_context is not torch.autograd.Function.setup_context)


def forward_names(torch: Any, function: Any) -> tuple[str, ...]:
    """The arguments of the forward of an autograd.Function, without its context; () where they are variadic."""
    given = signature(function.forward).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in given):
        return ()
    return tuple(p.name for p in given)[0 if separate(torch, function) else 1 :]


def required(found: inspect.Signature) -> tuple[str, ...]:
    """The names of the positional parameters that have no default."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in found.parameters.values() if p.kind in kinds and p.default is inspect.Parameter.empty)


def to_tensor(array: Any, device: Any = "cpu") -> Any:
    """A tensor of its own with the array's dtype and values."""
    import torch

    # A copy in any case: torch takes neither negative strides nor read-only memory.
    own = np.array(array, order="K")
    if own.dtype.name == "bfloat16":
        return torch.from_numpy(own.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(own).to(device)


def to_array(tensor: Any) -> Any:
    """The values of a tensor as an array of its dtype; anything else as it is."""
    import torch

    if not isinstance(tensor, torch.Tensor):
        return tensor
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return tensor.detach().view(torch.int16).numpy(force=True).view(ml_dtypes.bfloat16)
    # By force: detached, on the CPU, and with what torch has put off, such as conjugates and zeros.
    return tensor.numpy(force=True)


def write_back(arrays: Any, tensors: Sequence[Any]) -> None:
    """What code has written into tensors that stand for arrays, or trees of them, is written into the arrays too."""
    for array, tensor in zip(leaves(arrays), tensors, strict=True):
        values = to_array(tensor)
        if not isinstance(array, np.ndarray) or not array.flags.writeable:
            continue
        if array.tobytes() != values.tobytes():
            array[...] = values


def conjugate(array: Any) -> Any:
    """The complex conjugate; a real array as it is."""
    return np.conj(array) if np.iscomplexobj(array) else array
