#include "base/secret.hpp"

#include <sodium.h>

namespace fencepost::base {

void Secret::wipe(std::string& text) {
  if (!text.empty()) sodium_memzero(text.data(), text.size());
}

}  // namespace fencepost::base
