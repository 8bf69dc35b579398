#include "cli/noun.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

void speaks(CLI::App& command, Chosen& chosen, Talk talk) {
  auto options = std::make_shared<ClientOptions>(command);
  command.callback([&chosen, options, talk = std::move(talk)] {
    chosen = [options, talk] {
      Client client(*options);
      return talk(client, options->json());
    };
  });
}

void print_json(const nlohmann::json& body) { print(body.dump() + "\n"); }

void show_answer(const std::string& what, const nlohmann::json& body, bool as_json) {
  if (as_json)
    print_json(body);
  else
    print(what + ": " + cell(body, "answer") + "\n");
}

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw base::UserError("unreadable", "'" + path + "' cannot be read");
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) throw base::UserError("unreadable", "'" + path + "' cannot be read");
  return bytes;
}

std::string item_path(const std::string& collection, const std::string& id, const std::string& act) {
  if (id.empty() || id.size() > 18 ||
      !std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw UsageError("'" + id + "' is no id: ids are numbers, as `list` shows them");
  return "/" + collection + "/" + id + (act.empty() ? "" : "/" + act);
}

}  // namespace fencepost::cli
