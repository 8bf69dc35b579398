// `fencepost adopt` and `fencepost doctor`: somebody's own table as a queue, and whether it still is one.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/adopt.hpp"
#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "store/doctor.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

// Building an index on a large table takes what it takes.
constexpr std::chrono::hours kPatience{24};

std::string meaning(const store::AdoptPlan& plan, const std::optional<std::string>& word) {
  if (!word) return plan.backfilled > 0 ? "backfilled" : "never worked";
  const auto state = core::state_of(plan.descriptor.queue, *word);
  if (state != core::State::other) return std::string(core::name(state));
  const auto& leave = plan.descriptor.leave;
  if (std::find(leave.begin(), leave.end(), *word) != leave.end()) return "left alone";
  return plan.backfilled > 0 ? "backfilled" : "unknown to the queue";
}

json as_json(const store::AdoptPlan& plan, bool dry_run) {
  json counts = json::array(), problems = json::array();
  for (const auto& [word, count] : plan.counts)
    counts.push_back(
        {{"status", word ? json(*word) : json()}, {"rows", count}, {"means", meaning(plan, word)}});
  for (const auto& problem : plan.problems)
    problems.push_back({{"what", problem.what}, {"mend", problem.mend}});
  const bool done = plan.problems.empty() && !dry_run && !plan.nothing_to_do;
  return {{"queue", plan.descriptor.queue.name}, {"table", plan.descriptor.queue.table},
          {"counts", std::move(counts)},         {"problems", std::move(problems)},
          {"warnings", plan.warnings},           {"statements", plan.statements},
          {"concurrently", plan.concurrently},   {"backfilled", plan.backfilled},
          {"nothing_to_do", plan.nothing_to_do}, {"done", done}};
}

void show_counts(const store::AdoptPlan& plan) {
  if (plan.counts.empty()) return print(plan.problems.empty() ? "the table is empty\n" : "");
  Table rows;
  for (const auto& [word, count] : plan.counts)
    rows.push_back({word.value_or("NULL"), std::to_string(count), meaning(plan, word)});
  print(table({"STATUS", "ROWS", "MEANS"}, rows));
}

void show_sql(const store::AdoptPlan& plan) {
  std::string text;
  for (const auto& statement : plan.concurrently) text += statement + ";\n";
  if (!text.empty()) text = "-- outside a transaction, after the columns:\n" + text;
  for (const auto& statement : plan.statements) {
    const auto end = statement.find_last_not_of(" \n") + 1;
    text += statement.substr(0, end) + (statement[end - 1] == ';' ? "\n" : ";\n");
  }
  // The parts of a script end in a semicolon each, and some have one of their own.
  for (auto at = text.find(";;\n"); at != std::string::npos; at = text.find(";;\n")) text.erase(at, 1);
  print(text);
}

int show(const store::AdoptPlan& plan, bool dry_run, const std::string& database) {
  show_counts(plan);
  for (const auto& warning : plan.warnings) print("note: " + warning + "\n");
  const auto& queue = plan.descriptor.queue;
  if (!plan.problems.empty()) {
    print("'" + queue.table + "' cannot be adopted like this; nothing was changed:\n");
    for (const auto& problem : plan.problems)
      print("- " + problem.what + "\n" + (problem.mend.empty() ? "" : "    mend: " + problem.mend + "\n"));
    return 1;
  }
  if (plan.nothing_to_do) {
    print("nothing to do: '" + queue.table + "' is the queue '" + queue.name + "' already\n");
    return 0;
  }
  if (dry_run) {
    print(
        "\n-- would be run; nothing was changed:\n"
        "-- (fencepost_now() is fencepost's own: on SQLite it is known to our connections alone)\n");
    show_sql(plan);
    return 0;
  }
  print("adopted '" + queue.table + "' as the queue '" + queue.name + "'" + (plan.before ? ", anew" : "") +
        "\n");
  if (plan.backfilled > 0) print(std::to_string(plan.backfilled) + " rows were given a status\n");
  if (!plan.concurrently.empty()) print("the indexes were built concurrently\n");
  print("next: fencepost loop --database '" + database + "' --queue " + queue.name + " --exec 'COMMAND'\n");
  return 0;
}

int adopt(const Settings& settings, const QueueFlags& flags, bool dry_run, bool json_wanted) {
  const auto request = flags.request();
  const auto database = open_database(settings, 2, kPatience);
  const auto lease = database->acquire();
  const bool schema = store::has_schema(*lease);
  store::AdoptPlan plan;
  if (dry_run) {
    plan = store::plan_adoption(*lease, request, !schema);
    if (!schema && !json_wanted)
      print("-- fencepost's own tables (fencepost_…) are not there yet; adopt makes them first\n");
  } else {
    const Busy busy("adopting");
    plan = adopt_table(*lease, request);
  }
  if (!json_wanted) return show(plan, dry_run, database->label());
  print(as_json(plan, dry_run).dump() + "\n");
  return plan.problems.empty() ? 0 : 1;
}

