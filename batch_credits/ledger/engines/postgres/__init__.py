"""A ledger that a team shares: a database of PostgreSQL's, through psycopg. Only what opens one imports it."""
