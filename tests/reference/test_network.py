import numpy as np
import pytest

from gradcheck import check
from reference.network import accuracy, cost, initial_weights, perceptron, predict
from reference.tape import Tape

X = np.random.default_rng(1).uniform(-1, 1, (4, 5))
LABELS = np.array([0, 2, 1, 2])


def theirs(weights, x, activation):
    """Logits by a loop that knows nothing of tapes."""
    squash = {"tanh": np.tanh, "relu": lambda h: np.maximum(h, 0)}[activation]
    for w, b in list(zip(weights[::2], weights[1::2], strict=True))[:-1]:
        x = squash(x @ w.T + b)
    return x @ weights[-2].T + weights[-1]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 4, 3), (5, 4, 6, 3)], ids=str)
class TestPerceptron:
    def test_logits_are_those_of_a_plain_loop(self, sizes, activation):
        weights = initial_weights(sizes, activation=activation, seed=3)
        ours = perceptron(Tape(), X, weights, activation).data
        np.testing.assert_allclose(ours, theirs(weights, X, activation), rtol=1e-14)
        assert predict(weights, X, activation=activation).tolist() == ours.argmax(1).tolist()

    def test_cost_has_the_right_gradient_at_any_depth(self, sizes, activation):
        weights = [w + 0.01 for w in initial_weights(sizes, activation=activation, seed=4)]
        params = dict(x=X, labels=LABELS, activation=activation)
        result = check(cost, *weights, params=params, oracles="exact,differences")
        assert result, str(result)


def test_cost_of_equal_logits_is_the_logarithm_of_the_classes():
    weights = [np.zeros((3, 5)), np.zeros(3)]
    assert cost(*weights, x=X, labels=LABELS)[0] == pytest.approx(np.log(3))


@pytest.mark.parametrize(("activation", "variance"), [("tanh", 2 / 1000), ("relu", 2 / 600)])
def test_initial_weights_have_the_variance_of_their_source(activation, variance):
    w, b = initial_weights((600, 400), activation=activation)
    assert w.shape == (400, 600)
    assert w.var() == pytest.approx(variance, rel=0.01)
    assert abs(w.mean()) < 1e-3
    assert not b.any()


def test_initial_weights_follow_from_the_seed():
    (a, _), (b, _), (c, _) = (initial_weights((3, 2), seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


def test_accuracy_counts_the_right_rows():
    weights = [np.eye(2), np.zeros(2)]
    x = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 2.0], [0.0, 5.0]])
    assert accuracy(weights, x, np.array([0, 1, 1, 1])) == 0.75


@pytest.mark.parametrize(
    ("weights", "activation", "message"),
    [
        ([np.eye(2), np.zeros(2)], "swish", "activation is 'swish': use one of tanh, relu"),
        ([np.eye(2)], "tanh", "weights has 1 arrays: give a matrix and a bias for each layer"),
        ([], "tanh", "weights has 0 arrays"),
        ([np.eye(2)] * 3, "tanh", "weights has 3 arrays"),
    ],
    ids=["activation", "no bias", "nothing", "odd"],
)
def test_what_is_no_perceptron_is_refused(weights, activation, message):
    with pytest.raises(ValueError, match=message):
        perceptron(Tape(), np.ones((1, 2)), weights, activation)
