#include "apps/curate/records.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "curate/sql.hpp"
#include "store/certain.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::curate {

namespace {
using core::State;
using core::StopAnswer;
using nlohmann::json;

constexpr int kStep = 500;

const store::Statement& list_of(Kind kind) {
  switch (kind) {
    case Kind::place:
      return sql::list_places;
    case Kind::business:
      return sql::list_businesses;
    case Kind::domain:
      return sql::list_domains;
    case Kind::sitemap:
      return sql::list_sitemaps;
    case Kind::page:
      break;
  }
  return sql::list_pages;
}

constexpr std::size_t kCommon = 11;  // columns of every list before the kind's own

Record record_of(Kind kind, const store::Row& row) {
  FENCEPOST_ASSERT(row.size() == kCommon + own_columns(kind).size());
  return {row[0].integer(),
          kind,
          row[1].text(),
          row[2].text(),
          row[3].maybe_text(),
          row[4].text(),
          row[5].text(),
          static_cast<int>(row[6].integer()),
          row[7].integer(),
          row[8].integer(),
          row[9].integer(),
          row[10].integer(),
          {row.begin() + kCommon, row.end()}};
}

Contact contact_of(const store::Row& row) {
  return {row[0].integer(), row[1].integer(), row[2].text(),    row[3].text(),    row[4].text(),
          row[5].text(),    row[6].text(),    row[7].boolean(), row[8].integer(), row[9].integer()};
}

// What LIKE finds anywhere, in lower case.
store::Value pattern_of(const std::string& search) {
  if (search.empty()) return {};
  std::string pattern = "%";
  for (const char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return pattern + "%";
}

void check_status(Kind kind, const std::string& status) {
  const auto& words = curation_words(kind);
  if (std::find(words.begin(), words.end(), status) != words.end()) return;
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  throw base::UserError("invalid_curation_status", "the curation status is one of: " + all);
}

// The one place where it is decided what a word does to a record that looks like this.
PickAnswer answer_of(State state, const std::string& status) {
  if (status == kSelected)
    return state == State::claimed  ? PickAnswer::again_afterwards
           : state == State::queued ? PickAnswer::already_queued
                                    : PickAnswer::queued;
  return state == State::claimed  ? PickAnswer::in_flight
         : state == State::queued ? PickAnswer::taken_back
                                  : PickAnswer::set;
}

std::vector<std::string> items_of(const std::vector<std::int64_t>& ids) {
  std::vector<std::string> items;
  for (const auto id : ids) items.push_back(std::to_string(id));
  return items;
}

bool contains(const std::vector<std::int64_t>& sorted, std::int64_t id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}
}  // namespace

std::string_view name(PickAnswer answer) {
  constexpr std::array<std::string_view, 6> kNames{"queued",     "again_afterwards", "already_queued",
                                                   "taken_back", "in_flight",        "set"};
  return kNames.at(static_cast<std::size_t>(answer));
}

const std::vector<std::string>& own_columns(Kind kind) {
  static const std::vector<std::string> place{"place_id", "name", "calls"},
      business{"place_id", "name", "website", "phone", "address", "domain_id"}, domain{"host",
                                                                                       "title",
                                                                                       "description",
                                                                                       "language",
                                                                                       "discovery_status",
                                                                                       "discovery_error",
                                                                                       "discovery_evidence"},
      sitemap{"domain_id", "host", "url", "parent_id", "depth", "urls"},
      page{"domain_id", "host", "url", "kind", "score", "contact"};
  switch (kind) {
    case Kind::place:
      return place;
    case Kind::business:
      return business;
    case Kind::domain:
      return domain;
    case Kind::sitemap:
      return sitemap;
    case Kind::page:
      break;
  }
  return page;
}

Records::Records(store::Database& database, std::span<const store::Fence> fences)
    : database_(database), fences_(fences) {}

const store::Fence& Records::fence(Pipeline pipeline) const {
  const auto at = std::find_if(fences_.begin(), fences_.end(),
                               [&](const auto& fence) { return fence.queue().name == queue_name(pipeline); });
  FENCEPOST_ASSERT(at != fences_.end());
  return *at;
}

std::vector<Record> Records::list(store::Connection& connection, Kind kind, const Filter& filter,
                                  std::int64_t before, int n) const {
  std::vector<Record> records;
  for (const auto& row : connection.run(list_of(kind), {before, n, filter.curation_status,
                                                        filter.processing_status, pattern_of(filter.search)}))
    records.push_back(record_of(kind, row));
  return records;
}

std::optional<Record> Records::get(store::Connection& connection, Kind kind, std::int64_t id) const {
  if (id == INT64_MAX) return std::nullopt;
  auto found = list(connection, kind, {}, id + 1, 1);
  if (found.empty() || found[0].id != id) return std::nullopt;
  return std::move(found[0]);
}

std::vector<Record> Records::list(Kind kind, const Filter& filter, std::int64_t before, int n) const {
  return database_.retrying(
      [&](store::Connection& connection) { return list(connection, kind, filter, before, n); });
}

std::optional<Record> Records::get(Kind kind, std::int64_t id) const {
  return database_.retrying([&](store::Connection& connection) { return get(connection, kind, id); });
}

std::vector<Contact> Records::contacts(const std::string& search, std::int64_t before, int n) const {
  return database_.retrying([&](store::Connection& connection) {
    std::vector<Contact> contacts;
    for (const auto& row : connection.run(sql::list_contacts, {before, n, pattern_of(search)}))
      contacts.push_back(contact_of(row));
    return contacts;
  });
}

std::optional<Contact> Records::contact(std::int64_t id) const {
  if (id == INT64_MAX) return std::nullopt;
  auto found = contacts({}, id + 1, 1);
  if (found.empty() || found[0].id != id) return std::nullopt;
  return std::move(found[0]);
}

void Records::pick_held(store::Connection& connection, Kind kind, const std::vector<std::int64_t>& ids,
                        const std::string& status, const std::string& actor,
                        const std::vector<store::Snapshot>& held) const {
  FENCEPOST_ASSERT(connection.in_transaction());
  std::vector<store::Params> rows;
  for (const auto id : ids) rows.push_back({id});
  // A record's attempts begin anew, and a stop that was wanted is taken back. What is at work stays so:
  // `again` is a column that the fence watches, so its handler's result is stale and the record is queued
  // once more.
  const auto queue = [&](const store::Fence& one, const std::vector<store::Snapshot>& seen) {
    if (status == kSelected) {
      one.rearm(connection, seen, actor);
      return;
    }
    std::vector<store::Snapshot> at_work;
    for (const auto& s : seen)
      if (s.state == State::claimed) at_work.push_back(s);
    one.stop(connection, at_work, actor);
  };
  const auto pipelines = pipelines_of(kind);
  std::vector<store::Snapshot> second;
  if (pipelines.size() == 2) second = fence(pipelines[1]).hold(connection, items_of(ids));
  queue(fence(pipelines[0]), held);
  if (pipelines.size() == 2) queue(fence(pipelines[1]), second);
  connection.run_batch(fence(pipelines[0]).over(sql::set_curation), rows, {status});
  if (pipelines.size() == 2)
    connection.run_batch(fence(pipelines[1]).over(sql::ask_discovery), rows, {status});
  for (const auto pipeline : pipelines)
    connection.run(store::sql::notify, {std::string(queue_name(pipeline))});
}

Picked Records::pick(Kind kind, std::int64_t id, std::optional<std::int64_t> version,
                     const std::string& status, const std::string& actor) {
  check_status(kind, status);
  return store::until_certain(database_, [&](store::Connection& connection, bool doubt) -> Picked {
    store::Transaction transaction(connection);
    const auto held = fence(pipelines_of(kind)[0]).hold(connection, {std::to_string(id)});
    auto now = held.empty() ? std::nullopt : get(connection, kind, id);
    if (!now) return {Picked::Kind::not_found, {}, {}};
    if (doubt && version && now->version == *version + 1 && now->curation_status == status) {
      // The write that was in doubt is there; what is committed after it takes it along.
      store::Fence::confirm(connection);
      transaction.commit();
      return {Picked::Kind::done, answer_of(held[0].state, status), std::move(now)};
    }
    if (version && now->version != *version) return {Picked::Kind::version_conflict, {}, std::move(now)};
    pick_held(connection, kind, {id}, status, actor, held);
    now = get(connection, kind, id);
    transaction.commit();
    return {Picked::Kind::done, answer_of(held[0].state, status), std::move(now)};
  });
}

// Ids, the highest first.
std::vector<std::int64_t> Records::page_of(store::Connection& connection, Kind kind, const Filter& filter,
                                           std::int64_t before, int n) const {
  std::vector<std::int64_t> ids;
  if (filter.ids.empty()) {
    for (const auto& record : list(connection, kind, filter, before, n)) ids.push_back(record.id);
    return ids;
  }
  for (const auto id : filter.ids)
    if (id < before) ids.push_back(id);
  std::sort(ids.rbegin(), ids.rend());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(n)));
  return ids;
}

