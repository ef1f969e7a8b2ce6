"""Points of a size that layers have: the domains of cases, with longer axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.cases import Case
from gradcheck.domains import Draw, fill
from gradcheck.results import Array, Point


def packed(inputs: int, hidden: int) -> dict[str, str]:
    """The weights of one, three or four gates, of two inputs and three hidden numbers in the domains."""
    shapes: dict[str, str] = {}
    for gates in (1, 3, 4):
        rows = f"{3 * gates}"
        shapes |= {f"{rows} 2": f"{gates * hidden} {inputs}", f"{rows} 3": f"{gates * hidden} {hidden}"}
        shapes[rows] = f"{gates * hidden}"
    return shapes


# Longer shapes for those that a domain gives in numbers, by rule.
SHAPES: dict[str, dict[str, str]] = {
    "alignments.ctc": {"2 4 3": "8 100 128"},
    "attention.linear_attention": {"2 3 2": "8 400 32", "2 4 2": "8 400 32", "2 4 3": "8 400 32"},
    "convolution.conv1d": {"2 3 7": "8 16 800", "2 3 3": "16 16 3", "2": "16"},
    "convolution.conv2d": {"2 3 5 4": "8 16 28 28", "2 3 3 2": "16 16 3 3", "2": "16"},
    "convolution.conv3d": {"2 2 3 4 3": "4 8 15 15 15", "2 2 2 3 2": "8 8 3 3 3", "2": "8"},
    "convolution.depthwise_conv2d": {"2 3 4 5": "8 16 28 28", "3 2 2 3": "16 1 3 3", "6": "16"},
    "gated.*": {"2 4": "400 500"},
    "grid_sampling.grid_sample": {"2 3 4 3": "8 16 28 28", "2 3 5 2": "8 28 28 2"},
    "group_normalization.group_norm": {"2 4 3": "8 16 784", "4": "16"},
    "group_normalization.instance_norm": {"2 3 3": "8 16 784", "3": "16"},
    "group_normalization.local_response_norm": {"2 5 2 3": "8 16 28 28"},
    "heads.multi_head_attention": {
        "2 3 4": "8 200 64",
        "2 5 4": "8 200 64",
        "12 4": "192 64",
        "12": "192",
        "4 4": "64 64",
        "4": "64",
    },
    "heads.*": {"2 6 3 2": "8 8 100 16", "2 2 4 2": "8 4 100 16", "2 2 4 3": "8 4 100 16"},
    "heads.alibi_attention": {"2 4 3 2": "8 8 100 16", "2 4 3 1": "8 8 100 16"},
    "indexing.getitem": {"4 5": "400 250"},
    "linalg.cross": {"n 3": "33000 3"},
    "normalization.standardize": {"4 5": "400 250"},
    "normalization.layer_norm": {"3 4": "400 250", "n 4": "400 250", "4": "250"},
    "normalization.batch_norm": {"5 3": "400 250", "3": "250"},
    "normalization.batch_norm_inference": {"n k 3": "100 100 10", "k": "100"},
    "normalization.*": {"n 4": "400 250", "4 3": "400 250", "4": "250"},
    "patches.unfold": {"2 3 4 5": "8 2 28 28"},
    "pooling.max_pool1d": {"2 3 7": "8 16 800"},
    "pooling.avg_pool1d": {"2 3 7": "8 16 800"},
    "pooling.*": {"2 3 6 4": "8 16 28 28", "2 2 6": "8 16 800"},
    "recurrent.*": {
        "4 2": "400 250",
        "4 3": "400 250",
        **packed(250, 250),
    },
    "recurrent.rnn": {"5 2 2": "25 64 32", "2 3": "64 64", **packed(32, 64)},
    "recurrent.lstm": {"5 2 2": "25 64 32", "2 3": "64 64", **packed(32, 64)},
    "recurrent.gru": {"5 2 2": "25 64 32", "2 3": "64 64", **packed(32, 64)},
    "regularization.weight_norm": {"4 3": "400 250", "4": "400"},
    "regularization.spectral_norm": {"3 4": "400 250"},
    "resampling.*": {"2 3 5 4": "8 16 28 28"},
    "scans.linear_recurrence": {"5 3 2": "100 32 32", "3 2": "32 32"},
    "scans.selective_scan": {"2 4 3": "8 100 128", "3 2": "128 8", "2 4 2": "8 100 8", "3": "128"},
    "shape.broadcast_to": {"n 1": "16000 1"},
    "signals.fftconvolve": {"n 5": "100 500", "n 4": "100 500"},
    "signals.*": {"5": "100000", "4": "30"},
    "similarity.cosine_similarity": {"3 4": "400 250"},
    "transposed_convolution.conv_transpose1d": {"2 3 4": "8 16 800", "3 2 3": "16 16 3", "2": "16"},
    "transposed_convolution.conv_transpose2d": {"2 3 3 2": "8 16 28 28", "3 2 2 3": "16 16 3 3", "2": "16"},
    "sorting.top_k": {"3 n": "100 1000"},
}
ENTRIES = 100_000


def numbers(*shape: int) -> Array:
    """Numbers in [-3, 3], the same for the same shape."""
    return np.random.default_rng(0).uniform(-3, 3, shape)


# Points of the rules whose domains have no longer axes.
MADE: dict[str, Callable[[], tuple[tuple[Array, ...], dict[str, Any]]]] = {
    "patches.fold": lambda: ((numbers(8, 64, 196),), dict(places=28, size=2, stride=2)),
    "positions.rotary_embedding": lambda: ((numbers(8, 200, 64),), {}),
    "resampling.pixel_shuffle": lambda: ((numbers(8, 16, 28, 28),), dict(factor=2)),
    "rounding.remainder": lambda: ((numbers(316, 316), numbers(316, 316)[::-1]), {}),
    "rounding.fmod": lambda: ((numbers(316, 316), numbers(316, 316)[::-1]), {}),
    "sorting.interp": lambda: ((numbers(100_000), np.linspace(-3, 3, 1000), numbers(1000)), {}),
    **{f"factorizations.{name}": lambda: ((numbers(330, 300),), {}) for name in ("qr", "svd", "svdvals", "pinv")},
    "factorizations.eigh": lambda: ((numbers(316, 316),), {}),
    "factorizations.eigvalsh": lambda: ((numbers(316, 316),), {}),
    "factorizations.lstsq": lambda: ((numbers(330, 300), numbers(330, 2)), {}),
    "norms.matrix_norm": lambda: ((numbers(330, 300),), dict(ord="nuc")),
    "embedding_losses.cosine_embedding": lambda: (
        (numbers(400, 250), numbers(400, 250)[::-1]),
        dict(target=np.sign(numbers(400))),
    ),
    "linalg.det": lambda: ((numbers(1000, 10, 10),), {}),
    "repeating.pad": lambda: ((numbers(316, 316),), dict(width=((1, 2), (0, 3)))),
}


class Long(Draw):
    """A point whose axes are all of one length, but for those that have shapes of their own."""

    def __init__(self, name: str, side: int, shapes: Mapping[str, str]) -> None:
        super().__init__(name)
        self.side, self.shapes = side, shapes

    def new_size(self, known: list[int]) -> int:
        return self.side

    def shape(self, text: str) -> tuple[int, ...]:
        return super().shape(self.shapes.get(text, text))


def large(case: Case, entries: int = ENTRIES) -> Point:
    """A point of a case at which its largest argument or output has so many entries, as nearly as its axes allow."""
    name = short(case)
    if name in MADE:
        return Point("large", "random", *MADE[name]())
    one, two = (largest(case, side) for side in (8, 16))
    # The largest array grows with this power of the length of an axis.
    power = math.log2(two / one)
    return point(case, round(16 * (entries / two) ** (1 / power)) if power else 16)


def short(case: Case) -> str:
    """The rule's name below the library's."""
    return case.rule.name.removeprefix("reference.")


def point(case: Case, side: int) -> Point:
    """A point whose axes have that length."""
    args, params = case.split(fill(Long(f"{case.name}/large", side, shapes_of(case)), case.domain))
    return Point("large", "random", args, params)


def largest(case: Case, side: int) -> int:
    """The entries of the largest argument or output of such a point."""
    at = point(case, side)
    y, _ = case.rule(*at.args, **at.params)
    return max(map(np.size, (*at.args, *(y if isinstance(y, tuple) else (y,)))))


def shapes_of(case: Case) -> dict[str, str]:
    """The longer shapes of a rule: its own, else those of its module."""
    name = short(case)
    return SHAPES.get(name) or SHAPES.get(name.partition(".")[0] + ".*") or {}
