#include "store/fence.hpp"

#include <cctype>
#include <unordered_map>

#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

// "crm.places" is a schema and a table on PostgreSQL; a dot is part of the name on SQLite.
std::string table_name(const std::string& table, Dialect dialect) {
  const auto dot = table.find('.');
  if (dialect == Dialect::sqlite || dot == std::string::npos) return identifier(table);
  return identifier(table.substr(0, dot)) + "." + identifier(table.substr(dot + 1));
}

std::string key_cast(const std::string& expression, core::KeyType type, Dialect dialect) {
  if (dialect == Dialect::sqlite)
    return "CAST(" + expression + (type == core::KeyType::bigint ? " AS INTEGER)" : " AS TEXT)");
  constexpr const char* kTypes[] = {"bigint", "uuid", "text"};
  return "(" + expression + ")::" + kTypes[static_cast<int>(type)];
}

std::map<std::string, std::string> column_names(const core::Queue& queue) {
  std::map<std::string, std::string> names;
  for (const auto* column : {"fence", "claim_id", "effect", "effect_key", "lease_until", "run_at", "attempt",
                             "stop_wanted", "last_error"})
    names[column] = identifier(queue.column_prefix + column);
  names["key"] = identifier(queue.key);
  names["status"] = identifier(queue.status);
  return names;
}

// What the trigger compares: status, enabled, run_at and the payload. Payload is compared as text, because
// some types (json, xml, point) have no equality.
std::string tracked_changed(const core::Queue& queue, Dialect dialect) {
  const auto names = column_names(queue);
  std::vector<std::string> columns{names.at("status"), names.at("run_at")};
  if (queue.enabled) columns.push_back(identifier(*queue.enabled));
  const std::size_t plain = columns.size();
  for (const auto& column : queue.payload) columns.push_back(identifier(column));
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool as_text = i >= plain && dialect == Dialect::postgres;
    const std::string cast = as_text ? "::text" : "";
    out += (i ? " OR " : "(") + ("NEW." + columns[i] + cast) +
           (dialect == Dialect::postgres ? " IS DISTINCT FROM " : " IS NOT ") + "OLD." + columns[i] + cast;
  }
  return out + ")";
}

std::string payload_json(const core::Queue& queue, Dialect dialect) {
  std::string fields;
  for (const auto& column : queue.payload)
    fields += (fields.empty() ? "" : ", ") + literal(column) + ", " +
              (dialect == Dialect::postgres ? "t." : "") + identifier(column);
  return dialect == Dialect::postgres ? "jsonb_build_object(" + fields + ")::text"
                                      : "json_object(" + fields + ")";
}

// The word that the trigger leaves where a foreign statement wrote NEW's. `once`: stopped is a promise that
// somebody was given, and only a recorded act takes it back, no old row that is saved. Repeatable: plain SQL
// may queue again, but not while a stop is wanted (rule 7: every path back to queued then leads to stopped).
std::string kept_status(const core::Queue& queue) {
  const auto names = column_names(queue);
  const auto status = names.at("status"), stop = names.at("stop_wanted"),
             stopped = literal(queue.words.stopped), queued = literal(queue.words.queued);
  if (queue.kind == core::Kind::once)
    return "CASE WHEN OLD." + status + " = " + stopped + " THEN OLD." + status + " ELSE NEW." + status +
           " END";
  return "CASE WHEN NEW." + status + " = " + queued + " AND OLD." + status + " <> " + queued + " AND (OLD." +
         stop + " OR NEW." + stop + ") THEN " + stopped + " ELSE NEW." + status + " END";
}

