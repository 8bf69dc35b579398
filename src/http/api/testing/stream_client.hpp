#pragma once
// A client of a stream of events, and what it was told. Tests only.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <sstream>
#include <string>

#include "http/message.hpp"

namespace fencepost::http::testing {

inline constexpr std::chrono::seconds kPatience{30};

// A client as a stream has it: reads at once, unless it is told to stand still.
class Client final : public Sink {
 public:
  bool write(std::shared_ptr<const std::string> chunk) override {
    const std::lock_guard lock(mutex_);
    if (!open_) return false;
    if (still_ && text_.size() > 1000) return open_ = false;
    text_ += *chunk;
    ++chunks_;
    changed_.notify_all();
    return true;
  }
  bool drained() const override {
    const std::lock_guard lock(mutex_);
    return !still_;
  }
  bool open() const override {
    const std::lock_guard lock(mutex_);
    return open_;
  }
  void close() override {
    const std::lock_guard lock(mutex_);
    open_ = false;
    changed_.notify_all();
  }
  void stand_still() {
    const std::lock_guard lock(mutex_);
    still_ = true;
  }

  // The text, once it holds; after the patience of a broken build, whatever it is.
  template <typename Holds>
  std::string await(Holds&& holds) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return holds(text_); })) << text_;
    return text_;
  }
  std::string await_text(const std::string& part) {
    return await([&](const std::string& text) { return text.find(part) != std::string::npos; });
  }
  bool await_end() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return !open_; });
  }
  int chunks() const {
    const std::lock_guard lock(mutex_);
    return chunks_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  int chunks_ = 0;
  bool open_ = true, still_ = false;
};

// "t1 t2 r5": the transitions and resets of a stream, with their ids; beats come when they come.
inline std::string told(const std::string& text) {
  std::istringstream in(text);
  std::string line, id, out;
  while (std::getline(in, line)) {
    if (line.starts_with("id: ")) id = line.substr(4);
    if (line.starts_with("event: ") && line != "event: beat")
      out += (out.empty() ? "" : " ") + line.substr(7, 1) + id;
  }
  return out;
}

}  // namespace fencepost::http::testing
