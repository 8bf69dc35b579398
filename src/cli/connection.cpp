// `fencepost connection`: accounts on outside platforms.

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "accounts/spend.hpp"
#include "base/error.hpp"
#include "cli/connection_transfer.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

// "$0.015 of $5.00"; the API counts in millionths of a dollar.
std::string money(const json& item, const char* spent, const char* limit) {
  if (!item.contains(spent)) return "-";
  auto text = accounts::dollars(item.at(spent).get<std::int64_t>());
  if (item.at(limit).is_number()) text += " of " + accounts::dollars(item.at(limit).get<std::int64_t>());
  return text;
}

// "5" or "0.25" dollars as millionths; "none": null.
json millionths(const std::string& text) {
  if (text == "none") return nullptr;
  std::size_t end = 0;
  double dollars = -1;
  try {
    dollars = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  if (end == 0 || end != text.size() || !(dollars >= 0 && dollars <= 1e9))
    throw base::UserError("invalid_amount",
                          "'" + text + "' is no amount of dollars: for example 5, 0.25 or none");
  return std::llround(dollars * 1e6);
}

Table details(const json& item) {
  return {{"id", cell(item, "id")},
          {"name", cell(item, "name")},
          {"platform", cell(item, "platform")},
          {"url", cell(item, "url")},
          {"account", cell(item, "account_name")},
          {"status", cell(item, "status")},
          {"created", cell(item, "created_at")},
          {"credentials end", cell(item, "expires_at")},
          {"resting until", cell(item, "resting_until")},
          {"broken", cell(item, "broken_reason")},
          {"last error", cell(item, "last_error")},
          {"spent today", money(item, "spent_today", "spend_daily")},
          {"spent this month", money(item, "spent_this_month", "spend_monthly")}};
}

void add_add(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, platform = "webhook", url, secret_file;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("add", "Connect an account");
  command->add_option("--name", given->name, "How you call it")->required();
  command
      ->add_option("--platform", given->platform,
                   "What it is: webhook, bluesky, discord, linkedin, mastodon, threads, x or youtube")
      ->capture_default_str();
  command->add_option("--url", given->url, "What is posted to, where the platform has more than one place")
      ->type_name("URL");
  command
      ->add_option(
          "--secret-file", given->secret_file,
          "Has what the account proves itself with: an app password, a token; of a webhook the signing "
          "secret, whsec_… (Standard Webhooks), which is made and shown this once without it")
      ->type_name("FILE");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json body = {{"name", given->name}, {"platform", given->platform}};
    if (!given->url.empty()) body["url"] = given->url;
    if (!given->secret_file.empty()) body["secret"] = secret_of(given->secret_file);
    const auto made = client.send("POST", "/connections", body);
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

void add_authorize(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, platform, url;
    std::int64_t id = 0;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("authorize", "Connect an account on its platform's own pages");
  command->footer(
      "Prints a link. Open it in a browser in which you are signed in to this server; it works once, for\n"
      "ten minutes.");
  command->add_option("--name", given->name, "How you call it");
  command->add_option("--platform", given->platform, "What it is: x, threads, linkedin or mastodon");
  command->add_option("--url", given->url, "The server, where the platform has more than one")
      ->type_name("URL");
  command->add_option("--again", given->id, "Instead: new credentials for the connection of this ID")
      ->type_name("ID");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json body = json::object();
    if (given->id != 0) body["connection_id"] = given->id;
    for (const auto& [name, text] : {std::pair("name", given->name), std::pair("platform", given->platform),
                                     std::pair("url", given->url)})
      if (!text.empty()) body[name] = text;
    const auto begun = client.send("POST", "/connections/authorize", body);
    as_json ? print_json(begun)
            : print("open this by " + cell(begun, "expires_at") + ":\n" + begun.at("url").get<std::string>() +
                    "\n");
    return 0;
  });
}

void add_verify(CLI::App& noun, Chosen& chosen) {
  auto* command = noun.add_subcommand("verify", "Ask the platform whose account a connection is");
  auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "As list shows it")->required();
  speaks(*command, chosen, [id](Client& client, bool as_json) {
    const auto item = client.send("POST", item_path("connections", *id, "verify"), json::object());
    as_json ? print_json(item) : print(sheet(details(item)));
    return 0;
  });
}

void add_limit(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id, daily, monthly;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("limit", "Set what posting over a connection may cost");
  command->footer("Days and months are UTC's. Above a limit nothing is sent, and the announcement says so.");
  command->add_option("ID", given->id, "As list shows it")->required();
  command->add_option("--daily", given->daily, "Dollars a day, or none")->type_name("AMOUNT");
  command->add_option("--monthly", given->monthly, "Dollars a month, or none")->type_name("AMOUNT");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto now = client.get(item_path("connections", given->id));
    const json body = {
        {"daily", given->daily.empty() ? now.at("spend_daily") : millionths(given->daily)},
        {"monthly", given->monthly.empty() ? now.at("spend_monthly") : millionths(given->monthly)}};
    const auto item = client.send("PUT", item_path("connections", given->id, "spend-limits"), body);
    as_json ? print_json(item) : print(sheet(details(item)));
    return 0;
  });
}

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/connections");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "platform"), cell(item, "account_name"),
                    cell(item, "status"), cell(item, "url"), cell(item, "last_error")});
  print(table({"ID", "NAME", "PLATFORM", "ACCOUNT", "STATUS", "URL", "LAST ERROR"}, rows));
  return 0;
}
}  // namespace

void add_connection(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("connection", "Accounts that are posted to")->require_subcommand(1);
  add_add(*noun, chosen);
  add_authorize(*noun, chosen);
  add_verify(*noun, chosen);
  add_limit(*noun, chosen);
  add_connection_transfer(*noun, chosen);
  speaks(*noun->add_subcommand("list", "Show all connections"), chosen, list);
  auto* show = noun->add_subcommand("show", "Show one connection");
  auto id = std::make_shared<std::string>();
  show->add_option("ID", *id, "As list shows it")->required();
  speaks(*show, chosen, [id](Client& client, bool as_json) {
    const auto item = client.get(item_path("connections", *id));
    as_json ? print_json(item) : print(sheet(details(item)));
    return 0;
  });
  auto* drop = noun->add_subcommand("disconnect", "Disconnect an account: nothing more is sent to it");
  drop->add_option("ID", *id, "As list shows it")->required();
  speaks(*drop, chosen, [id](Client& client, bool as_json) {
    auto counts = client.send("DELETE", item_path("connections", *id), nullptr);
    counts["answer"] = "disconnected";
    show_answer("connection " + *id, counts, as_json);
    return 0;
  });
}

}  // namespace fencepost::cli
