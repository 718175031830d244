"""The glossary: what its terms mean, told where a page uses them first.

The first citation of a work and the first use of a term carry their text as ``title``, on the
page before any script runs; ``static/popups.js`` makes popups of them.  Terms and their Chinese
names are objects of a domain, so that the search leads to the term itself.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static
from verified_book.extra_files import is_web
from verified_book.languages import N_, _
from verified_book.shown import Links

CHINESE = re.compile(r" *Chinese: ([^.]+)\.?$")  # what a meaning ends with


class GlossaryDomain(Domain):
    """What the terms mean, page by page; they and their Chinese names are found by the search."""

    name = "glossary"
    label = "Glossary"
    object_types = {"term": ObjType(N_("term")), "chinese": ObjType(N_("Chinese term"))}
    initial_data = {"meanings": {}, "names": {}}
    data_version = 2

    def process_doc(self, env, docname, document):
        found = {
            term["ids"][0]: " ".join(term.parent[-1].astext().split())
            for term in document.findall(nodes.term)
            if "glossary" in term.parent.parent["classes"]
        }
        if found:
            self.data["meanings"][docname] = found
            terms = document.findall(nodes.term)
            self.data["names"][docname] = {t["ids"][0]: t.astext() for t in terms if t["ids"]}

    def clear_doc(self, docname):
        for part in self.initial_data:
            self.data[part].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        for part in self.initial_data:
            self.data[part].update({d: t for d, t in otherdata[part].items() if d in docnames})

    def get_objects(self):
        """The terms, and the Chinese names with which the meanings end."""
        for docname, terms in self.data["meanings"].items():
            for id_ in terms:
                term = self.data["names"][docname][id_]
                yield f"term {term}", term, "term", docname, id_, 0
            first = {meaning: id_ for id_, meaning in reversed(terms.items())}
            for meaning, id_ in first.items():
                for name in chinese_names(meaning):
                    yield name, name, "chinese", docname, id_, 0

    def get_type_name(self, type, primary=False):
        return _(type.lname)

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []


def chinese_names(meaning: str) -> list[str]:
    """What the term is called in Chinese; what has no Chinese character is found anyway."""
    found = CHINESE.search(meaning)
    return [name for name in found[1].split("，") if is_chinese(name)] if found else []


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def say_meanings(app, shown):
    """The meanings of the terms that a page links; what a ledger quotes may link any of them."""
    meanings = meanings_of(shown.env)
    for page, links in Links.of(shown.env).items():
        terms = [link for link in links if link[1] == "term"]
        places = [place for term in terms for place in shown.target(*term)]
        shown.add(page, [meanings.get(anchor) for *_, anchor in places])
    for page in shown.env.get_domain("ledger").data["views"]:  # its tables have others' links
        shown.add(page, sorted(meanings.items()))


def meanings_of(env: BuildEnvironment) -> dict[str, str]:
    """The meaning of each term in English, by its id."""
    glossaries = env.get_domain("glossary").data["meanings"].values()
    return {id_: CHINESE.sub("", text) for terms in glossaries for id_, text in terms.items()}


def show_texts(app, doctree, docname):
    """A title for the first link of a page to a term or a work, and for that alone."""
    if not is_web(app.builder):
        return
    meanings, shown = meanings_of(app.env), set()
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", link.get("refid", ""))
        id_ = target.rpartition("#")[2]
        if id_ in meanings and is_term(link):
            link["reftitle"] = meanings[id_]
        if "reftitle" in link:
            if target in shown:
                del link["reftitle"]
            shown.add(target)


def is_term(link):
    return any("std-term" in node["classes"] for node in link.findall(nodes.inline))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("ledger")
    app.add_domain(GlossaryDomain)
    add_static(app, __file__)
    app.add_css_file("popups.css")
    app.add_js_file("popups.js", loading_method="defer")
    app.connect("pages-show", say_meanings)
    app.connect("doctree-resolved", show_texts, priority=600)  # the bibliography has its links
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
