"""Builds one page alone, with its examples run: `make page PAGE=architectures/lora`.

What lies between pages (links to others, the ledger's rules, toctrees) is left to `make html`.
"""

import os
import sys
from pathlib import Path

from sphinx.cmd.build import main

ROOT = Path(__file__).resolve().parents[1]
BETWEEN_PAGES = (
    "toc.not_included,toc.not_readable,myst.xref_missing,ref.doc,ref.term,ref.ref,ref.claim,"
    "ref.annotation,ledger.place,reading.no-page,search.no-place"
)


def name_of(text):
    """A page as Sphinx names it, however it was typed, as in ./docs/efficiency/lora.md."""
    docs = ROOT / "docs"
    for start in (docs, ROOT, Path.cwd()):
        path = Path(os.path.normpath(start / text.strip()))
        path = path.with_name(f"{path.name.removesuffix('.md')}.md")
        if path.is_file() and path.is_relative_to(docs):
            return path.relative_to(docs).with_suffix("").as_posix()
    return None


def build(text):
    if (page := name_of(text)) is None:
        print(f"make: no page docs/{text}.md: name one as in PAGE=architectures/lora")
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
    sys.exit(build(sys.argv[1] if len(sys.argv) > 1 else ""))