// What was listed is looked at again under its lock: who has said no meanwhile is not overruled.
Records::Answers Records::step(store::Connection& connection, Kind kind, const Filter& filter,
                               const std::vector<std::int64_t>& ids, const std::string& status,
                               const std::string& actor) const {
  const auto& first = fence(pipelines_of(kind)[0]);
  store::Transaction transaction(connection);
  auto held = first.hold(connection, items_of(ids));
  auto [answers, meant] = would(connection, kind, filter, ids, status);
  std::erase_if(held, [&](const store::Snapshot& s) { return !contains(meant, std::stoll(s.item)); });
  pick_held(connection, kind, meant, status, actor, held);
  transaction.commit();
  return answers;
}

// What setting `status` would answer for each, and whom it is meant for.
std::pair<Records::Answers, std::vector<std::int64_t>> Records::would(store::Connection& connection,
                                                                      Kind kind, const Filter& filter,
                                                                      const std::vector<std::int64_t>& ids,
                                                                      const std::string& status) const {
  const auto& first = fence(pipelines_of(kind)[0]);
  Answers answers;
  std::vector<std::int64_t> meant;
  auto gone = static_cast<std::int64_t>(ids.size());
  for (const auto& row : connection.run(first.over(sql::curation_of), {json(ids).dump()})) {
    --gone;
    const bool changed = (filter.curation_status && row[1].text() != *filter.curation_status) ||
                         (filter.processing_status && row[2].text() != *filter.processing_status);
    if (changed && store::guard("pick_changed")) {
      ++answers["changed"];
      continue;
    }
    ++answers[std::string(name(answer_of(core::state_of(first.queue(), row[2].text()), status)))];
    meant.push_back(row[0].integer());
  }
  if (gone > 0) answers["not_found"] += gone;
  std::sort(meant.begin(), meant.end());
  return {answers, meant};
}

