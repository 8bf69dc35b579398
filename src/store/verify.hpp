#pragma once
// `fencepost verify`: checks the promises F1 to F4, and what F5 needs, from the database alone, and names
// every violation. A clean database gives none, at any moment: every check is one statement, so it sees each
// transaction whole or not at all, also while the program runs.
//
// What it cannot see: history that was pruned (an effect is held against the events that are left), and an
// item that was deleted by a foreign program and made again under the same key, which looks like one item.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "store/fence.hpp"

namespace fencepost::store {

struct Violation {
  std::string promise;  // "F1" … "F5"
  std::string queue;    // empty for a bucket
  std::string item;     // of a bucket "scope/name/window"
  std::string what;     // names claims, words and limits; nothing secret
};

// Over these queues and all budgets. Reads whole tables, set by set: for operators and tests, not for every
// request. Thread-safe as its connection is. Throws InfraError. `progress`: checks done, of how many; may
// throw.
std::vector<Violation> verify(Connection& connection, std::span<const Fence> queues,
                              const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace fencepost::store
