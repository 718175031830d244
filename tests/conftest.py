"""Settings that all tests share: float64 in JAX, and the same examples in every run.

A test that is marked as holding a function fails if it never calls it (tools/oracles.py has the
marks and their table).
"""

import sys
from functools import wraps
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import oracles  # noqa: E402
import snippets  # noqa: E402

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


@pytest.fixture(scope="module", autouse=True)
def forgotten_programs():
    """What JAX has compiled for one file of tests is of no use to the next, and fills memory."""
    import jax

    yield
    jax.clear_caches()


# -- what a test holds ----------------------------------------------------------------------

CALLED = set()  # by the test that runs


def noted(function, check=snippets.checked):
    """The check of a function's arguments, which every call of a snippet passes, takes note."""
    checked, name = check(function), f"{function.__module__}.{function.__qualname__}"

    @wraps(checked)
    def call(*args, **kwargs):
        CALLED.add(name)
        return checked(*args, **kwargs)

    return call


snippets.checked = noted


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    CALLED.clear()
    result = yield
    for mark in item.iter_markers("holds"):
        for name in mark.args:
            if f"snippets.{oracles.full_name(item.path, name)}" not in CALLED:
                pytest.fail(f"{name}: marked as held here, but never called", pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter):
    if any("holds" in report.keywords for report in terminalreporter.getreports("passed")):
        oracles.write()
        terminalreporter.section("oracles: build/oracles.md has them all")
        for line in oracles.summary():
            terminalreporter.write_line(line)
