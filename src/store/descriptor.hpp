#pragma once
// What `fencepost adopt` has made of a table, as it is kept in the database: with it a queue can be worked,
// verified and examined by a process that was told nothing but its name.

#include <optional>
#include <string>
#include <vector>

#include "core/state.hpp"
#include "store/fence.hpp"

namespace fencepost::store {

struct Descriptor {
  core::Queue queue;
  std::vector<std::string> leave;  // status words that are none of the queue's business
};

// As text (JSON), the same for the same descriptor; and back. Throws UserError("invalid_descriptor") where
// the text is none: written by a newer version, or by hand.
std::string to_text(const Descriptor& descriptor);
Descriptor descriptor_of(const std::string& text);

// Those of all adopted queues, by name; and that of one, as its text. The schema must be current.
std::vector<Descriptor> stored_descriptors(Connection& connection);
std::optional<std::string> stored_descriptor(Connection& connection, const std::string& queue);
void store_descriptor(Connection& connection, const Descriptor& descriptor);

// The fences of the adopted queues whose tables are as they must be. A queue whose table is gone or was
// changed is left out, and its name added to `broken`: `fencepost doctor` says what is wrong with it. Not in
// a transaction.
std::vector<Fence> adopted_fences(Connection& connection, std::vector<std::string>* broken = nullptr);

}  // namespace fencepost::store
