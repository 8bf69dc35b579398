#pragma once
// A status as a Mastodon server shows it. Pure.

#include <string>
#include <string_view>

namespace fencepost::connect::mastodon {

// The text that people see of a status's HTML: without tags, paragraphs and line breaks as such, character
// references resolved. What is no HTML comes back as it is.
std::string plain(std::string_view html);

// A text as it can be compared with another form of itself: see comparable(); and a mention without its
// server, which is not shown.
std::string seen(std::string_view text);

}  // namespace fencepost::connect::mastodon
