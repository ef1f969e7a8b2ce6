"""What was found in code that nobody here wrote: by module and case.  ``python -m tests.real_world.findings`` prints a table."""

from __future__ import annotations

AUTOGRAD = {
    "full[a row]": "wrong: the cotangent of an array that is broadcast is summed to a number, `full((2, 3), [1, 2, 3])`",
    "repeat[negative axis]": "wrong: `repeat(x, 2, axis=-1)` of a matrix pulls back along another axis",
    "tile[fewer]": "wrong or raises: `tile(x, 2)` of a matrix repeats the last axis, the pullback folds the first",
    "prod[a zero]": "NaN where an entry is 0: it divides by x",
    "sinc": "NaN at 0; at 1e-5 seven digits are lost (cancellation over x²)",
    "expm1": "loses all digits: expm1'(-40) is 0, the derivative is exp(-40): `ans + 1`",
    "arcsinh": "0 at 1e200: x² overflows",
    "arccosh": "0 at 1e200: x² overflows",
    "arctan2[large]": "0 at (1e200, 1e200): x² + y² overflows",
    "divide[large]": "0 at 1e160 / 1e160: y² overflows",
    "outer[matrices]": "raises: `outer` flattens matrices, the pullback does not",
    "cross[broadcast]": "raises where the arguments broadcast, shapes (2, 3) and (3,)",
    "einsum_diagonal": "raises for repeated letters, `einsum('ii->i', x)`",
    "roll[two axes]": "raises for several shifts, `roll(x, (1, 2), (0, 1))`",
    "hsplit[a vector]": "raises for a vector: the pieces are joined along axis 1",
    "diag[a matrix]": "raises for a matrix that is not square",
    "gradient[short]": "raises for axes shorter than 3",
    "diagonal[a square]": "raises, says that only axis1=-1, axis2=-2 is supported: not the default",
    "diagonal[a matrix]": "raises, says that only axis1=-1, axis2=-2 is supported: not the default",
    "diagonal[batches]": "raises, says that only axis1=-1, axis2=-2 is supported: not the default",
}

TORCH = {
    "hardsigmoid": "2e-8 off at float64: multiplies by a float32 sixth",
    "celu[negative]": "6e-8 off at float64 for x = -3.3, alpha = 0.7: 1 / alpha is a float32 number in the backward",
    "binary_cross_entropy_of_input[near 0]": "0.1 at x = 1e-13 for y = 0, the derivative is 1: x (1 - x) is clamped at 1e-12",
    "ctc_loss_of_log_probabilities": "the gradient is not that of the argument: it presumes a log_softmax before it; at "
    "small inputs a claimed 2.7 is 0",
    "det[rank n - 1]": "0 at [[1, 0], [0, 0]], the derivative by x[1, 1] is 1: rank n - 1 leaves one cofactor (right at [[0]])",
}

JAX = {
    "dot_product_attention": "works in float32 at float64: the logits are cast, gradients are good to 4e-7",
    "hypot[large]": "wrong from 1.4e154 on: the gradient at (1e155, 1e155) is 1.06, the derivative is 0.71",
    "arcsinh": "0 at 1e200: x² overflows",
    "arccosh": "0 at 1e200: x² overflows",
    "arctan2": "0 at (1e200, 1e200): x² + y² overflows",
}

# What is found of double backward passes alone: the first order is right.
TWICE = {
    "torch_hardsigmoid": "raises: the derivative of hardsigmoid_backward is not implemented",
    "torch_multi_margin_loss": "raises: the derivative of multi_margin_loss_backward is not implemented",
    "torch_multilabel_margin_loss": "raises: the derivative of multilabel_margin_loss_backward is not implemented",
    "torch_ctc_loss": "raises: the derivative of _ctc_loss_backward is not implemented",
    "torch_mish": "NaN from 709.8 on (in float32 from 88.8 on): the second derivative is 0, exp(x) overflows",
    "torch_binary_cross_entropy_of_input": "ddy is 4e-9 off at x = 1e-200, y = 1: the backward divides by a float32 1e-12, "
    "its derivative by a float64 one",
    "jax_i0": "0 at 0, the second derivative is 1/2: it goes by abs(x)",
    "autograd_absolute": "1.8e-15 at 0.1 and -inf at 1e-200, the second derivative is 0: it differentiates x / abs(x)",
    "autograd_hypot": "1e-200 at (1e200, 1) for the second derivative by x, which is 1e-600: r² overflows",
    "autograd_logaddexp": "1 - exp(x - y) cancels: 1 % off at (30, 0), 0 at (40, 0), where the second derivative is 4e-18",
    "autograd_power": "2 for the mixed derivative of x^y at (2, 0), which is 1/2: the exponent y - 1 is taken for 1 there",
    "autograd_prod": "1.5e-8 at (1e-8, 1) for the second derivative by the first, which is 0: it divides by x twice",
}

# By the name of the module beside.
FINDINGS = {"autograd_vjps": AUTOGRAD, "torch_functional": TORCH, "jax_nn": JAX, "double_backwards": TWICE}


def table(findings: dict[str, str]) -> str:
    """The findings of a module in Markdown."""
    rows = "\n".join(f"| `{case}` | {what} |" for case, what in findings.items())
    return f"| case | what was found |\n|---|---|\n{rows}"


if __name__ == "__main__":
    for name, findings in FINDINGS.items():
        print(f"## {name}\n\n{table(findings)}\n")
