"""Train a perceptron on handwritten digits, with every gradient from the hand-written rules."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gradcheck.problems import MissingData
from reference import digits
from reference.network import accuracy, initial_weights
from reference.training import Iteration, Trained


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m reference.examples.digits``.  Returns 0, or 1 where what it needs is not installed."""
    options = parser().parse_args(arguments)
    try:
        data = digits.load()
        trained = learn(options.epochs, options.seed)
        picture = draw(trained.costs, options.picture)
    except MissingData as missing:
        print(missing, file=sys.stderr)
        return 1
    print(
        f"cost {trained.costs[0]:.3f} after the first epoch, {trained.costs[-1]:.4f} after the last of {options.epochs}"
    )
    print(f"accuracy {accuracy(trained.weights, data.x, data.labels):.2%} on {len(data.x)} digits trained on")
    print(f"accuracy {accuracy(trained.weights, data.test_x, data.test_labels):.2%} on {len(data.test_x)} others")
    print(f"learning curve: {picture}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="python -m reference.examples.digits", description=__doc__)
    options.add_argument("--epochs", type=positive, default=30, help="how often all digits are seen (30)")
    options.add_argument("--seed", type=int, default=0, help="of the initial weights and the order of the digits (0)")
    options.add_argument(
        "--picture", type=Path, default=Path("reports/digits.png"), help="where the learning curve goes"
    )
    return options


def positive(text: str) -> int:
    """A whole number above 0, as argparse likes its types."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not above 0")
    return number


def learn(epochs: int, seed: int) -> Trained:
    """Train under a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("cost {task.fields[cost]:.4f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("", total=epochs, cost=float("nan"))

        def show(iteration: Iteration) -> None:
            done = iteration.epoch if iteration.number == iteration.of else iteration.epoch - 1
            bar.update(task, completed=done, cost=iteration.cost)

        return digits.fit(initial_weights(digits.SIZES, seed=seed), epochs, seed, show)


def draw(costs: list[float], path: Path) -> Path:
    """The learning curve as a picture.  Raises MissingData where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingData("matplotlib is not installed: pip install 'gradcheck[data]'") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.semilogy(range(1, len(costs) + 1), costs, marker=".")
    axes.set(title="64-64-10 perceptron on handwritten digits", xlabel="epoch", ylabel="mean cross-entropy")
    axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


if __name__ == "__main__":
    sys.exit(main())
