"""Entry 15 against SciPy, JAX, planted laws and the replication's own summary."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from snippets import chinchilla
from snippets.chinchilla import BESIROGLU, PRINTED, UNROUNDED, Fit

laws = st.builds(
    Fit,
    E=st.floats(0.5, 3),
    A=st.floats(50, 3000),
    B=st.floats(50, 3000),
    alpha=st.floats(0.2, 0.8),
    beta=st.floats(0.2, 0.8),
)
tame = st.builds(
    Fit,
    E=st.floats(1, 3),
    A=st.floats(200, 2000),
    B=st.floats(200, 2000),
    alpha=st.floats(0.25, 0.5),
    beta=st.floats(0.25, 0.5),
)
budgets = st.floats(1e18, 1e26)
few = settings(max_examples=6)


def theta_of(fit):
    return np.array([*np.log([fit.A, fit.B, fit.E]), fit.alpha, fit.beta])


@jax.jit
def jax_log_loss(theta, n, d):
    a, b, e, alpha, beta = theta
    terms = [a - alpha * jnp.log(n), b - beta * jnp.log(d), e * jnp.ones(n.shape)]
    return jax.scipy.special.logsumexp(jnp.stack(terms), axis=0)


@jax.jit
def jax_objective(theta, n, d, losses):
    delta = 1e-3
    r = jnp.abs(jax_log_loss(theta, n, d) - jnp.log(losses))
    return jnp.sum(jnp.where(r <= delta, r**2 / 2, delta * (r - delta / 2)))


@jax.jit
@jax.grad
def slope_along_the_budget(log_n, c, fit):
    size = jnp.exp(log_n)
    return fit[0] + fit[1] / size ** fit[3] + fit[2] / (c / (6 * size)) ** fit[4]


jacobian_of = jax.jit(jax.jacfwd(jax_log_loss))
gradient_of = jax.jit(jax.grad(jax_objective))


@pytest.mark.holds("loss", by="library: scipy.special.logsumexp")
@given(laws, st.floats(1e7, 1e12), st.floats(1e9, 1e13))
def test_the_loss_is_the_sum_of_three_terms_in_logarithms(fit, n, d):
    log_terms = [
        np.log(fit.E),
        np.log(fit.A) - fit.alpha * np.log(n),
        np.log(fit.B) - fit.beta * np.log(d),
    ]
    assert np.isclose(
        np.log(chinchilla.loss(n, d, fit)), special.logsumexp(log_terms), rtol=1e-10, atol=1e-10
    )


@pytest.mark.holds("optimum", by="derivative: jax.grad")
@given(laws, budgets)
def test_at_the_optimum_jax_finds_no_slope_and_the_budget_is_spent(fit, c):
    n, d = chinchilla.optimum(c, fit)
    slope = slope_along_the_budget(jnp.log(n), c, jnp.array(fit))
    assert abs(slope) < 1e-10 * (chinchilla.loss(n, d, fit) - fit.E + 1)
    assert np.isclose(6 * n * d, c, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("optimum", by="library: scipy.optimize.minimize_scalar")
@given(laws, budgets)
def test_scipy_finds_the_same_optimum(fit, c):
    found = optimize.minimize_scalar(
        lambda x: float(chinchilla.loss(np.exp(x), c / 6 / np.exp(x), fit)) - fit.E,
        bounds=(-20, 80),
        method="bounded",
        options={"xatol": 1e-10},
    )
    n, d = chinchilla.optimum(c, fit)
    assert found.fun >= chinchilla.loss(n, d, fit) - fit.E - 1e-12
    assert abs(found.x - np.log(n)) < 1e-3


@pytest.mark.holds("exponents", by="derivation: elasticities")
@given(laws, budgets)
def test_the_exponents_are_the_elasticities_of_the_optimum(fit, c):
    a, b = chinchilla.exponents(fit)
    more, less = chinchilla.optimum(c * 1.01, fit), chinchilla.optimum(c, fit)
    measured = [np.log(x / y) / np.log(1.01) for x, y in zip(more, less, strict=True)]
    assert np.allclose(measured, [a, b], atol=1e-10, rtol=1e-10)


@pytest.mark.holds("power_law", by="library: scipy.stats.linregress")
@given(st.integers(0, 1000))
def test_power_law_is_scipys_regression_in_logarithms(seed):
    rng = np.random.default_rng(seed)
    x = np.exp(rng.normal(size=9))
    y = 3 * x**0.5 * np.exp(0.1 * rng.normal(size=9))
    found = stats.linregress(np.log(x), np.log(y))
    s, k = chinchilla.power_law(x, y)
    assert np.allclose([s, np.log(k)], [found.slope, found.intercept], rtol=1e-10, atol=1e-10)


@pytest.mark.holds("valley", by="derivation: a planted vertex")
@given(st.floats(1e7, 1e11), st.floats(0.01, 1), st.floats(1, 4))
def test_valley_finds_the_planted_vertex(vertex, curvature, bottom):
    n = vertex * np.geomspace(0.2, 7, 8)
    losses = bottom + curvature * np.log(n / vertex) ** 2
    assert np.isclose(chinchilla.valley(n, losses), vertex, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("log_loss", by="derivative: jax.jacfwd")
@given(laws, st.integers(0, 1000))
def test_log_loss_is_scipys_logsumexp_and_its_shares_are_jaxs_gradient(fit, seed):
    rng = np.random.default_rng(seed)
    n, d = np.exp(rng.uniform(16, 24, 6)), np.exp(rng.uniform(20, 27, 6))
    theta = theta_of(fit)
    log_l, shares = chinchilla.log_loss(theta, n, d)
    assert np.allclose(log_l, np.log(chinchilla.loss(n, d, fit)), rtol=1e-10, atol=1e-10)
    slopes = jacobian_of(jnp.array(theta), n, d)
    assert np.allclose(shares, slopes[:, :3], rtol=1e-10, atol=1e-10)
    assert np.allclose(shares.sum(axis=-1), 1, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("huber", by="library: scipy.special.huber")
@given(st.lists(st.floats(-1, 1), min_size=1), st.floats(1e-4, 1))
def test_huber_is_scipys(r, delta):
    r = np.array(r)
    assert np.allclose(chinchilla.huber(r, delta), special.huber(delta, r), atol=1e-15, rtol=1e-10)


@pytest.mark.holds("gradient", by="derivative: jax.grad")
@given(laws, st.integers(0, 1000))
def test_gradient_is_jaxs_and_the_curvature_bounds_from_above(fit, seed):
    n, d, losses = chinchilla.runs(5)
    keep = np.random.default_rng(seed).choice(len(n), 30, replace=False)
    n, d, losses = n[keep], d[keep], losses[keep]
    theta = theta_of(fit)
    g, h = chinchilla.gradient(theta, n, d, losses)
    wanted = gradient_of(jnp.array(theta), n, d, losses)
    assert np.allclose(g, wanted, rtol=1e-10, atol=1e-12)
    jacobian = np.asarray(jacobian_of(jnp.array(theta), n, d))
    r = np.asarray(jax_log_loss(jnp.array(theta), n, d)) - np.log(losses)
    step = 1e-3 * np.random.default_rng(seed).normal(size=5)
    ahead = special.huber(1e-3, r + jacobian @ step).sum()
    parabola = special.huber(1e-3, r).sum() + g @ step + step @ h @ step / 2
    assert ahead <= parabola + 1e-12


@few
@given(tame)
def test_fit_loss_finds_planted_constants(fit):
    rng = np.random.default_rng(0)
    n, d = np.exp(rng.uniform(17, 24, 60)), np.exp(rng.uniform(20, 27, 60))
    found = chinchilla.fit_loss(n, d, chinchilla.loss(n, d, fit), PRINTED)
    assert np.allclose(
        chinchilla.loss(n, d, found), chinchilla.loss(n, d, fit), rtol=1e-10, atol=1e-10
    )


@pytest.mark.holds("fit_loss", by="library: scipy.optimize.minimize")
def test_fit_loss_is_as_low_as_scipys_best_of_many_starts():
    n, d, losses = chinchilla.runs(5)

    def height(t):
        return float(jax_objective(jnp.array(t), n, d, losses))

    def slope(t):
        return np.asarray(gradient_of(jnp.array(t), n, d, losses))

    starts = [theta_of(f) for f in (PRINTED, UNROUNDED, BESIROGLU)]
    starts += [np.array([5, 5, 0.5, 0.5, 0.5]), np.array([10, 10, 0.5, 0.5, 0.5])]
    best = min(
        (optimize.minimize(height, s, jac=slope, options={"gtol": 1e-9}) for s in starts),
        key=lambda found: found.fun,
    )
    ours = theta_of(chinchilla.fit_loss(n, d, losses, PRINTED))
    assert height(ours) <= best.fun * (1 + 1e-6)
    assert np.allclose(ours, best.x, rtol=2e-3)
    assert round(height(ours) * 1e3, 3) == 1.018


def test_averaged_misses_stop_scipys_optimiser_far_too_early():
    n, d, losses = chinchilla.runs(5)

    def height(t, scale):
        value = special.huber(1e-3, chinchilla.log_loss(t, n, d)[0] - np.log(losses)).sum()
        return value * scale, chinchilla.gradient(t, n, d, losses)[0] * scale

    reached = {}
    for scale in (1, 1 / len(n)):
        start = np.array([5, 5, 0.5, 0.5, 0.5])  # of the paper's grid, appendix D.2
        found = optimize.minimize(height, start, args=(scale,), jac=True, method="L-BFGS-B")
        assert found.success
        reached[scale] = height(found.x, 1)[0]
    assert reached[1] < 0.0011
    assert reached[1 / len(n)] > 0.010


def test_the_replications_constants_come_from_its_likelihood():
    """Huber's density with a free scale, from the unrounded constants, as in its code."""
    n, d, losses = chinchilla.runs(5)

    def negative(t):
        r = (chinchilla.log_loss(t[:5], n, d)[0] - np.log(losses)) / np.exp(t[5])
        return special.huber(1e-3, r).sum() + len(n) * t[5]

    start = np.append(theta_of(UNROUNDED), 0.0)
    found = optimize.minimize(negative, start, method="BFGS").x
    assert np.allclose(found[:5], theta_of(BESIROGLU), rtol=0.01)
    assert negative(np.append(theta_of(BESIROGLU), found[5])) < negative(found) + 2


