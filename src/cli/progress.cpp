#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "base/error.hpp"
#include "cli/process.hpp"

namespace fencepost::cli {

namespace {
constexpr std::chrono::milliseconds kBetween{100};
constexpr const char* kClear = "\r\033[K";

bool on_a_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::string amount(std::int64_t count, LongWork::Unit unit) {
  if (unit == LongWork::Unit::steps) return std::to_string(count);
  return fmt::format("{:.1f}", static_cast<double>(count) / (1024.0 * 1024.0));
}
}  // namespace

std::string progress_text(std::int64_t done, std::int64_t total, LongWork::Unit unit, int width) {
  const std::string behind = unit == LongWork::Unit::bytes ? " MiB" : "";
  if (total <= 0) return done > 0 ? amount(done, unit) + behind : "";
  const auto part = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(part * width);
  return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(width) - full, ' ') + "] " +
         fmt::format("{:3.0f} %  ", part * 100) + amount(done, unit) + " of " + amount(total, unit) + behind;
}

LongWork::LongWork(std::string what, Unit unit)
    : what_(std::move(what)), unit_(unit), shown_(on_a_terminal()), signals_(hold_signals()) {
  at(0, 0);
}

LongWork::~LongWork() {
  if (shown_) std::fputs(kClear, stderr);
  release_signals(signals_);
}

Busy::Busy(const std::string& what) : shown_(on_a_terminal()) {
  if (shown_) std::fprintf(stderr, "%s…", what.c_str());
}

Busy::~Busy() {
  if (shown_) std::fputs(kClear, stderr);
}

void LongWork::at(std::int64_t done, std::int64_t total) {
  const timespec at_once{};
  if (sigtimedwait(&signals_, nullptr, &at_once) > 0)
    throw base::UserError("interrupted", what_ + ": interrupted, and what was begun was taken back");
  const auto now = base::system_clock().boot();
  const bool news = total > 0 && (done == total || !total_known_);
  if (!shown_ || (now < next_ && !news)) return;
  total_known_ = total > 0;
  next_ = now + kBetween;
  std::fprintf(stderr, "%s%s %s", kClear, what_.c_str(), progress_text(done, total, unit_).c_str());
  std::fflush(stderr);
}

}  // namespace fencepost::cli
