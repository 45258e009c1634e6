"""Every page in its states: usual, empty, long, hostile. Names are those that a test or a picture bears."""

from dataclasses import replace

from batch_credits.web.approval_pages import ApproveForm
from batch_credits.web.pages import (
    Alert,
    Amount,
    ApprovePage,
    BatchEntry,
    BatchesPage,
    CheckPage,
    Choice,
    Column,
    ColumnsPage,
    Download,
    EnrolPage,
    Explained,
    Figure,
    Filter,
    Frame,
    LeftOutPage,
    Mending,
    MendRow,
    NewPage,
    Page,
    PilotQuestion,
    PilotRow,
    ProblemGroup,
    ProblemRow,
    Question,
    RefusedPage,
    ResultPage,
    ReviewRow,
    RunPage,
    SendForm,
    State,
    SubmitForm,
    UndoCheckPage,
    UndoPage,
    UndoRow,
)

HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7*7 }}\u202egnp.exe\x00"
RTL = "\u0642\u0633\u064a\u0645\u0629 \u0627\u0644\u0648\u0644\u0627\u0621 2026.csv"
LONG_WORD = "loyalty_payout_" + "of_the_whole_of_the_european_union_" * 6 + ".csv"
HUGE = 999_999_999_999_999

TEST = Frame(site="acme-test", is_live=False, actor="alice", token="f0rm-t0ken", waiting=2)
LIVE = replace(TEST, site="acme", is_live=True)


def usd(minor: int, code: str = "USD") -> Amount:
    """An amount of a currency with two decimals."""
    return Amount(code, minor, f"{minor / 100:,.2f} {code}")


BOTH = Amount("EUR", 500, "5.00 EUR + 12.345678 EUR")  # in minor units, and in decimal
MANY = tuple(
    usd(1_234_567 * (place + 1), code)
    for place, code in enumerate(("AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NOK", "PLN", "SEK", "USD"))
)

# -- Batches ------------------------------------------------------------------------------------------------


FILES = (
    "loyalty_2026-q4.csv",
    "goodwill_november.xlsx",
    "shop_de_november.csv",
    "shop_fr_november.csv",
    "referrals_2026-10.csv",
    "referrals_2026-10-mended.csv",
    "outage_2026-10-14.xlsx",
    "loyalty_2026-q3.csv",
    "export crm 27.11.xls",
)