def test_the_replications_constants_lie_half_a_percent_above_the_optimum():
    n, d, losses = chinchilla.runs(5)
    heights = [
        special.huber(1e-3, np.log(chinchilla.loss(n, d, fit)) - np.log(losses)).sum()
        for fit in (BESIROGLU, chinchilla.fit_loss(n, d, losses, PRINTED))
    ]
    assert round(heights[0] / heights[1], 3) == 1.004


@pytest.mark.holds("runs", by="published table: the replication's summary")
def test_the_data_have_the_summary_that_the_replication_prints():
    """Standard deviations and extremes from the output of its data_analysis.ipynb."""
    n, d, losses = chinchilla.runs()
    assert len(n) == 245 and len(set(losses.tolist())) == 99
    printed = {
        2464560600.107564: n,
        38025506115.73361: d,
        1.0849637947784773e21: 6 * n * d,
        0.36438696455830627: losses,
    }
    for deviation, column in printed.items():
        assert np.isclose(column.std(ddof=1), deviation, rtol=1e-6)  # seven digits are kept
    assert round(losses.min(), 6) == 2.077394 and round(losses.max(), 6) == 5.005582


def test_runs_drops_the_highest_losses():
    everything, kept = chinchilla.runs()[2], chinchilla.runs(5)[2]
    assert sorted(kept.tolist()) == sorted(everything.tolist())[:-5]


