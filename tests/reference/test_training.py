import numpy as np
import pytest

from reference.training import batches_of, stalled, train

X, LABELS = np.arange(10.0)[:, None], np.arange(10)


def parabola(w, *, x, labels):
    """½ (w - 3)², whatever the data."""
    return (w - 3) ** 2 / 2, lambda dy: (dy * (w - 3),)


def settings(**changes):
    return dict(epochs=1, batch=10, rate=0.1) | changes


def test_step_is_rate_times_gradient():
    assert train(parabola, [np.array(1.0)], X, LABELS, **settings()).weights[0] == pytest.approx(1.2)


def test_momentum_carries_the_last_step_on():
    trained = train(parabola, [np.array(1.0)], X, LABELS, **settings(epochs=2, momentum=0.5))
    assert trained.weights[0] == pytest.approx(1.2 + 0.5 * 0.2 + 0.1 * 1.8)


@pytest.mark.parametrize(
    ("examples", "batch", "iterations"), [(1000, 100, 10), (1000, 1000, 1), (10, 4, 3), (10, 99, 1)], ids=str
)
def test_epoch_passes_all_data_once_in_so_many_iterations(examples, batch, iterations):
    seen, steps = [], []

    def watch(w, *, x, labels):
        assert (x[:, 0] == labels).all()
        seen.extend(labels.tolist())
        return parabola(w, x=x, labels=labels)

    labels = np.arange(examples)
    options = settings(batch=batch, epochs=2, progress=steps.append)
    train(watch, [np.array(1.0)], labels[:, None].astype(float), labels, **options)
    assert [(s.epoch, s.number, s.of) for s in steps] == [
        (e, n, iterations) for e in (1, 2) for n in range(1, iterations + 1)
    ]
    first, second = seen[:examples], seen[examples:]
    assert sorted(first) == sorted(second) == labels.tolist()
    assert first != second


def test_cost_of_an_epoch_weighs_a_smaller_last_batch_by_its_size():
    def size(w, *, x, labels):
        return np.float64(len(x)), lambda dy: (0 * w,)

    assert train(size, [np.array(1.0)], X, LABELS, **settings(batch=8)).costs == [pytest.approx((8 * 8 + 2 * 2) / 10)]


def test_same_seed_gives_the_same_weights_and_those_given_stay():
    def pull(w, *, x, labels):
        return (w * x).sum() ** 2, lambda dy: (dy * 2 * (w * x).sum() * x.sum(),)

    start = np.array(0.5)
    options = settings(batch=3, rate=1e-4, epochs=2)
    a, b, c = (train(pull, [start], X, LABELS, **options, seed=s).weights[0] for s in (1, 1, 2))
    assert a == b != c
    assert start == 0.5


def test_training_stops_where_the_criterion_says():
    trained = train(parabola, [np.array(1.0)], X, LABELS, **settings(epochs=50, until=lambda costs: costs[-1] < 0.1))
    assert trained.costs[-1] < 0.1 <= trained.costs[-2]
    assert len(trained.costs) < 50


@pytest.mark.parametrize(
    ("costs", "theirs"),
    [
        ([3.0, 2.0], False),
        ([3.0, 2.0, 1.0], False),
        ([1.0, 2.0, 1.5], True),
        ([1.0, 0.95, 0.92], True),
        ([2.0, 3.0, 1.0], False),
    ],
    ids=["too early", "falling", "rising", "hardly falling", "recovering"],
)
def test_stalled_looks_at_the_last_epochs_only(costs, theirs):
    assert stalled(2, gain=0.1)(costs) is theirs


@pytest.mark.parametrize(
    ("changes", "labels", "message"),
    [
        (dict(batch=0), LABELS, "batch is 0, rate is 0.1: both should be above 0"),
        (dict(rate=-1.0), LABELS, "rate is -1.0"),
        (dict(rate=float("nan")), LABELS, "rate is nan"),
        (dict(), LABELS[:9], "x has 10 examples, labels 9: give one label for each"),
    ],
    ids=["batch", "negative rate", "nan rate", "lengths"],
)
def test_settings_that_mean_nothing_are_refused(changes, labels, message):
    with pytest.raises(ValueError, match=message):
        train(parabola, [np.array(1.0)], X, labels, **settings(**changes))


def test_divergence_is_an_error_that_says_what_to_do():
    def steep(w, *, x, labels):
        with np.errstate(over="ignore"):
            return w**4, lambda dy: (dy * 4 * w**3,)

    with pytest.raises(FloatingPointError, match=r"the cost is inf in epoch \d: use a smaller rate than 9"):
        train(steep, [np.array(2.0)], X, LABELS, **settings(rate=9.0, epochs=9))


def test_batches_are_consecutive_pieces():
    assert [b.tolist() for b in batches_of(np.arange(5), 2)] == [[0, 1], [2, 3], [4]]
