#include "store/own_sql.hpp"

#include <cctype>

namespace fencepost::store {

std::string with_placeholders(const std::string& text, Dialect dialect) {
  std::string out = text;
  if (dialect == Dialect::postgres) return out;
  const auto ends = [&](std::size_t at, std::string_view mark) {
    const auto found = text.find(mark, at);
    return found == std::string::npos ? text.size() : found + mark.size();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const bool inside_name =
        at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) || text[at - 1] == '_');
    if (rest.starts_with("--")) {
      at = ends(at, "\n");
    } else if (rest.starts_with("/*")) {
      at = ends(at, "*/");
    } else if (rest[0] == '\'' || rest[0] == '"') {
      at = ends(at + 1, rest.substr(0, 1));
    } else {
      if (rest[0] == '$' && rest.size() > 1 && std::isdigit(static_cast<unsigned char>(rest[1])) &&
          !inside_name)
        out[at] = '?';
      ++at;
    }
  }
  return out;
}

Rows run_own(Connection& connection, const std::string& text, const Params& params) {
  const auto ready = with_placeholders(text, connection.dialect());
  return connection.run(Sql{"own " + ready, ready}, params);
}

}  // namespace fencepost::store
