"""Settings that all tests share: float64 in JAX, and the same examples in every run."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

settings.register_profile(
    "book",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("book")


def pytest_configure(config):
    import jax

    jax.config.update("jax_enable_x64", True)
