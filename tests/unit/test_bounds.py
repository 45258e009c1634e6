"""How large a part of the program may be: what one sitting is enough to read."""

import ast
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.unit.source import PACKAGE, modules

ROOT_MODULES = 8
Function = ast.FunctionDef | ast.AsyncFunctionDef
Sizes = Iterator[tuple[str, int]]


def lines_of_files() -> Sizes:
    """Of modules and of files of statements."""
    for path in sorted((*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql"))):
        yield str(path.relative_to(PACKAGE)), path.read_text(encoding="utf-8").count("\n")


def lines_of_functions() -> Sizes:
    """From `def` to the end."""
    for name, node in definitions():
        if isinstance(node, Function):
            yield name, (node.end_lineno or 0) - node.lineno + 1


def parameters_of_functions() -> Sizes:
    """Without the object itself, and outside cli, where each option is one."""
    for name, node in definitions():
        if isinstance(node, Function) and not name.startswith("cli/"):
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            yield name, sum(each is not None and each.arg not in ("self", "cls") for each in every)


def public_methods_of_classes() -> Sizes:
    """Properties count, and a getter with its setter is one."""
    for name, node in definitions():
        if isinstance(node, ast.ClassDef):
            yield name, len({each.name for each in node.body if isinstance(each, Function) and each.name[0] != "_"})


@cache
def definitions() -> list[tuple[str, ast.AST]]:
    """Every class and function, also those within others, as `file.py Class.method`."""
    found: list[tuple[str, ast.AST]] = []
    for path, module in modules().items():
        found += _within(module, f"{path} ")
    return found


def _within(outer: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(outer):
        if isinstance(node, ast.ClassDef | Function):
            yield f"{name}{node.name}", node
            yield from _within(node, f"{name}{node.name}.")
        elif not isinstance(node, ast.expr):  # in which nothing is defined
            yield from _within(node, name)


BOUNDS: dict[Callable[[], Sizes], int] = {
    lines_of_files: 350,
    lines_of_functions: 50,
    parameters_of_functions: 7,
    public_methods_of_classes: 15,
}
# What is larger today. The lists can only become shorter: what is within its bound again has to be taken out.
LARGER: dict[Callable[[], Sizes], set[str]] = {
    lines_of_files: set(),
    lines_of_functions: set(),
    parameters_of_functions: {"api/__init__.py run_file"},
    public_methods_of_classes: set(),
}


@pytest.mark.parametrize("sizes", BOUNDS, ids=lambda sizes: sizes.__name__)
def test_no_part_of_the_program_is_too_large(sizes: Callable[[], Sizes]) -> None:
    measured = dict(sizes())
    assert len(measured) > 50, "the search works"
    larger = {name: size for name, size in measured.items() if size > BOUNDS[sizes]}
    new = {name: size for name, size in larger.items() if name not in LARGER[sizes]}
    assert not new, f"more than {BOUNDS[sizes]} {sizes.__name__.replace('_', ' ')}: {new}"
    assert not LARGER[sizes] - larger.keys(), "no longer larger: take them out of LARGER"


def test_the_root_has_few_modules() -> None:
    modules = [path.name for path in PACKAGE.glob("*.py")]
    assert len(modules) <= ROOT_MODULES, modules
