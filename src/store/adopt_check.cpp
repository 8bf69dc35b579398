#include "store/adopt_check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
using core::Kind;
using core::State;

// Triggers and indexes are named after the queue, and PostgreSQL cuts names after 63 characters.
constexpr std::size_t kLongestName = 40;
// json_object() and jsonb_build_object() take no more than a hundred arguments.
constexpr std::size_t kMostPayload = 50;

std::string quoted_table(const Table& table) {
  return (table.schema.empty() ? "" : identifier(table.schema) + ".") + identifier(table.name);
}

std::string name_from(const std::string& table) {
  std::string name;
  for (const char c : table.substr(0, kLongestName)) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9') || low == '_' || low == '-';
    name += plain ? low : '_';
  }
  return name;
}

class Checker {
 public:
  Checker(Connection& connection, const AdoptRequest& request, AdoptPlan& plan)
      : connection_(connection), request_(request), plan_(plan), queue_(plan.descriptor.queue) {}

  std::optional<Table> table();
  void key(const Table& table);
  void key_values(const Table& table);
  void status(const Table& table);
  void others(const Table& table);
  void words();

 private:
  void problem(const std::string& what, const std::string& mend = {}) {
    plan_.problems.push_back({what, mend});
  }
  const Column* needed(const Table& table, const std::string& name, const char* what) {
    const auto* column = table.column(name);
    if (column) return column;
    std::string all;
    for (const auto& one : table.columns) all += (all.empty() ? "" : ", ") + one.name;
    problem(std::string("there is no ") + what + " column '" + name + "'; the table has: " + all);
    return nullptr;
  }
  bool postgres() const { return connection_.dialect() == Dialect::postgres; }

  Connection& connection_;
  const AdoptRequest& request_;
  AdoptPlan& plan_;
  core::Queue& queue_;
};

std::optional<Table> Checker::table() {
  auto found = survey(connection_, queue_.table);
  if (!found) {
    std::string mend;
    for (const auto& name : similar_tables(connection_, queue_.table))
      mend += (mend.empty() ? "--table " : " or ") + name;
    problem("there is no table '" + queue_.table + "' in this database", mend);
    return std::nullopt;
  }
  queue_.table = found->qualified();
  if (queue_.name.empty()) queue_.name = name_from(found->name);
  if (queue_.name.size() > kLongestName)
    problem("the queue's name is longer than " + std::to_string(kLongestName) + " characters",
            "--queue NAME, a shorter one");
  if (found->kind != "table")
    problem("'" + queue_.table + "' is a " + found->kind + ", and only a plain table can be adopted",
            found->kind == "view" ? "--table, the one that the view shows" : "");
  if (postgres() && (found->schema + found->name).find('.') != std::string::npos)
    problem("a dot in the name of a table or schema cannot be told from the one between them");
  if (found->name.starts_with("fencepost_")) problem("'" + queue_.table + "' is fencepost's own");
  if (!found->owned)
    problem("'" + queue_.table + "' belongs to the role " + found->owner + ", who alone may add to it",
            "connect as " + found->owner);
  if (found->row_security)
    problem("row security hides rows of '" + queue_.table + "' from this role",
            "ALTER ROLE … BYPASSRLS, or connect as the table's owner");
  if (found->rules)
    problem("'" + queue_.table + "' has rewrite rules (CREATE RULE)", "make triggers of them");
  for (const auto& trigger : found->later_triggers)
    problem("the trigger " + identifier(trigger) + " fires after ours and could still change the row",
            "ALTER TRIGGER " + identifier(trigger) + " ON " + quoted_table(*found) + " RENAME TO …");
  if (found->unlogged)
    queue_.kind == Kind::once
        ? problem("an unlogged table is empty after a crash: what was sent would be sent again",
                  "ALTER TABLE " + quoted_table(*found) + " SET LOGGED;")
        : plan_.warnings.push_back("the table is unlogged: after a crash of the server it is empty");
  return found;
}

