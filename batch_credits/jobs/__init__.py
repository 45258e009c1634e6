"""START HERE: what a person asks for, one paragraph each: check, run, reverse, reconcile, resolve."""