BulkPicked Records::pick_many(Kind kind, const Filter& filter, const std::string& status, int max,
                              bool preview, const std::string& actor) {
  check_status(kind, status);
  if (max < 1 || max > kPickMost)
    throw base::UserError("invalid_filter", "one act takes 1 to " + std::to_string(kPickMost) + " records");
  if (filter.ids.empty() && !filter.curation_status && !filter.processing_status && filter.search.empty())
    throw base::UserError("invalid_filter",
                          "say which: ids, or a curation status, a processing status or a search");
  BulkPicked result;
  for (std::int64_t before = INT64_MAX;;) {
    const auto left = static_cast<int>(max - result.items);
    const auto wanted = std::min(kStep, left);
    auto ids = database_.retrying([&](store::Connection& connection) {
      return page_of(connection, kind, filter, before, wanted + (left <= kStep ? 1 : 0));
    });
    if (static_cast<int>(ids.size()) > left) {
      result.more = true;
      ids.resize(static_cast<std::size_t>(left));
    }
    if (ids.empty()) return result;
    before = ids.back();
    const bool last = result.more || static_cast<int>(ids.size()) < wanted;
    std::sort(ids.begin(), ids.end());  // the order of locks
    result.items += static_cast<std::int64_t>(ids.size());
    const auto answers = store::until_certain(database_, [&](store::Connection& connection, bool) {
      return preview ? would(connection, kind, filter, ids, status).first
                     : step(connection, kind, filter, ids, status, actor);
    });
    for (const auto& [answer, n] : answers) result.answers[answer] += n;
    if (last) return result;
  }
}

StopAnswer Records::remove(Kind kind, std::int64_t id, const std::string& actor) {
  const auto pipelines = pipelines_of(kind);
  return store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
    store::Transaction transaction(connection);
    const auto item = std::to_string(id);
    // The second queue's row goes with the first's; its handler, too, is asked to end first.
    if (pipelines.size() == 2) {
      const auto& first = fence(pipelines[0]);
      const auto& second = fence(pipelines[1]);
      if (first.hold(connection, {item}).empty()) return StopAnswer::not_found;
      if (second.stop(connection, item, actor) == StopAnswer::in_flight) {
        first.stop(connection, item, actor);
        transaction.commit();
        return StopAnswer::in_flight;
      }
    }
    const auto answer = fence(pipelines[0]).remove(connection, item, actor);
    if (answer == StopAnswer::not_found && doubt) {
      store::Fence::confirm(connection);
      transaction.commit();
      return StopAnswer::already_stopped;
    }
    transaction.commit();
    return answer;
  });
}

}  // namespace fencepost::curate
