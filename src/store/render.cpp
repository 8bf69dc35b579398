#include <map>
#include <string>

#include "store/guards.hpp"
#include "store/value.hpp"

namespace fencepost::store {

#ifdef FENCEPOST_MUTANTS
namespace {
std::string& removed() {
  static std::string name;
  return name;
}

// \1 guard \2 text \3 replacement \4 becomes the text, or the replacement where the guard is removed.
std::string apply_guards(std::string text) {
  for (std::size_t begin = text.find('\1'); begin != std::string::npos; begin = text.find('\1')) {
    const auto name_end = text.find('\2', begin), text_end = text.find('\3', begin), end = text.find('\4', begin);
    const auto name = text.substr(begin + 1, name_end - begin - 1);
    const auto chosen = guard(name) ? text.substr(name_end + 1, text_end - name_end - 1)
                                    : text.substr(text_end + 1, end - text_end - 1);
    text.replace(begin, end - begin + 1, chosen);
  }
  return text;
}
}  // namespace

void remove_guard(std::string_view name) { removed() = name; }
bool guard(std::string_view name) { return removed() != name; }
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
