#include "base/testpoint.hpp"

#ifdef FENCEPOST_TESTPOINTS
namespace fencepost::base {

namespace {
std::function<void(std::string_view)>& hook() {
  static std::function<void(std::string_view)> set;
  return set;
}
}  // namespace

void testpoint(std::string_view name) {
  if (hook()) hook()(name);
}

void on_testpoint(std::function<void(std::string_view)> set) { hook() = std::move(set); }

}  // namespace fencepost::base
#endif
