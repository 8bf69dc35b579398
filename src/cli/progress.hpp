#pragma once
// Work that takes long: a line on standard error that says how far it has come, where that is a terminal and
// nowhere else; and Ctrl-C or SIGTERM meanwhile end it in order, with nothing left half done.

#include <csignal>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.hpp"

namespace fencepost::cli {

// For the main thread, one at a time.
class LongWork {
 public:
  enum class Unit { bytes, steps };
  LongWork(std::string what, Unit unit);
  ~LongWork();
  LongWork(const LongWork&) = delete;
  LongWork& operator=(const LongWork&) = delete;
  // `total` 0: nobody knows. Throws UserError("interrupted") after a signal.
  void at(std::int64_t done, std::int64_t total);
  std::function<void(std::int64_t, std::int64_t)> progress() {
    return [this](std::int64_t done, std::int64_t total) { at(done, total); };
  }

 private:
  const std::string what_;
  const Unit unit_;
  const bool shown_;
  sigset_t signals_;
  base::BootTime next_{};
  bool total_known_ = false;
};

// The same line for one step of unknown length, which Ctrl-C ends as ever: a transaction, a request.
class Busy {
 public:
  explicit Busy(const std::string& what);
  ~Busy();
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  const bool shown_;
};

// "[#####     ]  52 %  1.2 of 2.3 MiB": `width` columns of bar. Pure; for LongWork and its test.
std::string progress_text(std::int64_t done, std::int64_t total, LongWork::Unit unit, int width = 24);

}  // namespace fencepost::cli
