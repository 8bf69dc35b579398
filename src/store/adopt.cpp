#include "store/adopt.hpp"

#include "base/log.hpp"
#include "store/adopt_check.hpp"
#include "store/guards.hpp"
#include "store/migrate.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

struct ProtocolColumn {
  const char* name;
  const Statement* add;
  bool once_only;
};
constexpr ProtocolColumn kColumns[] = {
    {"fence", &sql::add_column_fence, false},
    {"claim_id", &sql::add_column_claim_id, false},
    {"effect", &sql::add_column_effect, false},
    {"effect_key", &sql::add_column_effect_key, true},
    {"lease_until", &sql::add_column_lease_until, false},
    {"run_at", &sql::add_column_run_at, false},
    {"attempt", &sql::add_column_attempt, false},
    {"stop_wanted", &sql::add_column_stop_wanted, false},
    {"last_error", &sql::add_column_last_error, false},
};

std::vector<const ProtocolColumn*> columns_of(const core::Queue& queue) {
  std::vector<const ProtocolColumn*> out;
  for (const auto& column : kColumns)
    if (!column.once_only || queue.kind == core::Kind::once) out.push_back(&column);
  return out;
}

// The statements of an install script that build indexes, as they run outside a transaction.
std::vector<std::string> index_statements(const std::string& script, const std::string& concurrently) {
  const std::string begin = "CREATE INDEX IF NOT EXISTS ";
  std::vector<std::string> out;
  for (auto at = script.find(begin); at != std::string::npos; at = script.find(begin, at + 1)) {
    const auto from = at + begin.size();
    out.push_back(concurrently + script.substr(from, script.find(';', from) - from));
  }
  return out;
}

// Our own words, and those that stay as they are: the JSON array that `backfill` wants.
std::string kept_words(const AdoptPlan& plan) {
  std::string out = "[";
  for (const auto& word : adopt_words(plan.descriptor)) out += (out.size() > 1 ? "," : "") + json_text(word);
  return out + "]";
}

// What is missing of the columns, in order; a problem where only some are there, or others' of their names.
std::vector<std::string> missing_columns(const Table& table, const Fence& fence, AdoptPlan& plan) {
  const auto& queue = fence.queue();
  std::vector<std::string> add, there;
  for (const auto* column : columns_of(queue)) {
    const auto* found = table.column(queue.column_prefix + column->name);
    if (!found) {
      add.push_back(fence.over(*column->add).text);
      continue;
    }
    there.push_back(found->name);
    if (const auto problem = column_problem(column->name, *found))
      plan.problems.push_back(
          {"the column " + identifier(found->name) + " is there and is not the protocol's: " + *problem,
           "--column-prefix fp_"});
  }
  // A queue that becomes `once` gets its ninth column; a table with nobody's descriptor has all or none.
  const bool ours = plan.before && plan.before->queue.column_prefix == queue.column_prefix;
  if (!ours && !there.empty() && !add.empty()) {
    std::string names;
    for (const auto& name : there) names += (names.empty() ? "" : ", ") + identifier(name);
    plan.problems.push_back(
        {"the table has columns of the protocol's names already: " + names, "--column-prefix fp_"});
  }
  return add;
}

// A statement with its parameters written out, for people to read and run.
std::string with_literals(const std::string& text, const std::vector<std::string>& literals) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto number = at + 1 < text.size() ? static_cast<std::size_t>(text[at + 1] - '1') : literals.size();
    if ((text[at] == '$' || text[at] == '?') && number < literals.size()) {
      out += literals[number];
      ++at;
    } else {
      out += text[at];
    }
  }
  return out;
}

void plan_statements(Connection& connection, const AdoptRequest& request, const Table& table,
                     const Fence& fence, AdoptPlan& plan) {
  plan.statements = missing_columns(table, fence, plan);
  plan.add_columns = !plan.statements.empty();
  for (const auto& [word, count] : plan.counts)
    if (request.backfill && (!word || !is_known(plan.descriptor, *word))) plan.backfilled += count;
  if (plan.backfilled > 0)
    plan.statements.push_back(with_literals(fence.over(sql::backfill).text,
                                            {literal(*request.backfill), literal(kept_words(plan))}));
  const bool changed = !plan.before || to_text(*plan.before) != to_text(plan.descriptor);
  plan.nothing_to_do = plan.statements.empty() && !changed;
  if (plan.nothing_to_do) return;
  if (!plan.before) plan.statements.push_back(fence.over(sql::lease_claimed).text);
  const auto script = fence.install_script();
  const auto prefix = connection.run(sql::concurrent_index)[0][0].text();
  if (!prefix.empty() && (request.concurrently || plan.rows >= kLargeTable)) {
    for (const auto& row : connection.run(sql::invalid_indexes, {table.schema, table.name}))
      plan.concurrently.push_back(row[0].text());
    for (auto& index : index_statements(script, prefix)) plan.concurrently.push_back(std::move(index));
  }
  plan.statements.push_back(script);
}

