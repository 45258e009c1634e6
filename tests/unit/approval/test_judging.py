"""Whether an order may be carried out: who signed what, when, and how much of it."""

import random
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from batch_credits.approval.judging import Carried, Present, approvers_needed, refuse_order
from batch_credits.approval.order import Sealed, Sum
from batch_credits.approval.policy import Approver
from batch_credits.errors import NotConfirmed, UsageError
from tests.unit.approval.authenticator import PRESENT, Authenticator
from tests.unit.approval.conftest import NOW, Office

FRESH = Carried(has_begun=False, is_owed=True)
LATER = NOW + timedelta(hours=1)


def present(office: Office) -> Present:
    return Present(office.order.batch, "acme", office.order.address, {"USD": Sum(3, 105_000, "0")})


def judge(office: Office, sealed: Sealed, carried: Carried = FRESH, **other: object) -> None:
    refuse_order(sealed, office.policy, replace(present(office), **other), carried, LATER)  # type: ignore[arg-type]


def test_another_persons_passkey_passes(office: Office) -> None:
    judge(office, office.sealed("bob"))
    judge(office, Sealed.read(office.sealed("bob").content, "order.json"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda office: office.sealed(), "Nobody has approved this order."),
        (lambda office: office.sealed("bob", order=replace(office.order, maker="BOB ")), "nobody approves their own"),
        (lambda office: office.sealed("bob", order=replace(office.order, maker="bob.shell")), "approves their own"),
        (lambda office: office.sealed("bob", order=replace(office.order, maker="bob\u00a0 ")), "approves their own"),
        (lambda office: office.sealed("bob", order=replace(office.order, batch="00" * 32)), "for another file"),
        (lambda office: office.sealed("bob", order=replace(office.order, site="acme-test")), "for site acme-test"),
        (lambda office: office.sealed("bob", order=replace(office.order, address="https://evil.example")), "evil"),
        (lambda office: office.sealed("bob", order=replace(office.order, business_entity="emea")),
         "is for business entity emea, and this run without a business entity"),
        (lambda office: office.sealed("bob", order=replace(office.order, expires="2026-11-28T12:30:00Z")), "expired"),
        (lambda office: office.sealed("bob", order=replace(office.order, made="2026-11-29T12:00:00Z")), "yet to come"),
        (lambda office: office.sealed("bob", at=NOW - timedelta(days=1)), "was not to be approved"),
        (lambda office: office.sealed("bob", at=NOW + timedelta(days=2)), "was not to be approved"),
        (lambda office: replace(office.sealed("bob"), order=replace(office.order, rows=4)), "does not hold"),
        (lambda office: replace(office.sealed("bob"), order=replace(office.order, maker="mallory")), "does not hold"),
        (lambda office: _with_total(office, 105_001), "does not hold|changed"),
        (lambda office: _under_the_name_of(office, "carol"), "not enrolled for that person"),
        (lambda office: _under_the_name_of(office, "mallory"), "is no approver here"),
    ],
)
def test_each_other_order_is_refused(office: Office, make: Callable[[Office], Sealed], said: str) -> None:
    with pytest.raises(NotConfirmed, match=said):
        judge(office, make(office))


def test_an_order_is_for_one_business_entity(office: Office) -> None:
    with pytest.raises(NotConfirmed, match="is without a business entity, and this run for business entity apac"):
        judge(office, office.sealed("bob"), business_entity_id="apac")
    for_one = office.sealed("bob", order=replace(office.order, business_entity="apac"))
    judge(office, for_one, business_entity_id="apac")


def _with_total(office: Office, amount: int) -> Sealed:
    order = replace(office.order, totals={"USD": Sum(3, amount, "0")})
    return replace(office.sealed("bob"), order=order)


def _under_the_name_of(office: Office, name: str) -> Sealed:
    sealed = office.sealed("bob")
    return replace(sealed, approvals=(replace(sealed.approvals[0], approver=name),))


def test_an_assertion_is_good_for_one_order_and_one_time(office: Office) -> None:
    """One that was seen on the wire, or in another order."""
    other = replace(office.order, number=secrets.token_hex(16))
    [approval] = office.sealed("bob").approvals
    with pytest.raises(NotConfirmed, match="does not hold"):
        judge(office, Sealed(other, (approval,)))
    with pytest.raises(NotConfirmed, match="does not hold"):
        judge(office, Sealed(office.order, (replace(approval, at="2026-11-28T12:00:01Z"),)))


@pytest.mark.parametrize(
    ("rp_id", "origin", "flags", "kind"),
    [
        ("example.com", "http://localhost:8910", 5, "webauthn.get"),  # of another RP id
        ("localhost", "http://evil.example", 5, "webauthn.get"),
        ("localhost", "https://localhost.evil.example", 5, "webauthn.get"),
        ("localhost", "http://notlocalhost", 5, "webauthn.get"),
        ("localhost", "null", 5, "webauthn.get"),
        ("localhost", "http://localhost:8910", PRESENT, "webauthn.get"),  # nobody showed who they are
        ("localhost", "http://localhost:8910", 0, "webauthn.get"),
        ("localhost", "http://localhost:8910", 5, "webauthn.create"),
    ],
)
def test_a_passkey_that_was_used_elsewhere_or_otherwise_is_refused(
    office: Office, rp_id: str, origin: str, flags: int, kind: str
) -> None:
    key = office.keys["bob"]
    key.rp_id, key.origin, key.flags, key.type = rp_id, origin, flags, kind
    with pytest.raises(NotConfirmed, match="not good for this order"):
        judge(office, office.sealed("bob"))


