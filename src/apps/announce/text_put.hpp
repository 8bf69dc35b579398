#pragma once
// Where a text that a model wrote comes into its announcement, or does not. Inside announce/.

#include <cstdint>
#include <string>

#include "store/database.hpp"

namespace fencepost::announce {

// What a text was asked for.
struct TextPut {
  std::int64_t announcement = 0;
  std::int64_t version = 0;  // of the announcement
  bool ahead = false;        // nobody asked
  std::string actor;
};

// One transaction. False: the announcement was edited, claimed, posted, deleted or (where nobody asked)
// approved meanwhile, and nothing has changed. May be repeated; `doubt`: an earlier try's commit was in
// doubt.
bool put_text(store::Connection& connection, const TextPut& put, const std::string& text, bool doubt);

}  // namespace fencepost::announce
