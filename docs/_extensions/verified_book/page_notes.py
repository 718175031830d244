"""What an extension learns of a page while it is read, kept where no build can lose it.

Sphinx keeps its environment from build to build, and joins those of its parallel readers.  So
what is learnt of a page stands there under the page's name, is forgotten before the page is read
again, and comes along from the reader that read it.

Ground floor: knows only Sphinx.
"""

from sphinx.environment.collectors import EnvironmentCollector


class PageNotes(EnvironmentCollector):
    """A collector whose notes stand in the environment under ``kept_as``, page by page."""

    kept_as: str

    @classmethod
    def of(cls, env):
        """The notes of all pages: {page: what was learnt}."""
        return env.__dict__.setdefault(cls.kept_as, {})

    def clear_doc(self, app, env, docname):
        self.of(env).pop(docname, None)

    def merge_other(self, app, env, docnames, other):
        self.of(env).update({d: note for d, note in self.of(other).items() if d in docnames})
