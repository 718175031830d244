"""What can be looked for by name: sections, functions, and the other names that readers have.

Each section and each function that a page shows is an object of a domain, which Sphinx gives to
its search.  A heading that many pages have names no place.  The other names stand in one file
(``search_aliases``), under the place to which they lead::

    "part/page#section" = ["another name", "a third"]

Stands on ``messages`` and ``dependencies``, and on ``verified``, which says where the book is.
"""

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.util.typing import ExtensionMetadata

from verified_book.dependencies import stamp
from verified_book.messages import SEARCH

SHOWN = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
MANY = 10  # pages


@dataclass
class Place:
    """A section, or a function that the page shows."""

    kind: str
    name: str
    anchor: str
    ids: list[str]


class PlacesDomain(Domain):
    """The places of all pages, by page, and what else they are called."""

    name = "places"
    label = "Place"
    object_types = {kind: ObjType(kind) for kind in ("page", "section", "function", "name")}
    initial_data = {"places": {}}
    data_version = 1

    def process_doc(self, env, docname, document):
        slugs = env.metadata[docname].get("myst_slugs", {}).items()
        named = [(slug, id_) for slug, (_, id_, _) in slugs]
        self.data["places"][docname] = [*sections(document, named), *functions(document)]

    def clear_doc(self, docname):
        self.data["places"].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        other = otherdata["places"]
        self.data["places"].update({d: found for d, found in other.items() if d in docnames})

    def get_objects(self):
        """Each place that has a name of its own or another one."""
        others, known = self.others(), self.data["places"]
        pages = Counter(name for found in known.values() for name in {p.name for p in found})
        for page, found in sorted(known.items()):
            for place in found:
                also = [name for id_ in place.ids for name in others.pop((page, id_), ())]
                if also or (pages[place.name] < MANY and place.kind != "page"):
                    yield self.object(page, place.anchor, place.kind, [place.name, *also])
        for (page, id_), also in others.items():
            yield self.object(page, id_, "name", also)

    def object(self, page, anchor, kind, names):
        return f"{page}#{anchor}:{kind}", " · ".join(names), kind, page, anchor, 0

    def others(self):
        """The other names, by page and anchor."""
        if not self.env.config.search_aliases:
            return {}
        told = told_in(self.path, stamp(self.path))
        return {(p.partition("#")[0], p.partition("#")[2]): names for p, names in told.items()}

    @property
    def path(self):
        return Path(self.env.config.verified_root, self.env.config.search_aliases)

    def get_type_name(self, type, primary=False):
        return type.lname

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []


@lru_cache(maxsize=1)
def told_in(path, _stamp):
    return tomllib.loads(path.read_text("utf-8"))


def sections(document, slugs):
    """The page itself, which "" leads to, and the sections in it."""
    for section in document.findall(nodes.section):
        whole = section.parent is document
        ids = {*section["ids"], *(slug for slug, id_ in slugs if id_ in section["ids"])}
        name = " ".join(section[0].astext().split())
        kind, ids = ("page", ids | {""}) if whole else ("section", ids)
        yield Place(kind, name, section["ids"][0], sorted(ids))


def functions(document):
    """The functions that a page shows from a file: the first time, with an address."""
    seen = set()
    for block in document.findall(nodes.literal_block):
        for name in SHOWN.findall(block.astext()) if "source" in block else ():
            anchor = nodes.make_id(f"code-{name}")
            if anchor not in seen:
                seen.add(anchor)
                block["ids"].append(anchor)
                yield Place("function", name, anchor, [anchor])


def check(app):
    """Says which names lead nowhere."""
    domain = app.env.get_domain("places")
    objects = [one for d in app.env.domains.sorted() if d is not domain for one in d.get_objects()]
    there = {(page, anchor) for *_, page, anchor, _ in objects}
    for page, found in domain.data["places"].items():
        there |= {(page, id_) for place in found for id_ in place.ids}
    for page, id_ in domain.others().keys() - there:
        place = f"{page}#{id_}".rstrip("#")
        lines = domain.path.read_text("utf-8").splitlines()
        line = next(i for i, line in enumerate(lines, 1) if line.startswith(f'"{place}"'))
        SEARCH.warn("no_place", place, location=f"{domain.path}:{line}")
    return []


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.verified")
    app.add_config_value("search_aliases", "", "env", types=frozenset({str}))
    app.add_domain(PlacesDomain)
    app.connect("html-collect-pages", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