def test_a_stranger_cannot_sign_under_a_known_id(office: Office) -> None:
    stranger = Authenticator()
    stranger.id = office.keys["bob"].id
    office.keys["bob"] = stranger
    with pytest.raises(NotConfirmed, match="does not hold"):
        judge(office, office.sealed("bob"))


def test_what_is_sent_is_what_was_ordered_or_less_of_it_once_it_began(office: Office) -> None:
    sealed, begun = office.sealed("bob"), Carried(has_begun=True, is_owed=True)
    less, more = {"USD": Sum(1, 5_000, "0")}, {"USD": Sum(3, 105_001, "0")}
    judge(office, sealed, begun, owed=less)
    for carried in (FRESH, begun):
        with pytest.raises(NotConfirmed, match="More is to be sent in USD"):
            judge(office, sealed, carried, owed=more)
        with pytest.raises(NotConfirmed, match="More is to be sent in EUR"):
            judge(office, sealed, carried, owed={"EUR": Sum(1, 1, "0")})
    with pytest.raises(NotConfirmed, match="changed since this order was made"):
        judge(office, sealed, FRESH, owed=less)


def test_an_order_is_good_for_once_and_what_it_began_may_be_carried_on_later(office: Office) -> None:
    sealed, late = office.sealed("bob"), NOW + timedelta(days=30)
    refuse_order(sealed, office.policy, present(office), Carried(has_begun=True, is_owed=True), late)
    with pytest.raises(NotConfirmed, match="expired"):
        refuse_order(sealed, office.policy, present(office), FRESH, late)
    with pytest.raises(NotConfirmed, match="good for once"):
        judge(office, sealed, Carried(has_begun=True, is_owed=False), owed={})


@pytest.mark.parametrize(
    ("most", "passes"),
    [
        ({"USD": Decimal(1050)}, True),
        ({"USD": Decimal("1049.99")}, False),
        ({"EUR": Decimal(10**9)}, False),
        ({}, False),
    ],
)
def test_a_limit_holds_by_currency(office: Office, most: dict[str, Decimal], passes: bool) -> None:
    office.approvers["bob"] = replace(office.approvers["bob"], most=most)
    if passes:
        judge(office, office.sealed("bob"))
    else:
        with pytest.raises(NotConfirmed, match="over what bob may approve in USD"):
            judge(office, office.sealed("bob"))


def test_above_a_sum_two_people_must_approve(office: Office) -> None:
    office.policy = replace(office.policy, two_above={"USD": Decimal(1000)})
    assert approvers_needed(office.order, office.policy) == 2
    judge(office, office.sealed("bob", "carol"))
    for people in (("bob",), ("bob", "bob")):
        with pytest.raises(NotConfirmed, match="1 of 2 people"):
            judge(office, office.sealed(*people))
    office.policy = replace(office.policy, two_above={"USD": Decimal(1050)})
    assert approvers_needed(office.order, office.policy) == 1


def test_no_maker_moves_a_limit_by_what_they_state_of_a_currency(office: Office) -> None:
    """Nobody documents how many decimals CLP has, so its minor units count whole."""
    office.policy = replace(office.policy, two_above={"CLP": Decimal(1000)})
    stated = {**office.order.options, "currency_exponents": [["CLP", 4]]}
    office.order = replace(office.order, options=stated, totals={"CLP": Sum(1, 1_001, "0")})
    assert approvers_needed(office.order, office.policy) == 2
    office.order = replace(office.order, totals={"CLP": Sum(1, 1_000, "0")})
    assert approvers_needed(office.order, office.policy) == 1


def test_one_bad_approval_spoils_good_ones(office: Office) -> None:
    sealed = office.sealed("bob")
    bad = replace(sealed.approvals[0], approver="mallory")
    with pytest.raises(NotConfirmed, match="is no approver here"):
        judge(office, replace(sealed, approvals=(*sealed.approvals, bad)))


def test_the_approver_of_yesterday_is_none_today(office: Office) -> None:
    sealed = office.sealed("bob")
    other = Authenticator()
    office.approvers["bob"] = _with_key(office.approvers["bob"], other)
    with pytest.raises(NotConfirmed, match="not enrolled"):
        judge(office, sealed)


def _with_key(approver: Approver, key: Authenticator) -> Approver:
    from batch_credits.approval.signing import Passkey, text_of

    return replace(approver, passkey=Passkey(text_of(key.id), text_of(key.public_key), key.rp_id))


@pytest.mark.parametrize("cases", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_mutation_of_order_or_signature_is_accepted(office: Office, cases: int) -> None:
    chance, content = random.Random(18), office.sealed("bob").content
    judge(office, Sealed.read(content, "order.json"))
    for _ in range(cases):
        mutant = _mutated(content, chance)
        if mutant in (content, content.rstrip(b"\n")):
            continue
        with pytest.raises((UsageError, NotConfirmed)):
            judge(office, Sealed.read(mutant, "order.json"))


def _mutated(content: bytes, chance: random.Random) -> bytes:
    """A byte flipped, put in, taken out, doubled, or two places swapped; and blanks where JSON allows them."""
    place, other = chance.randrange(len(content)), chance.randrange(len(content))
    kind = chance.randrange(6)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ (1 << chance.randrange(8))]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + bytes([chance.randrange(256)]) + content[place:]
    if kind == 2:
        return content[:place] + content[place + 1 :]
    if kind == 3:
        return content[:place] + content[place : place + 1] + content[place:]
    if kind == 4:
        low, high = sorted((place, other))
        swapped = content[high : high + 1] + content[low + 1 : high] + content[low : low + 1]
        return content[:low] + swapped + content[high + 1 :] if low < high else content + b" "
    return content.replace(b",", b", ", 1 + chance.randrange(9))
