#include "connect/text.hpp"

#include <algorithm>

namespace fencepost::connect {

int measure(std::string_view text, const TextRules&) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace fencepost::connect