std::map<std::string, std::string> placeholders(const core::Queue& queue, Dialect dialect,
                                                const std::string& own) {
  auto names = column_names(queue);
  const bool once = queue.kind == core::Kind::once, postgres = dialect == Dialect::postgres;
  const auto enabled = [&](const char* alias) {
    return queue.enabled ? std::string(alias) + "." + identifier(*queue.enabled) : std::string("TRUE");
  };
  const std::string effect_key = names["effect_key"];
  names["table"] = table_name(queue.table, dialect);
  names["once"] = once ? "TRUE" : "FALSE";
  const auto dot = queue.table.find('.');
  names["table_schema"] =
      postgres && dot != std::string::npos ? identifier(queue.table.substr(0, dot)) + "." : "";
  names["queue"] = literal(queue.name);
  names["enabled_t"] = enabled("t");
  names["enabled_c"] = enabled("c");
  names["effect_key_t"] = once ? "t." + effect_key : "NULL";
  names["effect_key_bare"] = once ? effect_key : "NULL";
  names["k1"] = key_cast(postgres ? "$1" : "?1", queue.key_type, dialect);
  names["k_item"] = key_cast("s.item", queue.key_type, dialect);
  names["k_effect"] = key_cast("e.item", queue.key_type, dialect);
  // Quoted only where it is a name of its own ("MyEnum"); text and varchar(20) are the language's.
  names["status_type"] = queue.status_type;
  names["payload_json"] = payload_json(queue, dialect);
  names["tracked_changed"] = tracked_changed(queue, dialect);
  names["own"] = own.empty() ? "" : identifier(own) + ".";
  // Higher first; NULL counts as 0, as the claim's answer says.
  const auto by_priority = [&](const std::string& alias) {
    return queue.priority ? "coalesce(" + alias + identifier(*queue.priority) + ", 0)" : std::string();
  };
  names["order_c"] = queue.priority ? by_priority("c.") + " DESC, " : "";
  names["order_index"] = queue.priority ? by_priority("") + " DESC, " : "";
  names["priority_t"] = queue.priority ? by_priority("t.") : "0";
  names["priority_bare"] = queue.priority ? by_priority("") : "0";
  if (once) {
    names["keep_effect_key"] = postgres ? "NEW." + effect_key + " := OLD." + effect_key + ";"
                                        : effect_key + " = OLD." + effect_key + ",";
    names["effect_key_changed"] = "NEW." + effect_key + " IS NOT OLD." + effect_key;
  } else {
    names["keep_effect_key"] = "";
    names["effect_key_changed"] = "FALSE";
  }
  names["kept_status"] = kept_status(queue);
  for (const auto state : {core::State::queued, core::State::claimed, core::State::sending, core::State::done,
                           core::State::failed, core::State::unknown, core::State::stopped})
    names["w_" + std::string(core::name(state))] = literal(core::word_of(queue, state));
  add_limit_names(names, queue, dialect);
  for (const auto* part :
       {"fn_finished", "fn_finished_insert", "fn_update", "fn_update_lease", "fn_insert", "fn_insert_lease",
        "fn_delete", "fn_truncate", "ix_due", "ix_next", "ix_lease", "ix_open", "ix_unknown"})
    names[part] = identifier("fencepost_" + queue.name + "_" + part);
  return names;
}

// The statements that run on every queue; the gate only where there is one, and seats where there are limits.
std::vector<const Statement*> protocol(const core::Queue& queue) {
  std::vector<const Statement*> all{
      &sql::claim,       &sql::due_items,  &sql::settle_free, &sql::payload,        &sql::settle,
      &sql::acknowledge, &sql::renew,      &sql::lock_item,   &sql::lock_item_skip, &sql::lock_items,
      &sql::read_item,   &sql::write_item, &sql::write_items, &sql::want_stops,     &sql::clamp_lease,
      &sql::delete_item, &sql::lapsed,     &sql::held_by,     &sql::next_due,       &sql::counts};
  if (queue.limits.any()) all.insert(all.end(), seat_statements().begin(), seat_statements().end());
  if (queue.kind == core::Kind::once)
    for (const auto* statement : {&sql::gate, &sql::gates, &sql::settle_sent, &sql::reconcile_due,
                                  &sql::misplaced, &sql::due_to_unknown})
      all.push_back(statement);
  return all;
}

}  // namespace

