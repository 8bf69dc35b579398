// What Fencepost does in one measured run; scripts/bench calls it in turn with its peers. Prints one line of
// JSON. With --wait-for-go it prints "ready" after its preparation and waits for a line on standard input.

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/log.hpp"
#include "bench/measure.hpp"

namespace fencepost::bench {

void ready(const Options& options) {
  if (!options.wait_for_go) return;
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

namespace {

using Run = int (*)(const Options&);

CLI::App* add(CLI::App& app, const char* name, const char* what, Options& options) {
  static const std::map<std::string, core::Kind> kKinds{{"repeatable", core::Kind::repeatable},
                                                        {"once", core::Kind::once}};
  auto* command = app.add_subcommand(name, what);
  command->add_option("--database", options.crew.database, "sqlite:PATH or postgresql://…")->required();
  command->add_option("--queue", options.crew.kind, "repeatable (the default) or once")
      ->transform(CLI::CheckedTransformer(kKinds));
  command->add_flag("--sqlite-normal", options.crew.sqlite_normal, "SQLite with synchronous=NORMAL");
  command->add_flag("--wait-for-go", options.wait_for_go,
                    "print 'ready' and wait for a line before the start");
  return command;
}

int run(int argc, char** argv) {
  CLI::App app("Measures Fencepost's engine; see scripts/bench.");
  app.require_subcommand(1);
  Options options;
  std::map<CLI::App*, Run> runs;

  auto* drains = add(app, "drain", "fill a table with no-op items and work them off", options);
  runs[drains] = drain;
  drains->add_option("--processes", options.crew.processes)->capture_default_str();
  auto* fills = add(app, "fill", "make the table and fill it, for others to work off", options);
  runs[fills] = fill;
  auto* enqueues = add(app, "enqueue", "add items one by one or in bulk", options);
  runs[enqueues] = enqueue;
  enqueues->add_option("--connections", options.connections)->capture_default_str();
  enqueues->add_option("--batch", options.batch, "items in a statement")->capture_default_str();
  auto* latencies = add(app, "latency", "from enqueue to the handler's start on an idle system", options);
  runs[latencies] = latency;
  latencies->add_option("--samples", options.samples)->capture_default_str();
  auto* upkeeps = add(app, "upkeep", "what the engine asks of the table beside its claims", options);
  runs[upkeeps] = upkeep;
  upkeeps->add_option("--samples", options.samples)->capture_default_str();

  for (auto* command : {drains, fills, enqueues, upkeeps})
    command->add_option("--items", options.items)->capture_default_str();
  for (auto* command : {drains, fills, upkeeps})
    command->add_option("--history", options.history, "finished items that are there before");
  for (auto* command : {drains, latencies})
    command->add_option("--concurrency", options.crew.concurrency, "handlers at once, a process")
        ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return runs.at(app.get_subcommands().at(0))(options);
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
