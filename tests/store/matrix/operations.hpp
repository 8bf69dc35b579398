#pragma once
// The operations that race: each as the store does it and as the oracle says it, under one name.

#include <functional>
#include <string>
#include <vector>

#include "matrix/case.hpp"

namespace fencepost::store::testing {

struct Operation {
  std::string name;
  // On the connection, in its transaction if it has one; answers in a few words. Throws nothing that is
  // expected.
  std::function<std::string(Case&, Connection&)> run;
  std::function<std::string(Oracle&)> expect;
  // It passes over a row that somebody holds.
  bool skips = false;
};

// Everything that the matrix pairs, for one kind of queue.
std::vector<Operation> operations(core::Kind kind);
// What only longer stories need: time that passes, the newest claim's gate and settlements, the sweeps.
std::vector<Operation> more_operations(core::Kind kind);

}  // namespace fencepost::store::testing
