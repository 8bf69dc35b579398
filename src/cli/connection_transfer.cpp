// Connections from one installation to another, without their secrets.

#include "cli/connection_transfer.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "cli/noun.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

constexpr int kFormat = 1;

// Of one name: the connected one, else the newest.
json exported(const json& connections) {
  json out = json::array();
  std::set<std::string> names;
  for (const bool connected : {true, false}) {
    for (auto at = connections.rbegin(); at != connections.rend(); ++at) {
      if ((at->at("status") != "disconnected") != connected || !names.insert(at->at("name")).second) continue;
      out.push_back({{"name", at->at("name")}, {"platform", at->at("platform")}, {"url", at->at("url")}});
    }
  }
  return {{"format", kFormat}, {"kind", "fencepost connections"}, {"connections", std::move(out)}};
}

json read_export(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const auto all = json::parse(text.str(), nullptr, false);
  const bool known = file && all.is_object() && all.value("kind", json()) == "fencepost connections" &&
                     all.contains("connections");
  if (!known)
    throw base::UserError("invalid_export",
                          "'" + path + "' cannot be read as what `fencepost connection export` writes");
  if (all.value("format", json()) != kFormat)
    throw base::UserError("invalid_export",
                          "'" + path + "' was written by a newer version: import it with that");
  return {{"connections", all.at("connections")}};
}

int import_file(Client& client, bool as_json, const std::string& path) {
  const auto body = client.send("POST", "/connections/import", read_export(path));
  bool conflicts = false;
  Table rows;
  for (const auto& item : body.at("items")) {
    conflicts = conflicts || item.at("answer") == "conflict";
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "answer")});
  }
  if (as_json) {
    print_json(body);
    return conflicts ? 1 : 0;
  }
  print(table({"ID", "NAME", "ANSWER"}, rows));
  print("what was imported is disconnected: fencepost connection connect ID\n");
  if (conflicts) print("conflict: the name is another one's here, which was left as it is\n");
  return conflicts ? 1 : 0;
}
}  // namespace

std::string secret_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    throw base::UserError("no_secret", "the secret file '" + path + "' cannot be read, or is empty");
  return line;
}

void add_connection_transfer(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id, secret_file, path;
  };
  auto given = std::make_shared<Given>();
  auto* out = noun.add_subcommand("export", "Print all connections as JSON, without their secrets");
  speaks(*out, chosen, [](Client& client, bool) {
    print(exported(client.get("/connections").at("items")).dump(2) + "\n");
    return 0;
  });
  auto* in = noun.add_subcommand("import", "Make the connections of an export, disconnected as yet");
  in->footer("Again it changes nothing. Exit code 1 where a name is another one's here.");
  in->add_option("PATH", given->path, "What export has printed")->required()->type_name("FILE");
  speaks(*in, chosen,
         [given](Client& client, bool as_json) { return import_file(client, as_json, given->path); });
  auto* connect = noun.add_subcommand("connect", "Give a connection its credentials, or others");
  connect->add_option("ID", given->id, "As list shows it")->required();
  connect
      ->add_option("--secret-file", given->secret_file,
                   "Has the signing secret, whsec_…; without it one is made and shown this once")
      ->type_name("FILE");
  speaks(*connect, chosen, [given](Client& client, bool as_json) {
    json body = json::object();
    if (!given->secret_file.empty()) body["secret"] = secret_of(given->secret_file);
    const auto made = client.send("POST", item_path("connections", given->id, "connect"), body);
    if (as_json) {
      print_json(made);
      return 0;
    }
    print("connected " + cell(made, "name") + "\n");
    if (made.contains("secret")) print("secret (shown this once): " + cell(made, "secret") + "\n");
    return 0;
  });
}

}  // namespace fencepost::cli
