"""Mutants of a Python file: the same text with one small thing wrong, as a tired person might have written it.

One of five: a comparison turned or widened (``<`` for ``<=``), a connective swapped (``and`` for ``or``, a dropped
``not``), an arithmetic operator swapped, a number moved by one or a truth value turned, a statement left out. What is
no behavior is left alone: annotations, docstrings, assertions, imports, and texts.
"""

import ast
import re
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip
OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"),
}  # fmt: skip
#: Statements that can be left out without a name going missing.
DROPPED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Return, ast.Delete, ast.Continue, ast.Break)
#: What an assignment changes without giving a name.
PLACES = (ast.Attribute, ast.Subscript)


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        file: path below the root of the repository.
        line: first line that is another.
        kind: comparison, connective, operator, constant or statement.
        start: offset in the file's bytes of what is replaced.
        end: the offset after it.
        text: what it is replaced by.
    """

    file: str
    line: int
    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """`source` with this mutant's change."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def shown(self, source: bytes) -> tuple[str, str]:
        """The lines that it touches before and after, each on one line."""
        first = source.rfind(b"\n", 0, self.start) + 1
        last = source.find(b"\n", self.end)
        last = len(source) if last < 0 else last
        after = self.apply(source)
        return _one_line(source[first:last]), _one_line(after[first : last + len(after) - len(source)])


def _one_line(text: bytes) -> str:
    return " ".join(text.decode("utf-8").split())


def mutants(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of the file, in the order of the text."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    finder = _Finder(file, source, starts)
    finder.visit(tree)
    return sorted(finder.mutants, key=lambda mutant: (mutant.start, mutant.end, mutant.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, source: bytes, starts: list[int]) -> None:
        self.file, self.source, self.starts = file, source, starts
        self.mutants: list[Mutant] = []

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def _add(self, kind: str, start: int, end: int, text: str) -> None:
        line = self.source.count(b"\n", 0, start) + 1
        self.mutants.append(Mutant(self.file, line, kind, start, end, text))

    def _between(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        """Replace the sign `old` that stands between two expressions, aside from brackets and comments."""
        start, end = self._span(left)[1], self._span(right)[0]
        pattern = rf"(?<![\w]){re.escape(old)}(?![\w])" if old[0].isalpha() else re.escape(old)
        match = re.search(pattern.replace(r"\ ", r"\s+").encode(), self.source[start:end])
        if match:
            self._add(kind, start + match.start(), start + match.end(), new)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Each comparison of a chain."""
        for left, sign, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old, new = COMPARISONS[type(sign)]
            self._between("comparison", left, right, old, new)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Each ``and`` and ``or``."""
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between("connective", left, right, old, new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """A ``not`` that is dropped."""
        if isinstance(node.op, ast.Not):
            start = self._span(node)[0]
            self._add("connective", start, self._span(node.operand)[0], "(" * self._opened(node))
        self.generic_visit(node)

    def _opened(self, node: ast.UnaryOp) -> int:
        """Brackets that stand between ``not`` and what it is of."""
        return self.source[self._span(node)[0] : self._span(node.operand)[0]].count(b"(")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Arithmetic; ``|`` of types and sets stays, and so do texts that are put together."""
        sign = OPERATORS.get(type(node.op))
        if sign and not any(isinstance(part, ast.JoinedStr) or _is_text(part) for part in (node.left, node.right)):
            self._between("operator", node.left, node.right, *sign)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Numbers and truth values."""
        start, end = self._span(node)
        if isinstance(node.value, bool):
            self._add("constant", start, end, str(not node.value))
        elif isinstance(node.value, int | float):
            self._add("constant", start, end, f"({node.value!r} + 1)")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """The text of messages stays."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value, not the annotation."""
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """The defaults and the body, not the annotations."""
        for part in (*node.args.defaults, *(default for default in node.args.kw_defaults if default)):
            self.visit(part)
        self._visit_body(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body."""
        self._visit_body(node.body)

    def visit_If(self, node: ast.If) -> None:
        """Not what only type checkers read."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Assertions are for us; left as they are."""

    def visit_Call(self, node: ast.Call) -> None:
        """A field's description is no behavior, and ``strict`` of two lists is an assertion."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        self.visit(node.func)
        for part in node.args:
            self.visit(part)
        for keyword in node.keywords:
            if keyword.arg != "strict" and not (name == "Field" and keyword.arg == "description"):
                self.visit(keyword.value)

    def generic_visit(self, node: ast.AST) -> None:
        """Leave statements out on the way."""
        if isinstance(node, ast.stmt) and _can_be_left_out(node):
            self._add("statement", *self._span(node), "pass")
        super().generic_visit(node)

    def _visit_body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)


def _can_be_left_out(node: ast.stmt) -> bool:
    """Whether no name goes missing without it, and it does something."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, PLACES) for target in node.targets)
    return isinstance(node, DROPPED) and not _is_docstring(node) and not _returns_nothing(node)


def _returns_nothing(node: ast.AST) -> bool:
    """Most often the last line, whose place an end without it takes."""
    return isinstance(node, ast.Return) and (node.value is None or ast.unparse(node.value) == "None")


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and _is_text(node.value)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
