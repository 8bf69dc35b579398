// Place → the provider's details → business. Each call is drawn from the day's budget before it leaves, and
// an answer is kept in a transaction of its own before anything is made of it: so an answer that was received
// is never paid for again, and a call that was lost is counted as spent.

#include <nlohmann/json.hpp>

#include "apps/curate/evidence.hpp"
#include "apps/curate/pipelines.hpp"
#include "base/testpoint.hpp"
#include "core/window.hpp"
#include "curate/sql.hpp"
#include "store/certain.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::curate {

using engine::Attempt;
using engine::Outcome;
using nlohmann::json;

namespace {
constexpr auto kThis = Pipeline::deep_scan;
constexpr const char* kPurpose = "details";
constexpr base::Duration kCallTime = std::chrono::seconds(30);

store::BucketKey bucket_at(base::Micros at, const std::string& zone) {
  return {Pipelines::kBudgetScope, Pipelines::kBudgetName, core::day_window(at, zone)};
}
base::Micros now_of(store::Connection& connection) { return connection.run(store::sql::now)[0][0].integer(); }
}  // namespace

void Pipelines::apply_budget() {
  store::until_certain(database_, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    auto key = bucket_at(now_of(connection), options_.places_zone);
    store::set_quota(connection, key, options_.places_budget);
    store::set_quota_from(connection, key, options_.places_budget);
    transaction.commit();
    return true;
  });
}

// The number of the call, which its take in the ledger is named by; or why there is none.
std::variant<std::int64_t, Outcome> Pipelines::draw(const store::Claim& claim, const std::string& place_id) {
  const auto id = std::stoll(claim.item);
  std::optional<base::Duration> until_fresh;
  base::Micros fresh_at = 0;
  const auto number = database_.retrying([&](store::Connection& connection) -> std::optional<std::int64_t> {
    store::Transaction transaction(connection);
    // Locks the place, whose takes so follow each other (store/budget.hpp).
    const auto rows = connection.run(sql::count_call, {id, claim.claim, claim.fence, place_id});
    if (rows.empty()) throw Gone{};
    const auto now = now_of(connection);
    const auto call = rows[0][0].integer();
    const auto take =
        store::take(connection, bucket_at(now, options_.places_zone), options_.places_budget, 1,
                    std::string(queue_name(kThis)), claim.item, kPurpose, static_cast<int>(call));
    if (take.full() && store::guard("places_budget")) {
      fresh_at = core::next_day_start(now, options_.places_zone);
      until_fresh = base::Duration(fresh_at - now);
      return std::nullopt;
    }
    transaction.commit();
    return call;
  });
  if (number) return *number;
  auto outcome = Outcome::snooze(*until_fresh);
  outcome.within = [&one = fence(kThis), item = claim.item, fresh_at](store::Connection& connection) {
    connection.run(one.over(sql::set_note), {item, "the day's budget of paid calls is used up: goes on at " +
                                                       base::format_utc(fresh_at)});
  };
  return outcome;
}

// Buys an answer, and keeps it.
std::variant<std::string, Outcome> Pipelines::buy(const Attempt& attempt, const std::string& place_id) {
  using Said = connect::PlaceAnswer::Kind;
  FENCEPOST_ASSERT(places_ != nullptr);
  const auto& claim = attempt.claim();
  auto drawn = draw(claim, place_id);
  if (auto* outcome = std::get_if<Outcome>(&drawn)) return std::move(*outcome);
  const auto call = static_cast<int>(std::get<std::int64_t>(drawn));
  base::testpoint("scan.drawn");
  connect::PlaceAnswer answer{Said::not_sent, {}, "ended before its call", {}};
  if (attempt.alive() && !attempt.stop().stop_requested())
    answer = places_->details(place_id, fetcher_.clock().boot() + kCallTime, attempt.stop());
  base::testpoint("scan.answered");
  const std::string queue(queue_name(kThis));
  // Both can be repeated. Where the database is away for longer, the take stays, and counts as spent.
  store::until_certain(database_, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    if (answer.kind == Said::found && store::guard("keep_answer"))
      connection.run(sql::keep_answer, {std::stoll(claim.item), answer.body, place_id});
    if (answer.kind == Said::not_sent)
      store::release(connection, queue, claim.item, kPurpose, call);
    else
      store::mark_spent(connection, queue, claim.item, kPurpose, call);
    transaction.commit();
    return true;
  });
  base::testpoint("scan.kept");
  const json evidence = {{"calls", call}};
  switch (answer.kind) {
    case Said::found:
      return answer.body;
    case Said::not_found:
    case Said::denied:
      return failed(kThis, attempt, answer.error, evidence);
    case Said::temporary:
    case Said::lost:
    case Said::not_sent:
      break;
  }
  // It was cut because somebody wants it to end, and not by the provider.
  if (attempt.stop().stop_requested()) return Outcome::snooze(base::Duration(0));
  auto outcome = Outcome::retry(answer.error, answer.retry_after);
  outcome.within = keeps(kThis, attempt, evidence, {}, {});
  return outcome;
}

Outcome Pipelines::deep_scan(const Attempt& attempt) {
  const auto place = read(sql::place, attempt);
  if (is_no(place[1].text())) return taken_back(kThis, attempt);
  const auto& place_id = place[0].text();
  const bool kept = place[4].boolean() && place[3].maybe_text() == place_id;
  std::string body;
  if (kept) {
    body = place[2].text();
  } else {
    auto bought = buy(attempt, place_id);
    if (auto* outcome = std::get_if<Outcome>(&bought)) return std::move(*outcome);
    body = std::get<std::string>(std::move(bought));
  }
  const auto id = std::stoll(attempt.claim().item);
  const auto found = connect::read_place(body);
  if (!found) {
    auto outcome = failed(kThis, attempt, "the provider's answer names no place", {{"answer", "kept"}});
    outcome.within = keeps(kThis, attempt, json::object(), {}, [id](store::Connection& connection) {
      connection.run(sql::close_answer, {id, ""});
    });
    return outcome;
  }
  return done(kThis, attempt,
              {{"name", found->name}, {"website", found->website}, {"from_kept_answer", kept}},
              [id, place_id, found = *found](store::Connection& connection) {
                connection.run(sql::upsert_business,
                               {place_id, found.name, found.website, found.phone, found.address});
                connection.run(sql::close_answer, {id, found.name});
              });
}

}  // namespace fencepost::curate
