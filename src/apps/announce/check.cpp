#include "apps/announce/check.hpp"

#include "accounts/text.hpp"
#include "base/error.hpp"
#include "connect/address_guard.hpp"

namespace fencepost::announce {

namespace {
constexpr std::size_t kLongestText = 3000, kLongestUrl = 2000;
}

void check_text(const std::string& text) {
  const auto length = accounts::utf8_length(text);
  if (!length) throw base::UserError("invalid_text", "the text is not valid UTF-8");
  if (*length > kLongestText)
    throw base::UserError("invalid_text",
                          "the text has " + std::to_string(*length) + " characters; 3000 are the most");
  if (accounts::has_control(text, true))
    throw base::UserError("invalid_text", "the text has a control character other than tab and line break");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw base::UserError("invalid_text", "the text is empty");
}

void check_url(const std::string& url) {
  if (url.empty()) return;
  if (url.size() > kLongestUrl) throw base::UserError("invalid_url", "the URL is longer than 2000 bytes");
  if (!accounts::utf8_length(url) || accounts::has_control(url, false))
    throw base::UserError("invalid_url", "the URL is not valid text");
  // It is shown and linked, never fetched by us: an address within is the reader's matter.
  if (const auto problem = connect::url_problem(url, {.allow_private = true}))
    throw base::UserError("invalid_url", *problem);
}

}  // namespace fencepost::announce
