#pragma once
// `fencepost upload file`: one subcommand of the noun `upload`.

#include "cli/commands.hpp"

namespace fencepost::cli {

void add_upload_file(CLI::App& upload, Chosen& chosen);

}  // namespace fencepost::cli