Fence::Fence(core::Queue queue, Dialect dialect, const std::string& own_schema)
    : queue_(std::move(queue)), dialect_(dialect) {
  core::validate(queue_);
  names_ = placeholders(queue_, dialect, own_schema);
  for (const auto* statement : protocol(queue_)) {
    statements_[statement->name] = over(*statement);
  }
}

Sql Fence::over(const Statement& statement) const {
  auto rendered = render(statement, dialect_, names_);
  rendered.name += "@" + queue_.name;
  return rendered;
}

Sql Fence::page(const Statement& statement, bool behind) const {
  auto names = names_;
  const auto cursor = key_cast(dialect_ == Dialect::postgres ? "$8" : "?8", queue_.key_type, dialect_);
  names["after"] = behind ? "t." + names["key"] + " > " + cursor : "TRUE";
  auto rendered = render(statement, dialect_, names);
  rendered.name += (behind ? "_behind@" : "_first@") + queue_.name;
  return rendered;
}

Rows Fence::run(Connection& connection, const Statement& statement, const Params& params) const {
  return connection.run(statements_.at(statement.name), params);
}

Rows Fence::run_batch(Connection& connection, const Statement& statement, const std::vector<Params>& rows,
                      const Params& shared) const {
  return connection.run_batch(statements_.at(statement.name), rows, shared);
}

void Fence::check(Connection& connection) const {
  for (const auto& [name, statement] : statements_) connection.prepare_only(statement);
}

std::string Fence::install_triggers() const {
  const auto& retention = queue_.keep_finished ? sql::install_retention : sql::uninstall_retention;
  return render(sql::install, dialect_, names_).text + ";\n" + render(retention, dialect_, names_).text +
         ";\n";
}

std::string Fence::install_indexes() const {
  auto indexes = render(sql::install_indexes, dialect_, names_).text;
  if (queue_.priority) indexes += render(sql::install_priority_index, dialect_, names_).text;
  if (queue_.kind == core::Kind::once) indexes += render(sql::install_once_indexes, dialect_, names_).text;
  return indexes;
}

void Fence::install(Connection& connection) const {
  const auto triggers = install_triggers(), indexes = install_indexes();
  // Most starts find it as they want it: those wait for nobody.
  const auto as_wanted = connection.run(sql::queue_definition, {queue_.name});
  if (!as_wanted.empty() && as_wanted[0][0].text() == triggers + indexes) return;
  Transaction transaction(connection);
  connection.run(sql::add_queue, {queue_.name, queue_.table});
  const auto before = connection.run(sql::queue_definition, {queue_.name})[0][0].text();
  if (before != triggers + indexes) {
    // An index is built anew only where it must look different: on a large table that takes its time.
    if (!before.empty() && !before.ends_with(indexes))
      connection.script(render(sql::drop_indexes, dialect_, names_).text);
    connection.script(triggers + indexes);
    connection.run(sql::set_queue_definition, {queue_.name, triggers + indexes, queue_.table});
  }
  transaction.commit();
}

bool Fence::valid_key(const std::string& item) const {
  switch (queue_.key_type) {
    case core::KeyType::bigint: {
      const std::size_t sign = !item.empty() && item[0] == '-' ? 1 : 0;
      const bool digits = item.find_first_not_of("0123456789", sign) == std::string::npos;
      return item.size() > sign && item.size() <= 18 + sign && digits;
    }
    case core::KeyType::uuid: {
      if (item.size() != 36) return false;
      for (std::size_t i = 0; i < item.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? item[i] != '-' : !std::isxdigit(static_cast<unsigned char>(item[i]))) return false;
      }
      return true;
    }
    case core::KeyType::text:
      return item.find('\0') == std::string::npos;
  }
  return false;
}

