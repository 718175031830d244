"""Builds one page alone, with its examples run: `make page PAGE=architectures/lora`.

What lies between pages (links to others, the ledger's rules, toctrees) is left to `make html`.
"""

import sys
from pathlib import Path

from sphinx.cmd.build import main

ROOT = Path(__file__).resolve().parents[1]
BETWEEN_PAGES = (
    "toc.not_included,toc.not_readable,myst.xref_missing,ref.doc,ref.term,ref.ref,ref.claim,"
    "ref.annotation,ledger.place"
)


def build(page):
    if not (ROOT / "docs" / f"{page}.md").exists():
        print(f"make: no page docs/{page}.md: name one as in PAGE=architectures/lora")
        return 2
    out = ROOT / "build" / "page" / page.replace("/", "-")
    settings = {
        "root_doc": page,
        "include_patterns": f"{page}.md,appendix/bibliography.md",
        "ledger_paragraphs": "",
        "suppress_warnings": BETWEEN_PAGES,
    }
    options = [option for name, value in settings.items() for option in ("-D", f"{name}={value}")]
    folders = ["-c", ROOT, "-d", out / "doctrees", ROOT / "docs", out / "html"]
    status = main(["-q", "-W", "--keep-going", *options, *map(str, folders)])
    print(f"{out / 'html' / page}.html" if not status else "the page does not hold: see above")
    return status


if __name__ == "__main__":
    sys.exit(build(sys.argv[1].removesuffix(".md") if len(sys.argv) > 1 else ""))
