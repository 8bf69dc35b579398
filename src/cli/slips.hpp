#pragma once
// What was meant where a command line has a word that is none.

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace fencepost::cli {

// After a failed parse: names the first word that no command takes, with what is near it; nothing where there
// is none, and the failure is another.
std::optional<std::string> unknown_word(CLI::App& app);

}  // namespace fencepost::cli
