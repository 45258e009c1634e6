"""Small changes of the product's text, each of which somebody could make by mistake.

Python is changed where its syntax tree says what a piece of text is; SQL, in strings, in the schema and in the named
statements, by its words.
Left out is what no test can tell or what only serves the type checker: annotations, docstrings, decorators, assertions,
and the words of sentences; what an EXISTS selects, how many rows beyond the first are found by who reads the first, and
what only says that a promise is kept (`strict=True` of a zip, `deterministic=True` of a function taught to SQLite).
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"), ast.In: ("in", "not in"), ast.NotIn: (r"not\s+in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"), ast.Sub: ("-", "+"), ast.Mult: (r"\*", "//"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"), ast.Div: ("/", "*"), ast.BitOr: (r"\|", "&"), ast.BitAnd: ("&", "|"), ast.Pow: (r"\*\*", "*"),
}  # fmt: skip
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WHERE|GROUP BY|ORDER BY|JOIN|(AND|OR) \S+ (=|IS|IN))\b"
)
_SELECTED = re.compile(r"\bEXISTS\s*\(\s*SELECT\s+\Z")  # before a 1: any number will do
_PROMISES = {"zip": "strict", "create_function": "deterministic"}
_TERM = r"(?:[^()'\"\n]|\([^()\n]*\)|'[^'\n]*')*?(?=\s+(?:AND|OR|ORDER|GROUP|LIMIT|UNION|BEGIN)\b|[)\"\n;]|$)"


def _next_number(found: re.Match[str]) -> str:
    before, after = found.string[: found.start()], found.string[found.end() :]
    is_last_limit = before.endswith("LIMIT ") and after.startswith(";")
    if found[0] == "1" and (is_last_limit or _SELECTED.search(before)):
        return found[0]
    return str(int(found[0]) + 1)


_SQL_CHANGES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"\bAND\b", "OR"), (r"\bOR\b(?! IGNORE| REPLACE)", "AND"), (rf"\s+\bAND\s{_TERM}", ""),
    (r"(?<![<>=!])=(?!=)", "<>"), (r"<>", "="), (r"(?<![-<>=])<(?![=>])", "<="), (r"(?<![-<>])>(?!=)", ">="),
    (r"<=", "<"), (r">=", ">"), (r"\bASC\b", "DESC"), (r"\bDESC\b", "ASC"),
    (r"(\bORDER BY \w+(?:\.\w+)?)(?! *DESC)", r"\1 DESC"),
    (r"\bIS NOT\b", "IS"), (r"\bIS\b(?! NOT)", "IS NOT"), (r"\bNOT (IN|EXISTS)\b", r"\1"),
    (r"(?<!NOT )\b(IN|EXISTS)\b(?= *\()", r"NOT \1"), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bLEFT JOIN\b", "JOIN"), (r"\bUNION ALL\b", "UNION"), (r" \+ ", " - "), (r" - ", " + "), (r"\bDISTINCT ", ""),
    (r"(?<![\w?:.{])\d+(?![\w.}])", _next_number), (r"'(\w+)'", r"'\1_'"),
    (r"\bRAISE\(ABORT, ('[^']*')\)", r"\1"),
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Mutant:
    """A file with one piece of its text replaced."""

    path: str
    start: int
    end: int
    text: str
    line: int
    lines: tuple[int, ...] = field(compare=False)  # where its tests pass; none: where one of `names` is used
    names: tuple[str, ...] = field(compare=False, default=())
    before: str = field(compare=False, default="")
    after: str = field(compare=False, default="")

    def applied(self, source: str) -> str:
        """The whole file, mutated."""
        return source[: self.start] + self.text + source[self.end :]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before}\n    -> {self.after}"


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant of one file."""
    return [mutant for mutant in changes_of(path, source) if _compiles(mutant, source)]


def changes_of(path: str, source: str) -> list[Mutant]:
    """The same at once: with those that are no Python any more."""
    changes = _Python(source).changes if path.endswith(".py") else _script(source)
    found = {_shown(Mutant(path, *change), source) for change in changes}
    return sorted(mutant for mutant in found if mutant.before != mutant.after)


def _shown(mutant: Mutant, source: str) -> Mutant:
    first = source.rfind("\n", 0, mutant.start) + 1
    last = source.find("\n", mutant.end)
    before = " ".join(source[first:last].split())
    after = " ".join((source[first : mutant.start] + mutant.text + source[mutant.end : last]).split())
    return replace(mutant, before=before, after=after)


def _compiles(mutant: Mutant, source: str) -> bool:
    if not mutant.path.endswith(".py"):
        return True
    try:
        ast.parse(mutant.applied(source))
    except SyntaxError:
        return False
    return True


Change = tuple[int, int, str, int, tuple[int, ...], tuple[str, ...]]


def named_statements(script: str) -> list[tuple[int, str, str]]:
    """Where each statement of a file of them begins, its name in quotes, as Python has it, and its text."""
    names = [*re.finditer(r"^-- name: (\w+)$", script, re.MULTILINE)]
    ends = [*(name.start() for name in names[1:]), len(script)]
    return [(name.start(), f'"{name[1]}"', script[name.end() : end]) for name, end in zip(names, ends, strict=False)]


