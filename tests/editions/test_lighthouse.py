"""A page of each kind before Lighthouse, or every page, from a host on the loopback.

It comes from npm, in the version of package-lock.json, installed beside this file.
``make audit`` shows it every page.  What it says of performance depends on the machine, so there
it is told for a few pages (pytest -rP) and asserted for none.
"""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from browser import CHROMIUM
from tests.editions.conftest import AUDITED, HERE, LONG, MODULES

CATEGORIES = ("accessibility", "best-practices", "seo")
LEAST = 95
SOME = ("index.html", LONG, "appendix/claims.html", "search.html")


def lighthouse(address, categories, pages):
    """What Lighthouse says of each page; two run side by side, each with one Chromium."""
    assert MODULES.is_dir(), "no Lighthouse here: run make editions, which installs it with npm"
    command = ["node", HERE / "lighthouse.mjs", CHROMIUM, ",".join(categories)]

    def run(pages):
        addresses = [address + page for page in pages]
        done = subprocess.run([*command, *addresses], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    with ThreadPoolExecutor(2) as pool:
        reports = chain.from_iterable(pool.map(run, (pages[::2], pages[1::2])))
    return {report["url"].removeprefix(address): report for report in reports}


@pytest.fixture(scope="module")
def reports(address, request):
    """On the pages that are asked for, all at once."""
    asked = [item for item in request.session.items if "reports" in item.fixturenames]
    return lighthouse(address, CATEGORIES, [item.callspec.params["page"] for item in asked])


def test_node_is_there():
    assert shutil.which("node"), "no node here: install Node.js 18.20 or newer"


@pytest.mark.parametrize("page", AUDITED)
def test_lighthouse_finds_a_page_accessible_well_made_and_findable(reports, page):
    report = reports[page]
    assert report["error"] is None
    low = {name: score for name, score in report["scores"].items() if score < LEAST}
    assert not low, report["failed"]


@pytest.mark.audit
def test_lighthouse_tells_of_performance(address):
    told = lighthouse(address, ["performance"], SOME)
    for page, report in told.items():
        print(f"performance of {page}: {report['scores']['performance']}")
    assert set(told) == set(SOME)