void Checker::key(const Table& table) {
  if (!request_.key_given) {
    if (!table.primary) return problem("the table has no primary key of one column", "--key COLUMN");
    queue_.key = *table.primary;
  }
  const auto* column = needed(table, queue_.key, "key");
  if (!column) return;
  queue_.key = column->name;
  const auto alter = "ALTER TABLE " + quoted_table(table) + " ALTER COLUMN " + identifier(column->name);
  if (column->nullable)
    problem("the key " + identifier(column->name) + " may be NULL",
            postgres() ? alter + " SET NOT NULL;" : "make the table anew with it NOT NULL");
  const auto& unique = table.unique;
  if (std::find(unique.begin(), unique.end(), column->name) == unique.end())
    problem("the key " + identifier(column->name) + " is not unique",
            "CREATE UNIQUE INDEX ON " + quoted_table(table) + " (" + identifier(column->name) + ");");
  if (column->kind == "integer")
    queue_.key_type = core::KeyType::bigint;
  else if (column->kind == "uuid" && postgres())
    queue_.key_type = core::KeyType::uuid;
  else if (column->kind == "text" || !postgres())
    queue_.key_type = core::KeyType::text;
  else
    problem("the key " + identifier(column->name) + " is " + column->type +
                ", and must be an integer, a uuid "
                "or a text",
            "--key COLUMN");
  const bool ids = column->kind == "integer" && table.ids_reused && table.primary == column->name;
  if (ids)
    plan_.warnings.push_back(
        "ids are used again after a DELETE (no AUTOINCREMENT): an item's history may be that of an earlier "
        "row, and who stops it by its id may stop another one");
  if (!postgres() && queue_.kind == Kind::once && unique.size() > 1)
    plan_.warnings.push_back(
        "there is a second unique column: a REPLACE through it deletes a row with an open effect, and SQLite "
        "does not let a trigger see that; use ON CONFLICT … DO UPDATE");
}

// A column of SQLite holds whatever was put into it.
void Checker::key_values(const Table& table) {
  const auto* column = table.column(queue_.key);
  const Fence fence(queue_, connection_.dialect());
  for (const auto& row : connection_.run(fence.over(sql::key_kinds))) {
    const auto& type = row[0].text();
    const bool other = column->kind != "integer" && column->kind != "text" && type == "integer";
    if (other) queue_.key_type = core::KeyType::bigint;
    if (type != (queue_.key_type == core::KeyType::bigint ? "integer" : "text"))
      problem(std::to_string(row[1].integer()) + " keys are of the type " + type +
              ", and must be integers or texts, all alike");
  }
}

void Checker::status(const Table& table) {
  const auto* column = needed(table, queue_.status, "status");
  if (!column) return;
  queue_.status = column->name;
  queue_.status_type = postgres() ? column->type : "text";
  const bool fits = postgres() ? column->kind == "text" || column->kind == "enum" || column->kind == "char"
                               : column->kind == "text" || column->kind == "other";
  if (!fits || column->generated)
    problem("the status column " + identifier(column->name) + " is " +
                (column->generated ? "generated" : column->type) + ", and must be a text or an enum",
            "--status COLUMN");
  else if (column->nullable)
    plan_.warnings.push_back(
        "the status may be NULL, and such a row is never worked: set it NOT NULL, with "
        "the word for queued as its default");
}

void Checker::others(const Table& table) {
  if (queue_.enabled) {
    const auto* column = needed(table, *queue_.enabled, "enabled");
    if (column && postgres() && column->kind != "boolean")
      problem("the enabled column " + identifier(column->name) + " is " + column->type +
              ", and must be boolean");
    if (column) queue_.enabled = column->name;
    if (column && column->nullable)
      plan_.warnings.push_back("the enabled column may be NULL, which counts as false");
  }
  for (auto& name : queue_.payload)
    if (const auto* column = needed(table, name, "payload")) name = column->name;
  if (queue_.payload.size() > kMostPayload)
    problem("more than " + std::to_string(kMostPayload) + " payload columns",
            "name those that decide what is done");
  if (queue_.kind == Kind::once && queue_.payload.empty())
    problem("a `once` queue must know which columns decide what is sent", "--payload COLUMN,COLUMN");
}

