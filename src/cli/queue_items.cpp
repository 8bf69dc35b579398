#include "cli/queue_items.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

struct Given {
  std::string queue, error, due_from, due_until, overdue, state, cursor;
  std::vector<std::string> states, items;
  int max = 10'000, limit = 50;
  bool preview = false, wait = false;
};
using Shared = std::shared_ptr<Given>;

std::string path_of(const Given& given, const std::string& word) {
  return "/queues/" + encoded(given.queue) + "/" + word;
}

CLI::App* add(CLI::App& noun, const char* name, const char* help, const Shared& given) {
  auto* command = noun.add_subcommand(name, help);
  command->add_option("NAME", given->queue, "The queue, as list shows it")->required();
  return command;
}

std::string counted(const json& counts) {
  std::string out;
  for (const auto& count : counts.items())
    out += (out.empty() ? "" : ", ") + count.value().dump() + " " + count.key();
  return out.empty() ? "none" : out;
}

int list(Client& client, bool as_json, const Given& given) {
  auto path = path_of(given, "items");
  if (!given.state.empty()) add_query(path, "state", given.state);
  const auto page = one_page(client, as_json, path, given.limit, given.cursor);
  if (!page) return 0;
  Table rows;
  for (const auto& item : page->at("items"))
    rows.push_back({cell(item, "item"), word_of(cell(item, "status")), time_cell(item, "run_at"),
                    cell(item, "attempt"), cell(item, "error")});
  print(table({"ITEM", "STATUS", "NOT BEFORE", "ATTEMPTS", "ERROR"}, rows, 60));
  say_more(*page);
  return 0;
}

json filter_of(const Given& given) {
  json body = {{"max", given.max}, {"preview", given.preview}};
  if (!given.states.empty()) body["states"] = given.states;
  if (!given.items.empty()) body["items"] = given.items;
  if (!given.error.empty()) body["error"] = given.error;
  if (!given.due_from.empty()) body["due_from"] = given.due_from;
  if (!given.due_until.empty()) body["due_until"] = given.due_until;
  if (!given.overdue.empty())
    body["overdue_seconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(parse_duration(given.overdue)).count();
  return body;
}

int act(Client& client, bool as_json, const Given& given, const char* word) {
  const auto body = [&] {
    const Busy busy("asking the server");
    return client.send("POST", path_of(given, word), filter_of(given));
  }();
  if (as_json) {
    print_json(body);
    return 0;
  }
  print(std::string(given.preview ? "would be: " : "") + counted(body.at("answers")) + "\n");
  if (given.preview) print("they are: " + counted(body.at("states")) + "\n");
  if (body.at("more").get<bool>()) print("there are more: repeat it, or raise --max\n");
  return 0;
}

int drain(Client& client, bool as_json, const Given& given) {
  json body;
  const Busy busy("draining");
  do {
    body = client.send("POST", path_of(given, given.wait ? "drain?wait=20" : "drain"), json::object());
  } while (given.wait && client.status() == 202);
  if (as_json)
    print_json(body);
  else
    print(given.queue + ": " + cell(body, "answer") + ", " + cell(body, "claimed") + " claimed, " +
          cell(body, "sending") + " sending\n");
  return client.status() == 200 ? 0 : 1;
}

void add_filter(CLI::App& command, const Shared& given) {
  command.add_flag("--preview", given->preview, "Only say what would be answered");
  command.add_option("--state", given->states, "Items in this state (repeatable)")->type_name("STATE");
  command.add_option("--item", given->items, "The item with this key (repeatable)")->type_name("KEY");
  command.add_option("--error", given->error, "Items whose last error contains this");
  command.add_option("--due-from", given->due_from, "Due at or after this (RFC 3339)")->type_name("TIME");
  command.add_option("--due-until", given->due_until, "Due before this")->type_name("TIME");
  command.add_option("--overdue", given->overdue, "Due for at least this long: 10m, 2h, 1d")
      ->type_name("DURATION");
  command.add_option("--max", given->max, "Items at most, in the order of their keys")->capture_default_str();
}
}  // namespace

void add_queue_items(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  const auto runs = [&](CLI::App* command, int (*run)(Client&, bool, const Given&)) {
    speaks(*command, chosen,
           [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
  };
  auto* items = add(noun, "items", "Show the items of a queue, in the order of their keys", given);
  items->add_option("--state", given->state,
                    "Only these: queued, claimed, sending, done, failed, unknown or stopped");
  items->add_option("--limit", given->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
  items->add_option("--cursor", given->cursor, "Go on where the page before ended");
  runs(items, list);

  const auto acts = [&](const char* word, const char* help) {
    auto* command = add(noun, word, help, given);
    add_filter(*command, given);
    speaks(*command, chosen,
           [given, word](Client& client, bool as_json) { return act(client, as_json, *given, word); });
    return command;
  };
  acts("stop", "Stop items by a filter, each with an answer of its own");
  acts("retry", "Let failed items begin anew");
  acts("requeue", "Let items begin anew that are over")
      ->footer("Without --state: done, failed and stopped ones.");

  auto* rest = add(noun, "drain", "Pause a queue, and say whether anything of it is still at work", given);
  rest->add_flag("--wait", given->wait, "Until nothing is claimed or sending any more");
  rest->footer("Exit code 0: drained. 1: something is still at work. `queue resume` lets it go on.");
  runs(rest, drain);
}

}  // namespace fencepost::cli