int doctor(const Settings& settings, const std::string& only, bool fix, bool json_wanted) {
  const auto database = open_database(settings, 2, kPatience);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  std::vector<store::Descriptor> all;
  for (const auto& fence : own_fences(*lease)) all.push_back({fence.queue(), {}});
  for (auto& adopted : store::stored_descriptors(*lease)) all.push_back(std::move(adopted));
  bool once = false, known = only.empty();
  json list = json::array();
  Table rows;
  bool healthy = true;
  const auto tell = [&](const std::vector<store::Finding>& findings) {
    for (const auto& f : findings) {
      healthy = healthy && !f.problem;
      list.push_back(
          {{"problem", f.problem}, {"queue", f.queue}, {"code", f.code}, {"what", f.what}, {"todo", f.todo}});
      rows.push_back({f.problem ? "problem" : "note", f.queue.empty() ? "-" : f.queue, f.code, f.what,
                      f.todo.empty() ? "-" : f.todo});
    }
  };
  for (const auto& descriptor : all) {
    if (!only.empty() && descriptor.queue.name != only) continue;
    known = true;
    once = once || descriptor.queue.kind == core::Kind::once;
    if (fix) store::repair(*lease, fence_of(*lease, descriptor.queue));
    tell(store::examine(*lease, descriptor));
  }
  if (!known)
    throw base::UserError("queue_not_found",
                          "there is no queue '" + only + "' in this database: `fencepost adopt` makes one");
  tell(store::examine_server(*lease, base::system_clock(), once));
  if (json_wanted)
    print(json{{"healthy", healthy}, {"findings", std::move(list)}}.dump() + "\n");
  else if (rows.empty())
    print("healthy\n");
  else
    print(table({"LEVEL", "QUEUE", "CODE", "WHAT", "WHAT TO DO"}, rows, 1000) + (healthy ? "healthy\n" : ""));
  return healthy ? 0 : 1;
}

const std::vector<std::string_view> kDatabase{"database", "poll-only"};
}  // namespace

store::AdoptPlan adopt_table(store::Connection& connection, const store::AdoptRequest& request) {
  // Where it cannot be, our tables are not made either.
  if (!store::has_schema(connection)) {
    auto plan = store::plan_adoption(connection, request, true);
    if (!plan.problems.empty()) return plan;
  }
  bring_up(connection);
  return store::adopt(connection, request);
}

void add_adopt(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("adopt", "Make an existing table with a status column into a queue");
  command->footer(
      "Adds the protocol's columns, two or three indexes and triggers, in one transaction. What stands "
      "against\n"
      "it is listed, with what would mend it, and nothing is changed. Run again it does nothing; with other\n"
      "flags it changes the queue, while nothing of it is being worked. Exit code 1 where it cannot be.");
  auto settings = std::make_shared<SettingFlags>(*command, kDatabase);
  auto flags = std::make_shared<QueueFlags>(*command, true);
  auto* dry_run = add_switch(*command, "--dry-run", "Print the SQL and the counts, and change nothing");
  auto* json_flag = add_switch(*command, "--json", "Print JSON");
  command->callback([&chosen, settings, flags, dry_run, json_flag] {
    chosen = [=] {
      return adopt(settings->settings(), *flags, dry_run->count() > 0, json_flag->count() > 0);
    };
  });

  struct Given {
    std::string queue;
  };
  auto given = std::make_shared<Given>();
  auto* examine = app.add_subcommand("doctor", "Look for what is wrong with queues and their database");
  examine->footer("Exit code 0: healthy (notes may be shown); 1: problems, each with what to do.");
  auto more = std::make_shared<SettingFlags>(*examine, kDatabase);
  examine->add_option("--queue", given->queue, "Only this one")->type_name("NAME");
  auto* fix =
      add_switch(*examine, "--fix", "First install our triggers and indexes anew; nothing else is changed");
  auto* as_json_flag = add_switch(*examine, "--json", "Print JSON instead of a table");
  examine->callback([&chosen, more, given, fix, as_json_flag] {
    chosen = [=] {
      return doctor(more->settings(), given->queue, fix->count() > 0, as_json_flag->count() > 0);
    };
  });
}

}  // namespace fencepost::cli