void Checker::words() {
  auto& w = queue_.words;
  if (queue_.kind == Kind::once) {
    std::string missing;
    for (const auto& [word, flag] : {std::pair{&w.sending, "--sending"}, std::pair{&w.unknown, "--unknown"},
                                     std::pair{&w.stopped, "--stopped"}})
      if (word->empty()) missing += (missing.empty() ? "" : ", ") + std::string(flag);
    if (!missing.empty())
      return problem(
          "a `once` queue needs words of its own for what is being sent, for what nobody knows, and "
          "for what was stopped",
          missing);
  } else {
    // A repeatable queue never writes the first; the others then say what failed says.
    if (w.sending.empty()) w.sending = w.claimed;
    if (w.unknown.empty()) w.unknown = w.failed;
    if (w.stopped.empty()) w.stopped = w.failed;
  }
  try {
    core::validate(queue_);
  } catch (const base::UserError& error) {
    problem(error.what());
  }
}

// Whether `work` goes through; what it did is taken back, and the transaction goes on.
template <typename Work>
std::optional<base::InfraError> tried(Connection& connection, Work&& work) {
  std::optional<base::InfraError> error;
  connection.script("SAVEPOINT fencepost_try");
  try {
    work();
  } catch (const base::InfraError& caught) {
    if (caught.retryable() || caught.poisoned()) throw;
    error = caught;
  }
  connection.script("ROLLBACK TO SAVEPOINT fencepost_try");
  return error;
}

std::set<std::string> written_words(const core::Queue& queue) {
  const auto& w = queue.words;
  return {w.queued, w.claimed, w.sending, w.done, w.failed, w.unknown, w.stopped};
}

// Words that the column's type does not take.
void try_type(Connection& connection, const Table& table, const Fence& fence, AdoptPlan& plan) {
  const auto& queue = fence.queue();
  const auto& column = *table.column(queue.status);
  for (const auto& word : written_words(queue)) {
    bool same = false;
    tried(connection,
          [&] { same = connection.run(fence.over(sql::word_as_status), {word})[0][0] == Value(word); });
    if (same) continue;
    const auto alter = "ALTER TABLE " + quoted_table(table) + " ALTER COLUMN " + identifier(column.name);
    plan.problems.push_back(
        {"the status column is " + column.type + " and does not take the word '" + word + "'",
         column.kind == "enum" ? "ALTER TYPE " + column.type + " ADD VALUE " + literal(word) + ";"
                               : alter + " TYPE text;"});
  }
}

struct Check {
  std::string name, expression;
  Sql trial;
};

void report_check(const Check& check, const Table& table, const Fence& fence,
                  const std::vector<std::string>& refused, AdoptPlan& plan) {
  std::string list;
  for (const auto& word : refused) list += (list.empty() ? "" : ", ") + literal(word);
  const auto status = identifier(fence.queue().status);
  if (check.name.empty()) {
    plan.problems.push_back(
        {"a CHECK of the table refuses the status " + list,
         "make the table anew with a CHECK that allows it (sqlite.org/lang_altertable.html)"});
    return;
  }
  const auto name = identifier(check.name);
  plan.problems.push_back({"the CHECK " + name + " refuses the status " + list,
                           "ALTER TABLE " + quoted_table(table) + " DROP CONSTRAINT " + name +
                               ", ADD CONSTRAINT " + name + " CHECK (" + check.expression + " OR " + status +
                               " IN (" + list + "));"});
}

// Words that a CHECK does not take. PostgreSQL is asked for the expression's value; SQLite must try.
void try_checks(Connection& connection, const Table& table, const Fence& fence, AdoptPlan& plan) {
  const auto& queue = fence.queue();
  const auto words = written_words(queue);
  const Params where{table.schema, table.name, queue.status, plan.rows > 0};
  for (const auto& row : connection.run(sql::survey_checks, where)) {
    Check check{row[0].text(), row[1].text(), {"store.check_trial", row[2].text()}};
    std::vector<std::string> refused;
    std::optional<base::InfraError> cannot;
    for (const auto& word : words) {
      bool allowed = true;
      const auto error = tried(connection, [&] {
        const auto answer = connection.run(check.trial, {word});
        allowed = answer.empty() || answer[0][0].boolean();
      });
      constexpr const char* kSqliteCheck = "275";  // SQLITE_CONSTRAINT_CHECK
      if (error && error->sqlstate() != kSqliteCheck) cannot = error;
      if (!allowed || (error && error->sqlstate() == kSqliteCheck)) refused.push_back(word);
    }
    // On an empty table the row that was tried may fall foul of a CHECK that is not about the status.
    const bool all = refused.size() == words.size() && check.name.empty() && plan.rows == 0;
    if (!refused.empty() && !all) report_check(check, table, fence, refused, plan);
    if (all || cannot)
      plan.warnings.push_back(
          "whether the table takes the queue's words could not be tried: add a row, and run "
          "this again");
  }
}

