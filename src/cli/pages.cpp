#include "cli/pages.hpp"

#include <nlohmann/json.hpp>

namespace fencepost::cli {

using nlohmann::json;

json all_pages(Client& client, const std::string& path) {
  json items = json::array();
  std::string cursor;
  do {
    const auto page = client.get(path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=200" +
                                 (cursor.empty() ? "" : "&cursor=" + encoded(cursor)));
    for (const auto& item : page.at("items")) items.push_back(item);
    const auto next = page.find("next");
    cursor = next == page.end() || next->is_null() ? "" : next->get<std::string>();
  } while (!cursor.empty());
  return {{"items", std::move(items)}};
}

}  // namespace fencepost::cli
