"""Promise: the page about recipes names what there is, and says of each exit code what the program says."""

import re
from pathlib import Path

import pytest

from batch_credits.explanations import Kind, all_explanations

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = sorted(
    path.relative_to(DEPLOY) for path in DEPLOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts
)
BESIDE = {"requirements.lock", "Dockerfile.dockerignore", "oauth2-proxy.cfg", "Caddyfile"}  # no recipes of their own


def test_every_file_that_it_names_is_there() -> None:
    folders = "|".join(sorted(path.name for path in DEPLOY.iterdir() if path.is_dir()))
    named = set(re.findall(rf"(?<![/\w.])(?:deploy/)?((?:{folders})/[\w./-]+\w)", PAGE))
    assert len(named) >= 10
    for name in named:
        assert list(DEPLOY.glob(f"{name}*")), name
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE)
    assert links and all((ROOT / "docs" / link).exists() for link in links)


@pytest.mark.parametrize("recipe", [path for path in RECIPES if path.name not in BESIDE], ids=str)
def test_every_recipe_is_told_and_says_how_it_was_checked(recipe: Path) -> None:
    text = (DEPLOY / recipe).read_text(encoding="utf-8")
    head = text.partition("\n\n\n")[0][:2000]
    assert re.search(r"Checked\s+by `make recipes`", head), recipe
    assert recipe.stem in PAGE or recipe.name in PAGE


def test_what_a_scheduler_does_is_told_of_each_code_and_only_two_are_tried_again() -> None:
    rows = dict(re.findall(r"^\| (\d) \| .*? \| (.*?) \|$", PAGE, re.MULTILINE))
    assert set(rows) == {each.code for each in all_explanations() if each.kind is Kind.EXIT}
    assert {code for code, does in rows.items() if "**again later**" in does} == {"4", "5"}


def test_no_recipe_has_a_key_in_an_argument() -> None:
    for recipe in RECIPES:
        text = (DEPLOY / recipe).read_text(encoding="utf-8")
        assert not re.search(r"--api-key[ =]|CHARGEBEE_API_KEY=(?!\$)\S|PGPASSWORD=\S|://\w+:\w+@", text), recipe
