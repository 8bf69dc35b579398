#pragma once
// A claimed row as JSON: all of its columns but the protocol's own.

#include <optional>
#include <string>

#include "store/fence.hpp"

namespace fencepost::store {

// Immutable and thread-safe; the connection belongs to the caller. Throws InfraError.
class RowReader {
 public:
  // Reads the table's columns once: what is added later is not in the rows.
  RowReader(Connection& connection, const Fence& fence);
  // A JSON object; nullopt where the row is not any more what was claimed.
  std::optional<std::string> read(Connection& connection, const Claim& claim) const;

 private:
  Sql sql_;
  std::string without_;
};

// The key and the payload columns of a claim as one JSON object: what a `once` item is sent as.
std::string claim_json(const core::Queue& queue, const Claim& claim);

// Whether anything of the queue is due, being retried or being worked.
bool remaining(Connection& connection, const Fence& fence);

}  // namespace fencepost::store
