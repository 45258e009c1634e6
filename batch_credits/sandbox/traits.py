"""What a fault plan makes of texts, lists and keys: the faults that are drawn each for itself.

None of them depends on how often something was tried, so a credit keeps its form, a customer's list its ways and a
key its rules for as long as the plan stays. Each is counted when it held; a form of texts when it changed something.
"""

from collections import Counter
from dataclasses import replace

from batch_credits.sandbox.fields import Change
from batch_credits.sandbox.forms import FORMS, in_form
from batch_credits.sandbox.plan import FaultPlan, chance
from batch_credits.sandbox.queries import CreditQuery, Record

SOMEBODY_ELSE = "somebody-else"
_TEXTS = ("customer_id", "reference", "description")


class Traits:
    """The traits of one plan under one seed; `counts` are the faults that occurred, by name."""

    def __init__(self, plan: FaultPlan, seed: int, counts: Counter[str]) -> None:
        self._plan = plan
        self._seed = seed
        self._counts = counts
        self._look_ups: Counter[str] = Counter()

    def stored(self, change: Change, subject: str) -> Change | None:
        """The change as the site keeps it, or None if its texts stay as they are."""
        texts: Record = {"customer_id": change.customer_id, "description": change.description}
        if change.reference is not None:
            texts["reference"] = change.reference
        shaped = self._shaped("store", texts, subject)
        return None if shaped == texts else replace(change, **shaped)

    def echoed(self, body: Record, subject: str) -> Record:
        """What the answer to an add or deduct says in place of `body`, which stays as it is."""
        credit: Record = body["promotional_credit"]
        texts: Record = {name: credit[name] for name in _TEXTS if name in credit}
        shaped = self._shaped("echo", texts, subject)
        if self._drawn("echo_other", subject):
            shaped |= self._of_somebody_else(credit, subject)
        if self._drawn("echo_partial", subject):
            return {"customer": {}, "promotional_credit": {"id": credit["id"]}}
        return {
            "customer": {**body["customer"], "id": shaped["customer_id"]},
            "promotional_credit": {**credit, **shaped},
        }

    def scoped(self, query: CreditQuery, entity: str | None) -> CreditQuery:
        """The query of a list of credits, kept to the business entity that its request names, or to none."""
        customer_id = query.customer_id or ""
        if self._drawn("entity_scoped_default_all", customer_id):
            if entity is None:
                return query
        elif not self._drawn("entity_scoped", customer_id):
            return query
        return replace(query, conditions=(*query.conditions, lambda credit: credit.get("business_entity_id") == entity))

    def filters_strictly(self, query: CreditQuery) -> bool:
        """Whether a filter on the customer knows a credit by its stored id alone."""
        return query.customer_id is not None and self._drawn("strict_filter", query.customer_id)

    def endless(self, query: CreditQuery) -> bool:
        """Whether the list never ends, with new offsets for ever."""
        return self._drawn("list_endless", query.customer_id or "")

    def circles(self, query: CreditQuery) -> bool:
        """Whether the list begins again after some pages."""
        return self._drawn("list_circle", query.customer_id or "")

    def forgets(self, key: str) -> bool:
        """Whether this look-up of a key finds it forgotten; counted by whoever had something to forget."""
        self._look_ups[key] += 1
        return self._plan.holds("keys_forget", self._seed, f"{key}\0{self._look_ups[key]}")

    def compares_headers(self, key: str) -> bool:
        """Whether the same request under a key must have the same headers."""
        return self._drawn("key_headers", key)

    def goes_by_key_alone(self, key: str) -> bool:
        """Whether the key alone says that a request is the same."""
        return self._drawn("key_alone", key)

    def waits_for_first(self, key: str) -> bool:
        """Whether a request waits for the first one under its key, where that still runs."""
        return self._drawn("key_waits", key)

    def runs_beside_first(self, key: str) -> bool:
        """Whether it runs beside that instead."""
        return self._drawn("key_doubles", key)

    def _drawn(self, name: str, subject: str) -> bool:
        holds = self._plan.holds(name, self._seed, subject)
        if holds:
            self._counts[name] += 1
        return holds

    def _shaped(self, verb: str, texts: Record, subject: str) -> Record:
        shaped = texts
        for form in FORMS:
            name = f"{verb}_{form}"
            if self._plan.holds(name, self._seed, subject):
                before, shaped = shaped, in_form(form, shaped, int(self._plan.cut_length))
                if shaped != before:
                    self._counts[name] += 1
        return shaped

    def _of_somebody_else(self, credit: Record, subject: str) -> Record:
        changes: tuple[Record, ...] = (
            {"customer_id": SOMEBODY_ELSE},
            {"reference": SOMEBODY_ELSE},
            {"amount": credit["amount"] + 1},
        )
        return changes[int(chance(f"{self._seed}\0somebody else\0{subject}") * len(changes))]
