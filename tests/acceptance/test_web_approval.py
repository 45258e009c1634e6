"""Four eyes on the page: one submits, another approves with a passkey that a test holds, and the run begins."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch_credits.approval.order import Approval, Sealed, iso
from batch_credits.children.locks import try_lock
from tests.acceptance.harness import Site, write_csv
from tests.acceptance.office import Office, needs_namespaces
from tests.acceptance.visitor import Shown, Visitor
from tests.unit.approval.authenticator import Authenticator

pytestmark = needs_namespaces


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Site("--api-key", "k") as site:
        yield Office(tmp_path, site)


def submitted(office: Office, alice: Visitor) -> Shown:
    """The page of an order that alice made."""
    page = alice.upload(office.file, amount_unit="minor")
    assert page.page == "check" and page.count("pending") == 2, page.text
    assert page.has('form[data-action="submit-for-approval"]') and not page.has('form[data-action="send"]')
    return settled(alice, alice.send(page, "submit-for-approval"))


def token_of(page: Shown) -> str:
    """The token of its forms."""
    return str(page.all("input[name=form_token]")[0]["value"])


def settled(visitor: Visitor, page: Shown) -> Shown:
    """The page of an order once its file was read again."""
    assert page.page == "approve", page.text
    return visitor.until(page.path, lambda shown: not shown.has("main[aria-busy]"))


def test_another_person_approves_and_it_is_paid_once(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        own = submitted(office, alice)
        assert not own.has('form[data-action="approve"]') and "nobody approves their own" in own.text
        [upload] = office.folder.glob("ledger.sqlite3.web/uploads/*")
        sent = alice.post(f"/uploads/{upload.name}/send", {"form_token": token_of(own), "confirm": "2"})
        assert sent.status == 403 and "another person must approve" in sent.alert
        assert "Waiting for you" not in alice.get("/").text
        listed = bob.get("/")
        assert "Waiting for you (1)" in listed.text and "waits for approval" in listed.text
        assert bob.get("/?state=waiting+for+you").all("[data-batch]") == listed.all("[data-batch]")
        page = settled(bob, bob.get(own.path))
        assert (page.count("pending"), page.total("pending:USD")) == (2, 1550)
        assert "Made by alice" in page.text and page.has('a[data-file="order.json"]')

        # What is not bob's own word for this very order, said a moment ago.
        stranger = Authenticator()
        office.keys["mallory"] = stranger
        good = office.signed(page, "bob")
        for answer, said in (
            ("", "no answer of a passkey"),
            ("{}", "no answer of a passkey"),
            (good.replace('"signature": "', '"signature": "A'), "Nothing was approved"),
            (office.signed(page, "carol"), "not enrolled for that person"),
            (json.dumps(json.loads(office.signed(page, "mallory")) | {"credential": json.loads(good)["credential"]}),
             "does not hold"),
        ):  # fmt: skip
            refused = bob.send(page, "approve", answer=answer)
            assert refused.status == 422 and said in refused.alert, refused.text
        office.keys["bob"].rp_id = "elsewhere.example"
        assert "does not hold" in bob.send(page, "approve", answer=office.signed(page, "bob")).alert
        office.keys["bob"].rp_id = "localhost"
        old = iso(datetime.now(UTC) - timedelta(minutes=11))
        assert "too old" in bob.send(page, "approve", answer=good, at=old).alert
        assert office.paid == 0

        done = bob.result(bob.send(page, "approve", answer=good))
        assert done.page == "result" and done.count("credited") == 2, done.text
        assert "bob, " in done.text and "alice" in done.text
        order = json.loads(bob.get(done.one('a[data-file="order.json"]')["href"]).body)
        assert order["order"]["maker"] == "alice" and [each["approver"] for each in order["approvals"]] == ["bob"]
        assert office.paid == 2
        again = bob.ask("POST", page.one('form[data-action="approve"]')["action"], b"", follow=False)
        assert again.status >= 400
        replayed = {"form_token": token_of(page), "answer": good, "at": order["approvals"][0]["at"]}
        assert bob.post(page.one('form[data-action="approve"]')["action"], replayed).page == "result"
        assert office.paid == 2
    [summary] = (office.folder / "reports").glob("*/summary.json")
    assert json.loads(summary.read_text())["user"] == "alice"


def test_a_rejection_is_told_and_it_may_be_submitted_anew(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob, office.web("dave") as dave:
        page = submitted(office, alice)
        theirs = settled(dave, dave.get(page.path))
        assert "dave is no approver here" in theirs.text and not theirs.has("form[data-action]")
        refused = dave.post(f"{page.path}/reject", {"form_token": token_of(dave.get("/new")), "reason": "no"})
        assert refused.status == 403 and refused.alert
        seen = settled(bob, bob.get(page.path))
        assert "in a few words" in bob.send(seen, "reject", reason=" ").alert
        bob.send(seen, "reject", reason="twice the usual sum")
        told = alice.get(alice.get("/").all("[data-batch] a")[0]["href"])
        assert told.page == "check" and "bob rejected this order: twice the usual sum" in told.alert
        assert "rejected" in alice.get("/").text
        assert settled(alice, alice.send(told, "submit-for-approval")).page == "approve"
        late = bob.send(seen, "reject", reason="twice the usual sum")  # in the tab of the order before
        assert late.status == 409 and "Another order waits" in late.alert
        assert settled(bob, bob.get(page.path)).has('form[data-action="approve"]')
        assert office.paid == 0


def test_two_people_above_a_sum_and_nobody_over_their_limit(office: Office) -> None:
    office.policy += 'two_above = ["USD=10"]\n'
    office.most["dave"], office.keys["dave"] = "USD=15.49", Authenticator()
    with (
        office.web("alice") as alice, office.web("bob") as bob, office.web("carol") as carol, office.web("dave") as dave
    ):  # fmt: skip
        path = submitted(office, alice).path
        assert "over what dave may approve in USD" in settled(dave, dave.get(path)).text
        page = settled(bob, bob.get(path))
        assert "2 approvals are" in page.text
        page = settled(bob, bob.send(page, "approve", answer=office.signed(page, "bob")))
        assert "You have approved this order" in page.text and "1 approval is" in page.text
        assert office.paid == 0
        page = settled(carol, carol.get(path))
        done = carol.result(carol.send(page, "approve", answer=office.signed(page, "carol")))
        assert done.count("credited") == 2 and office.paid == 2


def test_a_file_that_changed_after_it_was_submitted_is_not_paid(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        page = settled(bob, bob.get(submitted(office, alice).path))
        answer = office.signed(page, "bob")
        [source] = office.folder.glob("ledger.sqlite3.web/uploads/*/source/*")
        source.write_text(source.read_text().replace("550", "551"))
        shown = bob.send(page, "approve", answer=answer)
        shown = bob.until(shown.path, lambda each: bool(each.alert))
        assert "for another file" in shown.alert, shown.text
        assert office.paid == 0


def test_an_order_that_expired_or_was_edited_says_so(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        page = submitted(office, alice)
        [kept] = office.folder.glob("ledger.sqlite3.web/orders/*/order.json")
        whole, past = kept.read_bytes(), datetime.now(UTC) - timedelta(days=8)
        sealed = Sealed.read(whole, "")
        old = replace(sealed.order, made=iso(past), expires=iso(past + timedelta(days=7)))
        kept.write_bytes(Sealed(old).content)
        seen = settled(bob, bob.get(page.path))
        assert "This order expired" in seen.text and not seen.has('form[data-action="approve"]')
        kept.write_bytes(whole.replace(b"acme-test", b"acme-tesu", 1) + b" ")
        assert bob.get(page.path).status == 404
        # By hand into the folder: an approval of nobody's does not make the run begin.
        bad = Approval("bob", iso(datetime.now(UTC)), **Authenticator().sign(b"x" * 32))
        kept.write_bytes(replace(sealed, approvals=(bad,)).content)
        assert settled(bob, bob.get(page.path)).page == "approve" and office.paid == 0


def test_where_nobody_has_to_approve_any_more_an_order_that_expired_is_in_nobodys_way(office: Office) -> None:
    with office.web("alice") as alice:
        page = submitted(office, alice)
        office.policy = ""
        office.write_policy()
        [kept] = office.folder.glob("ledger.sqlite3.web/orders/*/order.json")
        sealed, past = Sealed.read(kept.read_bytes(), ""), datetime.now(UTC) - timedelta(days=8)
        old = replace(sealed.order, made=iso(past), expires=iso(past + timedelta(days=7)))
        kept.write_bytes(Sealed(old).content)
        check = alice.get(alice.get("/").one("[data-batch] a")["href"])
        assert check.page == "check" and "expired" in check.alert and page.path != check.path
        assert alice.result(alice.send(check, "send", confirm="2")).count("credited") == 2


def test_where_others_must_approve_from_half_way_on_they_approve_the_rest(office: Office) -> None:
    file = write_csv(office.folder / "long.csv", [(f"c-{n}", 100 + n, "USD", "x", "q4") for n in range(200)])
    office.site.tell("settings", faults="latency_ms=30")
    office.policy, office.extra = "", {"BATCH_CREDITS_CONCURRENCY": "1"}
    with office.web("alice") as alice, office.web("bob") as bob:
        run = alice.send(alice.upload(file, amount_unit="minor"), "send", confirm="200")
        run = alice.until(run.path, lambda page: (page.count("credited") or 0) > 2)
        stopped = alice.result(alice.send(run, "stop"))
        left, owed = stopped.count("pending") or 0, stopped.total("pending:USD")
        assert 0 < left < 200
        office.policy = "require_approval = true\n"
        office.write_policy()
        typed = alice.send(stopped, "send", confirm=str(left))  # the tab of before
        assert typed.path == stopped.path and typed.has('form[data-action="submit-for-approval"]'), typed.text
        assert not bob.get(stopped.path).has('form[data-action="submit-for-approval"]'), "nor does bob, who approves"
        order = settled(alice, alice.send(alice.get(stopped.path), "submit-for-approval"))
        assert (order.count("pending"), order.total("pending:USD")) == (left, owed)
        assert "The rest waits for approval" in alice.get(stopped.path).text
        assert "Waiting for you (1)" in bob.get("/").text
        seen = settled(bob, bob.get(bob.get("/").one("[data-batch] a")["href"]))
        bob.send(seen, "reject", reason="look at row 7")
        again = alice.get(stopped.path)
        assert "bob rejected this order: look at row 7" in again.alert
        order = settled(alice, alice.send(again, "submit-for-approval"))
        seen = settled(bob, bob.get(order.path))
        done = bob.result(bob.send(seen, "approve", answer=office.signed(seen, "bob")))
        assert (done.page, done.count("credited")) == ("result", 200) and "bob, " in done.text
        assert office.paid == 200


def test_what_another_person_must_do_is_no_form(office: Office) -> None:
    office.policy = 'require_another_for = ["reverse", "resolve"]\n'
    with office.web("alice") as alice, office.web("bob") as bob:
        page = alice.upload(office.file, amount_unit="minor")
        done = alice.result(alice.send(page, "send", confirm="2"))
        assert "alice had this batch paid, and here another person must take its credits back." in done.text
        assert not done.has('a[href$="/undo"]')
        assert alice.get(f"{done.path}/undo").status == 403
        assert bob.get(done.path).has('a[href$="/undo"]') and bob.get(f"{done.path}/undo").status == 200


def test_two_servers_that_check_one_upload_at_once_find_the_same(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        page = alice.upload(office.file, amount_unit="minor")
        [out] = office.folder.glob("ledger.sqlite3.web/uploads/*/check/out.json")
        for _ in range(2):
            out.unlink()
            for visitor in (alice, bob):
                visitor.get(page.path)
            for visitor in (alice, bob):
                assert visitor.checked(visitor.get(page.path)).count("pending") == 2
        assert json.loads(out.read_text())["counts"]["pending"] == 2


def test_what_is_submitted_is_what_the_page_showed(office: Office) -> None:
    with office.web("alice") as alice:
        page = alice.upload(office.file, amount_unit="minor")
        again = alice.checked(alice.send(alice.get(f"{page.path}/columns"), "columns", amount_unit="major"))
        assert again.total("pending:USD") == 155_000
        refused = alice.send(page, "submit-for-approval")
        assert refused.status == 422 and "changed since this page was shown" in refused.alert
        assert not [*office.folder.glob("ledger.sqlite3.web/orders/*/order.json")]


def test_who_reads_a_file_in_another_way_is_no_approver_of_it(office: Office) -> None:
    """An order bears its maker's name alone, so nobody else has a hand in what it says."""
    with office.web("alice") as alice, office.web("bob") as bob:
        page = alice.upload(office.file, amount_unit="minor")
        theirs = bob.get(page.path)
        assert not theirs.has('form[data-action="submit-for-approval"]') and not theirs.has('a[href$="/columns"]')
        assert "alice uploaded this file" in theirs.text, theirs.text
        said = {"form_token": token_of(bob.get("/new")), "amount_unit": "major"}
        refused = bob.post(f"{page.path}/columns", said)
        assert refused.status == 403 and "alice uploaded this file" in refused.alert
        refused = bob.post(f"{page.path}/submit", {"form_token": said["form_token"]})
        assert refused.status == 403 and "alice uploaded this file" in refused.alert
        assert bob.get(f"{page.path}/columns").status == 403
        assert settled(alice, alice.send(alice.get(page.path), "submit-for-approval")).total("pending:USD") == 1550
        assert office.paid == 0


