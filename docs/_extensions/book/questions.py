"""What readers ask: in the HTML an answer is a line under its question, until it is opened.

Each section under *Questions readers ask* is a question, and what it holds is the answer.

Stands on ``verified_book.folds`` and on ``ledger.folding``, which folds the notes alike.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from ledger.folding import teaser
from verified_book.folds import folded

QUESTIONS = "questions-readers-ask"


class FoldAnswers(SphinxPostTransform):
    """Folds the answers, before references are resolved."""

    default_priority = 9
    builders = ("html",)

    def run(self):
        for part in self.document.findall(nodes.section):
            if QUESTIONS in part["ids"]:
                for question in filter(may_fold, part.children):
                    fold_answer(question)


def may_fold(node: nodes.Node) -> bool:
    """Whether this is a question, with no example in its answer that failed."""
    return isinstance(node, nodes.section) and not any(
        "failed" in part["classes"] for part in node.findall(nodes.Element)
    )


def fold_answer(question: nodes.section) -> None:
    title, *answer = question.children
    question.children = []
    begins = nodes.inline("", "", *teaser(answer), classes=["teaser"])
    question += [title, folded([begins], *answer, classes=["answer"])]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("ledger.folding")
    app.add_post_transform(FoldAnswers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
