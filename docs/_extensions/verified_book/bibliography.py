"""How a work of the bibliography is named: title, authors, venue, links."""

from functools import cache

from docutils import nodes

from verified_book.languages import N_, _

LINKS = {"doi": "https://doi.org/{}", "eprint": "https://arxiv.org/abs/{}", "url": "{}"}
NAMES = {"doi": "DOI", "eprint": "arXiv:{}", "url": N_("paper")}


@cache
def plain(text):
    """A BibTeX field as plain text."""
    from pybtex.richtext import Text

    return str(Text.from_latex(text))


def short_list(entry):
    """Family names: all where they are three at most; of more, two and how many follow."""
    names = [plain(family_name(person)) for person in entry.persons["author"]]
    if len(names) > 3:
        names[2:] = [_("{} others").format(len(names) - 2)]
    return listed(names)


def listed(words):
    """“a, b and c”."""
    *others, last = words
    return _("{} and {}").format(", ".join(others), last) if others else last


def family_name(person):
    return " ".join([*person.prelast_names, *person.last_names, *person.lineage_names])


def venue(entry):
    fields = ("booktitle", "journal", "institution", "howpublished", "publisher")
    where = next((plain(entry.fields[f]) for f in fields if f in entry.fields), "arXiv")
    return f"{where}, {entry.fields['year']}"


def links(entry):
    for name, address in LINKS.items():
        if name in entry.fields:
            value = entry.fields[name]
            uri = address.format(value)
            yield nodes.Text(" · ")
            yield nodes.reference("", _(NAMES[name]).format(value), refuri=uri, internal=False)
