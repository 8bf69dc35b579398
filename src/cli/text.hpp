#pragma once
// Texts of the command line: durations, tables. Pure but for print().

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace fencepost::cli {

// "500ms", "10s", "5m", "2h", "1d". Throws UserError("invalid_duration").
base::Duration parse_duration(std::string_view text);
// The same the other way, exactly.
std::string duration_text(base::Duration duration);

// Rows under headings, aligned by code points; control characters become spaces, so that no text of a
// stranger can move the cursor. Long texts are cut to `widest` characters.
using Table = std::vector<std::vector<std::string>>;
std::string table(const std::vector<std::string>& headings, const Table& rows, std::size_t widest = 60);
// One "name: value" a line.
std::string sheet(const Table& rows);

// A member as people read it: a text itself, "-" for null and what is missing, else JSON.
std::string cell(const nlohmann::json& object, const char* member);

// The same of a time; "-" also for the beginning of time: at once.
std::string time_cell(const nlohmann::json& object, const char* member);

// A word of a status column: the empty one as "none", as --processing takes it.
std::string word_of(const std::string& word);

// To standard output. Throws InfraError where nobody takes it (a full disk, a closed pipe).
void print(std::string_view text);

}  // namespace fencepost::cli
