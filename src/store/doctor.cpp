#include "store/doctor.hpp"

#include <algorithm>
#include <map>

#include "store/adopt_check.hpp"
#include "store/migrate.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

// The identifier at `at`: "quoted" or plain, with a schema in front or none; without quotes.
std::string name_at(const std::string& text, std::size_t at) {
  std::string name;
  bool inside = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"')
      inside = !inside;
    else if (!inside && c == '.')
      name.clear();
    else if (!inside && (c == ' ' || c == '\n' || c == '(' || c == ';'))
      break;
    else
      name += c;
  }
  return name;
}

std::map<std::string, std::string> functions_of(const std::string& script) {
  const std::string begin = "CREATE OR REPLACE FUNCTION ", mark = "$fencepost$";
  std::map<std::string, std::string> out;
  for (auto at = script.find(begin); at != std::string::npos; at = script.find(begin, at + 1)) {
    const auto from = script.find(mark, at);
    if (from == std::string::npos) break;
    const auto to = script.find(mark, from + mark.size());
    out[name_at(script, at + begin.size())] = script.substr(from + mark.size(), to - from - mark.size());
  }
  return out;
}

// The plain columns of an index from its brackets at `at`, as doctor_indexes names them; expressions are left
// out there, too.
std::string columns_at(const std::string& text, std::size_t at) {
  std::string columns;
  int depth = 0;
  bool inside = false, expression = false;
  std::string part;
  const auto end = [&] {
    if (!expression && !part.empty()) columns += (columns.empty() ? "" : ", ") + part;
    part.clear();
    expression = false;
  };
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      inside = !inside;
    } else if (inside) {
      part += c;
    } else if (c == '(') {
      expression = ++depth > 1;
    } else if (c == ')' && --depth == 0) {
      break;
    } else if (c == ',' && depth == 1) {
      end();
    } else if (c != ' ' && c != ')') {
      expression = true;
    }
  }
  end();
  return columns;
}

bool is_changed(const Installed::Index& wanted, const Row& there) {
  return there[2].text() != wanted.columns || there[3].boolean() != wanted.partial;
}

class Examination {
 public:
  Examination(Connection& connection, const Descriptor& descriptor)
      : connection_(connection),
        descriptor_(descriptor),
        queue_(descriptor.queue),
        fence_(queue_, connection.dialect(), own_schema(connection)) {}

  std::vector<Finding> run() {
    const auto table = survey(connection_, queue_.table);
    if (!table) {
      problem("table_missing", "its table '" + queue_.table + "' is gone", "restore it");
      return std::move(found_);
    }
    pause();
    triggers(*table);
    indexes(*table);
    kept(*table);
    // What follows reads the columns.
    if (columns(*table)) {
      words();
      items();
      effects();
    }
    writers();
    return std::move(found_);
  }

 private:
  void problem(const std::string& code, const std::string& what, const std::string& todo) {
    found_.push_back({true, queue_.name, code, what, todo});
  }
  void note(const std::string& code, const std::string& what, const std::string& todo = {}) {
    found_.push_back({false, queue_.name, code, what, todo});
  }
  bool once() const { return queue_.kind == core::Kind::once; }
  // Fencepost's own: what its words may be is a CHECK of the table, and its applications write it.
  // What other programs do to tables of our own is theirs to read up in our guides, and nobody's to mend.
  bool ours() const { return queue_.table.starts_with("fencepost_"); }

  void pause() {
    const auto rows = connection_.run(sql::doctor_paused, {queue_.name});
    if (rows.empty()) return problem("not_installed", "the queue is not installed", "doctor --fix");
    if (rows[0][0].boolean())
      problem("paused", "it is paused: " + rows[0][1].maybe_text().value_or(""),
              "fencepost queue resume NAME, with --database where no server runs");
  }

  bool columns(const Table& table) {
    bool readable = true;
    for (const auto& [protocol, name] : protocol_columns(queue_)) {
      const auto* column = table.column(name);
      readable = readable && column;
      if (!column)
        problem("column_missing", "the column " + identifier(name) + " is gone",
                "fencepost adopt, with its flags");
      else if (const auto wrong = column_problem(protocol, *column))
        problem("column_changed", "the column " + identifier(name) + ": " + *wrong, "make it what it was");
    }
    auto others = queue_.payload;
    others.push_back(queue_.key);
    others.push_back(queue_.status);
    if (queue_.enabled) others.push_back(*queue_.enabled);
    for (const auto& name : others)
      if (!table.column(name)) {
        readable = false;
        problem("column_missing", "the column " + identifier(name) + " is gone",
                "fencepost adopt, with the columns as they are now");
      }
    return readable;
  }

