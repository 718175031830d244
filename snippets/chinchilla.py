"""Entry 15, Training Compute-Optimal Large Language Models (Hoffmann 2022).

The loss as a function of size and data, its optimum, and the three ways to
find it.  N parameters, D tokens, C training compute in FLOPs, L the loss.
"""

from pathlib import Path
from typing import Any as Array
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from snippets.layers import check_sizes


class Fit(NamedTuple):
    """The five constants of Hoffmann et al. 2022, eq. 2."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float


# Hoffmann et al. 2022, eq. 10; then what stands in a comment of its source.
PRINTED = Fit(1.69, 406.4, 410.7, 0.34, 0.28)
UNROUNDED = Fit(
    *np.exp([0.5267228, 6.0073404, 6.0179186]).tolist(), 0.33917084, 0.2849083
)
# Besiroglu et al. 2024, Table 1.
BESIROGLU = Fit(1.8172, 482.01, 2085.43, 0.3478, 0.3658)

# Hoffmann et al. 2022, Table A9: d_model, kv_size, heads, layers; ffw_size is
# 4 d_model in every row.
# fmt: off
TABLE_A9 = [
    (512, 64, 8, 8), (576, 64, 9, 9), (640, 64, 10, 10), (640, 64, 10, 13),
    (640, 64, 10, 16), (768, 64, 12, 12), (768, 64, 12, 15), (768, 64, 12, 18),
    (896, 64, 14, 14), (896, 64, 14, 16), (896, 64, 14, 18),
    (1024, 64, 16, 16), (1024, 64, 16, 18), (1024, 64, 16, 20),
    (1280, 128, 10, 18), (1280, 128, 10, 21), (1408, 128, 11, 18),
    (1280, 128, 10, 24), (1408, 128, 11, 21), (1536, 128, 12, 19),
    (1408, 128, 11, 24), (1536, 128, 12, 22), (1536, 128, 12, 25),
    (1792, 128, 14, 20), (1792, 128, 14, 23), (1792, 128, 14, 26),
    (2048, 128, 16, 22), (2176, 128, 17, 22), (2048, 128, 16, 25),
    (2048, 128, 16, 28), (2176, 128, 17, 25), (2304, 128, 18, 24),
    (2176, 128, 17, 28), (2304, 128, 18, 28), (2304, 128, 18, 32),
    (2560, 128, 20, 26), (2560, 128, 20, 30), (2560, 128, 20, 34),
    (2688, 128, 22, 36), (2816, 128, 22, 36), (2944, 128, 22, 36),
    (3072, 128, 24, 36), (3584, 128, 28, 40), (4096, 128, 32, 42),
    (4352, 128, 32, 47), (4608, 128, 36, 44), (4608, 128, 32, 47),
    (4864, 128, 32, 47), (4992, 128, 32, 49), (5120, 128, 40, 47),
]
# fmt: on


def check_positive(what: str, **numbers: Float[Array, "..."] | float) -> None:
    """Refuse what has no logarithm: zero, negative, infinite, no number."""
    for name, x in numbers.items():
        if not np.all((np.asarray(x) > 0) & np.isfinite(x)):
            raise ValueError(f"{what}: {name} is positive and finite")


def loss(
    n: Float[Array, "*m"] | float, d: Float[Array, "*m"] | float, fit: Fit
) -> Float[Array, "*m"] | float:
    """The loss of n parameters trained on d tokens, in nats per token.

    Hoffmann et al. 2022, eq. 2.
    """
    check_positive("loss", n=n, d=d)
    return fit.E + fit.A / n**fit.alpha + fit.B / d**fit.beta


def exponents(fit: Fit) -> tuple[float, float]:
    """a and b of N_opt ~ C^a and D_opt ~ C^b (Hoffmann et al. 2022, eq. 4)."""
    check_positive("exponents", alpha=fit.alpha, beta=fit.beta)
    total = fit.alpha + fit.beta
    return fit.beta / total, fit.alpha / total


def optimum(c: float, fit: Fit) -> tuple[float, float]:
    """The parameters and tokens of least loss, where 6 N D = c.

    Hoffmann et al. 2022, eq. 4.
    """
    check_positive("optimum", c=c, A=fit.A, B=fit.B)
    a, b = exponents(fit)
    ratio = fit.alpha * fit.A / (fit.beta * fit.B)
    g = ratio ** (1 / (fit.alpha + fit.beta))
    return g * (c / 6) ** a, (c / 6) ** b / g


def power_law(
    x: Float[Array, " m"], y: Float[Array, " m"]
) -> tuple[float, float]:
    """The exponent s and the factor k of y = k x^s, by a line in logarithms.

    Hoffmann et al. 2022, §3.1.
    """
    check_positive("power_law", x=x, y=y)
    if len(set(x.tolist())) < 2:
        raise ValueError("power_law: a line needs two different points")
    s, k = np.polyfit(np.log(x), np.log(y), 1)
    return float(s), float(np.exp(k))


def valley(n: Float[Array, " m"], losses: Float[Array, " m"]) -> float:
    """The size at the vertex of a parabola in log n: one IsoFLOP profile.

    Hoffmann et al. 2022, §3.2.
    """
    check_positive("valley", n=n)
    if not np.all(np.isfinite(losses)):
        raise ValueError("valley: losses is finite")
    if len(set(n.tolist())) < 3:
        raise ValueError("valley: a parabola needs three models")
    p = np.polyfit(np.log(n), losses, 2)
    if p[0] <= 0:
        raise ValueError("valley: these losses have no lowest point")
    return float(np.exp(-p[1] / (2 * p[0])))


def log_loss(
    theta: Float[Array, " 5"], n: Float[Array, " m"], d: Float[Array, " m"]
) -> tuple[Float[Array, " m"], Float[Array, "m 3"]]:
    """The logarithm of eq. 2, and the share of each of its three terms.

    theta: log A, log B, log E, alpha, beta.  Hoffmann et al. 2022, eq. 11:
    LSE(a - alpha log N, b - beta log D, e).
    """
    check_positive("log_loss", n=n, d=d)
    a, b, e, alpha, beta = theta
    terms = np.stack(
        [a - alpha * np.log(n), b - beta * np.log(d), np.full(len(n), e)], -1
    )
    top = np.max(terms, axis=-1)
    powers = np.exp(terms - top[:, None])
    total = np.sum(powers, axis=-1)
    return top + np.log(total), powers / total[:, None]


def huber(r: Float[Array, "*m"], delta: float = 1e-3) -> Float[Array, "*m"]:
    """Half the square near zero, a straight line beyond delta.

    Huber 1964, as used in Hoffmann et al. 2022, eq. 3.
    """
    check_positive("huber", delta=delta)
    size = np.abs(r)
    return np.where(size <= delta, r**2 / 2, delta * (size - delta / 2))


def gradient(
    theta: Float[Array, " 5"],
    n: Float[Array, " m"],
    d: Float[Array, " m"],
    losses: Float[Array, " m"],
    delta: float = 1e-3,
) -> tuple[Float[Array, " 5"], Float[Array, "5 5"]]:
    """Of the sum of Huber losses (eq. 11): the gradient, and a curvature.

    The curvature is that of the parabola which touches the Huber loss from
    above, through the Jacobian of log_loss.
    """
    check_positive("gradient", losses=losses, delta=delta)
    log_l, (p_n, p_d, p_e) = (x.T for x in log_loss(theta, n, d))
    r = log_l - np.log(losses)
    jacobian = np.stack([p_n, p_d, p_e, -p_n * np.log(n), -p_d * np.log(d)])
    weighted = jacobian * np.minimum(1, delta / np.maximum(np.abs(r), delta))
    return weighted @ r, weighted @ jacobian.T


def fit_loss(
    n: Float[Array, " m"],
    d: Float[Array, " m"],
    losses: Float[Array, " m"],
    start: Fit,
    steps: int = 100,
) -> Fit:
    """The constants of least Huber loss: damped Gauss-Newton, from a start.

    Solves Hoffmann et al. 2022, eq. 11, where the paper uses L-BFGS.
    """
    check_sizes("fit_loss", 5, runs=len(n))
    check_positive("fit_loss", losses=losses, **start._asdict())

    def height(t):
        return np.sum(huber(log_loss(t, n, d)[0] - np.log(losses)))

    e, a, b, alpha, beta = start
    theta = np.array([np.log(a), np.log(b), np.log(e), alpha, beta])
    low = height(theta)
    damping = 1e-3
    for _ in range(steps):
        g, h = gradient(theta, n, d, losses)
        step = np.linalg.solve(h + damping * np.diag(np.diag(h) + 1e-9), g)
        there = height(theta - step)
        better = there < low
        theta, low = (theta - step, there) if better else (theta, low)
        damping = max(damping / 5, 1e-9) if better else damping * 5
    a, b, e = np.exp(theta[:3]).tolist()
    return Fit(e, a, b, *theta[3:].tolist())


def runs(
    drop: int = 0,
) -> tuple[Float[Array, " m"], Float[Array, " m"], Float[Array, " m"]]:
    """Parameters, tokens and losses of runs read off Figure 4.

    Besiroglu et al. 2024; see snippets/data/chinchilla.txt.  drop: how many
    runs of the highest loss to leave out.
    """
    path = Path(__file__).with_name("data") / "chinchilla.txt"
    millions, exaflops, losses = np.loadtxt(path).T
    if not 0 <= drop < len(losses):
        raise ValueError(f"runs: cannot drop {drop} of {len(losses)}")
    kept = np.argsort(np.argsort(losses)) < len(losses) - drop
    n = millions[kept] * 1e6
    return n, exaflops[kept] * 1e18 / (6 * n), losses[kept]