def test_unrounded_constants_round_to_the_printed_ones():
    assert [round(x, 2) for x in UNROUNDED[:1]] == [PRINTED.E]
    assert [round(x, 1) for x in UNROUNDED[1:3]] == [PRINTED.A, PRINTED.B]
    assert [round(x, 2) for x in UNROUNDED[3:]] == [PRINTED.alpha, PRINTED.beta]


def test_table_a9_has_fifty_models_whose_heads_nearly_span_the_width():
    assert len(chinchilla.TABLE_A9) == 50
    assert all(0.8 <= k * h / d <= 1.05 for d, k, h, _ in chinchilla.TABLE_A9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: chinchilla.optimum(0.0, PRINTED),
        lambda: chinchilla.power_law(np.ones(3), np.ones(3)),
        lambda: chinchilla.valley(np.ones(2), np.ones(2)),
        lambda: chinchilla.valley(np.array([1.0, 2, 4]), np.array([1.0, 2, 1])),
        lambda: chinchilla.huber(np.ones(2), 0.0),
        lambda: chinchilla.fit_loss(np.ones(4), np.ones(4), np.ones(4), PRINTED),
        lambda: chinchilla.runs(-1),
        lambda: chinchilla.loss(0.0, 1e9, PRINTED),
        lambda: chinchilla.loss(1e9, np.array([1e9, -1.0]), PRINTED),
        lambda: chinchilla.loss(1e9, np.inf, PRINTED),
        lambda: chinchilla.exponents(PRINTED._replace(alpha=0.0)),
        lambda: chinchilla.optimum(np.nan, PRINTED),
        lambda: chinchilla.optimum(1e20, PRINTED._replace(B=0.0)),
        lambda: chinchilla.power_law(np.array([0.0, 1.0]), np.ones(2)),
        lambda: chinchilla.power_law(np.array([1.0, 2.0]), np.array([1.0, -1.0])),
        lambda: chinchilla.valley(np.array([1.0, 2, 2]), np.array([2.0, 1, 1])),
        lambda: chinchilla.valley(np.array([1.0, 2, 0]), np.array([2.0, 1, 2])),
        lambda: chinchilla.valley(np.array([1.0, 2, 4]), np.array([2.0, np.nan, 2])),
        lambda: chinchilla.log_loss(np.ones(5), np.zeros(1), np.ones(1)),
        lambda: chinchilla.gradient(np.ones(5), *np.ones((2, 1)), np.zeros(1)),
        lambda: chinchilla.gradient(np.ones(5), *np.ones((3, 1)), delta=0.0),
        lambda: chinchilla.fit_loss(*np.ones((2, 5)), np.zeros(5), PRINTED),
        lambda: chinchilla.fit_loss(*np.ones((3, 5)), PRINTED._replace(E=0.0)),
        lambda: chinchilla.runs(245),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"^\w+: "):
        call()