Snapshot Fence::snapshot(const Row& row) const {
  Snapshot s;
  s.item = key_text(row[0]);
  s.word = row[1].is_null() ? "" : row[1].text();
  s.state = core::state_of(queue_, s.word);
  s.fence = row[2].integer();
  s.claim = row[3].maybe_integer();
  s.effect = row[4].maybe_integer();
  s.lease_until = row[5].maybe_integer();
  s.run_at = row[6].integer();
  s.attempt = static_cast<int>(row[7].integer());
  s.stop_wanted = row[8].boolean();
  s.enabled = !row[9].is_null() && row[9].boolean();
  s.effect_key = row[10].maybe_text();
  s.last_error = row[11].maybe_text();
  return s;
}

void Fence::look(Connection& connection, Snapshot& s) const {
  const auto seen = connection.run(sql::look, {s.effect});
  const auto& row = seen[0];
  s.now = row[0].integer();
  if (row[2].is_null()) return;
  s.outcome = row[1].is_null() ? core::EffectOutcome::none : core::effect_outcome(row[1].text());
  s.deadline = row[2].integer();
  s.sent_key = row[3].text();
  s.request = row[4].text();
  s.destination = row[5].text();
  s.begun = row[8].integer();
}

std::optional<Snapshot> Fence::lock(Connection& connection, const std::string& item, bool skip_locked) const {
  if (!valid_key(item)) return std::nullopt;
  const auto rows = run(connection, skip_locked ? sql::lock_item_skip : sql::lock_item, {item});
  if (rows.empty()) return std::nullopt;
  auto s = snapshot(rows[0]);
  look(connection, s);
  return s;
}

std::optional<Snapshot> Fence::read(Connection& connection, const std::string& item) const {
  if (!valid_key(item)) return std::nullopt;
  const auto rows = run(connection, sql::read_item, {item});
  if (rows.empty()) return std::nullopt;
  auto s = snapshot(rows[0]);
  look(connection, s);
  return s;
}

std::vector<Snapshot> Fence::hold(Connection& connection, const std::vector<std::string>& items) const {
  FENCEPOST_ASSERT(connection.in_transaction());
  std::vector<Params> keys, effects;
  for (const auto& item : items)
    if (valid_key(item)) keys.push_back({item});
  std::vector<Snapshot> held;
  std::unordered_map<std::string, std::size_t> place;
  for (const auto& row : run_batch(connection, sql::lock_items, keys)) {
    held.push_back(snapshot(row));
    effects.push_back({held.back().item, held.back().effect});
    FENCEPOST_ASSERT(place.emplace(held.back().item, held.size() - 1).second);
  }
  for (const auto& row : connection.run_batch(sql::looks, effects)) {
    auto& s = held[place.at(row[0].text())];
    s.now = row[1].integer();
    s.outcome = row[2].is_null() ? core::EffectOutcome::none : core::effect_outcome(row[2].text());
    s.deadline = row[3].maybe_integer().value_or(0);
  }
  return held;
}

Params Fence::row_of(const Snapshot& seen, const Write& to) const {
  // A word that the queue does not know stays as it is.
  const auto& word = to.state == core::State::other ? seen.word : core::word_of(queue_, to.state);
  return {seen.item,        seen.fence,        word,        to.claim,       to.effect,
          micros(to.lease), micros(to.run_in), to.attempts, to.stop_wanted, to.error};
}

std::int64_t Fence::write(Connection& connection, const Snapshot& seen, const Write& to) const {
  const auto rows = run(connection, sql::write_item, row_of(seen, to));
  // The row is locked and its fence was read under the lock, so there is exactly one.
  if (rows.size() != 1) throw refused_silently();
  return rows[0][0].integer();
}

void Fence::event(Connection& connection, const std::string& item, const std::string& kind,
                  std::string_view from, std::string_view to, std::int64_t fence,
                  std::optional<std::int64_t> claim, const std::string& actor,
                  const std::string& detail) const {
  if (!keeps_events()) return;
  connection.run(sql::add_event, {queue_.name, item, kind, from, to, fence, claim, actor,
                                  detail.empty() ? Value() : Value(detail)});
}

}  // namespace fencepost::store
