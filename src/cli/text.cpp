#include "cli/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace fencepost::cli {

namespace {
struct Unit {
  std::string_view name;
  std::int64_t micros;
};
constexpr Unit kUnits[] = {
    {"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}};

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_code_point));
}

// One line of at most `widest` characters.
std::string line(std::string_view text, std::size_t widest) {
  std::string out;
  std::size_t count = 0;
  for (const char c : text) {
    if (begins_code_point(c) && count++ == widest) return out + "…";
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out;
}
}  // namespace

base::Duration parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  // A century is more than anything here means, and far from overflowing.
  if (error == std::errc() && count >= 0 && count <= 36'500)
    for (const auto& [name, micros] : kUnits)
      if (unit == name) return base::Duration(count * micros);
  throw base::UserError("invalid_duration",
                        "'" + std::string(text) +
                            "' is no duration: write a whole number (up to 36500) and a unit, "
                            "such as 500ms, 10s, 5m, 2h or 1d");
}

std::string duration_text(base::Duration duration) {
  for (const auto& [name, micros] : kUnits)
    if (duration.count() % micros == 0) return std::to_string(duration.count() / micros) + std::string(name);
  return std::to_string(duration.count()) + "us";
}

std::string table(const std::vector<std::string>& headings, const Table& rows, std::size_t widest) {
  Table all{headings};
  for (const auto& row : rows) {
    all.emplace_back();
    for (const auto& text : row) all.back().push_back(line(text, widest));
  }
  std::vector<std::size_t> widths(headings.size(), 0);
  for (const auto& row : all)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (const auto& row : all) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
      text += row[i] + std::string(i + 1 < row.size() ? widths[i] - width(row[i]) + 2 : 0, ' ');
    out += text + '\n';
  }
  return out;
}

std::string sheet(const Table& rows) {
  std::size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, width(row[0]));
  std::string out;
  for (const auto& row : rows)
    out += row[0] + ':' + std::string(widest - width(row[0]) + 1, ' ') + line(row[1], 10'000) + '\n';
  return out;
}

std::string cell(const nlohmann::json& object, const char* member) {
  const auto at = object.find(member);
  if (at == object.end() || at->is_null()) return "-";
  if (at->is_boolean()) return at->get<bool>() ? "yes" : "no";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string time_cell(const nlohmann::json& object, const char* member) {
  const auto text = cell(object, member);
  return text.starts_with("1970-01-01T00:00:00") ? "-" : text;
}

std::string word_of(const std::string& word) { return word.empty() ? "none" : word; }

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw base::InfraError("standard output cannot be written", {});
}

}  // namespace fencepost::cli