  void triggers(const Table& table) {
    const auto rows = connection_.run(sql::doctor_triggers, {table.schema, table.name});
    const auto wanted = installed_by(fence_.install_script(), connection_.dialect());
    for (const auto& one : wanted.triggers) {
      const auto at =
          std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row[0].text() == one.name; });
      if (at == rows.end()) {
        const auto renamed = std::find_if(rows.begin(), rows.end(),
                                          [&](const Row& row) { return row[2].text() == one.function; });
        problem("trigger_missing",
                "the trigger " + one.name +
                    (renamed == rows.end() ? " is gone" : " was renamed to " + (*renamed)[0].text()),
                "doctor --fix");
        continue;
      }
      if (!(*at)[1].boolean())
        problem("trigger_disabled", "the trigger " + one.name + " is disabled, or a session can turn it off",
                "doctor --fix");
      if ((*at)[2].text() != one.function || (*at)[3].text() != one.text)
        problem("trigger_changed", "what the trigger " + one.name + " does is not what this version writes",
                "doctor --fix");
    }
    for (const auto& later : table.later_triggers)
      problem("trigger_not_last", "the trigger " + later + " fires after ours and could still change the row",
              "rename it to something that sorts before zzz_fencepost_update");
  }

  void indexes(const Table& table) {
    const auto rows = connection_.run(sql::doctor_indexes, {table.schema, table.name});
    for (const auto& one : installed_by(fence_.install_script(), connection_.dialect()).indexes) {
      const auto at =
          std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row[0].text() == one.name; });
      if (at == rows.end())
        problem("index_missing", "the index " + one.name + " is gone", "doctor --fix");
      else if (!(*at)[1].boolean())
        problem("index_invalid", "the index " + one.name + " is invalid: its building was interrupted",
                "doctor --fix, which builds it under a lock; or REINDEX INDEX CONCURRENTLY");
      else if (is_changed(one, *at))
        problem("index_changed",
                "the index " + one.name + " is on (" + (*at)[2].text() + ")" +
                    ((*at)[3].boolean() ? "" : ", of all rows") + " and not on (" + one.columns + ")" +
                    (one.partial ? ", of some" : ""),
                "doctor --fix, which builds it under a lock");
    }
  }

  // What the database does with the table's rows.
  void kept(const Table& table) {
    for (const auto& row : connection_.run(sql::doctor_table, {table.schema, table.name})) {
      const auto& code = row[0].text();
      if (code == "autovacuum_off")
        problem(code, "autovacuum is off for the table: every claim leaves a dead row",
                "ALTER TABLE … RESET (autovacuum_enabled)");
      else if (code == "dead_rows")
        problem(code, std::to_string(row[1].integer()) + " dead rows, more than living ones",
                "VACUUM; look for old transactions and replication slots");
      else if (code == "replace_danger" && once() && !ours())
        problem(code,
                "there is a second unique key: a REPLACE through it deletes a row with an open effect, "
                "and no trigger sees it",
                "use ON CONFLICT … DO UPDATE instead of REPLACE");
      else if (code == "ids_reused" && !ours())
        note(code, "ids are used again after a DELETE (no AUTOINCREMENT)",
             "who acts on an item by its id may mean another");
    }
  }

  void words() {
    for (const auto& row : connection_.run(fence_.over(sql::status_words))) {
      const auto count = std::to_string(row[1].integer());
      if (row[0].is_null())
        problem("null_status", count + " rows have no status (NULL) and are never worked",
                "give them one, and the column NOT NULL and a default");
      else if (!ours() && !is_known(descriptor_, row[0].text()))
        problem("unknown_word",
                count + " rows have the status '" + row[0].text() + "', which the queue does not know",
                "correct them, or adopt with --leave");
    }
  }

  void items() {
    const auto row = connection_.run(fence_.over(sql::doctor_items))[0];
    if (row[0].integer() > 0)
      problem("no_lease",
              std::to_string(row[0].integer()) + " rows are claimed and have no lease: nobody rescues them",
              "give them one: SET lease_until = 1");
    if (row[1].integer() > 0)
      problem("lapsed_leases",
              std::to_string(row[1].integer()) +
                  " leases have lapsed, and nobody has taken them up: "
                  "nobody works this queue",
              "start its loop or server");
    if (row[2].integer() > 0) note("due", std::to_string(row[2].integer()) + " items are due");
  }

  void effects() {
    if (!once()) return;
    const auto row = connection_.run(fence_.over(sql::doctor_effects))[0];
    if (row[0].integer() > 0)
      problem("old_effects",
              std::to_string(row[0].integer()) +
                  " effects are open long after their deadline: nobody "
                  "works this queue",
              "start its loop or server");
    if (row[1].integer() > 0)
      problem("unknown_effects",
              std::to_string(row[1].integer()) +
                  " effects wait for a person, who says whether they "
                  "happened",
              "look at each, then resolve it");
  }

  // A program that saves what it wants is welcome; one that claims is a worker that knows no fence.
  void writers() {
    for (const auto& row : connection_.run(fence_.over(sql::doctor_writers))) {
      const auto &from = row[1].text(), &to = row[2].text();
      const bool claims =
          to != from && (to == queue_.words.claimed ||
                         (once() && (to == queue_.words.sending || to == queue_.words.unknown)));
      const std::string what =
          (row[0].text().empty() ? "a program" : "'" + row[0].text() + "'") + " changed " +
          (from == to ? "rows that are '" + to + "'" : "'" + from + "' to '" + to + "'") + ", " +
          std::to_string(row[3].integer()) + " times, last at " + base::format_utc(row[4].integer());
      if (claims)
        problem("foreign_worker", what + ": it works items without the protocol",
                "stop it, or let it use a loop");
      else if (!ours())
        note("foreign_writer", what);
    }
  }

  Connection& connection_;
  const Descriptor& descriptor_;
  const core::Queue& queue_;
  const Fence fence_;
  std::vector<Finding> found_;
};

}  // namespace

