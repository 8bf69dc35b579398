#include "apps/announce/compose.hpp"

#include <string_view>
#include <utility>

namespace fencepost::announce {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// What stood only to hold a fact that is not known: blanks before it, parentheses around it, and its line
// where nothing else stands there. Answers where the text goes on.
std::size_t leave_no_trace(std::string& composed, std::string_view text, std::size_t at) {
  while (!composed.empty() && is_blank(composed.back())) composed.pop_back();
  if (composed.ends_with('(') && at < text.size() && text[at] == ')') {
    composed.pop_back();
    return leave_no_trace(composed, text, at + 1);
  }
  if (!composed.empty() && composed.back() != '\n') return at;
  while (at < text.size() && is_blank(text[at])) ++at;
  if (at == text.size()) {
    while (composed.ends_with('\n')) composed.pop_back();
  } else if (text[at] == '\n') {
    ++at;
  }
  return at;
}

}  // namespace

std::string compose(const std::string& text, const Facts& facts) {
  const std::pair<std::string_view, const std::string&> known[] = {{"{title}", facts.title},
                                                                   {"{url}", facts.url},
                                                                   {"{number}", facts.number},
                                                                   {"{host}", facts.host},
                                                                   {"{show}", facts.show}};
  // From left to right, once: what was put in is not looked at again.
  std::string composed;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = std::string_view(text).substr(at);
    const std::string* fact = nullptr;
    std::size_t length = 1;
    for (const auto& [placeholder, value] : known)
      if (rest.starts_with(placeholder)) {
        fact = &value;
        length = placeholder.size();
      }
    at += length;
    if (fact == nullptr)
      composed += rest.front();
    else if (fact->empty())
      at = leave_no_trace(composed, text, at);
    else
      composed += *fact;
  }
  return composed;
}

}  // namespace fencepost::announce
