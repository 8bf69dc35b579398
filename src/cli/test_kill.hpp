#pragma once
// A server that dies at a place which a test names; nothing in a build without tests.

namespace fencepost::cli {

// FENCEPOST_KILL_AT=NAME or NAME:N: the process kills itself (SIGKILL) when it passes that test point
// (base/testpoint.hpp) for the N-th time. Call before threads start.
#ifdef FENCEPOST_TESTPOINTS
void arm_test_kill();
#else
inline void arm_test_kill() {}
#endif

}  // namespace fencepost::cli
