#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "store/guards.hpp"
#include "store/value.hpp"

namespace fencepost::store {

#ifdef FENCEPOST_MUTANTS
namespace {
std::set<std::string, std::less<>>& removed() {
  static std::set<std::string, std::less<>> names;
  return names;
}

// Calls `each` with the parts of "a+b" or "a,b".
template <typename Each>
void split(std::string_view text, char separator, Each&& each) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// \1 guards \2 text \3 replacement \4 becomes the text, or the replacement where one of its guards is
// removed.
std::string apply_guards(std::string text) {
  for (std::size_t begin = text.find('\1'); begin != std::string::npos; begin = text.find('\1')) {
    const auto name_end = text.find('\2', begin), text_end = text.find('\3', begin),
               end = text.find('\4', begin);
    bool all = true;
    split(std::string_view(text).substr(begin + 1, name_end - begin - 1), ',',
          [&](std::string_view name) { all = all && guard(name); });
    const auto chosen = all ? text.substr(name_end + 1, text_end - name_end - 1)
                            : text.substr(text_end + 1, end - text_end - 1);
    text.replace(begin, end - begin + 1, chosen);
  }
  return text;
}
}  // namespace

void remove_guard(std::string_view names) {
  removed().clear();
  split(names, '+', [](std::string_view name) { removed().emplace(name); });
}
bool guard(std::string_view name) { return !removed().contains(name); }
#else
namespace {
std::string apply_guards(std::string text) { return text; }
}  // namespace
#endif

Sql render(const Statement& statement, Dialect dialect, const std::map<std::string, std::string>& names) {
  const auto text = apply_guards(dialect == Dialect::sqlite ? statement.sqlite : statement.postgres);
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = text.find('{', at);
    const auto close = text.find('}', open);
    if (open == std::string::npos || close == std::string::npos) break;
    const auto found = names.find(text.substr(open + 1, close - open - 1));
    out.append(text, at, open - at);
    if (found != names.end()) {
      out += found->second;
      at = close + 1;
    } else {
      // Braces that name nothing belong to the SQL itself ('{}' as an empty JSON object).
      out += '{';
      at = open + 1;
    }
  }
  out.append(text, at);
  return {statement.name, out};
}

}  // namespace fencepost::store