def _script(source: str) -> Iterator[Change]:
    """Of named statements, or of the schema, which has no names: every connection is made with it."""
    names = [(begin, name) for begin, name, _ in named_statements(source)] or [(0, "connect")]
    for start, end, text in _sql(re.sub(r"--.*", lambda comment: " " * len(comment[0]), source), 0):
        _, name = max((begin, name) for begin, name in names if begin <= start)
        yield start, end, text, source.count("\n", 0, start) + 1, (), (name,)


def _sql(text: str, offset: int) -> Iterator[tuple[int, int, str]]:
    masked = re.sub(r"\{[^{}]*\}", lambda inner: "{" + "_" * (len(inner[0]) - 2) + "}", text)
    for pattern, replacement in _SQL_CHANGES:
        for match in re.finditer(pattern, masked):
            new = replacement(match) if callable(replacement) else match.expand(replacement)
            yield offset + match.start(), offset + match.end(), new


class _Python(ast.NodeVisitor):
    """Collects the changes of one file."""

    def __init__(self, source: str) -> None:
        self.changes: list[Change] = []
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._lines = source.splitlines()
        self._within: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._statement: ast.stmt | None = None
        self._body: Iterable[int] = ()  # the lines of the function whose default is being visited
        self.visit(ast.parse(source))

    # Where things are

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _change(self, start: int, end: int, text: str) -> None:
        assert self._statement is not None
        line = self._source.count("\n", 0, start) + 1
        if self._within:
            last = self._source.count("\n", 0, end) + 1
            lines = tuple({*range(line, last + 1), self._statement.lineno, *self._body})
            self.changes.append((start, end, text, line, lines, ()))
        else:
            self.changes.append((start, end, text, line, (), tuple(_names_bound(self._statement))))

    def _replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        self._change(*self._span(node), text)

    def _between(self, left: ast.expr, right: ast.expr, pattern: str, text: str) -> None:
        start, end = self._span(left)[1], self._span(right)[0]
        match = re.search(rf"(?:(?<=[\s)])|^){pattern}(?=[\s(]|$)", self._source[start:end])
        if match:
            self._change(start + match.start(), start + match.end(), text)

    # What is visited

    def visit(self, node: ast.AST) -> None:
        before = self._statement
        if isinstance(node, ast.stmt):
            self._statement = node
        super().visit(node)
        self._statement = before

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._within.append(node)
        for default in (*node.args.defaults, *(default for default in node.args.kw_defaults if default)):
            self._body = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            self.visit(default)
            self._body = ()
        for statement in node.body:
            self.visit(statement)
        self._within.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if self._within and isinstance(node.value, ast.Call | ast.Await):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if self._within and isinstance(node.targets[0], ast.Attribute | ast.Subscript):
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace(node, "pass")
        pattern, text = _ARITHMETIC.get(type(node.op), ("", ""))
        if pattern in (r"\+", "-"):
            self._between(node.target, node.value, pattern + "=", text + "=")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace(node.value, "None")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "break")

    def visit_If(self, node: ast.If) -> None:
        self._replace(node.test, "True")
        self._replace(node.test, "False")
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._replace(node.test, f"not ({ast.get_source_segment(self._source, node.test)})")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._replace(condition, "True")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self._between(left, right, *_COMPARISONS[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        is_and = isinstance(node.op, ast.And)
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, "and" if is_and else "or", "or" if is_and else "and")
        for value in node.values:
            if not isinstance(value, ast.Constant):
                self._replace(value, str(is_and))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _ARITHMETIC and not (_is_text(node.left) or _is_text(node.right)):
            self._between(node.left, node.right, *_ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            self._replace(node, f"({ast.get_source_segment(self._source, node.operand)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
            self._replace(node.func, _NAMES[node.func.id])
        promise = _PROMISES.get(ast.unparse(node.func).rpartition(".")[2])
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg != promise:
                start, end = self._span(keyword)
                after = re.match(r"\s*,\s*", self._source[end:])
                self._change(start, end + (after.end() if after else 0), "")
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.keyword) and child.arg == promise and _is_true(child.value)):
                self.visit(child)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._text(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if node.value is True or node.value is False:
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, f"({node.value + 1})")
        elif isinstance(node.value, str):
            self._text(node)
            if re.fullmatch(r"[\w.-]*", node.value):
                self._replace(node, repr(node.value + "_"))

    def _text(self, node: ast.Constant | ast.JoinedStr) -> None:
        start, end = self._span(node)
        text = self._source[start:end]
        if _SQL.search(text):
            for change in _sql(text, start):
                self._change(*change)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _names_bound(statement: ast.stmt) -> Iterator[str]:
    targets: Iterable[ast.expr] = ()
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = (statement.target,)
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def files(root: Path, patterns: Iterable[str]) -> list[str]:
    """The paths that these patterns mean, each once."""
    return sorted({path.relative_to(root).as_posix() for pattern in patterns for path in root.glob(pattern)})
