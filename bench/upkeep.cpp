// What the engine asks of a table beside claiming, to see whether a long history slows it down.

#include <algorithm>
#include <functional>
#include <iostream>
#include <vector>

#include "bench/measure.hpp"
#include "bench/table.hpp"
#include "store/retention.hpp"

namespace fencepost::bench {

namespace {

// Finished rows that are older than they are kept, for retention to delete in its steps.
constexpr std::int64_t kOld = 5000;
constexpr double kStep = 500;

double median_ms(int samples, const std::function<void()>& ask) {
  ask();
  std::vector<double> took;
  for (int i = 0; i < samples; ++i) {
    const auto begun = now();
    ask();
    took.push_back(seconds_since(begun) * 1000);
  }
  std::nth_element(took.begin(), took.begin() + samples / 2, took.end());
  return took[static_cast<std::size_t>(samples / 2)];
}

}  // namespace

int upkeep(const Options& options) {
  const auto database = open(options.crew);
  Table table(*database, options.crew.kind);
  table.make();
  table.add_history(options.history);
  table.fill(options.items);
  table.settle_down();
  auto connection = database->acquire();
  const auto& fence = table.fence();
  const std::int64_t worker = 1;

  ready(options);
  const int samples = std::max(options.samples, 1);
  const double claim = median_ms(samples, [&] {
    store::Transaction transaction(*connection);
    fence.claim(*connection, 1, std::chrono::seconds(60), worker);  // rolled back: every time the same work
  });
  const double next_due = median_ms(samples, [&] { fence.next_due(*connection); });
  const double lapsed = median_ms(samples, [&] { fence.lapsed(*connection, 100); });
  // Looks for once items whose word was changed by others; asks nothing where the queue is repeatable.
  const double misplaced = median_ms(samples, [&] { fence.misplaced(*connection, 100); });
  const double counts = median_ms(std::min(samples, 20), [&] { fence.counts(*connection); });
  std::int64_t counted = 0;
  for (const auto& count : fence.counts(*connection)) counted += count.at_least ? 0 : count.items;

  const auto old = std::min(kOld, options.history);
  const auto kept = table.keep_finished(std::chrono::hours(1), old);
  table.settle_down();
  store::Retention retention({&kept});
  const auto begun = now();
  const auto deleted = retention.run(*connection, base::system_clock(), std::chrono::minutes(5)).items;
  const double retained = seconds_since(begun) * 1000 / (static_cast<double>(old) / kStep);
  std::cout << "{\"claim\": " << claim << ", \"next_due\": " << next_due << ", \"lapsed\": " << lapsed
            << ", \"misplaced\": " << misplaced << ", \"counts\": " << counts
            << ", \"retention\": " << retained << ", \"deleted\": " << deleted << "}\n";
  // Finished rows are counted to their end, or not at all, but what is not finished always is.
  return deleted == old && counted >= options.items ? 0 : 1;
}

}  // namespace fencepost::bench
