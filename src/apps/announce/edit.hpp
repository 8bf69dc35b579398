#pragma once
// One edit of an announcement by a person, in the version that they saw (rule 8): the same locks, refusals
// and doubts whatever it changes. Inside announce/.

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "apps/announce/service.hpp"

namespace fencepost::announce {

using Edited = std::pair<EditResult, std::optional<Announcement>>;

struct Edit {
  std::int64_t id = 0;
  std::int64_t version = 0;
  std::string actor;
  // Whether what is there now is what this edit wanted: asked where an earlier try's commit was in doubt.
  std::function<bool(const Announcement& now)> is_there;
  // Writes it, under the item's lock; throws UserError, or refuses, and then nothing is changed. A false
  // `written`: the row is not as it was seen.
  struct Written {
    bool written = true;
    std::optional<EditResult> refused{};
  };
  std::function<Written(store::Connection&, const Announcement& now)> write;
};

// One transaction, repeated until its answer is certain. The announcement: as it is now, where it was found.
Edited edit_item(store::Database& database, const store::Fence& fence, const Edit& edit);

}  // namespace fencepost::announce