def _done(state: State, rows: int) -> int:
    """How many rows of a batch are credited."""
    return {State.DONE: rows, State.WAITING: 0, State.PARTLY: rows - 12}.get(state, rows // 2)



def entry(number: int, state: State, *, needs_person: bool = False, name: str = "", payout: str = "") -> BatchEntry:
    """A batch in the list."""
    rows = 1484 - 100 * number
    return BatchEntry(
        key=f"{number:02x}" * 32,
        href=f"/batches/{f'{number:02x}' * 32}",
        file_name=name or FILES[number],
        state=state,
        rows=rows,
        totals=(usd(rows * 832),) if number % 3 else (usd(rows * 832), BOTH if number % 2 else usd(rows * 97, "EUR")),
        credited_words=""
        if state in (State.CHECKED, State.REFUSED)
        else f"{_done(state, rows):,} of {rows:,} credited",
        actor="alice" if number % 2 else "bob",
        at=f"2026-11-{27 - number:02}T14:{11 + 5 * number:02}:07+00:00",
        payout=payout,
        is_reversal=number == 7,
        needs_person=needs_person,
    )


LIST = BatchesPage(
    entries=(
        entry(0, State.CHECKED, needs_person=True),
        entry(1, State.ATTENTION, needs_person=True),
        entry(2, State.RUNNING),
        entry(3, State.WAITING),
        entry(4, State.PARTLY),
        entry(5, State.DONE, payout="mends 12 rows of referrals_2026-10.csv"),
        entry(6, State.STOPPED),
        entry(7, State.DONE),
        entry(8, State.REFUSED),
    ),
    narrowed=Filter(),
    states=tuple(state.value for state in State),
    pages=3,
    in_all=63,
)
BATCHES = {
    "batches": LIST,
    "batches-empty": replace(LIST, entries=(), pages=1, in_all=0),
    "batches-none-found": replace(LIST, entries=(), pages=1, in_all=0, narrowed=Filter("q4", State.DONE.value)),
    "batches-hostile": replace(
        LIST,
        entries=(
            replace(entry(1, State.CHECKING, name=HOSTILE), key="", totals=MANY, rows=HUGE),
            replace(entry(2, State.UNCLEAR, name=RTL, payout=HOSTILE), actor=HOSTILE, totals=()),
            entry(3, State.DONE, name=LONG_WORD, payout="mends 3 rows of " + LONG_WORD),
        ),
        narrowed=Filter(HOSTILE, "", 2),
        waiting_href="/?state=needs+a+person",
    ),
}

# -- New and columns ----------------------------------------------------------------------------------------

TEMPLATES = (
    Download("credits.csv", "/templates/credits.csv", "a text table"),
    Download("credits.xlsx", "/templates/credits.xlsx", "for Excel"),
)
NEW = NewPage(profiles=("erp-export", "shop"), max_megabytes=256, templates=TEMPLATES)
NEWS = {
    "new": NEW,
    "new-plain": NewPage(profiles=(), max_megabytes=1, templates=()),
    "new-again": replace(NEW, reference=HOSTILE, unit="minor", profile="shop"),
}

FIELDS = (
    Choice("customer_id", "the customer's id"),
    Choice("amount", "the amount"),
    Choice("currency_code", "the currency"),
    Choice("description", "the description, which the customer sees"),
    Choice("reference", "the reference"),
)
COLUMNS_PAGE = ColumnsPage(
    upload="8f3a",
    file_name="export crm 27.11.xlsx",
    columns=(
        Column(0, "Kd-Nr", ("00017", "00042", "00311"), "customer_id"),
        Column(1, "Gutschrift", ("10,50", "7,00", "1.250,00"), "amount"),
        Column(2, "W\u00e4hrung", ("EUR", "EUR", "USD"), "currency_code"),
        Column(3, "Bemerkung", ("Treue Q3", "", "Treue Q3"), ""),
    ),
    fields=FIELDS,
    questions=(
        Question(
            "amount_unit",
            "Amounts in the file count",
            "10,50 could be 10.50 EUR or a mistake: nobody but you can tell.",
            "",
            (Choice("minor", "cents: 1050 is 10.50"), Choice("major", "whole currency: 10.50 is 10.50")),
            is_required=True,
        ),
        Question(
            "locale",
            "Amounts are written as in",
            "1.250,00 is 1250.00 in German.",
            "de",
            (Choice("de", "German"), Choice("en", "English")),
        ),
        Question("reference", "Reference", "No column holds one, and each credit needs one.", "export crm 27.11"),
        Question("sheet", "Sheet", "", "Tabelle1", (Choice("Tabelle1", "Tabelle1"), Choice("Tabelle2", "Tabelle2"))),
    ),
)
COLUMNS = {
    "columns": COLUMNS_PAGE,
    "columns-hostile": replace(
        COLUMNS_PAGE,
        file_name=HOSTILE,
        columns=(Column(0, HOSTILE, (HOSTILE, RTL, LONG_WORD), "amount"), Column(1, "", (), "")),
        questions=(Question("description", HOSTILE, HOSTILE, HOSTILE),),
        still=HOSTILE,
    ),
}

# -- Check --------------------------------------------------------------------------------------------------


def send(number: int, amounts: tuple[Amount, ...], frame: Frame, *, is_deduction: bool = False) -> SendForm:
    """The typed confirmation."""
    return SendForm(
        action="reverse" if is_deduction else "send",
        href="/uploads/8f3a/send",
        number=number,
        amounts=amounts,
        site=frame.site,
        is_live=frame.is_live,
        how_long="It takes about 10 minutes.",
        is_deduction=is_deduction,
    )


FIGURES = (
    Figure("rows", "Rows in the file", 1520, (usd(1_263_460),), at_least=True),
    Figure("accepted", "Without mistakes", 1496, (usd(1_244_560),)),
    Figure("already_credited", "Credited before", 12, (usd(10_000),), "the same credit is there; it is not sent again"),
    Figure("rejected", "Left out", 24, (usd(18_900),), "something in the row is wrong", at_least=True),
    Figure("pending", "Would be sent", 1484, (usd(1_234_560),), "nothing was sent for these yet"),
)
PROBLEMS = (
    ProblemGroup(
        "the amount cannot be read",
        "amount",
        19,
        (
            ProblemRow(17, "12,5O", "Write it with digits and a dot: 12.50."),
            ProblemRow(230, "n/a", "Write it with digits and a dot: 12.50."),
            ProblemRow(1007, "", "Write an amount, or take the row out."),
        ),
        "/uploads/8f3a/left-out/1",
    ),
    ProblemGroup("the same row stands there twice", "", 5, (ProblemRow(1100, "", "It is the same as row 44."),), ""),
)
REJECTED = (Download("rejected.csv", "/uploads/8f3a/files/rejected.csv", "the rows that are left out, to mend"),)
CHECK = CheckPage(
    upload="8f3a",
    file_name="loyalty_2026_q3.csv",
    is_checking=False,
    figures=FIGURES,
    problems=PROBLEMS,
    before=("12 rows were credited by loyalty_2026_q2.csv on 2026-08-30.",),
    notes=("Separated by commas, in UTF-8.", "Amounts are whole currency: 10.50 is 10.50."),
    warnings=("3 rows are for the same customer, cust-08242.", "The largest amount is 40 times the usual one."),
    largest=("149.00 USD in row 100", "146.50 USD in row 72", "139.50 USD in row 28"),
    downloads=REJECTED,
    send=send(1484, (usd(1_234_560),), TEST),
    columns_href="/uploads/8f3a?again=1",
)
CHECKS = {
    "check": CHECK,
    "check-checking": CheckPage("8f3a", "loyalty_2026_q3.csv", is_checking=True),
    "check-live": replace(
        CHECK,
        warnings=(),
        send=replace(
            send(1, MANY[:2], LIVE),
            totals_to_type=(Choice("total:AUD", "12345.67"), Choice("total:CAD", "24691.34")),
        ),
    ),
    "check-submit": replace(
        CHECK,
        send=None,
        submit=SubmitForm("/uploads/8f3a/submit", 1484, (usd(1_234_560),), "acme-test", is_live=False, approvers=2),
    ),
    "check-refused": replace(
        CHECK,
        send=None,
        refusal=Alert(
            "The file holds 1,520 rows, and 1,519 were expected.", "Ask who made the file, and upload it again."
        ),
    ),
    "check-nothing": replace(CHECK, send=None, problems=(), downloads=(), warnings=(), batch_href="/batches/00"),
    "check-hostile": replace(
        CHECK,
        file_name=HOSTILE,
        figures=(
            Figure("rows", "Rows in the file", HUGE, MANY, HOSTILE),
            Figure("rejected", "Left out", HUGE, (), "", at_least=True),
            Figure("pending", "Would be sent", HUGE, tuple(usd(HUGE * 1000, a.currency) for a in MANY)),
        ),
        problems=(
            ProblemGroup(HOSTILE, HOSTILE, HUGE, (ProblemRow(1, LONG_WORD, HOSTILE), ProblemRow(2, RTL, "")), "/x"),
        ),
        before=(HOSTILE, LONG_WORD),
        warnings=(HOSTILE,),
        largest=(HOSTILE,),
        send=send(HUGE, tuple(usd(HUGE * 1000, a.currency) for a in MANY), replace(LIVE, site="a" * 90)),
    ),
}
ORDER_JSON = (Download("order.json", "/orders/00/files/order.json", "the order, as it is sealed"),)
APPROVE = ApprovePage(
    file_name="loyalty_2026_q3.csv",
    maker="alice",
    expires="2026-12-05T14:00:00Z",
    is_checking=False,
    figures=(Figure("pending", "To be credited", 1484, (usd(1_234_560),)),),
    facts=(
        "Made by alice on 2026-11-28 14:00 UTC, good until 2026-12-05 14:00 UTC.",
        "For site acme-test, at https://acme-test.chargebee.com: no real money.",
        "Batch 0f3a11c2, SHA-256 of the file 9f86d081884c7d65...",
    ),
    largest=("row 100: 149.00 USD", "row 72: 146.50 USD"),
    warnings=("3 rows are for the same customer, cust-08242.",),
    before=("12 rows were credited before, and not sent again.",),
    given=("carol, 2026-11-28 15:00 UTC",),
    missing=1,
    form=ApproveForm("/orders/00/approve", '{"challenge": "AA", "rpId": "localhost"}', "2026-11-28T16:00:00Z"),
    reject_href="/orders/00/reject",
    downloads=ORDER_JSON,
)
APPROVALS: dict[str, Page] = {
    "approve": APPROVE,
    "approve-own": replace(
        APPROVE, form=None, given=(), missing=2, why_not="You made this order, and nobody approves their own."
    ),
    "approve-begin": replace(
        APPROVE,
        form=None,
        given=("bob, 2026-11-28 14:30 UTC", *APPROVE.given),
        missing=0,
        begin_href="/orders/00/begin",
    ),
    "approve-checking": ApprovePage("loyalty_2026_q3.csv", "alice", "2026-12-05T14:00:00Z", is_checking=True),
    "approve-hostile": replace(
        APPROVE,
        file_name=HOSTILE,
        maker=HOSTILE,
        figures=(Figure("pending", "To be credited", HUGE, MANY),),
        facts=(HOSTILE, LONG_WORD),
        largest=(HOSTILE,),
        warnings=(HOSTILE,),
        before=(LONG_WORD,),
        given=(HOSTILE, RTL),
        form=None,
        why_not=HOSTILE,
        reject_href="",
    ),
    "enrol": EnrolPage("bob", ("5000 USD", "1000 EUR"), '{"challenge": "AA", "user": {"id": "AA"}}'),
    "enrol-done": EnrolPage("bob", ("5000 USD",), is_done=True),
    "enrol-hostile": EnrolPage(HOSTILE, (HOSTILE,), HOSTILE),
}
LEFT_OUT = {
    "left-out": LeftOutPage(
        "8f3a", "loyalty_2026_q3.csv", PROBLEMS[0].reason, "amount", PROBLEMS[0].first, 2, 3, 0, REJECTED[0]
    ),
    "left-out-hostile": LeftOutPage(
        "8f3a", HOSTILE, HOSTILE, LONG_WORD, (ProblemRow(HUGE, HOSTILE, LONG_WORD),), 1, 1, HUGE, REJECTED[0]
    ),
}

# -- Run ----------------------------------------------------------------------------------------------------

RUN_FIGURES = (
    Figure("credited", "Credited", 623, (usd(518_336),), "the credit is there, proven"),
    Figure("failed", "Not credited", 3, (usd(6_050),), "Chargebee said no"),
    Figure("pending", "Not sent yet", 858, (usd(710_174),)),
)
RUN = RunPage(
    key="00" * 32,
    file_name="loyalty_2026_q3.csv",
    figures=RUN_FIGURES,
    percent=42,
    pace="148 credits a minute; the site allows 150.",
    left="About 6 minutes to go.",
    waits="",
    notes=("14:02:11 Chargebee asked to slow down for 2 s.",),
    can_stop=True,
    is_deduction=False,
    events_href="/batches/00/events",
    stop_href="/batches/00/stop",
)
RUNS = {
    "run": RUN,
    "run-waits": replace(
        RUN, percent=0, pace="", left="", notes=(), waits="Waiting for loyalty_2026_q2.csv: it is being sent."
    ),
    "run-pilot": replace(
        RUN,
        events_href=f"{RUN.events_href}?pilot=1",
        pilot=PilotQuestion(
            "/batches/x/pilot",
            (PilotRow(2, "cust-1", "12.50 USD"), PilotRow(3, HOSTILE, "7.00 USD")),
            1482,
        ),
    ),
    "run-stopping": replace(RUN, can_stop=False),
    "run-back": replace(RUN, is_deduction=True, waits=""),
    "run-hostile": replace(
        RUN,
        file_name=HOSTILE,
        pace=HOSTILE,
        waits=LONG_WORD,
        notes=(HOSTILE, LONG_WORD),
        figures=(Figure("pending", HOSTILE, HUGE, MANY, LONG_WORD),),
    ),
}

# -- Result -------------------------------------------------------------------------------------------------

DOWNLOADS = (
    Download("results.xlsx", "/batches/00/files/results.xlsx", "every row and what became of it, for Excel"),
    Download("results.csv", "/batches/00/files/results.csv", "the same as a text table"),
    Download("failed.csv", "/batches/00/files/failed.csv", "the rows not credited, to mend"),
    Download("summary.html", "/batches/00/files/summary.html", "a page to print, sign and file"),
    Download("summary.json", "/batches/00/files/summary.json", "the figures for programs"),
)
MENDING = Mending(
    href="/batches/00/mend",
    columns=("customer_id", "amount", "currency_code", "description", "reference"),
    rows=(
        MendRow(58, "There is no such customer on this site.", ("missing-17741", "13.00", "USD", "Q3", "q3"), (0,)),
        MendRow(122, "The amount cannot be read.", ("cust-50346", "17,O0", "USD", "Q3", "q3"), (1,)),
        MendRow(189, "There is no such customer on this site.", ("missing-82166", "30.50", "USD", "", "q3"), (0,)),
    ),
    page=1,
    pages=1,
    in_all=3,
)
GOOD = ResultPage(
    key="00" * 32,
    file_name="loyalty_2026_q3.csv",
    headline="All 1,484 rows credited",
    tone="good",
    figures=(
        Figure("credited", "Credited", 1484, (usd(1_234_560),), "the credit is there, proven"),
        Figure("pending", "Not sent", 0),
    ),
    balance=("In balance: the outcomes add up to the rows and the totals read from the file.",),
    is_in_balance=True,
    stopped="",
    next_steps=("Nothing is left to do. Keep the files.",),
    explained=(),
    downloads=DOWNLOADS,
    mending=None,
    review=(),
    more=None,
    undo_href="/batches/00/undo",
    batches=(),
    facts=(("Sent by", "alice"), ("Started", "2026-11-27 14:00:01 UTC"), ("Took", "10 min 2 s"), ("Batch", "00" * 32)),
)
RESULT = replace(
    GOOD,
    headline="3 of 200 rows not credited",
    tone="warn",
    figures=(
        Figure("credited", "Credited", 197, (usd(645_050),), "the credit is there, proven"),
        Figure("failed", "Not credited", 3, (usd(6_050),), "Chargebee said no; there is no credit"),
        Figure("pending", "Not sent", 0, (), "not tried, or worth another try"),
    ),
    next_steps=("Mend the 3 rows below and check them.", "Keep the files."),
    explained=(
        Explained("resource_not_found", 3, "There is no such customer.", "Correct the id, or create the customer."),
    ),
    mending=MENDING,
    batches=(Choice("/batches/01", "loyalty_2026_q3-mended.csv, 2 rows, finished"),),
)  # fmt: skip
REVIEW = replace(
    RESULT,
    headline="2 rows need a person, 3 more not credited",
    tone="bad",
    balance=("The outcomes do not add up: 1 row is missing.",),
    is_in_balance=False,
    stopped="Chargebee refused the key.",
    review=(
        ReviewRow(44, "cust-08242", "149.00 USD", "q3", "Two credits fit, and only one was asked for.", "cr_8a1"),
        ReviewRow(45, "cust-08243", "19.00 USD", "", "The answer was lost.", ""),
    ),
    more=send(12, (usd(9_900),), LIVE),
    resolve_href="/batches/00/resolve",
)
RESULTS = {
    "result-good": GOOD,
    "result": RESULT,
    "result-review": REVIEW,
    "result-another": replace(
        REVIEW,
        more=None,
        undo_href="",
        why_no_undo="alice had this batch paid, and here another person must take its credits back.",
        why_no_resolving="alice had this batch paid, and here another person must settle its rows.",
    ),
    "result-submit": replace(
        RESULT,
        next_steps=("12 rows not sent yet. Here another person must approve the rest.",),
        submit=SubmitForm("/batches/00/submit", 12, (usd(9_900),), "acme", is_live=True, approvers=0),
    ),
    "result-ordered": replace(RESULT, next_steps=("The rest waits for approval.",), order_href="/orders/00"),
    "result-back": replace(GOOD, headline="All 12 rows deducted", is_deduction=True, undo_href=""),
    "result-hostile": replace(
        REVIEW,
        file_name=HOSTILE,
        headline=LONG_WORD,
        figures=(Figure("credited", HOSTILE, HUGE, MANY, HOSTILE), Figure("pending", "Not sent", 0)),
        explained=(Explained(HOSTILE, HUGE, HOSTILE, LONG_WORD),),
        mending=replace(
            MENDING,
            columns=(HOSTILE, "", *(f"column {number}" for number in range(3, 13))),
            rows=(MendRow(HUGE, HOSTILE, (HOSTILE, "two\nlines", "\n\nleading", RTL, *("x" * 90,) * 9), (0, 1)),),
            pages=4,
            in_all=70,
        ),
        review=(ReviewRow(1, HOSTILE, LONG_WORD, RTL, HOSTILE, HOSTILE),),
        batches=(Choice("/batches/02", HOSTILE),),
        facts=((HOSTILE, HOSTILE), ("Batch", "f" * 200)),
    ),
}

# -- Undo ---------------------------------------------------------------------------------------------------

UNDO = UndoPage(
    key="00" * 32,
    file_name="loyalty_2026_q3.csv",
    choose_href="/batches/00/undo",
    text="",
    rows=tuple(UndoRow(row, f"cust-{row * 811:05}", f"{row}.50 USD", "q3", row == 3) for row in range(2, 12)),
    page=1,
    pages=149,
    in_all=1484,
)
UNDO_CHECK = UndoCheckPage(
    key="00" * 32,
    file_name="loyalty_2026_q3.csv",
    is_checking=False,
    figures=(
        Figure("rows", "Chosen", 12, (usd(9_900),)),
        Figure("pending", "Would be deducted", 11, (usd(9_000),)),
        Figure("rejected", "Left out", 1, (usd(900),)),
    ),
    left_out=("Row 7: the customer has used the credit already.",),
    warnings=("2 customers have less than that left.",),
    send=send(11, (usd(9_000),), TEST, is_deduction=True),
)
UNDOES: dict[str, Page] = {
    "undo": UNDO,
    "undo-none": replace(UNDO, text="nobody", rows=(), pages=1, in_all=0),
    "undo-hostile": replace(UNDO, text=HOSTILE, rows=(UndoRow(HUGE, HOSTILE, LONG_WORD, RTL, True),)),
    "undo-check": UNDO_CHECK,
    "undo-check-checking": UndoCheckPage("00" * 32, HOSTILE, is_checking=True),
    "undo-check-refused": replace(UNDO_CHECK, send=None, refusal=Alert("None of them can be taken back.", HOSTILE)),
}
REFUSED: dict[str, Page] = {
    "refused": RefusedPage(404, Alert("There is no such batch here.", "Look for it among all batches.")),
    "refused-login": RefusedPage(401, Alert("This link was used before.", "Start the page again to get a new one.")),
    "refused-server": RefusedPage(500, Alert(HOSTILE)),
}

PAGES: dict[str, Page] = {
    **BATCHES, **NEWS, **COLUMNS, **CHECKS, **APPROVALS, **LEFT_OUT, **RUNS, **RESULTS, **UNDOES, **REFUSED
}  # fmt: skip

ALERT = Alert(
    "1483 was typed, and 1,484 credits would be sent. Nothing was sent.",
    "Look at the number, and type it again.",
    "confirm",
)


def frame_of(name: str) -> Frame:
    """The frame that a sample is shown in."""
    if name == "refused-login":
        return Frame(site="", is_live=False, actor="", token="")
    if name.startswith("enrol"):  # who administers the machine serves it, for no site
        return Frame(site="", is_live=False, actor="", token=TEST.token)
    refresh = 2 if "checking" in name or name.startswith("run") else 0
    frame = replace(
        LIVE if name in ("check-live", "run", "result-review", "batches-none-found") else TEST, refresh_seconds=refresh
    )
    if name == "check-live":
        return replace(frame, alert=ALERT)
    if name == "approve":
        return replace(frame, actor="bob")
    if name == "new-again":
        return replace(frame, alert=replace(ALERT, message=HOSTILE, field="reference"))
    return replace(frame, site="a" * 90, actor=HOSTILE, waiting=HUGE) if name.endswith("hostile") else frame
