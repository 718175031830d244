"""The reading path: how long a page takes, and which earlier pages it stands on.

Nothing is typed.  While a page is read its words are counted, and the pages that it names and
the snippets that it uses are noted.  A word is a run of letters and digits: in prose, in code,
and in the TeX of an equation; citations are not counted.  One of code or of an equation takes as
long as two of prose.  A page *stands on* the earlier pages that its text links to or whose code
it uses, but for those that are implied by others; what stands on no other stands on the page
that is the ground of the path (``reading_ground``), if the book has it.

The card of an entry, which stands above, says which pages are entries (``note_entry``).
Stands on ``ledger``, which has the order of the pages, and which of them translate the list.
For pages: the role ``{reading}``.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxRole
from sphinx.util.typing import ExtensionMetadata

from book.messages import READING
from ledger import records
from verified_book.languages import _, said_with
from verified_book.page_notes import PageNotes

WORDS_A_MINUTE = 200
SLOWLY = {nodes.literal_block: 2, nodes.math_block: 2, nodes.math: 2}  # words of prose for one
WORD = re.compile(r"\w+(?:[-’']\w+)*")


@dataclass
class Entry:
    """A page about a paper: others lead to pages, and are not stood on."""

    paper: str
    number: int | None


class Entries(PageNotes):
    """The pages that are entries, as their cards say."""

    kept_as = "reading_entries"

    def process_doc(self, app, doctree): ...


entries = Entries.of


def note_entry(env: BuildEnvironment, entry: Entry) -> None:
    """Notes that the page that is being read is an entry."""
    entries(env)[env.docname] = entry


@dataclass
class Measured:
    """What reading a page told: its length, in words of prose, and where it leads."""

    words: int
    links: set[str]
    views: set[str] = field(default_factory=set)


class Measures(PageNotes):
    """Counts a page's words, and notes where it leads."""

    kept_as = "reading_pages"

    def process_doc(self, app, doctree):
        pages(app.env)[app.env.docname] = Measured(
            words=length(doctree),
            links={x["reftarget"] for x in xrefs(doctree) if x.get("refdomain") == "doc"},
            views={node.get("what", "/") for node in doctree.findall(shows_path)},
        )


pages = Measures.of


def xrefs(doctree):
    return doctree.findall(addnodes.pending_xref)


def length(node: nodes.Node) -> int:
    """How much there is to read: in words of prose, which others count for more than one of."""
    return sum(slowness(text) * len(WORD.findall(text.astext())) for text in texts(node))


def slowness(text):
    return next((SLOWLY[kind] for kind in SLOWLY if isinstance(text.parent, kind)), 1)


def texts(node: nodes.Node):
    """The texts that a reader reads: all but citations and what is hidden."""
    cited = {
        id(text)
        for ref in xrefs(node)
        if ref.get("refdomain") == "cite"
        for text in ref.findall(nodes.Text)
    }
    for text in node.findall(nodes.Text):
        if id(text) not in cited and not isinstance(text.parent, nodes.comment):
            yield text


# -- what the pages say ---------------------------------------------------------------------------


def rounded(words):
    """Minutes, as one says them: by fives where they are many."""
    minutes = words / WORDS_A_MINUTE
    return max(1, round(minutes)) if minutes < 12.5 else 5 * round(minutes / 5)


def duration(words: int) -> str:
    """“about 25 min”, or “about 9 hours”."""
    minutes = words / WORDS_A_MINUTE
    if minutes < 90:
        return _("about {} min").format(rounded(words))
    return _("about {} hours").format(round(minutes / 60))


def ground(env: BuildEnvironment) -> list[str]:
    """The page before all others, if the book has it."""
    return [page for page in [env.config.reading_ground] if page in env.all_docs]


def path(env: BuildEnvironment) -> list[str]:
    """The pages to read, in order: those that translate the list, and their ground."""
    domain = env.get_domain("ledger")
    read = {*ground(env), *(record.docname for record in domain.of(records.Paragraph))}
    return [docname for docname in domain.reading_order() if docname in read]


