"""How a run goes, for whoever watches: counts, pace, a bar, JSON lines."""
