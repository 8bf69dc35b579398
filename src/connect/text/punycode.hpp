#pragma once
// How long a name is on the wire: labels that are not ASCII are written in Punycode (RFC 3492).

#include <cstddef>
#include <string_view>

namespace fencepost::connect::text {

// The length of a label as punycode.js 1.4.1 writes it: "xn--" and what stands for its letters, if it has
// others than ASCII. U+3002, U+FF0E and U+FF61 part labels as "." does. Pure.
std::size_t punycode_length(std::u16string_view label);

}  // namespace fencepost::connect::text
