"""A Chargebee that remembers, on a local port: for tests, rehearsals and demonstrations without a real site.

It knows the promotional-credit and customer calls that the Chargebee API docs describe, their limits, errors and
idempotency keys, and it can be told to go wrong. It stands apart: nothing here knows the rest of the package, so
that a misreading of the provider has to be made twice to go unnoticed.
"""

from batch_credits.sandbox.plan import FaultPlan
from batch_credits.sandbox.server import Sandbox, serve
from batch_credits.sandbox.settings import SandboxSettings

__all__ = ["FaultPlan", "Sandbox", "SandboxSettings", "serve"]
