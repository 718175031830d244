"""The links to the PDF and the EPUB in the HTML: there with their files, and never dead."""

from pathlib import Path

import pytest
import yaml
from sphinx.testing.util import SphinxTestApp

ROOT = Path(__file__).resolve().parents[2]
SIDEBAR = ROOT / "docs" / "_templates"


@pytest.fixture
def build(tmp_path):
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text(
        "extensions = ['book.web.editions']\nproject = 'The Book'\n"
        f"html_theme = 'furo'\ntemplates_path = [{str(SIDEBAR)!r}]\n"
        "html_sidebars = {'**': ['sidebar/editions.html']}\n"
        "editions_files = ['book.pdf', 'book.epub']\n"
    )
    (source / "index.rst").write_text("Book\n====\n\n.. toctree::\n\n   deep/page\n")
    (source / "deep").mkdir()
    (source / "deep" / "page.rst").write_text("Page\n====\n")

    def build():
        app = SphinxTestApp("html", srcdir=source, builddir=tmp_path / "build")
        try:
            app.build()
        finally:
            app.cleanup()
        return Path(app.outdir)

    return build


def test_without_the_files_there_is_no_link(build):
    assert "Other editions" not in (build() / "index.html").read_text("utf-8")


def test_a_file_that_is_there_is_linked_from_every_page_and_lies_where_the_link_leads(
    build, tmp_path
):
    build()
    (tmp_path / "docs" / "book.pdf").write_text("whole")
    out = build()
    assert 'href="book.pdf"' in (out / "index.html").read_text("utf-8")
    assert 'href="../book.pdf"' in (out / "deep" / "page.html").read_text("utf-8")
    assert (out / "book.pdf").read_text() == "whole"
    assert "book.epub" not in (out / "index.html").read_text("utf-8")


def test_a_link_says_how_large_its_file_is_and_how_many_pages_it_has(build, tmp_path):
    build()
    (tmp_path / "docs" / "book.pdf").write_bytes(bytes(1_234_567))
    (tmp_path / "docs" / "book.pages").write_text("440\n")
    (tmp_path / "docs" / "book.epub").write_bytes(bytes(987_654))
    page = (build() / "index.html").read_text("utf-8")
    assert "PDF (440 pages, 1.2 MB)" in page and "EPUB (1.0 MB)" in page


def test_an_entry_that_was_set_alone_is_linked_from_its_page_only(build, tmp_path):
    build()
    (tmp_path / "docs" / "page.pdf").write_text("whole")
    out = build()
    assert 'href="../page.pdf"' in (out / "deep" / "page.html").read_text("utf-8")
    assert "page.pdf" not in (out / "index.html").read_text("utf-8")
    assert (out / "page.pdf").read_text() == "whole"


def test_a_file_that_is_gone_is_linked_no_more(build, tmp_path):
    path = tmp_path / "docs" / "book.epub"
    path.write_text("whole")
    build()
    path.unlink()
    out = build()
    assert "Other editions" not in (out / "index.html").read_text("utf-8")
    assert not (out / "book.epub").exists()


def test_those_who_publish_build_the_html_last_with_what_the_pdf_needs():
    docs = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text("utf-8"))["build"]
    lines = (ROOT / "tools" / "apt-pdf.txt").read_text("utf-8").splitlines()
    assert docs["apt_packages"] == [line for line in lines if not line.startswith("#")]
    steps = [" ".join(step.split()) for step in docs["jobs"]["build"]["html"]]
    assert "READTHEDOCS_OUTPUT/html" in steps[-1]
    workflow = (ROOT / ".github" / "workflows" / "book.yml").read_text("utf-8")
    assert "make runtime pdf epub html" in workflow
