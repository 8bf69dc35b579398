#include "base/testpoint.hpp"

#ifdef FENCEPOST_TESTPOINTS
#include <atomic>
#include <forward_list>
#include <mutex>

namespace fencepost::base {

namespace {
using Hook = std::function<void(std::string_view)>;
std::atomic<const Hook*> g_hook{nullptr};
}  // namespace

void testpoint(std::string_view name) {
  if (const auto* hook = g_hook.load(std::memory_order_acquire)) (*hook)(name);
}

// A hook that is replaced is kept for ever: some thread may be just in it.
void on_testpoint(Hook set) {
  static std::mutex mutex;
  static auto& all = *new std::forward_list<Hook>;
  const std::lock_guard lock(mutex);
  const Hook* now = set ? &all.emplace_front(std::move(set)) : nullptr;
  g_hook.store(now, std::memory_order_release);
}

}  // namespace fencepost::base
#endif
