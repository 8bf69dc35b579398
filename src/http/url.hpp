#pragma once
// Request targets (RFC 9112 §3.2, RFC 3986) and UTF-8 (RFC 3629). Pure functions.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fencepost::http {

struct Target {
  std::string path;                          // as received, without the query
  std::vector<std::string> segments;         // decoded; "/a/b" has two, "/" one empty
  std::map<std::string, std::string> query;  // decoded
};

// Splits "/a/b?x=1" or "http://host/a/b?x=1". Throws UserError("bad_target") for everything that two readers
// could read differently: broken escapes, an encoded '/' or '\', "." and ".." segments, control characters,
// bad UTF-8, a query name given twice.
Target parse_target(std::string_view target);

// The path's part of that, which never throws: for decisions made before a request is read to its end.
std::string_view path_of(std::string_view target);

bool valid_utf8(std::string_view text);
// How many code points; the text must be valid.
std::size_t code_points(std::string_view text);
// At most `count` code points of a valid text, then "…" if something was cut.
std::string clip(std::string_view text, std::size_t count);

}  // namespace fencepost::http