def test_an_order_is_made_anew_where_the_one_of_the_check_is_none_any_more(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        page = alice.upload(office.file, amount_unit="minor")
        [made] = office.folder.glob("ledger.sqlite3.web/uploads/*/check/order.json")
        past = datetime.now(UTC) - timedelta(days=8)
        old = replace(Sealed.read(made.read_bytes(), "").order, made=iso(past), expires=iso(past + timedelta(days=7)))
        # It expired; and it was checked before anybody had to approve it.
        for leave in (lambda: made.write_bytes(Sealed(old).content), made.unlink):
            leave()
            order = settled(alice, alice.send(page, "submit-for-approval"))
            assert "expired" not in order.text, order.text
            [kept] = office.folder.glob("ledger.sqlite3.web/orders/*/order.json")
            kept.write_bytes(Sealed(old).content)
            late = alice.get(alice.get("/").one("[data-batch] a")["href"])
            assert late.page == "check" and "Its order expired" in late.alert, late.text
        order = settled(alice, alice.send(page, "submit-for-approval"))
        seen = settled(bob, bob.get(order.path))
        assert bob.result(bob.send(seen, "approve", answer=office.signed(seen, "bob"))).count("credited") == 2


def test_what_is_paid_is_not_rejected_any_more(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob, office.web("carol") as carol:
        path = submitted(office, alice).path
        mine, theirs = settled(bob, bob.get(path)), settled(carol, carol.get(path))
        assert bob.result(bob.send(mine, "approve", answer=office.signed(mine, "bob"))).count("credited") == 2
        late = carol.send(theirs, "reject", reason="too much")
        assert late.status == 409 and "paid" in late.alert, late.text
        assert not [*office.folder.glob("ledger.sqlite3.web/orders/*/rejected.json")]


def test_where_nobody_can_tell_whether_others_must_approve_nothing_is_sent_and_that_is_said(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        order = submitted(office, alice)
        rows = [("c-9", 1000, "USD", "x", "q5")]
        page = alice.upload(write_csv(office.folder / "other.csv", rows), amount_unit="minor")
        broken = office.etc / "batch-credits" / "settings.toml"
        broken.write_text("require_aproval = true\n")
        told = alice.get(page.path)
        assert told.status == 200 and "cannot be relied on" in told.text, told.text
        assert not told.has('form[data-action="send"]') and not told.has('form[data-action="submit-for-approval"]')
        token = {"form_token": token_of(alice.get("/new"))}
        assert alice.post(f"{page.path}/send", token | {"confirm": "1"}).status == 403
        assert alice.post(f"{page.path}/submit", token).status == 422
        seen = bob.get(order.path)
        assert seen.status == 200 and not seen.has('form[data-action="approve"]')
        assert alice.get("/").status == 200 and office.paid == 0


def test_what_is_approved_and_did_not_begin_is_begun_by_who_has_a_say(office: Office) -> None:
    """The server ended in that moment, or its disk was full; or one approval is enough by now."""
    both = office.policy + 'two_above = ["USD=10"]\n'
    office.policy = both
    with office.web("alice") as alice, office.web("bob") as bob, office.web("dave") as dave:
        page = settled(bob, bob.get(submitted(office, alice).path))
        page = settled(bob, bob.send(page, "approve", answer=office.signed(page, "bob")))
        early = bob.post(f"{page.path}/begin", {"form_token": token_of(page)})
        assert early.status == 422 and "1 of 2 people have approved" in early.alert and office.paid == 0
        office.policy = "require_approval = true\n"
        office.write_policy()
        theirs = settled(dave, dave.get(page.path))
        assert not theirs.has("form[data-action]") and "Whoever made it, or an approver, has it sent" in theirs.text
        token = {"form_token": token_of(dave.get("/new"))}
        assert dave.post(f"{page.path}/begin", token).status == 403 and office.paid == 0
        for visitor in (bob, alice):
            listed = visitor.get("/")
            assert "approved, nothing sent" in listed.text and "Waiting for you (1)" in listed.text
            page = settled(visitor, visitor.get(listed.one("[data-batch] a")["href"]))
            assert page.has('form[data-action="begin"]') and "Another person" not in page.text, page.text
        done = alice.result(alice.send(page, "begin"))
        assert done.count("credited") == 2 and office.paid == 2
        assert alice.post(f"{page.path}/begin", {"form_token": token_of(page)}).page == "result" and office.paid == 2


def test_an_approval_that_is_no_good_any_more_is_said_to_spoil_the_order(office: Office) -> None:
    office.policy += 'two_above = ["USD=10"]\n'
    with office.web("alice") as alice, office.web("bob") as bob, office.web("carol") as carol:
        path = submitted(office, alice).path
        page = settled(bob, bob.get(path))
        settled(bob, bob.send(page, "approve", answer=office.signed(page, "bob")))
        del office.most["bob"]  # who leaves
        office.write_policy()
        page = settled(carol, carol.get(path))
        assert "bob approved this order, and is no approver here. Reject it" in page.text, page.text
        assert not page.has('form[data-action="approve"]') and page.has('form[data-action="reject"]')
        assert office.paid == 0


def test_what_was_approved_is_paid_while_its_file_is_read_again(office: Office) -> None:
    with office.web("alice") as alice, office.web("bob") as bob:
        page = settled(bob, bob.get(submitted(office, alice).path))
        [out] = office.folder.glob("ledger.sqlite3.web/uploads/*/check/out.json")
        lock = try_lock(out.parent / "lock")  # another server looks at it anew, for long
        assert lock is not None
        try:
            out.unlink()
            done = bob.result(bob.send(page, "approve", answer=office.signed(page, "bob")))
            assert done.page == "result" and done.count("credited") == 2, done.text
        finally:
            os.close(lock)
