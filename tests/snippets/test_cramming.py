"""Entry 11 against counted products, SciPy, JAX, brute force and its own stored runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from jax.example_libraries import optimizers
from scipy import integrate, stats

from snippets import cramming as c
from snippets import gpt as g
from snippets.transformer import training_flops

shares = st.floats(0, 1)
parts = st.floats(0.05, 0.95)


class Counted(np.ndarray):
    """An array that counts the operations of the matrix products that it enters."""

    done = 0

    def __matmul__(self, other):
        out = np.asarray(self) @ np.asarray(other)
        Counted.done += 2 * out.size * self.shape[-1]
        return out.view(Counted)

    def __rmatmul__(self, other):
        return other.view(Counted) @ self


@pytest.mark.holds("flops_per_token", by="brute force: products counted")
@pytest.mark.parametrize(
    ("blocks", "heads", "n", "v"), [(1, 1, 2, 3), (3, 1, 5, 9), (2, 3, 4, 30), (1, 2, 9, 7)]
)
def test_the_count_is_that_of_every_matrix_product_of_a_forward_pass(blocks, heads, n, v):
    d = 4 * heads
    params = g.init_gpt(np.random.default_rng(0), v, n, d, heads, blocks)
    params = {k: w.view(Counted) for k, w in params.items()}
    Counted.done = 0
    g.gpt(params, np.zeros((2, n), dtype=int), heads)
    assert 3 * Counted.done == 2 * n * c.flops_per_token(v, n, d, blocks)


def test_the_count_goes_to_six_per_parameter_as_the_model_grows():
    d, blocks = 4096, 32
    weights = 12 * blocks * d**2 + 50_000 * d
    assert c.flops_per_token(50_000, 128, d, blocks) == pytest.approx(6 * weights, rel=0.01)


@pytest.mark.holds("affordable", by="derivation: one step more is too dear")
@given(st.floats(1e6, 1e12), st.integers(1, 10**5), st.integers(1, 512))
def test_one_step_more_than_affordable_costs_more_than_the_budget(budget, per_token, batch):
    if budget < per_token * batch:
        with pytest.raises(ValueError, match="single step"):
            c.affordable(budget, per_token, batch)
        return
    steps = c.affordable(budget, per_token, batch)
    assert steps * per_token * batch <= budget < (steps + 1) * per_token * batch


@pytest.mark.holds("triangle", by="library: numpy.interp")
@given(shares, shares, parts)
def test_triangle_is_linear_between_its_three_corners(x, base, falloff):
    corners = [0, 1 - falloff, 1], [base, 1, 0]
    assert c.triangle(x, base, falloff) == pytest.approx(np.interp(x, *corners), abs=1e-12)


@pytest.mark.holds("dive", by="library: numpy.interp")
@given(shares, parts)
def test_dive_is_linear_between_its_three_corners(x, falloff):
    corners = [0, 1 - falloff, 1], [1, 1, 0]
    assert c.dive(x, falloff) == pytest.approx(np.interp(x, *corners), abs=1e-12)


@pytest.mark.holds("cosine", by="derivation: the half angle")
@given(shares)
def test_cosine_is_the_square_of_another(x):
    assert c.cosine(x) == pytest.approx(np.cos(np.pi * x / 2) ** 2, abs=1e-12)


@pytest.mark.parametrize(
    ("schedule", "mean"),
    [
        (c.triangle, 1 / 2),
        (lambda x: c.triangle(x, 0.25, 0.25), 19 / 32),
        (c.dive, 3 / 4),
        (c.cosine, 1 / 2),
    ],
)
def test_means_of_the_schedules(schedule, mean):
    area, _ = integrate.quad(schedule, 0, 1, points=[0.5, 0.75])
    assert area == pytest.approx(mean, abs=1e-10)


def test_schedules_take_whole_arrays():
    x = np.linspace(0, 1, 11)
    for schedule in (c.triangle, c.dive, c.cosine):
        np.testing.assert_allclose(
            schedule(x), [schedule(float(s)) for s in x], atol=1e-15, rtol=1e-10
        )


@pytest.mark.holds("micro_batches", by="brute force: every step of the stair")
@given(st.integers(1, 100), parts)
def test_micro_batches_rise_by_one_at_equal_distances(most, ramp):
    middles = [ramp * (k + 0.5) / most for k in range(most)]
    assert [c.micro_batches(x, most, ramp) for x in middles] == list(range(1, most + 1))
    assert c.micro_batches(1.0, most, ramp) == c.micro_batches(ramp, most, ramp) == most


def mean_surprise(params, tokens):
    logits = params["first"][tokens[:, :-1]] @ params["second"]
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, tokens[:, 1:, None], axis=-1).mean()


@pytest.mark.holds("accumulate", by="derivative: jax.grad")
@pytest.mark.parametrize("k", [1, 2, 5])
def test_micro_batches_together_have_the_gradient_of_the_whole_batch(k):
    rng = np.random.default_rng(k)
    params = {"first": rng.normal(size=(7, 3)), "second": rng.normal(size=(3, 7))}
    batches = rng.integers(7, size=(k, 4, 5))
    gradient = jax.jit(jax.grad(mean_surprise))
    found = c.accumulate(gradient, params, batches)
    for name, whole in gradient(params, batches.reshape(-1, 5)).items():
        np.testing.assert_allclose(found[name], whole, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("texts", by="brute force: byte by byte")
def test_texts_are_the_book_without_its_last_chapter_and_rows_of_that():
    learn, test = c.texts()
    data = g.corpus().encode()
    assert bytes(learn.tolist()) == data[: len(learn)]
    assert data[len(learn) :].startswith(b"CHAPTER XII")
    assert test.shape[1] == c.N + 1 and max(learn.max(), test.max()) < c.V
    last, width = data.partition(b"CHAPTER XII")[2], c.N + 1
    rows = [last[i : i + width] for i in range(0, len(last) - c.N, width)]
    assert [bytes(row.tolist()) for row in test] == rows[::4]


@pytest.mark.holds("batch_at", by="library: scipy.stats.chisquare")
def test_batches_begin_anywhere_with_the_same_chance():
    starts = [c.batch_at(np.arange(24), step, 5, 4)[:, 0] for step in range(400)]
    counts = np.bincount(np.concatenate(starts))
    assert len(counts) == 20 and stats.chisquare(counts).pvalue > 0.001


@pytest.mark.holds("batch_at", by="brute force: token by token")
def test_batches_are_windows_of_the_text_and_depend_on_the_step_alone():
    tokens = np.arange(1000)
    batch = c.batch_at(tokens, 3, 5, 8)
    assert batch.shape == (5, 9)
    np.testing.assert_array_equal(batch, batch[:, :1] + np.arange(9))
    np.testing.assert_array_equal(batch, c.batch_at(tokens, 3, 5, 8))
    assert (batch != c.batch_at(tokens, 4, 5, 8)).any()


@pytest.mark.holds("cram", by="library: jax.example_libraries.optimizers")
@pytest.mark.parametrize(
    ("d", "steps", "tokens", "cut"),
    [(16, 3, c.texts()[0], {True}), (4, 20, np.full(200, 7), {True, False})],
    ids=["chapters", "one token again and again"],
)
def test_a_run_is_adam_on_cut_gradients_with_the_rate_of_the_cycle(d, steps, tokens, cut):
    losses = [loss for _, loss in c.cram(d, steps, tokens)]
    *_, (params, _) = c.cram(d, steps, tokens)
    rates = np.interp((np.arange(steps) + 0.5) / steps, [0, 0.5, 1], [0, 0.3 / d, 0])
    start, update, get = optimizers.adam(lambda t: rates[t], b1=0.9, b2=0.98, eps=1e-8)
    state = start(g.init_gpt(np.random.default_rng(0), c.V, c.N, d, 1, c.LAYERS))
    lengths = []
    for t in range(steps):
        p = {k: np.asarray(w) for k, w in get(state).items()}
        batch = c.batch_at(tokens, t, c.SIZE, c.N)
        assert losses[t] == pytest.approx(float(g.gpt_loss(p, batch, 1)), abs=1e-12)
        grads = grad(g.gpt_loss)(p, batch, 1)
        lengths.append(optimizers.l2_norm(grads))
        state = update(t, optimizers.clip_grads(grads, 0.5), state)
    assert {bool(length > 0.5) for length in lengths} == cut
    for k, w in get(state).items():
        np.testing.assert_allclose(params[k], w, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("curves", "cram", by="derivation: run again")
@pytest.mark.parametrize("fixed", ["flops", "tokens"])
@pytest.mark.parametrize("d", c.WIDTHS)
def test_stored_runs_begin_as_they_are_run_again(d, fixed):
    learn, test = c.texts()
    stored = c.curves(fixed)[d]
    run = c.cram(d, int(stored[-1, 0]), learn)
    params, first = next(run)
    _, second = next(run)
    assert stored[:2, 3] == pytest.approx([first, second], abs=6e-5)  # four decimals are kept
    if d <= 24:
        held_out = float(g.gpt_loss(params, test, 1))
        assert stored[0, 4] == pytest.approx(held_out, abs=6e-5)


def test_stored_runs_count_as_they_should_and_end_with_the_budget():
    for fixed in ("flops", "tokens"):
        for d, run in c.curves(fixed).items():
            cost = c.flops_per_token(c.V, c.N, d, c.LAYERS)
            np.testing.assert_array_equal(run[:, 1], run[:, 0] * c.SIZE * c.N)
            np.testing.assert_array_equal(run[:, 2], run[:, 1] * cost)
            assert (np.diff(run[:, 0]) > 0).all()
            if fixed == "flops":
                assert c.BUDGET - cost * c.SIZE * c.N < run[-1, 2] <= c.BUDGET
    assert len({run[-1, 1] for run in c.curves("tokens").values()}) == 1


def test_peaks_are_those_of_the_ratio_of_cores():
    assert c.PEAK["rtxa4000"] == pytest.approx(c.PEAK["rtxa6000"] * 192 / 336, rel=1e-3)
    assert training_flops(86_400, 1, c.PEAK["rtxa6000"]) == pytest.approx(13.4e18, rel=2e-3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: c.affordable(1, 2, 1), "single step"),
        (lambda: c.triangle(0.5, base=1.5), "base"),
        (lambda: c.triangle(0.5, falloff=1.0), "falloff"),
        (lambda: c.dive(0.5, falloff=0.0), "falloff"),
        (lambda: c.micro_batches(0.5, 0), "most"),
        (lambda: c.micro_batches(0.5, 4, ramp=0.0), "ramp"),
        (lambda: c.accumulate(lambda p, b: p, {"w": np.ones(2)}, []), "no micro-batch"),
        (lambda: c.curves("seconds"), "fixed"),
        (lambda: c.flops_per_token(-1, 1, 1, 1), "v must be"),
        (lambda: c.affordable(1e6, 0.0, 1), "positive numbers"),
        (lambda: c.affordable(1e6, 1.0, 0), "positive numbers"),
        (lambda: c.affordable(np.inf, 1.0, 1), "positive numbers"),
        (lambda: c.batch_at(np.arange(4), 0, 1, 4), "n is 4, of 4 tokens"),
        (lambda: c.batch_at(np.arange(4), 0, 1, -1), "n is -1"),
        (lambda: c.batch_at(np.arange(4), -1, 1, 2), "step must be"),
        (lambda: c.batch_at(np.arange(4), 0, -1, 2), "size must be"),
        (lambda: next(c.cram(0, 1, np.arange(40))), "d must be 1"),
        (lambda: next(c.cram(16, 0, np.arange(40))), "steps must be 1"),
    ],
)
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_ends_of_each_range_are_allowed():
    assert c.affordable(6, 2, 3) == 1
    assert c.triangle(0.25, base=1.0) == 1
    assert c.dive(0.25, falloff=1.0) == 0.75
    assert c.micro_batches(0.5, 1) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: c.triangle(0.5, base=-0.5),
        lambda: c.triangle(0.5, falloff=0.0),
        lambda: c.triangle(0.5, falloff=1.5),
        lambda: c.dive(0.5, falloff=1.5),
        lambda: c.micro_batches(0.5, 4, ramp=1.5),
    ],
)
def test_what_lies_beyond_a_range_is_refused(call):
    with pytest.raises(ValueError, match=r"^\w+: "):
        call()


@pytest.mark.holds("check_spent", by="brute force: below, within, above")
@pytest.mark.parametrize("x", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_no_share_of_a_budget_has_no_rate_and_no_batch(x):
    calls = [c.check_spent, c.triangle, c.dive, c.cosine, lambda x: c.micro_batches(x, 4)]
    for call in calls:
        with pytest.raises(ValueError, match="x: the share that is spent"):
            call(x)
    for call in calls[:4]:
        with pytest.raises(ValueError, match="x: the share that is spent"):
            call(np.array([0.5, x]))
        call(np.array([0.0, 1.0]))


def test_the_longest_window_that_a_text_holds_is_allowed():
    assert c.batch_at(np.arange(4), 0, 2, 3).tolist() == [[0, 1, 2, 3]] * 2
