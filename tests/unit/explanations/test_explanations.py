"""Whatever code the program can say is explained, and truly. The codes are read out of the source itself."""

import ast
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.verdicts import verdict_of
from batch_credits.explanations import Explanation, Kind, all_explanations, explained, near
from batch_credits.explanations.codes import Proof
from batch_credits.model import REVERSED, CallKind, Money, Outcome, PlannedCredit
from batch_credits.protocol import Blocked, NoAnswer, Refused, Throttled, Unavailable
from tests.each import each
from tests.unit.source import modules

# Statuses and error codes that the provider's OpenAPI file (2026-08-28) lists for the calls made here.
VENDOR_CODES: dict[str, list[str]] = json.loads(Path(__file__).with_name("api_error_codes.json").read_text())

# Which argument holds the code.
CODE_AT = {"Problem": 1, "Flaw": 0, "CustomerFinding": 2, "ApiError": 1}
FIELD_OF = {maker: "api_error_code" if maker == "ApiError" else "code" for maker in CODE_AT}


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def codes_given_to(maker: str) -> set[str]:
    """Every text that can be the code of such a value; fails on a code that cannot be read out of the source."""
    found: set[str] = set()
    constants = {
        target.id: node.value.value
        for module in modules().values()
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for module in modules().values():
        found |= _codes_in(module, maker, CODE_AT[maker], FIELD_OF[maker], constants)
    return found


def _codes_in(module: ast.Module, maker: str, place: int, keyword: str, constants: Mapping[str, object]) -> set[str]:
    found: set[str] = set()
    for function, call in _calls(module).get(maker, []):
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            continue  # read back as it was written
        named = [k.value for k in call.keywords if k.arg == keyword]
        node = named[0] if named else call.args[place]
        parameters = [a.arg for a in function.args.args] if function else []
        if isinstance(node, ast.Constant):
            found.add(str(node.value))
        elif isinstance(node, ast.Name) and node.id in parameters and function is not None:
            at = parameters.index(node.id)
            if parameters[:1] == ["self"]:
                at -= 1
            found |= _codes_in(module, function.name, at, node.id, constants)
        elif isinstance(node, ast.Name):
            found.add(str(constants[node.id]))
        else:
            # `flaw.code`: passed on from a value that was made, and counted, elsewhere.
            assert isinstance(node, ast.Attribute) and node.attr == "code", ast.unparse(call)
    return found


@cache
def _calls(module: ast.Module) -> dict[str, list[tuple[ast.FunctionDef | None, ast.Call]]]:
    """Each call with the function it stands in, by the name that is called."""
    found: dict[str, list[tuple[ast.FunctionDef | None, ast.Call]]] = {}
    stack: list[tuple[ast.AST, ast.FunctionDef | None]] = [(module, None)]
    while stack:
        node, function = stack.pop()
        inner = node if isinstance(node, ast.FunctionDef) else function
        stack += [(child, inner) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Call):
            found.setdefault(name_of(node), []).append((function, node))
    return found


def known(kind: Kind) -> set[str]:
    return {e.code for e in all_explanations() if e.kind is kind}


def test_every_reason_for_rejecting_a_row_is_explained_and_no_other() -> None:
    codes = codes_given_to("Problem") | codes_given_to("Flaw")
    assert {"duplicate", "conflict", "too_long", "fractional_number", "not_text"} <= codes, "the search works"
    assert codes == known(Kind.REJECTED)


def test_every_finding_about_a_customer_is_explained_and_no_other() -> None:
    assert codes_given_to("CustomerFinding") == known(Kind.CUSTOMER)


def test_every_outcome_is_explained() -> None:
    assert {kind.name_of(outcome) for kind in CallKind for outcome in Outcome} == known(Kind.OUTCOME)


def test_what_was_reversed_is_explained() -> None:
    assert known(Kind.REVERSED) == {REVERSED}
    [said] = explained("reversed")
    assert "another reference" in said.to_do


def test_every_exit_code_is_explained_and_no_other() -> None:
    numbers = set()
    for module in modules().values():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.name == "exit_code":
                returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value]
                numbers |= {n.value for value in returned for n in ast.walk(value) if isinstance(n, ast.Constant)}
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith(("EXIT_", "_NOTHING_SENT")):
                assert isinstance(node.value, ast.Constant)
                numbers.add(node.value.value)
    assert {str(n) for n in numbers if isinstance(n, int) and not isinstance(n, bool)} == known(Kind.EXIT)


def test_every_code_of_the_provider_is_explained() -> None:
    explained_codes = {(str(e.status), e.code) for e in all_explanations() if e.kind is Kind.CHARGEBEE}
    listed = {(status, code) for status, codes in VENDOR_CODES.items() for code in codes}
    assert not listed - explained_codes
    assert {code for status, code in explained_codes - listed} == {"502", "504"}, "what is no code of the provider"
    assert codes_given_to("ApiError") <= {code for _, code in explained_codes}


PROOF_OF = {
    Refused: Proof.REFUSED,
    Throttled: Proof.WAIT,
    Unavailable: Proof.PAUSE,
    Blocked: Proof.STOP,
    NoAnswer: Proof.NOTHING,
}


@pytest.mark.parametrize("said", [e for e in all_explanations() if e.kind is Kind.CHARGEBEE], ids=lambda e: e.code)
def test_what_is_said_about_the_money_is_what_the_protocol_makes_of_the_answer(said: Explanation) -> None:
    assert said.status is not None
    document = {"api_error_code": said.code, "message": "no", "type": "x"}
    body = json.dumps(document).encode() if not said.code.isdigit() else b"<html>"
    credit = PlannedCredit(1, "c", "r", Money(1, None, "USD"), "general", b"")
    verdict = verdict_of(credit, Answer(said.status, {}, body))
    assert said.money == PROOF_OF[type(verdict)].value


@each("said", all_explanations())
def test_each_explanation_is_whole(said: Explanation) -> None:
    for text in (said.happened, said.money, said.to_do):
        assert text[0].isupper() and text.endswith("."), text
    assert said.code == said.code.strip().lower()


@pytest.mark.parametrize("code", ["in_doubt", "In doubt", "in-doubt", " IN_DOUBT "])
def test_a_code_is_found_however_it_is_written(code: str) -> None:
    assert [e.code for e in explained(code)] == ["in_doubt"]


def test_a_code_that_means_two_things_and_a_status_of_several_codes() -> None:
    assert [e.kind for e in explained("missing")] == [Kind.REJECTED, Kind.CUSTOMER]
    assert [e.code for e in explained("429")] == VENDOR_CODES["429"][1:] + VENDOR_CODES["429"][:1]
    assert explained("nonsense") == [] == explained("")


@pytest.mark.parametrize("code", ["3", "exit 3", "exit code 3", "Exit-3"])
def test_an_exit_code_is_found_with_the_word_before_it(code: str) -> None:
    assert [(e.kind, e.code) for e in explained(code)] == [(Kind.EXIT, "3")]


def test_near_matches() -> None:
    assert near("resource_not_foud")[0] == "resource_not_found"
    assert near("indoubt")[0] == "in_doubt"
    assert "exponent_unknown" in near("unknown")
    assert near("zzz") == []


def test_an_attempt_that_never_left_is_said_to_count() -> None:
    [said] = explained("attempt")
    assert "credit_attempts counts also one that never left" in said.happened
