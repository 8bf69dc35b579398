#pragma once
// Takes gzip and zlib apart piece by piece, with caps that a bomb meets early.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fencepost::connect {

// Not thread-safe. Flat memory: about 100 KB, however much goes through.
class Inflater {
 public:
  // Gets what was decompressed, at most 64 KiB at a time; answers whether it wants more.
  using Sink = std::function<bool(std::string_view)>;

  // `cap`: bytes that may come out. From the first MiB on, more than kMostRatio times as many as went in are
  // refused too: texts reach 20 to 60, a bomb 1,000.
  static constexpr std::size_t kMostRatio = 200;
  Inflater(std::size_t cap, Sink sink);
  ~Inflater();

  enum class State {
    open,      // goes on
    whole,     // ended at the end of a member; another may follow
    broken,    // not gzip or zlib, or damaged
    too_much,  // a cap was met
    unwanted,  // the sink wanted no more
  };
  // Every state but open and whole is final: what is fed afterwards is ignored. May throw what the sink
  // throws.
  State feed(std::string_view bytes);
  State state() const { return state_; }

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::size_t cap_;
  Sink sink_;
  State state_ = State::open;
  std::size_t in_ = 0;
  std::size_t out_ = 0;
};

}  // namespace fencepost::connect
