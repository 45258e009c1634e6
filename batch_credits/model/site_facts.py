"""What a probe measured of a site: how it behaves where Chargebee documents nothing.

A fact is a text, by the trait that it is about; `explanations/site_traits.py` has the traits, and what each means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """The facts of one probe, and when (a UTC day, `2026-11-28`) and of which site they were measured."""

    site: str
    measured_on: str
    values: Mapping[str, str] = field(default_factory=dict)

    def as_document(self) -> dict[str, Any]:
        """The same as a JSON object."""
        return {"site": self.site, "measured_on": self.measured_on, "values": dict(self.values)}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """The facts of which `as_document` made this object.

        Raises:
            LookupError: it is another one.
        """
        return cls(document["site"], document["measured_on"], dict(document["values"]))
