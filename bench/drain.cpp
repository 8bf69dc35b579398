// Works off a full table, with one process or several.

#include <poll.h>
#include <iostream>
#include <stdexcept>

#include "bench/measure.hpp"
#include "bench/table.hpp"

namespace fencepost::bench {

namespace {

constexpr std::int64_t kWarmUp = 1000;
constexpr auto kGiveUp = std::chrono::minutes(10);

// Until every item was handled and its result is in the database. The table is asked only once all were
// handled, so that the question does not compete with the answer.
void wait_until_done(Table& table, const Tally& tally, std::int64_t items) {
  const auto until = now() + kGiveUp;
  while (tally.handled() < items || table.unfinished()) {
    if (now() > until) throw std::runtime_error("not done after ten minutes");
    poll(nullptr, 0, 1);
  }
}

}  // namespace

int drain(const Options& options) {
  Tally tally(kWarmUp + options.history + options.items);
  Crew crew(options.crew, tally);
  const auto database = open(options.crew);
  Table table(*database, options.crew.kind);
  table.make();
  table.add_history(options.history);

  table.fill(kWarmUp);
  crew.start();
  wait_until_done(table, tally, kWarmUp);
  crew.stop();
  tally.reset();
  table.fill(options.items);
  table.settle_down();

  ready(options);
  const auto begun = now();
  crew.start();
  wait_until_done(table, tally, options.items);
  const double seconds = seconds_since(begun);
  crew.stop();

  const auto done = table.done() - kWarmUp - options.history;
  std::cout << "{\"items\": " << options.items << ", \"seconds\": " << seconds << ", \"done\": " << done
            << ", \"handled\": " << tally.handled() << ", \"handled_once\": " << tally.handled_once()
            << ", \"per_second\": " << static_cast<double>(options.items) / seconds << "}\n";
  return done == options.items && tally.handled_once() == options.items ? 0 : 1;
}

int fill(const Options& options) {
  const auto database = open(options.crew);
  Table table(*database, options.crew.kind);
  table.make();
  table.add_history(options.history);
  table.fill(options.items);
  table.settle_down();
  std::cout << "{\"items\": " << options.items << "}\n";
  return 0;
}

}  // namespace fencepost::bench
