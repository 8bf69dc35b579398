#pragma once
// Named places where a crash or a pause matters: a test can stand there and kill the process, stop it, or
// hold a thread. In a build without tests the names vanish.

#include <functional>
#include <string_view>

namespace fencepost::base {

#ifdef FENCEPOST_TESTPOINTS
// Calls what the test has set; else nothing.
void testpoint(std::string_view name);
// Set before threads start. Called on every thread that passes a point.
void on_testpoint(std::function<void(std::string_view)> hook);
#else
constexpr void testpoint(std::string_view) {}
#endif

}  // namespace fencepost::base
