#pragma once
// Where X sees URLs in a text: the grammar of twitter-text 3.1.0 (regexp/extractUrl.js,
// extractUrlsWithIndices.js), which Mastodon uses too. Linear in the text's length, where a regular
// expression goes over it anew for each character. Pure and thread-safe.
//
// In UTF-16 units, as its authors count: a part may begin or end inside a surrogate pair.

#include <cstddef>
#include <string_view>
#include <vector>

namespace fencepost::connect::text {

struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// From left to right. `bare_domains`: example.com is one without https:// too; else https:// is a must.
// Domains end with one of tlds.txt, so that a host that is a name of one's own network or an address is none.
std::vector<Part> urls(std::u16string_view text, bool bare_domains);

}  // namespace fencepost::connect::text
