#pragma once
// `fencepost upload import`, and how answers to many are shown.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/commands.hpp"

namespace fencepost::cli {

void add_upload_import(CLI::App& noun, Chosen& chosen);
// The uploads that a file names, as the API takes them. Throws UserError("invalid_file"), with all lines that
// are wrong and why. `ignored`: the columns of a CSV that mean nothing here.
nlohmann::json rows_of_import(const std::string& bytes, bool csv, std::vector<std::string>& ignored);
// Sends many uploads; also the answer to all or nothing where that is nothing: then it has no `scheduled`.
nlohmann::json answers_to_many(Client& client, const std::string& path, const nlohmann::json& body,
                               const connect::Headers& headers = {});
// A line for each; the exit code: 1 where one was refused.
int show_answers(const nlohmann::json& answers, const std::vector<std::string>& labels, bool as_json);

}  // namespace fencepost::cli
