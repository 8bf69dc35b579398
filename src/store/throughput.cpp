#include "store/throughput.hpp"

#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
// What is recorded already was counted by whoever did so; only one's own commit in doubt was not.
bool counted_before(bool doubted) { return !doubted && guard("throughput_recorded"); }
}  // namespace

std::string_view name(Ending ending) {
  constexpr std::string_view kNames[] = {"done", "failed", "retried", "unknown"};
  return kNames[static_cast<int>(ending)];
}

std::int64_t& Ended::operator[](Ending ending) {
  std::int64_t* const counts[] = {&done, &failed, &retried, &unknown};
  return *counts[static_cast<int>(ending)];
}

std::optional<Ending> ending_of(const Settlement& settlement, SettleAnswer answer, bool doubted) {
  if (answer == SettleAnswer::stale || !settlement.counts) return std::nullopt;
  if (answer == SettleAnswer::already_recorded && counted_before(doubted)) return std::nullopt;
  return ending_of(settlement.to);
}

std::optional<Ending> ending_of(const EffectResult& result, EffectAnswer answer, bool doubted) {
  if (answer == EffectAnswer::stale || answer == EffectAnswer::late_yes) return std::nullopt;
  if (answer == EffectAnswer::already_recorded && counted_before(doubted)) return std::nullopt;
  if (result.verdict == Verdict::happened) return Ending::done;
  if (result.verdict == Verdict::unknown) return Ending::unknown;
  return result.retry_after ? Ending::retried : Ending::failed;
}

std::optional<Ending> ending_of(core::State to) {
  switch (to) {
    case core::State::done:
      return Ending::done;
    case core::State::failed:
      return Ending::failed;
    case core::State::queued:
      return Ending::retried;
    case core::State::unknown:
      return Ending::unknown;
    default:
      return std::nullopt;
  }
}

void add_ended(Connection& connection, std::int64_t worker, std::int64_t batch,
               const std::vector<EndedAgo>& ended) {
  std::vector<Params> rows;
  rows.reserve(ended.size());
  for (const auto& [queue, age, counts] : ended)
    rows.push_back({queue, micros(age), counts.done, counts.failed, counts.retried, counts.unknown});
  Transaction transaction(connection);
  if (connection.run(sql::mark_counted, {worker, batch}).changed == 0) return;
  connection.run_batch(sql::add_ended, rows);
  transaction.commit();
}

std::vector<EndedIn> throughput(Connection& connection, const std::string& queue, Micros from, Micros until,
                                Duration step) {
  std::vector<EndedIn> found;
  for (const auto& row : connection.run(sql::throughput, {from, until, step.count(), queue}))
    found.push_back({row[0].text(),
                     row[1].integer(),
                     {row[2].integer(), row[3].integer(), row[4].integer(), row[5].integer()}});
  return found;
}

int prune_throughput(Connection& connection, int most) {
  return static_cast<int>(connection.run(sql::prune_throughput, {micros(kKeepThroughput), most}).changed);
}

}  // namespace fencepost::store
