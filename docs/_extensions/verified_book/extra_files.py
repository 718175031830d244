"""Files that the build makes beside the pages of the HTML: when to make them, how to link them.

The role ``{made}`` links to such a file; editions that have none beside them show its name.
A ``Ground`` tells whether what a file is made from has changed since it was made.

Ground floor: knows only Sphinx.
"""

from hashlib import blake2b
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx.util.osutil import relative_uri
from sphinx.util.typing import ExtensionMetadata


def is_web(builder) -> bool:
    """Whether a builder makes the HTML edition, with files beside its pages."""
    return builder.name == "html"


class Ground:
    """What a file or folder of the HTML is made from."""

    def __init__(self, app, name, *parts):
        self.path = Path(app.outdir, name)
        self.mark = Path(app.doctreedir, f"{name}.ground")
        self.digest = blake2b(repr((self.path, *parts)).encode(), digest_size=16).hexdigest()

    @property
    def holds(self):
        """Whether the file is there, and made from just this."""
        there = self.path.exists() and self.mark.exists()
        return there and self.mark.read_text() == self.digest

    def note(self):
        self.mark.write_text(self.digest)


def when_changed(app, ground_of, make):
    """Has ``make`` write files once a build is done, where their ground does not hold.

    It tells whether it could; where not, the next build tries, and complains, again.
    """

    def write(app, error):
        if error or not is_web(app.builder):
            return
        ground = ground_of(app)
        if not ground.holds and make(app):
            ground.note()

    app.connect("build-finished", write)


class MadeRole(SphinxRole):
    """A file that the build makes: `` {made}`data/table.json` ``."""

    def run(self):
        link = addnodes.pending_xref(
            "", refdomain="", reftype="made", reftarget=self.text, refdoc=self.env.docname
        )
        link += nodes.literal("", self.text)
        return [link], []


def resolve(app, env, node, content):
    if node["reftype"] != "made":
        return None
    if not is_web(app.builder):
        return content
    uri = relative_uri(app.builder.get_target_uri(node["refdoc"]), node["reftarget"])
    return nodes.reference("", "", content, refuri=uri, internal=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_role("made", MadeRole())
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
