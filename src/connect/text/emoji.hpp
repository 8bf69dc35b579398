#pragma once
// Emoji as X counts them: twemoji-parser 11.0.2, whose list has ended with Emoji 11 (younger sequences count
// part by part, so that a text is never longer for X than we say). Pure and thread-safe.

#include <cstddef>
#include <string_view>

namespace fencepost::connect::text {

// How many UTF-16 units the emoji of more than one code point has that begins there; 0: none begins.
std::size_t emoji_at(std::u16string_view text, std::size_t at);

}  // namespace fencepost::connect::text
