#include "cli/queue_flags.hpp"

#include <CLI/CLI.hpp>

#include "cli/settings.hpp"

namespace fencepost::cli {

struct QueueFlags::Given {
  std::string queue, table, key, enabled, backfill, prefix;
  std::string status = "status";
  core::Words words;
  std::vector<std::string> payload, leave;
  int retries = core::Backoff{}.retries;
  bool once = false, concurrently = false;
};

QueueFlags::QueueFlags(CLI::App& command, bool adopting) : given_(std::make_unique<Given>()) {
  auto& g = *given_;
  g.words.sending = g.words.unknown = g.words.stopped = "";
  const auto text = [&](const char* flag, std::string& to, const char* help, const char* type = "WORD") {
    return command.add_option(flag, to, help)->type_name(type);
  };
  text("--queue", g.queue, "The queue's name; default: the table's", "NAME");
  auto* table =
      text("--table", g.table, "The table: NAME, or SCHEMA.NAME on PostgreSQL, written as it is", "TABLE");
  if (adopting) table->required();
  text("--status", g.status, "Its status column (default status)", "COLUMN");
  text("--queued", g.words.queued, "The word for what waits (default queued)");
  text("--claimed", g.words.claimed, "The word for what is being worked (default claimed)");
  text("--done", g.words.done, "The word for what is done (default done)");
  text("--failed", g.words.failed, "The word for what failed for good (default failed)");
  text("--stopped", g.words.stopped, "The word for what a person stopped (default: that for failed)");
  command.add_flag(
      "--once", g.once,
      "The work cannot be taken back (a post, a payment): it passes a gate, and never happens twice. "
      "Needs --sending, --unknown, --stopped and --payload");
  text("--sending", g.words.sending, "(--once) The word for what is leaving now");
  text("--unknown", g.words.unknown, "(--once) The word for what nobody knows the outcome of");
  text("--key", g.key, "The column that names a row: integer, uuid or text (default: the primary key)",
       "COLUMN");
  text("--enabled", g.enabled, "A boolean column that must be true for a row to be worked", "COLUMN");
  command
      .add_option("--payload", g.payload,
                  "The columns that decide what is done: a change of one of them revokes what was begun")
      ->type_name("COLUMN,…")
      ->delimiter(',');
  command.add_option("--retries", g.retries, "Tries after the first one (default 5)")
      ->type_name("N")
      ->check(CLI::Range(0, 1000));
  text("--column-prefix", g.prefix, "Before the names of the columns that are added", "TEXT");
  command.add_option("--leave", g.leave, "Status words that are none of the queue's business")
      ->type_name("WORD,…")
      ->delimiter(',');
  text("--backfill", g.backfill, "The word for rows whose status is NULL or none of the above");
  if (adopting)
    command.add_flag("--concurrently", g.concurrently,
                     "Build the indexes without holding up writers (PostgreSQL; so from 100,000 rows on)");
}

QueueFlags::~QueueFlags() = default;

bool QueueFlags::table_given() const { return !given_->table.empty(); }
std::string QueueFlags::queue() const { return given_->queue; }

store::AdoptRequest QueueFlags::request() const {
  const auto& g = *given_;
  store::AdoptRequest request;
  auto& queue = request.queue;
  queue.name = g.queue;
  queue.table = g.table;
  queue.status = g.status;
  queue.words = g.words;
  queue.kind = g.once ? core::Kind::once : core::Kind::repeatable;
  if (!g.key.empty()) queue.key = g.key;
  request.key_given = !g.key.empty();
  if (!g.enabled.empty()) queue.enabled = g.enabled;
  queue.payload = g.payload;
  queue.column_prefix = g.prefix;
  queue.backoff.retries = g.retries;
  if (!g.backfill.empty()) request.backfill = g.backfill;
  request.leave = g.leave;
  request.concurrently = g.concurrently;
  if (!g.once && !g.words.sending.empty()) throw UsageError("--sending is a word of a --once queue");
  return request;
}

}  // namespace fencepost::cli
