// `fencepost queue`: what stands in the queues, and the switch. Its items: queue_items.cpp.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/noun.hpp"
#include "cli/program.hpp"
#include "cli/queue_items.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

std::string counts_of(const json& queue) {
  std::string out;
  const auto at_least = queue.value("counted_at_least", json::array());
  for (const auto& count : queue.at("counts").items()) {
    const bool more = std::find(at_least.begin(), at_least.end(), count.key()) != at_least.end();
    out += (out.empty() ? "" : ", ") + word_of(count.key()) + " " + count.value().dump() + (more ? "+" : "");
  }
  return out.empty() ? "-" : out;
}

// How long what has waited longest is due; roughly, where that is long.
std::string age_of(const json& queue) {
  const auto& due = queue.at("oldest_due_seconds");
  if (due.is_null()) return "-";
  const auto seconds = due.get<std::int64_t>();
  const int unit = seconds >= 7200 ? 3600 : seconds >= 120 ? 60 : 1;
  return duration_text(std::chrono::seconds(seconds / unit * unit));
}

void show(const json& queues) {
  Table rows;
  for (const auto& queue : queues)
    rows.push_back({cell(queue, "name"), cell(queue, "paused"), cell(queue, "paused_why"), age_of(queue),
                    counts_of(queue)});
  print(table({"QUEUE", "PAUSED", "WHY", "OLDEST DUE", "ITEMS"}, rows, 200));
}

struct Asked {
  std::string name, from, to, step;
};

int throughput(Client& client, bool as_json, const Asked& asked) {
  auto path = "/queues/" + encoded(asked.name) + "/throughput";
  if (!asked.from.empty()) add_query(path, "from", asked.from);
  if (!asked.to.empty()) add_query(path, "to", asked.to);
  if (!asked.step.empty()) {
    const auto step = std::chrono::duration_cast<std::chrono::seconds>(parse_duration(asked.step));
    add_query(path, "step_seconds", std::to_string(step.count()));
  }
  const auto body = client.get(path);
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& step : body.at("steps"))
    rows.push_back({cell(step, "from"), cell(step, "done"), cell(step, "failed"), cell(step, "retried"),
                    cell(step, "unknown")});
  print(rows.empty() ? "nothing has ended since " + cell(body, "from") + "\n"
                     : table({"FROM", "DONE", "FAILED", "RETRIED", "UNKNOWN"}, rows, 60));
  return 0;
}

void add_queue_throughput(CLI::App& noun, Chosen& chosen) {
  auto asked = std::make_shared<Asked>();
  auto* command = noun.add_subcommand("throughput", "Show how many attempts of a queue ended, and how");
  command->add_option("NAME", asked->name, "As list shows it")->required();
  command->add_option("--from", asked->from, "An hour before --to where not given (RFC 3339)")
      ->type_name("TIME");
  command->add_option("--to", asked->to, "Now where not given")->type_name("TIME");
  command->add_option("--step", asked->step, "Whole minutes: 1m, 1h; 1m where not given")
      ->type_name("DURATION");
  command->footer("On all servers; two days are kept. Steps in which nothing ended are left out.");
  speaks(*command, chosen,
         [asked](Client& client, bool as_json) { return throughput(client, as_json, *asked); });
}

int list(Client& client, bool as_json) {
  const auto body = client.get("/queues");
  as_json ? print_json(body) : show(body.at("items"));
  return 0;
}

int pause_directly(const std::string& url, const std::string& name, const std::string& word,
                   const std::string& why, bool as_json) {
  const auto database = open_database(Settings({{"database", url}}, ""), 2);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  const bool pause = word == "pause";
  for (const auto& fence : make_fences(*lease)) {
    if (fence.queue().name != name) continue;
    fence.pause(*lease, pause, pause ? (why.empty() ? "paused by a person" : why) : "");
    if (as_json)
      print_json({{"name", name}, {"paused", pause}});
    else
      print(name + (pause ? ": paused\n" : ": goes on\n"));
    return 0;
  }
  throw base::UserError("queue_not_found", "there is no queue '" + name + "' in this database");
}
}  // namespace

void add_queue(CLI::App& app, Chosen& chosen) {
  struct Given {
    std::string name, why, database;
  };
  auto given = std::make_shared<Given>();
  auto* noun = app.add_subcommand("queue", "Queues")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show the queues and what stands in them"), chosen, list);
  const auto act = [&](CLI::App* command, const char* word) {
    command->add_option("NAME", given->name, "As list shows it")->required();
    command->add_option("--database", given->database, "Act on this database itself, where no server runs")
        ->type_name("URL");
    auto options = std::make_shared<ClientOptions>(*command);
    const Talk talk = [given, word](Client& client, bool as_json) {
      json body = json::object();
      if (!given->why.empty()) body["why"] = given->why;
      const auto queue = client.send("POST", "/queues/" + encoded(given->name) + "/" + word, body);
      as_json ? print_json(queue) : show(json::array({queue}));
      return 0;
    };
    command->callback([&chosen, given, options, talk, word] {
      chosen = [=] {
        if (!given->database.empty())
          return pause_directly(given->database, given->name, word, given->why, options->json());
        Client client(*options);
        return talk(client, options->json());
      };
    });
  };
  auto* pause = noun->add_subcommand("pause", "Nothing is claimed and no send begins until it is resumed");
  pause->add_option("--why", given->why, "Shown to everybody");
  act(pause, "pause");
  act(noun->add_subcommand("resume", "Lets a paused queue go on"), "resume");
  add_queue_items(*noun, chosen);
  add_queue_throughput(*noun, chosen);
}

}  // namespace fencepost::cli
