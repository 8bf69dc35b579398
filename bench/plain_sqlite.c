/* The baseline on SQLite: the statements of claiming and settling by hand, one thread, one connection,
 * prepared once, with the fence in each WHERE but without anything around them: no engine, no handler but an
 * addition, no renewal.
 *
 * plain_sqlite make    PATH FULL|NORMAL ITEMS         a bare table with the protocol's columns and one index
 * plain_sqlite drain   PATH FULL|NORMAL ITEMS BATCH   works off `bench_items`, made here or by
 * fencepost_bench fill plain_sqlite enqueue PATH FULL|NORMAL ITEMS BATCH   adds items, BATCH in a transaction
 *
 * drain and enqueue print "ready", wait for a line on standard input, and print one line of JSON. */
#define _POSIX_C_SOURCE 200809L
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1000 };
static sqlite3* db;

static void fail(const char* what) {
  fprintf(stderr, "plain_sqlite: %s: %s\n", what, sqlite3_errmsg(db));
  exit(1);
}

static void run(const char* sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt* prepare(const char* sql) {
  sqlite3_stmt* statement;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) fail(sql);
  return statement;
}

/* One step of a statement that returns no row. */
static void step(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement));
  sqlite3_reset(statement);
}

static int64_t count(const char* sql) {
  sqlite3_stmt* statement = prepare(sql);
  if (sqlite3_step(statement) != SQLITE_ROW) fail(sql);
  const int64_t answer = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return answer;
}

static int64_t wall_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double wait_for_go(void) {
  puts("ready");
  fflush(stdout);
  char line[16];
  if (fgets(line, sizeof line, stdin) == NULL) exit(1);
  return seconds();
}

static void make(int64_t items) {
  run("CREATE TABLE bench_items (id INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL,"
      " status TEXT NOT NULL DEFAULT 'queued', fence BIGINT NOT NULL DEFAULT 0, claim_id BIGINT, effect "
      "BIGINT,"
      " effect_key TEXT, lease_until BIGINT, run_at BIGINT NOT NULL DEFAULT 0, attempt INTEGER NOT NULL "
      "DEFAULT 0,"
      " stop_wanted BOOLEAN NOT NULL DEFAULT FALSE, last_error TEXT)");
  run("CREATE INDEX bench_items_due ON bench_items (status, run_at, id)");
  sqlite3_stmt* fill = prepare(
      "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?1)"
      " INSERT INTO bench_items (payload) SELECT json_object('n', n) FROM s WHERE n <= ?1");
  sqlite3_bind_int64(fill, 1, items);
  step(fill);
  sqlite3_finalize(fill);
  run("ANALYZE");
  run("PRAGMA wal_checkpoint(TRUNCATE)");
}

/* Claims up to `batch` items in one transaction and settles them in another, as an engine must: the handlers
 * run between the two, without a lock. Answers how many were settled. */
static int64_t drain(int batch) {
  sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt* commit = prepare("COMMIT");
  sqlite3_stmt* claim = prepare(
      "UPDATE bench_items SET status = 'claimed', claim_id = ?1, fence = fence + 1, lease_until = ?2 + "
      "60000000"
      " WHERE id IN (SELECT id FROM bench_items WHERE status = 'queued' AND run_at <= ?2 AND effect IS NULL"
      "              ORDER BY run_at, id LIMIT ?3) AND status = 'queued' AND effect IS NULL"
      " RETURNING id, fence, attempt, payload");
  sqlite3_stmt* settle = prepare(
      "UPDATE bench_items SET status = 'done', fence = fence + 1, lease_until = NULL, attempt = attempt + 1,"
      " last_error = NULL WHERE id = ?1 AND claim_id = ?2 AND fence = ?3 AND status = 'claimed'");
  int64_t ids[MOST], fences[MOST], settled = 0;
  for (;;) {
    int64_t claim_id;
    sqlite3_randomness(sizeof claim_id, &claim_id);
    int claimed = 0;
    step(begin);
    sqlite3_bind_int64(claim, 1, claim_id);
    sqlite3_bind_int64(claim, 2, wall_us());
    sqlite3_bind_int(claim, 3, batch);
    int code;
    while ((code = sqlite3_step(claim)) == SQLITE_ROW) {
      ids[claimed] = sqlite3_column_int64(claim, 0);
      fences[claimed++] = sqlite3_column_int64(claim, 1);
    }
    if (code != SQLITE_DONE) fail("claim");
    sqlite3_reset(claim);
    step(commit);
    if (claimed == 0) break;
    step(begin);
    for (int i = 0; i < claimed; ++i) {
      sqlite3_bind_int64(settle, 1, ids[i]);
      sqlite3_bind_int64(settle, 2, claim_id);
      sqlite3_bind_int64(settle, 3, fences[i]);
      step(settle);
      settled += sqlite3_changes(db);
    }
    step(commit);
  }
  sqlite3_finalize(begin);
  sqlite3_finalize(commit);
  sqlite3_finalize(claim);
  sqlite3_finalize(settle);
  return settled;
}

static int64_t enqueue(int64_t items, int64_t batch) {
  sqlite3_stmt* add = prepare("INSERT INTO bench_items (payload) VALUES (json_object('n', ?1))");
  sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt* commit = prepare("COMMIT");
  for (int64_t n = 0; n < items; ++n) {
    if (n % batch == 0) step(begin);
    sqlite3_bind_int64(add, 1, n);
    step(add);
    if (n % batch == batch - 1 || n == items - 1) step(commit);
  }
  sqlite3_finalize(add);
  sqlite3_finalize(begin);
  sqlite3_finalize(commit);
  return items;
}

int main(int argc, char** argv) {
  const int makes = argc == 5 && strcmp(argv[1], "make") == 0;
  if (!makes && argc != 6) {
    fprintf(stderr, "usage: plain_sqlite make|drain|enqueue PATH FULL|NORMAL ITEMS [BATCH]\n");
    return 2;
  }
  const int64_t items = atoll(argv[4]);
  const int batch = makes ? 1 : atoi(argv[5]);
  if (batch < 1 || batch > MOST) return 2;
  if (sqlite3_open(argv[2], &db) != SQLITE_OK) fail("open");
  run("PRAGMA journal_mode=WAL");
  run(strcmp(argv[3], "FULL") == 0 ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  if (makes) {
    make(items);
    sqlite3_close(db);
    return 0;
  }
  const int draining = strcmp(argv[1], "drain") == 0;
  const double begun = wait_for_go();
  const int64_t done = draining ? drain(batch) : enqueue(items, batch);
  const double took = seconds() - begun;
  const int64_t in_table = count(draining ? "SELECT count(*) FROM bench_items WHERE status = 'done'"
                                          : "SELECT count(*) FROM bench_items WHERE status = 'queued'");
  printf("{\"items\": %lld, \"seconds\": %.6f, \"done\": %lld, \"per_second\": %.1f, \"sqlite\": \"%s\"}\n",
         (long long)items, took, (long long)in_table, (double)items / took, sqlite3_libversion());
  sqlite3_close(db);
  return done == items && in_table == items ? 0 : 1;
}
