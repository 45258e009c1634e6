"""Measure on a test site what Chargebee documents nowhere, and take back what was credited: see `probe/course.py`."""

from batch_credits.probe.course import Before, Probed, probe_site, refuse_live

__all__ = ["Before", "Probed", "probe_site", "refuse_live"]
