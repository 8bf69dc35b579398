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

void show(const json& queues) {
  Table rows;
  for (const auto& queue : queues)
    rows.push_back({cell(queue, "name"), cell(queue, "paused"), cell(queue, "paused_why"), counts_of(queue)});
  print(table({"QUEUE", "PAUSED", "WHY", "ITEMS"}, rows, 200));
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
}

}  // namespace fencepost::cli