def test_the_refit_of_table_1_gives_the_losses_of_its_runs():
    n, d, losses = chinchilla.runs(drop=5)
    off = np.log(chinchilla.loss(n, d, BESIROGLU) / losses)
    assert abs(off.mean()) < 5e-4


def test_the_least_that_a_fit_needs_is_enough():
    x = np.array([1.0, 2, 4])
    assert chinchilla.power_law(x[:2], 3 * x[:2] ** 2) == pytest.approx((2, 3))
    assert chinchilla.valley(x, np.log(x / 2) ** 2) == pytest.approx(2)
    n, d = np.array([1e8, 1e9, 1e8, 1e9, 3e8]), np.array([1e9, 1e9, 1e10, 1e10, 3e9])
    found = chinchilla.fit_loss(n, d, chinchilla.loss(n, d, PRINTED), PRINTED)
    np.testing.assert_allclose(found, PRINTED, rtol=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: chinchilla.optimum(0, PRINTED),
        lambda: chinchilla.huber(np.ones(2), 0.0),
        lambda: chinchilla.runs(-1),
        lambda: chinchilla.runs(len(chinchilla.runs()[0])),
    ],
)
def test_the_edge_of_what_makes_sense_is_refused(call):
    with pytest.raises(ValueError, match=r"^\w+: "):
        call()


def test_all_runs_are_kept_unless_some_are_dropped():
    assert len(chinchilla.runs(0)[0]) == len(chinchilla.runs()[0]) == 245
    assert len(chinchilla.runs(1)[0]) == 244


def test_a_budget_below_one_is_spent_all_the_same():
    n, d = chinchilla.optimum(0.5, PRINTED)
    assert 6 * n * d == pytest.approx(0.5)


def test_equal_losses_have_no_lowest_point():
    with pytest.raises(ValueError, match="no lowest point"):
        chinchilla.valley(np.array([1.0, 2.0, 4.0]), np.zeros(3))


@pytest.mark.holds("check_positive", by="brute force: case by case")
def test_what_has_no_logarithm_is_refused_by_its_name():
    chinchilla.check_positive("f", x=1.0, y=np.array([1.0, 2.0]), z=np.zeros(0))
    for wrong in (0.0, -1.0, np.nan, np.inf, np.array([1.0, 0.0])):
        with pytest.raises(ValueError, match="f: y is positive and finite"):
            chinchilla.check_positive("f", x=1.0, y=wrong)
