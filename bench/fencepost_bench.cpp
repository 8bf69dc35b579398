// What Fencepost does in one measured run; scripts/bench calls it in turn with its peers. Prints one line of
// JSON. With --wait-for-go it prints "ready" after its preparation and waits for a line on standard input.

#include <poll.h>
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/log.hpp"
#include "bench/crew.hpp"
#include "bench/table.hpp"

namespace fencepost::bench {
namespace {

constexpr std::int64_t kWarmUp = 1000;
constexpr auto kGiveUp = std::chrono::minutes(10);

struct Options {
  CrewOptions crew;
  std::int64_t items = 50'000;
  std::int64_t history = 0;
  bool wait_for_go = false;
};

base::BootTime now() { return base::system_clock().boot(); }

double seconds_since(base::BootTime begun) { return std::chrono::duration<double>(now() - begun).count(); }

void ready(const Options& options) {
  if (!options.wait_for_go) return;
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

// Until every item was handled and its result is in the database. The table is asked only once all were
// handled, so that the question does not compete with the answer.
void wait_until_done(Table& table, const Tally& tally, std::int64_t items) {
  const auto until = now() + kGiveUp;
  while (tally.handled() < items || table.unfinished()) {
    if (now() > until) throw std::runtime_error("not done after ten minutes");
    poll(nullptr, 0, 1);
  }
}

int drain(const Options& options) {
  Tally tally(kWarmUp + options.history + options.items);
  Crew crew(options.crew, tally);
  const auto database = store::Database::open(options.crew.database);
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

int run(int argc, char** argv) {
  CLI::App app("Measures Fencepost's engine; see scripts/bench.");
  app.require_subcommand(1);
  Options options;
  const std::map<std::string, core::Kind> kinds{{"repeatable", core::Kind::repeatable},
                                                {"once", core::Kind::once}};
  auto* drains = app.add_subcommand("drain", "fill a table with no-op items and work them off");
  drains->add_option("--database", options.crew.database, "sqlite:PATH or postgresql://…")->required();
  drains->add_option("--queue", options.crew.kind, "repeatable or once")
      ->transform(CLI::CheckedTransformer(kinds))
      ->default_str("repeatable");
  drains->add_option("--items", options.items)->capture_default_str();
  drains->add_option("--history", options.history, "finished items that are there before")
      ->capture_default_str();
  drains->add_option("--concurrency", options.crew.concurrency, "handlers at once, a process")
      ->capture_default_str();
  drains->add_option("--processes", options.crew.processes)->capture_default_str();
  drains->add_flag("--wait-for-go", options.wait_for_go,
                   "print 'ready' and wait for a line before the start");
  CLI11_PARSE(app, argc, argv);
  return drain(options);
}

}  // namespace
}  // namespace fencepost::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a worker process that has died is an error that is reported
  fencepost::base::configure_log(fencepost::base::LogLevel::warn, false);
  try {
    return fencepost::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "fencepost_bench: " << error.what() << '\n';
    return 1;
  }
}