void check_counts(const AdoptRequest& request, AdoptPlan& plan) {
  const auto& queue = plan.descriptor.queue;
  std::int64_t nulls = 0;
  std::string unknown, busy;
  for (const auto& [word, count] : plan.counts) {
    if (!word)
      nulls = count;
    else if (!is_known(plan.descriptor, *word))
      unknown += (unknown.empty() ? "" : ", ") + std::to_string(count) + " '" + *word + "'";
    const auto state = word ? core::state_of(queue, *word) : State::other;
    if (!plan.before && (state == State::claimed || state == State::sending || state == State::unknown))
      busy += (busy.empty() ? "" : ", ") + std::to_string(count) + " '" + *word + "'";
  }
  if (!request.backfill && nulls > 0)
    plan.problems.push_back(
        {std::to_string(nulls) + " rows have no status (NULL)", "--backfill WORD, the word that they get"});
  if (!request.backfill && !unknown.empty())
    plan.problems.push_back({"rows have a status that is none of the queue's words: " + unknown,
                             "--leave WORD,WORD where they are none of the queue's business; else --backfill "
                             "WORD, the word that they get instead"});
  if (queue.kind == Kind::once && !busy.empty())
    plan.problems.push_back({"rows may have been sent by somebody, and nobody knows: " + busy,
                             "stop who works on them, look what became of each, and write " +
                                 literal(queue.words.done) + ", " + literal(queue.words.failed) + " or " +
                                 literal(queue.words.queued)});
  if (queue.kind == Kind::repeatable && !busy.empty())
    plan.warnings.push_back("rows are being worked by somebody else: " + busy +
                            "; they have a minute, then they are queued again. Stop that worker");
}
}  // namespace

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> adopt_words(const Descriptor& descriptor) {
  auto words = written_words(descriptor.queue);
  words.insert(descriptor.leave.begin(), descriptor.leave.end());
  return {words.begin(), words.end()};
}

bool is_known(const Descriptor& descriptor, const std::string& word) {
  const auto words = adopt_words(descriptor);
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<Table> survey_for(Connection& connection, const AdoptRequest& request, AdoptPlan& plan) {
  plan.descriptor = {request.queue, request.leave};
  Checker checker(connection, request, plan);
  auto table = checker.table();
  if (!table) return std::nullopt;
  checker.key(*table);
  checker.status(*table);
  checker.others(*table);
  checker.words();
  const auto& words = written_words(plan.descriptor.queue);
  for (const auto& word : request.leave)
    if (words.contains(word))
      plan.problems.push_back({"'" + word + "' is one of the queue's words and cannot be left alone", ""});
  if (request.backfill) {
    const auto state = core::state_of(plan.descriptor.queue, *request.backfill);
    if (state != State::queued && state != State::done && state != State::failed && state != State::stopped)
      plan.problems.push_back(
          {"--backfill must be one of the words for queued, done, failed and stopped", ""});
  }
  if (plan.problems.empty()) checker.key_values(*table);
  return table;
}

void check_words(Connection& connection, const AdoptRequest& request, const Table& table, const Fence& fence,
                 AdoptPlan& plan) {
  for (const auto& row : connection.run(fence.over(sql::status_words))) {
    plan.counts.emplace_back(row[0].maybe_text(), row[1].integer());
    plan.rows += row[1].integer();
  }
  try_type(connection, table, fence, plan);
  try_checks(connection, table, fence, plan);
  check_counts(request, plan);
}

}  // namespace fencepost::store
