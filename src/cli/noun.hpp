#pragma once
// What the nouns share: a command that speaks with the server, and how it shows what it was told.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/client.hpp"
#include "cli/commands.hpp"

namespace fencepost::cli {

// What a command does with its server; answers the exit code.
using Talk = std::function<int(Client&, bool as_json)>;
// Adds --server, --token, --json … to `command`; when it is chosen, `talk` runs.
void speaks(CLI::App& command, Chosen& chosen, Talk talk);

// {"answer": …} as a line of its own, or the whole answer as JSON.
void show_answer(const std::string& what, const nlohmann::json& body, bool as_json);
void print_json(const nlohmann::json& body);

// A whole file. Throws UserError("unreadable").
std::string file_bytes(const std::string& path);

// "/announcements/7": an id is a positive number. Throws UsageError.
std::string item_path(const std::string& collection, const std::string& id, const std::string& act = {});

}  // namespace fencepost::cli
