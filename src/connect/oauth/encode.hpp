#pragma once
// Percent-encoding and forms. Pure and thread-safe.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fencepost::connect::oauth {

// All but RFC 3986's unreserved characters, in upper-case hex: what RFC 5849, section 3.6 wants, and what a
// form takes too.
std::string percent(std::string_view text);
// "%41+b" as "A b" where `plus`, else "A+b". A % without two hex digits stands for itself.
std::string unpercent(std::string_view text, bool plus);
// application/x-www-form-urlencoded.
std::string form(const std::vector<std::pair<std::string, std::string>>& fields);
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

}  // namespace fencepost::connect::oauth
