#pragma once
// `fencepost upload import`, and how answers to many are shown.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"

namespace fencepost::cli {

void add_upload_import(CLI::App& noun, Chosen& chosen);
// A line for each; the exit code: 1 where one was refused.
int show_answers(const nlohmann::json& answers, const std::vector<std::string>& labels, bool as_json);

}  // namespace fencepost::cli
