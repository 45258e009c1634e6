"""The queue that hands out a team's work: the only place that knows procrastinate, imported for PostgreSQL alone."""
