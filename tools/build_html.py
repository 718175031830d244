"""Builds the HTML, and says where it is: `make html`.

A book that does not hold is put aside as build/failed, with its marked pages.  From the first
word to the last nobody else builds: what is announced is there.
"""

import os
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))


def build(root=ROOT, options=("-j", "auto")):
    from verified_book import lock

    build, doctrees = root / "build", root / "build" / "doctrees"
    html, failed = build / "html", build / "failed"
    with lock.holding(doctrees):
        shutil.rmtree(failed, ignore_errors=True)
        status = main(["-W", *options, "-c", str(root), "-d", str(doctrees), "docs", "build/html"])
        if status == 0:
            print("The book: build/html/index.html")
        elif html.exists():
            os.replace(html, failed)
            if status == 1:
                print("make: the book does not hold: see above, and build/failed/ for its pages")
    return status


if __name__ == "__main__":
    sys.exit(build())
