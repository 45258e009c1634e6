-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: about
-- What keeps the ledger, in words. After a promotion the control file knows the new timeline only with the next checkpoint.
SELECT CAST(json_build_object(
    'engine', 'PostgreSQL ' || current_setting('server_version'),
    'system', (SELECT CAST(system_identifier AS text) FROM pg_control_system()),
    'timeline', CASE WHEN pg_is_in_recovery()
        THEN (SELECT CAST(timeline_id AS text) FROM pg_control_checkpoint())
        ELSE CAST(CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS bigint) AS text) END,
    'database', current_database(),
    'role', current_user,
    'tls', coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), 'no'),
    'fsync', current_setting('fsync'),
    'synchronous_commit', current_setting('synchronous_commit'),
    'full_page_writes', current_setting('full_page_writes'),
    'bytes', CAST(pg_database_size(current_database()) AS text)) AS text);

-- name: not_kept_well
-- What is wrong with what keeps it: settings under which a commit is not durable.
SELECT name || ' is off: a loss of power would forget payments' FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'off';

-- name: not_allowed
-- What the role that asks may not do with it.
SELECT 'the role ' || current_user || CASE
           WHEN wanted = 'INSERT' AND bool_and(is_lacking) THEN ' may only read it'
           ELSE ' may not ' || words || ' ' || string_agg(relname, ', ' ORDER BY relname) FILTER (WHERE is_lacking) END
FROM (SELECT c.relname, w.wanted, w.words, NOT has_table_privilege(c.oid, w.wanted) AS is_lacking
      FROM pg_class c, (VALUES ('SELECT', 'read'), ('INSERT', 'add to')) w (wanted, words)
      WHERE c.relnamespace = CAST('batch_credits' AS regnamespace) AND c.relkind = 'r' AND c.relname <> 'ledger') rights
GROUP BY wanted, words HAVING bool_or(is_lacking) ORDER BY wanted DESC;

-- name: keep_copies_out
-- From here to the end of the transaction nobody copies the ledger to another place: see `keep_others_out`.
LOCK TABLE worker IN ROW EXCLUSIVE MODE;
