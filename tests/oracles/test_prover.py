import io
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck.oracles.derivation import derive
from gradcheck.oracles.prover import DIGITS, TookTooLong, Worker, measure, serve
from gradcheck.oracles.symbolic import compare
from tests.oracles.proofs import RIGHT, WRONG, X, answer, fail, largest, normal_cdf, only, problem_of, sleep, softmax


def test_proof_that_takes_too_long_is_waited_for(monkeypatch):
    # The worker is up when the clock starts.
    assert only(softmax, X).kind == "proved"
    monkeypatch.setattr("gradcheck.oracles.symbolic.prove", sleep)
    monkeypatch.setattr("gradcheck.oracles.symbolic.SECONDS", 3.0)
    evidence = only(softmax, X)
    assert (evidence.stance, evidence.kind) == ("for", "tested")
    assert "stopped after" in evidence.detail


def test_nothing_known_counts_for_the_rule(monkeypatch):
    monkeypatch.setattr("gradcheck.oracles.symbolic.measure", fail)
    monkeypatch.setattr("gradcheck.oracles.symbolic.prove", fail)
    evidence = only(softmax, X)
    assert evidence.stance == "undecided"
    assert "ValueError: no" in evidence.detail


def test_worker_is_of_no_use_after_a_kill():
    worker = Worker()
    with pytest.raises(TookTooLong, match="stopped after"):
        worker.ask(sleep, seconds=0.2)
    with pytest.raises(RuntimeError, match="ValueError: no"):
        worker.ask(fail, seconds=60)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        worker.ask(lambda: 0, seconds=60)
    assert worker.ask(answer, seconds=60) == 42
    worker.stop()
    worker.stop()


def test_worker_answers_to_a_question_that_was_given_up(monkeypatch):
    worker = Worker()

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck.oracles.prover.exchange", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.ask(answer, seconds=60)
    assert worker.process is None


def test_loop_of_the_worker_dies_of_an_error(monkeypatch):
    requests = io.BytesIO(pickle.dumps((answer, ())) + pickle.dumps((fail, ())))
    answers = io.BytesIO()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=requests))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=answers))
    serve()
    answers.seek(0)
    assert [pickle.load(answers), pickle.load(answers)] == [(42, ""), (None, "ValueError: no")]


def test_numbers_of_the_worker_are_not_those_computed_here():
    for function, *args in (
        RIGHT["softmax"],
        WRONG["factor"][:1] + WRONG["factor"][2:],
        (normal_cdf, [0.5]),
        (largest, [1.0, 1.0001]),
    ):
        problem = problem_of(function, *args)
        comparison = compare(problem, derive(problem))
        for entry, claimed in zip(
            measure(comparison), np.concatenate([c.ravel() for c in problem.claimed]), strict=True
        ):
            assert entry.claimed == pytest.approx(claimed, abs=1e-12)
            assert 0 <= entry.slack < 1e-10 < 10**DIGITS