// A change of what the words or columns mean must not pull them from under somebody.
void refuse_busy(Connection& connection, AdoptPlan& plan) {
  if (!plan.before || to_text(*plan.before) == to_text(plan.descriptor)) return;
  const auto& was = plan.before->queue;
  const Fence old(was, connection.dialect(), own_schema(connection));
  std::string items;
  for (const auto& row : connection.run(old.over(sql::busy_items)))
    items += (items.empty() ? "" : ", ") + std::to_string(row[1].integer()) + " " + row[0].text();
  if (!items.empty() && guard("adopt_busy"))
    plan.problems.push_back({"the queue's definition changes while items are being worked: " + items,
                             "stop its loops, let what runs end or its lease lapse, resolve what is unknown, "
                             "then adopt again"});
  if (was.table != plan.descriptor.queue.table)
    plan.problems.push_back(
        {"the queue '" + was.name + "' is that of the table " + was.table, "--queue NAME, another one"});
  else if (was.column_prefix != plan.descriptor.queue.column_prefix || was.key != plan.descriptor.queue.key)
    plan.problems.push_back({"the key and the columns of an adopted queue stay as they are",
                             "--key " + was.key + " --column-prefix '" + was.column_prefix + "'"});
}

void refuse_second_queue(Connection& connection, AdoptPlan& plan) {
  for (const auto& other : stored_descriptors(connection))
    if (other.queue.table == plan.descriptor.queue.table && other.queue.name != plan.descriptor.queue.name)
      plan.problems.push_back({"the table is adopted already, as the queue '" + other.queue.name + "'",
                               "--queue " + other.queue.name});
  const auto taken = connection.run(sql::queue_definition, {plan.descriptor.queue.name});
  if (!taken.empty() && !plan.before && !taken[0][0].text().empty())
    plan.problems.push_back({"there is another queue of the name '" + plan.descriptor.queue.name + "'",
                             "--queue NAME, another one"});
}

void apply(Connection& connection, const AdoptRequest& request, const AdoptPlan& plan, const Fence& fence) {
  if (plan.backfilled > 0) connection.run(fence.over(sql::backfill), {*request.backfill, kept_words(plan)});
  if (!plan.before) connection.run(fence.over(sql::lease_claimed));
  fence.install(connection);
  store_descriptor(connection, plan.descriptor);
}

Fence fence_of(Connection& connection, const AdoptPlan& plan) {
  return Fence(plan.descriptor.queue, connection.dialect(), own_schema(connection));
}

void add_columns(Connection& connection, const Table& table, const Fence& fence) {
  for (const auto* column : columns_of(fence.queue()))
    if (!table.column(fence.queue().column_prefix + column->name)) connection.run(fence.over(*column->add));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> protocol_columns(const core::Queue& queue) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto* column : columns_of(queue))
    out.emplace_back(column->name, queue.column_prefix + column->name);
  return out;
}

std::optional<std::string> column_problem(const std::string& name, const Column& found) {
  const bool text = name == "effect_key" || name == "last_error";
  const bool flag = name == "stop_wanted";
  const bool nullable = text || name == "claim_id" || name == "effect" || name == "lease_until";
  const bool fits =
      text ? found.kind == "text" : found.kind == "integer" || (flag && found.kind == "boolean");
  if (!fits) return "its type is " + found.type;
  if (found.generated) return "it is generated";
  if (!nullable && found.nullable) return "it may be NULL";
  if (!nullable && !found.has_default) return "it has no default, so that others' INSERTs fail";
  return std::nullopt;
}

bool has_schema(Connection& connection) try {
  connection.run(sql::schema_is_there);
  return true;
} catch (const base::InfraError& error) {
  if (error.retryable() || error.poisoned()) throw;
  return false;
}

AdoptPlan plan_adoption(Connection& connection, const AdoptRequest& request, bool schema_missing) {
  Transaction transaction(connection);
  AdoptPlan plan;
  const auto table = survey_for(connection, request, plan);
  if (!table || !plan.problems.empty()) return plan;
  if (!schema_missing) {
    if (const auto text = stored_descriptor(connection, plan.descriptor.queue.name))
      plan.before = descriptor_of(*text);
    refuse_second_queue(connection, plan);
    refuse_busy(connection, plan);
  }
  const auto fence = fence_of(connection, plan);
  check_words(connection, request, *table, fence, plan);
  plan_statements(connection, request, *table, fence, plan);
  return plan;  // and nothing of it stays: the transaction is rolled back
}

AdoptPlan adopt(Connection& connection, const AdoptRequest& request) {
  FENCEPOST_ASSERT(!connection.in_transaction());
  const auto first = plan_adoption(connection, request);
  if (!first.problems.empty() || first.nothing_to_do) return first;
  const auto fence = fence_of(connection, first);
  if (!first.concurrently.empty()) {
    // Short transactions around what takes long: the columns, then each index by itself. A table that has
    // only got so far is as it was to everybody else, and the next try goes on from there.
    {
      Transaction transaction(connection);
      connection.run(fence.over(sql::adopt_lock));
      add_columns(connection, survey(connection, first.descriptor.queue.table).value(), fence);
      transaction.commit();
    }
    for (const auto& statement : first.concurrently) connection.script(statement);
  }
  Transaction transaction(connection);
  connection.run(fence.over(sql::adopt_lock));
  // Again, now that nobody else can write: what came in between counts, too.
  auto plan = plan_adoption(connection, request);
  if (!plan.problems.empty()) return plan;
  add_columns(connection, survey(connection, plan.descriptor.queue.table).value(), fence);
  apply(connection, request, plan, fence);
  transaction.commit();
  plan.statements = first.statements;
  plan.concurrently = first.concurrently;
  return plan;
}

}  // namespace fencepost::store