def standing_on(env: BuildEnvironment) -> dict[str, list[str]]:
    """For each page of the path that has a card, the pages that it stands on, in order."""
    first = ground(env)
    found, behind = {page: [] for page in first}, {page: set() for page in first}
    package = env.config.verified_package
    for docname in path(env):
        if docname not in entries(env):
            continue
        page = pages(env)[docname]
        files = map(Path, map(str, env.dependencies.get(docname, ())))
        modules = {file.stem for file in files if file.parent.name == package}
        on = [d for d in found if d in page.links or d.rpartition("/")[2] in modules]
        on = on or first
        behind[docname] = set(on).union(*(behind[d] for d in on))
        found[docname] = [d for d in on if not any(d in behind[other] for other in on)]
    return found


def number(env: BuildEnvironment, docname: str) -> str:
    """What a page is called in a list of pages: the number of its entry, or its title."""
    entry = entries(env).get(docname)
    return str(entry.number) if entry and entry.number else env.titles[docname].astext()


def name(app, docname):
    """“2 · Attention Is All You Need”; the title alone where the page has no number."""
    said, title = number(app.env, docname), app.env.titles[docname].astext()
    return title if said == title else f"{said} · {title}"


def short_names(env: BuildEnvironment) -> dict[str, str]:
    """What the contents call each page, “7 · GPT”."""
    trees = (tree for toc in env.tocs.values() for tree in toc.findall(addnodes.toctree))
    told = {page: title for tree in trees for title, page in tree["entries"] if title}
    return {page: told.get(page) or env.titles[page].astext() for page in env.titles}


def links_to(env, on, names=None):
    """“2, 7 and 12”, or the pages' names, each a link, which the ledger's domain resolves."""
    linked = []
    for i, page in enumerate(on):
        if i:
            linked.append(nodes.Text(_(" and ") if i == len(on) - 1 else ", "))
        text = nodes.Text(names[page] if names else number(env, page))
        domain = {"refdomain": "ledger", "reftype": "record"}
        linked.append(addnodes.pending_xref("", text, **domain, reftarget="", page=page))
    return linked


def say_times(app, shown):
    """What a card, and a page with times, show of other pages."""
    env, needs, called = shown.env, standing_on(shown.env), short_names(shown.env)
    minutes = sorted((page, rounded(told.words)) for page, told in pages(env).items())
    for page, on in needs.items():
        shown.add(page, [(other, called[other]) for other in on])
    for page, told in pages(env).items():
        if told.views:
            names = [(other, number(env, other)) for other in needs]
            titles = [env.titles[other].astext() for other in needs]
            shown.add(page, minutes, path(env), needs, names, titles)


class shows_path(nodes.Element):
    """Stands where something of the path will be, once all pages have been read."""


class reading_time(nodes.Inline, shows_path):
    """Stands where a time will be."""


class ReadingRole(SphinxRole):
    """The time of a page and what it stands on: ``{reading}`PAGE```; of a folder: ``FOLDER/``."""

    def run(self):
        return [reading_time(what=self.text, line=self.lineno)], []


class Times(SphinxPostTransform):
    """Fills the times in, before references are resolved."""

    default_priority = 6

    def run(self):
        if found := list(self.document.findall(reading_time)):
            needs = standing_on(self.env)
            for node in found:
                node.replace_self(self.time(node, needs))

    def time(self, node, needs):
        what = node["what"]
        if what.endswith("/"):
            inside = [d for d in path(self.env) if f"/{d}".startswith(f"/{what.lstrip('/')}")]
            return nodes.Text(duration(sum(pages(self.env)[d].words for d in inside)))
        if what not in pages(self.env):
            READING.warn("no_page", what, location=(self.env.docname, node["line"]))
            return nodes.Text("")
        line = nodes.inline("", duration(pages(self.env)[what].words), classes=["reading-time"])
        if on := needs.get(what):
            line += said_with(_(", after {}"), *links_to(self.env, on))
        return line


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("ledger")
    app.add_config_value("reading_ground", "", "env", types=frozenset({str}))
    app.add_node(reading_time)
    app.add_role("reading", ReadingRole())
    app.add_env_collector(Entries)
    app.add_env_collector(Measures)
    app.connect("pages-show", say_times)
    app.add_post_transform(Times)
    app.connect("ledger-page-name", name)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 3}
