#pragma once
// Repeating what people do until its answer is certain (rule 4).

#include <string>

#include "store/fence.hpp"

namespace fencepost::store {

// Runs `act(connection, doubt)` like Database::retrying, and after a commit in doubt again, on another
// connection: then with `doubt` set, which says that an earlier run may have taken effect. Gives up after
// some rounds with an InfraError that is `in_doubt`: the act may or may not have happened, and the caller
// promises nothing.
template <typename Act>
auto until_certain(Database& database, Act&& act) {
  constexpr int kRounds = 8;
  bool doubt = false;
  for (int round = 1;; ++round) {
    try {
      return database.retrying([&](Connection& connection) { return act(connection, doubt); });
    } catch (const base::InfraError& error) {
      doubt = doubt || error.in_doubt();
      if (!doubt) throw;
      const bool again = error.in_doubt() || error.retryable();
      if (!again || round == kRounds)
        throw base::InfraError(error.what(), {.retryable = true, .in_doubt = true}, error.sqlstate());
    }
  }
}

// Fence::resolve as such an act: with `doubt` an earlier run's answer counts as given where the item is as it
// said, once that is confirmed.
core::ResolveAnswer resolve(Connection& connection, const Fence& fence, const std::string& item,
                            bool happened, const std::string& actor, const std::string& remote_url,
                            bool doubt, const Fence::Within& within = {});

}  // namespace fencepost::store
