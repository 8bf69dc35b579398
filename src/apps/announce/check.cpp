#include "apps/announce/check.hpp"

#include "accounts/text.hpp"
#include "base/error.hpp"
#include "connect/address_guard.hpp"
#include "core/window.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {
constexpr std::size_t kLongestText = 3000, kLongestUrl = 2000;

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

void check(const std::string& text, std::size_t longest, bool lines, const char* code,
           const std::string& what) {
  const auto length = accounts::utf8_length(text);
  if (!length) throw base::UserError(code, what + " is not valid UTF-8");
  if (*length > longest)
    throw base::UserError(code, what + " has " + std::to_string(*length) + " characters; " +
                                    std::to_string(longest) + " are the most");
  if (accounts::has_control(text, lines))
    throw base::UserError(code, what + " has a control character" +
                                    (lines ? " other than tab and line break" : ": write it on one line"));
}
}  // namespace

void check_text(const std::string& text) {
  check_long(text, kLongestText, "the text");
  if (is_blank(text)) throw base::UserError("invalid_text", "the text is empty");
}

void check_long(const std::string& text, std::size_t longest, const std::string& what) {
  check(text, longest, true, "invalid_text", what);
}

void check_line(const std::string& text, std::size_t longest, const char* code, const std::string& what) {
  check(text, longest, false, code, what);
  if (is_blank(text)) throw base::UserError(code, what + " is empty");
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

void check_time(store::Connection& connection, base::Micros at) {
  if (at >= core::kEndOfTime) throw base::UserError("invalid_time", "the time must lie before 2038");
  if (at < connection.run(store::sql::now)[0][0].integer() - kLate.count())
    throw base::UserError("invalid_time", "the time has passed: choose one that is still to come");
}

}  // namespace fencepost::announce
