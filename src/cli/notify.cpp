// `fencepost notify`: who is told of what, through the API.

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

constexpr const char* kNoun = "notifications/subscriptions";

std::string words(const json& list, const char* none) {
  std::string out;
  for (const auto& word : list) out += (out.empty() ? "" : ",") + word.get<std::string>();
  return out.empty() ? none : out;
}

std::string where(const json& item) { return cell(item, item.at("url").is_null() ? "address" : "url"); }

Table details(const json& item) {
  return {{"id", cell(item, "id")},
          {"name", cell(item, "name")},
          {"to", where(item)},
          {"kinds", words(item.at("kinds"), "-")},
          {"status", cell(item, "status")},
          {"queues", words(item.at("queues"), "all")}};
}

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, std::string("/") + kNoun);
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "channel"), cell(item, "status"),
                    words(item.at("kinds"), "-"), words(item.at("queues"), "all"), where(item)});
  print(table({"ID", "NAME", "CHANNEL", "STATUS", "KINDS", "QUEUES", "TO"}, rows));
  return 0;
}

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    throw base::UserError("no_secret", "the secret file '" + path + "' cannot be read, or is empty");
  return line;
}

void add_create(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, webhook, secret_file;
    bool email = false;
    std::vector<std::string> kinds, queues;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("create", "Subscribe: to a URL, or to your own address");
  command->footer(
      "Kinds: item_failed, item_unknown, credentials_expiring, credentials_refused, quota_low.\n"
      "An address is confirmed by the code that is sent to it: notify confirm ID CODE.");
  command->add_option("--name", given->name, "How you call it")->required();
  auto* webhook = command->add_option("--webhook", given->webhook, "What is posted to")->type_name("URL");
  auto* email = command->add_flag("--email", given->email, "To your own address")->excludes(webhook);
  command
      ->add_option("--secret-file", given->secret_file,
                   "Has the signing secret, whsec_… (Standard Webhooks); without it one is made and shown "
                   "this once")
      ->type_name("FILE")
      ->needs(webhook);
  command->add_option("--kind", given->kinds, "What to be told of; several with commas")
      ->required()
      ->delimiter(',')
      ->type_name("KIND");
  command->add_option("--queue", given->queues, "Of this queue alone; several with commas")
      ->delimiter(',')
      ->type_name("NAME");
  (void)email;
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    if (given->email == !given->webhook.empty())
      throw base::UserError("no_channel", "say where to: --webhook URL, or --email");
    json body = {{"name", given->name},
                 {"channel", given->email ? "email" : "webhook"},
                 {"kinds", given->kinds},
                 {"queues", given->queues}};
    if (!given->email) body["url"] = given->webhook;
    if (!given->secret_file.empty()) body["secret"] = first_line_of(given->secret_file);
    const auto made = client.send("POST", std::string("/") + kNoun, body);
    if (as_json) {
      print_json(made);
      return 0;
    }
    auto rows = details(made);
    if (made.contains("secret")) rows.push_back({"secret (shown this once)", cell(made, "secret")});
    print(sheet(rows));
    return 0;
  });
}

void add_edit(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id, name;
    std::vector<std::string> kinds, queues;
    bool on = false, off = false, all_queues = false;
  };
  auto given = std::make_shared<Given>();
  auto* command =
      noun.add_subcommand("edit", "Change a subscription; switched off, it loses what waits for it");
  command->add_option("ID", given->id, "As list shows it")->required();
  command->add_option("--name", given->name, "How you call it");
  command->add_option("--kind", given->kinds, "What to be told of; several with commas")->delimiter(',');
  auto* queue = command->add_option("--queue", given->queues, "Of these queues alone")->delimiter(',');
  command->add_flag("--all-queues", given->all_queues, "Of all queues")->excludes(queue);
  auto* on = command->add_flag("--on", given->on, "Switch it on");
  command->add_flag("--off", given->off, "Switch it off")->excludes(on);
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json body = json::object();
    if (!given->name.empty()) body["name"] = given->name;
    if (!given->kinds.empty()) body["kinds"] = given->kinds;
    if (!given->queues.empty() || given->all_queues) body["queues"] = given->queues;
    if (given->on || given->off) body["enabled"] = given->on;
    const auto path = item_path(kNoun, given->id);
    client.get(path);
    const auto changed = client.send("PATCH", path, body, {{"If-Match", client.etag()}});
    as_json ? print_json(changed) : print(sheet(details(changed)));
    return 0;
  });
}

int deliveries(Client& client, const std::string& id, bool as_json) {
  const auto body = all_pages(client, item_path(kNoun, id, "deliveries"));
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "kind"), cell(item, "notices"), cell(item, "status"),
                    cell(item, "attempts"), cell(item, "due_at"), cell(item, "last_error")});
  print(table({"ID", "KIND", "NOTICES", "STATUS", "ATTEMPTS", "DUE", "LAST ERROR"}, rows));
  return 0;
}

using Act = int (*)(Client&, const std::string& id, bool as_json);

void add_act(CLI::App& noun, Chosen& chosen, const char* name, const char* help, Act act) {
  auto* command = noun.add_subcommand(name, help);
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "As list shows it")->required();
  speaks(*command, chosen, [id, act](Client& client, bool as_json) { return act(client, *id, as_json); });
}

int test(Client& client, const std::string& id, bool as_json) {
  show_answer("test", client.send("POST", item_path(kNoun, id, "test"), json::object()), as_json);
  return 0;
}

int remove(Client& client, const std::string& id, bool as_json) {
  client.send("DELETE", item_path(kNoun, id), nullptr);
  show_answer("subscription " + id, {{"answer", "deleted"}}, as_json);
  return 0;
}

void add_confirm(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id, code;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("confirm", "Confirm your address by the code that was sent to it");
  command->add_option("ID", given->id, "As list shows it")->required();
  command->add_option("CODE", given->code, "From the mail")->required();
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto answer = client.send("POST", item_path(kNoun, given->id, "confirm"), {{"code", given->code}});
    show_answer("subscription " + given->id, answer, as_json);
    return 0;
  });
}
}  // namespace

void add_notify(CLI::App& app, Chosen& chosen) {
  auto* noun =
      app.add_subcommand("notify", "Who is told of what, by webhook or e-mail")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show all subscriptions, or your own"), chosen, list);
  add_create(*noun, chosen);
  add_edit(*noun, chosen);
  add_confirm(*noun, chosen);
  add_act(*noun, chosen, "test", "Send a test", test);
  add_act(*noun, chosen, "deliveries", "Show what was delivered, what waits, and what was given up and why",
          deliveries);
  add_act(*noun, chosen, "delete", "End a subscription; what waits for it is not sent", remove);
}

}  // namespace fencepost::cli
