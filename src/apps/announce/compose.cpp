#include "apps/announce/compose.hpp"

#include <string_view>
#include <utility>

namespace fencepost::announce {

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
    if (fact != nullptr)
      composed += *fact;
    else
      composed += text[at];
    at += length;
  }
  return composed;
}

}  // namespace fencepost::announce
