"""Small changes of the snippets: which there are, and how one takes the place of the original.

A mutant is one top-level statement of a snippet with one small change, made by mutmut's
operators.  It is put in place in the running process, under the shape checks and for everyone who
has imported what it changes.
"""

import ast
import difflib
import functools
import hashlib
import importlib
import inspect
import sys
from dataclasses import dataclass

import libcst as cst
import numpy as np
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, ParentNodeProvider
from mutmut.mutation import mutators
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.pragma_handling import IgnoredCode


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, the lines before and after, and the statement that results."""

    module: str
    name: str  # of the function or method; empty for a module's data
    before: str
    after: str
    statement: str
    guards: bool  # on the way to an error, nowhere else

    @functools.cached_property
    def key(self):
        return digest(self.module, self.statement)

    @property
    def place(self):
        """What names it in the list of the judged, wherever in the file it moves."""
        return f"{self.module}.{self.name}".rstrip("."), self.before, self.after

    def __str__(self):
        where = f"{self.module}.{self.name}" if self.name else self.module
        return f"{where}: {self.before} → {self.after}"


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def fewer_arguments(call):
    """A call without one of its arguments.  (None for it would meet the shape checks.)"""
    return (new for new in mutators.operator_arg_removal(call) if len(new.args) < len(call.args))


def other_number(node):
    """The number and one more, unless it is so large that no reader could tell."""
    return (
        new
        for new in mutators.operator_number(node)
        if not np.isclose(new.evaluated_value, node.evaluated_value, rtol=1e-9)
    )


OPERATORS = [
    (cst.BaseNumber, other_number),
    (cst.Name, mutators.operator_name),
    (cst.AugAssign, mutators.operator_augmented_assignment),
    (cst.UnaryOperation, mutators.operator_remove_unary_ops),
    (cst.CSTNode, mutators.operator_keywords),
    (cst.CSTNode, mutators.operator_swap_op),
    (cst.IfExp, mutators.operator_if_exp),
    (cst.Call, fewer_arguments),
]


def mutants(module, source):
    """Every mutant of a source, but for annotations, strings and the words of errors."""
    text = source.encode()
    tree = MetadataWrapper(cst.parse_module(source))
    parents, spans = map(tree.resolve, (ParentNodeProvider, ByteSpanPositionProvider))
    visitor = MutationVisitor(OPERATORS, IgnoredCode(set(), set(), set()))
    tree.visit(visitor)
    found = {}
    for mutation in visitor.mutations:
        line = list(ancestors(mutation.original_node, parents))
        if any(isinstance(node, cst.Raise) for node in line):
            continue
        whole, part = (spans[node] for node in (line[-2], mutation.original_node))
        old = text[whole.start : whole.start + whole.length]
        start = part.start - whole.start
        piece = tree.module.code_for_node(bare(mutation.mutated_node)).encode()
        new = old[:start] + piece + old[start + part.length :]
        old, new = old.decode(), new.decode()
        guards = any(map(is_guard, line[1:], line))
        mutant = Mutant(module, name_of(line), *changed_lines(old, new), new, guards)
        found.setdefault(ast.dump(ast.parse(mutant.statement)), mutant)
    return list(found.values())


def ancestors(node, parents):
    while node is not None:
        yield node
        node = parents.get(node)


def name_of(line):
    """The function or method that a node and its ancestors stand in; empty for none."""
    names = [node.name.value for node in line if isinstance(node, cst.FunctionDef | cst.ClassDef)]
    if not any(isinstance(node, cst.FunctionDef) for node in line):
        return ""
    return ".".join(names[-2:][::-1] if isinstance(line[-2], cst.ClassDef) else names[-1:])


def bare(node):
    """The node without the brackets around it, which its span leaves out."""
    return node.with_changes(lpar=[], rpar=[]) if hasattr(node, "lpar") else node


def is_guard(node, child):
    """Whether the child is part of an `if` that does nothing but raise."""
    return (
        isinstance(node, cst.If)
        and child is not node.orelse
        and all(
            isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Raise)
            for line in node.body.body
        )
    )


def changed_lines(old, new):
    """What stands in the lines that differ, before and after."""
    a, b = old.split("\n"), new.split("\n")
    spans = [
        (i, j, k, m)
        for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b).get_opcodes()
        if kind != "equal"
    ]
    first, last = spans[0], spans[-1]
    rows = a[first[0] : last[1]], b[first[2] : last[3]]
    return tuple(" ".join(" ".join(row).split()) for row in rows)


def put_in_place(mutant, *namespaces):
    """Makes the running module behave as the mutant, for everyone who has imported from it."""
    module = importlib.import_module(f"snippets.{mutant.module}")
    fresh = dict(vars(module))
    exec(compile(mutant.statement, module.__file__, "exec"), fresh)
    if mutant.name:
        old, new = (function(space, mutant.name) for space in (vars(module), fresh))
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        return
    snippets = [vars(m) for name, m in sys.modules.items() if name.startswith("snippets.")]
    for name, old in list(vars(module).items()):
        for space in (*snippets, *namespaces):
            if fresh[name] is not old and space.get(name) is old:
                space[name] = fresh[name]


def function(namespace, name):
    """The function itself, without the shape checks around it."""
    first, *rest = name.split(".")
    found = namespace[first]
    while rest and inspect.isclass(found):
        found = getattr(found, rest.pop(0))
    return inspect.unwrap(found)
