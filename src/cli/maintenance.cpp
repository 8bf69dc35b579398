// migrate, verify: what an operator does beside the server.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "store/verify.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

int migrate(const Settings& settings, bool as_json) {
  const auto database = open_or_make_database(settings, 1);
  const auto lease = database->acquire();
  const auto applied = [&] {
    const Busy busy("migrating");
    return bring_up(*lease);
  }();
  if (as_json) {
    print(json{{"applied", applied}}.dump() + "\n");
    return 0;
  }
  for (const auto& name : applied) print("applied " + name + "\n");
  if (applied.empty()) print("nothing to do: the schema is current\n");
  return 0;
}

int verify(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  const auto fences = make_fences(*lease);
  const auto violations = [&] {
    LongWork work("verifying", LongWork::Unit::steps);
    return store::verify(*lease, fences, work.progress());
  }();
  json list = json::array();
  Table rows;
  for (const auto& violation : violations) {
    list.push_back({{"promise", violation.promise},
                    {"queue", violation.queue},
                    {"item", violation.item},
                    {"what", violation.what}});
    rows.push_back({violation.promise, violation.queue, violation.item, violation.what});
  }
  if (as_json)
    print(json{{"violations", std::move(list)}}.dump() + "\n");
  else if (violations.empty())
    print("no violations\n");
  else
    print(table({"PROMISE", "QUEUE", "ITEM", "WHAT"}, rows, 1000));
  return violations.empty() ? 0 : 1;
}

using Run = int (*)(const Settings&, bool);

void add(CLI::App* command, const std::vector<std::string_view>& names, Run run, Chosen& chosen) {
  auto flags = std::make_shared<SettingFlags>(*command, names);
  auto* json_flag = add_switch(*command, "--json", "Print JSON instead of a table");
  command->callback([&chosen, flags, json_flag, run] {
    chosen = [flags, json_flag, run] { return run(flags->settings(), json_flag->count() > 0); };
  });
}
}  // namespace

void add_maintenance(CLI::App& app, Chosen& chosen) {
  const std::vector<std::string_view> database{"database", "poll-only"};
  add(app.add_subcommand("migrate", "Bring a database's schema to this version"), database, migrate, chosen);
  auto* check = app.add_subcommand("verify", "Check the promises F1 to F4 from the database alone");
  check->footer("Exit code 1 where something is violated; each violation is named.");
  add(check, database, verify, chosen);
}

}  // namespace fencepost::cli
