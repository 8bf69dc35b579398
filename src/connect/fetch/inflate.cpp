#include "connect/fetch/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace fencepost::connect {

namespace {

constexpr std::size_t kRatioFrom = std::size_t{1} << 20;
constexpr int kGzipOrZlib = 15 + 32;  // the largest window, the format by its first bytes
constexpr unsigned char kGzipMagic = 0x1f;

}  // namespace

struct Inflater::Stream {
  z_stream z{};
  std::array<char, 65'536> out;

  Stream() {
    if (inflateInit2(&z, kGzipOrZlib) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // How much came out of the next input.
  std::size_t step(int& rc) {
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    rc = inflate(&z, Z_NO_FLUSH);
    return out.size() - z.avail_out;
  }
};

Inflater::Inflater(std::size_t cap, Sink sink)
    : stream_(std::make_unique<Stream>()), cap_(cap), sink_(std::move(sink)) {}

Inflater::~Inflater() = default;

Inflater::State Inflater::feed(std::string_view bytes) {
  auto& z = stream_->z;
  while (!bytes.empty() && (state_ == State::open || state_ == State::whole)) {
    if (state_ == State::whole) {
      // Another member; or filling, which gzip itself passes over.
      if (static_cast<unsigned char>(bytes.front()) != kGzipMagic) return state_;
      inflateReset(&z);
      state_ = State::open;
    }
    const auto given = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
    z.avail_in = static_cast<uInt>(given);
    int rc = Z_OK;
    while (rc == Z_OK && state_ == State::open) {
      const auto before = z.avail_in;
      const auto got = stream_->step(rc);
      in_ += before - z.avail_in;
      out_ += got;
      if (out_ > cap_ || (out_ > kRatioFrom && out_ > kMostRatio * in_)) {
        state_ = State::too_much;
      } else if (got > 0 && !sink_({stream_->out.data(), got})) {
        state_ = State::unwanted;
      } else if (z.avail_in == 0 && z.avail_out > 0) {
        break;  // all taken, nothing left inside
      }
    }
    if (state_ == State::open && rc == Z_STREAM_END) state_ = State::whole;
    if (state_ == State::open && rc != Z_OK && rc != Z_BUF_ERROR) state_ = State::broken;
    bytes.remove_prefix(given - z.avail_in);
  }
  return state_;
}

}  // namespace fencepost::connect
