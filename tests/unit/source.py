"""The program's own source, parsed once for all tests that read it."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "batch_credits"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module, by its path within the package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
