#include "store/verify.hpp"

#include <iterator>

#include "store/budget.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

struct Check {
  const char* promise;
  const Statement* statement;
  bool once_only;
};
constexpr Check kChecks[] = {
    {"F1", &sql::verify_open_effects, true}, {"F1", &sql::verify_effect_rows, true},
    {"F1", &sql::verify_held_effects, true}, {"F1", &sql::verify_unrecorded_effects, true},
    {"F2", &sql::verify_stops, true},        {"F3", &sql::verify_second_effects, true},
    {"F5", &sql::verify_leases, false},      {"F5", &sql::verify_stuck, true},
};

std::string path_of(const BucketKey& key) { return key.scope + "/" + key.name + "/" + key.window; }

void check_budgets(Connection& connection, std::vector<Violation>& found) {
  for (const auto& d : differences(connection)) {
    const auto number = [](std::int64_t n) { return std::to_string(n); };
    found.push_back({"F4", "", path_of(d.key),
                     d.used != d.ledger ? number(d.used) + " are used, and the ledger has " + number(d.ledger)
                                        : "overhang is " + number(d.overhang) + ", with " + number(d.used) +
                                              " used of " + number(d.quota)});
  }
  for (const auto& row : connection.run(sql::verify_over_quota))
    found.push_back({"F4", "", path_of({row[0].text(), row[1].text(), row[2].text()}),
                     std::to_string(row[3].integer()) + " are used of " + std::to_string(row[4].integer())});
  for (const auto& row : connection.run(sql::verify_seats, {kSlotScope}))
    found.push_back({"F4", row[0].text(), row[1].text(), row[2].text()});
}

}  // namespace

std::vector<Violation> verify(Connection& connection, std::span<const Fence> queues,
                              const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::vector<Violation> found;
  std::int64_t done = 0;
  const auto total = static_cast<std::int64_t>(queues.size() * std::size(kChecks)) + 1;
  for (const auto& fence : queues) {
    for (const auto& check : kChecks) {
      if (progress) progress(done++, total);
      if (check.once_only && fence.queue().kind != core::Kind::once) continue;
      for (const auto& row : connection.run(fence.over(*check.statement)))
        found.push_back({check.promise, fence.queue().name, row[0].text(), row[1].text()});
    }
  }
  if (progress) progress(done, total);
  check_budgets(connection, found);
  return found;
}

}  // namespace fencepost::store
