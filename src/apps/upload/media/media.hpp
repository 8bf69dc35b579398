#pragma once
// What the API of videos works with. Outlived by all that it points to.

#include <functional>

#include "apps/upload/media/files.hpp"
#include "apps/upload/media/readiness.hpp"

namespace fencepost::media {

struct Media {
  const Folders& folders;
  Files* files = nullptr;  // null: nothing comes by tus
  Rules rules{};
  InUse in_use{};                 // none: nothing wants videos
  std::function<void()> added{};  // there is something new to measure; none: nobody does
};

}  // namespace fencepost::media
