"""What keeps a ledger: a file of SQLite's for one machine, or a database of PostgreSQL's for a team."""
