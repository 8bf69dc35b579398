#include "cli/slips.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "cli/settings.hpp"

namespace fencepost::cli {

namespace {
std::vector<std::string> options_of(CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> commands_of(CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* one : command.get_subcommands([](CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

std::string meant(const std::string& word, const std::vector<std::string>& known) {
  const auto near = closest(word, known);
  return near.empty() ? "see --help" : "did you mean '" + near + "'?";
}
}  // namespace

std::optional<std::string> unknown_word(CLI::App& app) {
  auto* command = &app;
  std::string path = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().back();
    path += " " + command->get_name();
  }
  const auto left = app.remaining(true);
  const auto commands = commands_of(*command);
  if (!left.empty() && !commands.empty() && !left[0].starts_with("-"))
    return path + " has no command '" + left[0] + "': " + meant(left[0], commands);
  const auto option =
      std::find_if(left.begin(), left.end(), [](const std::string& word) { return word.starts_with("--"); });
  if (option == left.end()) return std::nullopt;
  const auto name = option->substr(0, option->find('='));
  return path + " has no option '" + name + "': " + meant(name, options_of(*command));
}

}  // namespace fencepost::cli
