"""The private PostgreSQL of a run: its settings, a fresh database for each contestant, and its counters."""
import contextlib
import os
import shlex
import subprocess
import time

# In the page too. Everything else is PostgreSQL's default; fsync and synchronous_commit are on.
SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",  # no checkpoint while somebody is measured: one is made before each run
    "checkpoint_timeout": "1h",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "none",  # until a run is counted instead of timed
    "pg_stat_statements.track_planning": "off",
}

URL = os.environ.get("FENCEPOST_TEST_POSTGRES", "")


def url_of(database, port=None):
    head, _, _ = URL.rpartition("/")
    if port is not None:
        head = f"{head.rpartition(':')[0]}:{port}"
    return f"{head}/{database}"


def port():
    return int(URL.rpartition("/")[0].rpartition(":")[2])


def query(sql, database="postgres"):
    """The rows of the last statement, as lists of text."""
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-F", "\t", url_of(database)]
    for statement in [sql] if isinstance(sql, str) else sql:
        command += ["-c", statement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def configure():
    query([f"ALTER SYSTEM SET {name} = '{value}'" for name, value in SETTINGS.items() if "." not in name])
    subprocess.run(shlex.split(os.environ["FENCEPOST_TEST_PGCTL"]) + ["restart"], check=True, cwd="/")
    query([f"ALTER SYSTEM SET {name} = '{value}'" for name, value in SETTINGS.items() if "." in name])
    query("SELECT pg_reload_conf()")


@contextlib.contextmanager
def fresh_database(name):
    query([f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}"])
    try:
        yield name
    finally:
        query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def settle_down(database):
    """Statistics, no dead rows, nothing dirty: what filling the tables has left is not charged to the run."""
    query(["VACUUM (ANALYZE)", "CHECKPOINT"], database)


def wait_for_clients(database):
    """Backends hand in their counters when they end."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        sql = (
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
            " AND backend_type = 'client backend'"
        )
        if query(sql) == [["0"]]:
            return
        time.sleep(0.02)


class Counters:
    """Whole-server WAL and flushes, and this database's transactions: nothing else runs on the server."""

    def __init__(self, database):
        row = query(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, w.wal_sync, d.xact_commit + d.xact_rollback"
            f" FROM pg_stat_wal AS w, pg_stat_database AS d WHERE d.datname = '{database}'"
        )[0]
        self.wal, self.syncs, self.transactions = (int(value) for value in row)

    def since(self, before, items):
        return {
            "wal_bytes": (self.wal - before.wal) / items,
            "fsyncs": (self.syncs - before.syncs) / items,
            "transactions": (self.transactions - before.transactions) / items,
        }


@contextlib.contextmanager
def counting_statements():
    """Timed runs do without: its lock and its hashing cost the same for each statement, not for each item."""
    query(["ALTER SYSTEM SET pg_stat_statements.track = 'top'", "SELECT pg_reload_conf()"])
    try:
        yield
    finally:
        query(["ALTER SYSTEM SET pg_stat_statements.track = 'none'", "SELECT pg_reload_conf()"])


def forget_statements():
    query(["CREATE EXTENSION IF NOT EXISTS pg_stat_statements", "SELECT pg_stat_statements_reset()"])


def statements(database):
    """What clients sent, without the checks of deferred foreign keys, which the server makes of itself."""
    sql = (
        "SELECT coalesce(sum(s.calls), 0)"
        " FROM pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid"
        f" WHERE d.datname = '{database}' AND s.query NOT LIKE '%FOR KEY SHARE OF x'"
    )
    return int(query(sql)[0][0])


def table_health(database, table):
    """What a drain has left behind, for the page's section on long histories."""
    row = query(
        "SELECT n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd, autovacuum_count,"
        f" pg_table_size('{table}'), pg_indexes_size('{table}')"
        f" FROM pg_stat_user_tables WHERE relname = '{table}'",
        database,
    )[0]
    names = ["live", "dead", "updates", "hot_updates", "autovacuums", "table_bytes", "index_bytes"]
    return dict(zip(names, (int(value) for value in row)))
