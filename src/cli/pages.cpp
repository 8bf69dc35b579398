#include "cli/pages.hpp"

#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

using nlohmann::json;

json all_pages(Client& client, const std::string& path) {
  json items = json::array();
  std::string cursor;
  do {
    auto whole = path;
    add_query(whole, "limit", "200");
    if (!cursor.empty()) add_query(whole, "cursor", cursor);
    const auto page = client.get(whole);
    for (const auto& item : page.at("items")) items.push_back(item);
    const auto next = page.find("next");
    cursor = next == page.end() || next->is_null() ? "" : next->get<std::string>();
  } while (!cursor.empty());
  return {{"items", std::move(items)}};
}

std::optional<json> one_page(Client& client, bool as_json, const std::string& path, int limit,
                             const std::string& cursor) {
  auto whole = path;
  add_query(whole, "limit", std::to_string(limit));
  if (!cursor.empty()) add_query(whole, "cursor", cursor);
  auto page = client.get(whole);
  if (!as_json) return page;
  print_json(page);
  return std::nullopt;
}

void say_more(const json& page) {
  if (!page.at("next").is_null()) print("more: --cursor " + cell(page, "next") + "\n");
}

int show_history(Client& client, bool as_json, const std::string& path) {
  const auto all = all_pages(client, path + "/history");
  if (as_json) {
    print_json(all);
    return 0;
  }
  Table rows;
  for (const auto& item : all.at("items"))
    rows.push_back({cell(item, "at"), cell(item, "kind"), cell(item, "from"), cell(item, "to"),
                    cell(item, "actor"), cell(item, "detail")});
  print(table({"TIME", "WHAT", "FROM", "TO", "WHO", "DETAIL"}, rows, 100));
  return 0;
}

}  // namespace fencepost::cli
