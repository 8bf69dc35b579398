#pragma once
// LinkedIn's `little` text: what a post's commentary is written in. Its reserved characters stand for
// themselves only behind a backslash; without one a text is cut at them, or refused. Pure and thread-safe.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format

#include <string>
#include <string_view>

namespace fencepost::connect::linkedin {

// "#word" at the beginning of a word becomes a hashtag, everything else stands for itself.
std::string to_little(std::string_view text);
// What to_little() was given; other templates are left as they are.
std::string from_little(std::string_view little);

}  // namespace fencepost::connect::linkedin
