#include "store/descriptor.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
using nlohmann::json;

constexpr std::pair<core::KeyType, const char*> kKeyTypes[] = {
    {core::KeyType::bigint, "bigint"}, {core::KeyType::uuid, "uuid"}, {core::KeyType::text, "text"}};

// The words by the names of their states.
template <typename Words, typename Each>
void each_word(Words& words, Each&& each) {
  each("queued", words.queued);
  each("claimed", words.claimed);
  each("sending", words.sending);
  each("done", words.done);
  each("failed", words.failed);
  each("unknown", words.unknown);
  each("stopped", words.stopped);
}
}  // namespace

std::string to_text(const Descriptor& descriptor) {
  const auto& q = descriptor.queue;
  json out{{"name", q.name},
           {"table", q.table},
           {"key", q.key},
           {"key_type", kKeyTypes[static_cast<int>(q.key_type)].second},
           {"status", q.status},
           {"status_type", q.status_type},
           {"enabled", q.enabled ? json(*q.enabled) : json()},
           {"priority", q.priority ? json(*q.priority) : json()},
           {"limit_key", q.limits.key ? json(*q.limits.key) : json()},
           {"limits",
            {{"concurrency", q.limits.concurrency},
             {"per_key", q.limits.per_key},
             {"rate_count", q.limits.rate.count},
             {"rate_per", q.limits.rate.per.count()},
             {"rate_burst", q.limits.rate.burst},
             {"hold", q.limits.hold.count()},
             {"in_flight", q.limits.in_flight.count()}}},
           {"keep_finished", q.keep_finished ? json(q.keep_finished->count()) : json()},
           {"payload", q.payload},
           {"column_prefix", q.column_prefix},
           {"once", q.kind == core::Kind::once},
           {"history", q.history},
           {"backoff_first", q.backoff.first.count()},
           {"backoff_cap", q.backoff.cap.count()},
           {"retries", q.backoff.retries},
           {"leave", descriptor.leave}};
  each_word(q.words, [&](const char* state, const std::string& word) { out["words"][state] = word; });
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Descriptor descriptor_of(const std::string& text) try {
  const auto in = json::parse(text);
  Descriptor out;
  auto& q = out.queue;
  q.name = in.at("name");
  q.table = in.at("table");
  q.key = in.at("key");
  for (const auto& [type, name] : kKeyTypes)
    if (in.at("key_type") == name) q.key_type = type;
  q.status = in.at("status");
  q.status_type = in.at("status_type");
  if (!in.at("enabled").is_null()) q.enabled = in.at("enabled").get<std::string>();
  if (const auto& priority = in.at("priority"); !priority.is_null()) q.priority = priority.get<std::string>();
  if (const auto& key = in.at("limit_key"); !key.is_null()) q.limits.key = key.get<std::string>();
  const auto& limits = in.at("limits");
  q.limits.concurrency = limits.at("concurrency");
  q.limits.per_key = limits.at("per_key");
  q.limits.rate.count = limits.at("rate_count");
  q.limits.rate.per = base::Duration(limits.at("rate_per").get<std::int64_t>());
  q.limits.rate.burst = limits.at("rate_burst");
  q.limits.hold = base::Duration(limits.at("hold").get<std::int64_t>());
  q.limits.in_flight = base::Duration(limits.value("in_flight", q.limits.in_flight.count()));
  if (const auto& keep = in.at("keep_finished"); !keep.is_null())
    q.keep_finished = base::Duration(keep.get<std::int64_t>());
  q.payload = in.at("payload").get<std::vector<std::string>>();
  q.column_prefix = in.at("column_prefix");
  q.kind = in.at("once").get<bool>() ? core::Kind::once : core::Kind::repeatable;
  q.history = in.at("history");
  q.backoff.first = base::Duration(in.at("backoff_first").get<std::int64_t>());
  q.backoff.cap = base::Duration(in.at("backoff_cap").get<std::int64_t>());
  q.backoff.retries = in.at("retries");
  out.leave = in.at("leave").get<std::vector<std::string>>();
  each_word(q.words, [&](const char* state, std::string& word) { word = in.at("words").at(state); });
  return out;
} catch (const json::exception&) {
  throw base::UserError("invalid_descriptor",
                        "the database's description of an adopted queue cannot be read: was it written by a "
                        "newer version of fencepost? `fencepost adopt` writes it anew");
}

std::vector<Descriptor> stored_descriptors(Connection& connection) {
  std::vector<Descriptor> all;
  for (const auto& row : connection.run(sql::descriptors)) all.push_back(descriptor_of(row[1].text()));
  return all;
}

std::optional<std::string> stored_descriptor(Connection& connection, const std::string& queue) {
  const auto rows = connection.run(sql::descriptor, {queue});
  if (rows.empty() || rows[0][0].text().empty()) return std::nullopt;
  return rows[0][0].text();
}

void store_descriptor(Connection& connection, const Descriptor& descriptor) {
  connection.run(sql::set_descriptor, {descriptor.queue.name, to_text(descriptor)});
}

std::vector<Fence> adopted_fences(Connection& connection, std::vector<std::string>* broken) {
  FENCEPOST_ASSERT(!connection.in_transaction());
  std::vector<Fence> fences;
  const auto own = own_schema(connection);
  for (const auto& row : connection.run(sql::descriptors)) {
    try {
      Fence fence(descriptor_of(row[1].text()).queue, connection.dialect(), own);
      fence.check(connection);
      fences.push_back(std::move(fence));
    } catch (const base::UserError&) {
      if (broken) broken->push_back(row[0].text());
    } catch (const base::InfraError& error) {
      if (error.retryable() || error.poisoned()) throw;
      if (broken) broken->push_back(row[0].text());
    }
  }
  return fences;
}

}  // namespace fencepost::store
