#pragma once
// The kinds of work that are crashed, the same for the workers and for the tests that drive them.

#include <array>
#include <stdexcept>
#include <string>

#include "fixture.hpp"

namespace fencepost::crash {

// `own`: the application writes a row of its own in the transaction that settles. refusing: the platform
// refuses a second arrival of a key, and can be asked.
enum class Flavour { once, once_own, refusing, repeatable, repeatable_own };
constexpr std::array kFlavours{Flavour::once, Flavour::once_own, Flavour::refusing, Flavour::repeatable,
                               Flavour::repeatable_own};

inline std::string name(Flavour flavour) {
  constexpr std::array kNames{"once", "once_own", "refusing", "repeatable", "repeatable_own"};
  return kNames.at(static_cast<std::size_t>(flavour));
}
inline Flavour flavour_of(const std::string& text) {
  for (const auto flavour : kFlavours)
    if (name(flavour) == text) return flavour;
  throw std::invalid_argument("no such flavour: " + text);
}
inline bool is_once(Flavour flavour) { return flavour <= Flavour::refusing; }
inline bool own_writes(Flavour flavour) {
  return flavour == Flavour::once_own || flavour == Flavour::repeatable_own;
}
inline core::Kind kind_of(Flavour flavour) {
  return is_once(flavour) ? core::Kind::once : core::Kind::repeatable;
}

// The store's tables for tests, with retries that come soon and do not run out.
inline core::Queue queue_of(Flavour flavour) {
  auto queue = store::testing::queue_of(kind_of(flavour));
  queue.backoff = {std::chrono::milliseconds(5), std::chrono::milliseconds(20), 1000};
  return queue;
}

}  // namespace fencepost::crash