Installed installed_by(const std::string& script, Dialect dialect) {
  Installed out;
  const auto functions = functions_of(script);
  const std::string trigger = "CREATE TRIGGER ", execute = "EXECUTE FUNCTION ",
                    index = "CREATE INDEX IF NOT EXISTS ";
  for (auto at = script.find(trigger); at != std::string::npos; at = script.find(trigger, at + 1)) {
    const auto name = name_at(script, at + trigger.size());
    if (dialect == Dialect::sqlite) {
      const std::string end = "\nEND";
      out.triggers.push_back({name, name, script.substr(at, script.find(end, at) + end.size() - at)});
      continue;
    }
    const auto function = name_at(script, script.find(execute, at) + execute.size());
    const auto text = functions.find(function);
    out.triggers.push_back({name, function, text == functions.end() ? "" : text->second});
  }
  for (auto at = script.find(index); at != std::string::npos; at = script.find(index, at + 1))
    out.indexes.push_back({name_at(script, at + index.size()), columns_at(script, script.find('(', at)),
                           script.find("WHERE", at) < script.find(';', at)});
  return out;
}

std::vector<Finding> examine(Connection& connection, const Descriptor& descriptor) {
  return Examination(connection, descriptor).run();
}

void repair(Connection& connection, const Fence& fence) {
  Transaction transaction(connection);
  const auto table = survey(connection, fence.queue().table);
  if (!table) return;
  const auto ours = installed_by(fence.install_script(), connection.dialect()).indexes;
  for (const auto& row : connection.run(sql::doctor_indexes, {table->schema, table->name})) {
    const auto one = std::find_if(ours.begin(), ours.end(),
                                  [&](const auto& index) { return index.name == row[0].text(); });
    const bool invalid = !row[1].boolean();
    if (one == ours.end() || (!invalid && !is_changed(*one, row))) continue;
    connection.script(
        connection.run(sql::doctor_drop_index, {table->schema, table->name, row[0].text()})[0][0].text());
  }
  // What install() compares with is what it did, not what somebody did to it since.
  connection.run(sql::set_queue_definition, {fence.queue().name, "", fence.queue().table});
  fence.install(connection);
  transaction.commit();
}

}  // namespace fencepost::store
