#pragma once
// What the tests of what fetches and reads share.

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <string>

#include "base/error.hpp"
#include "connect/fetch/fetcher.hpp"
#include "connect/testing/fake_clock.hpp"
#include "connect/testing/raw_server.hpp"

namespace fencepost::connect {

using testing::answer;
using testing::Connection;
using testing::RawServer;

// `level` 9: as small as it gets.
inline std::string gzipped(std::string_view bytes, int level = 6) {
  constexpr int kGzip = 15 + 16;
  z_stream z{};
  FENCEPOST_ASSERT(deflateInit2(&z, level, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  FENCEPOST_ASSERT(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

// How far this process's memory rose above what it was when the object was made, at its peak. Sanitizers keep
// what was freed, and shadows: with them nothing is measured, and 0 is the answer.
class PeakMemory {
 public:
  PeakMemory() {
    std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): the peak begins anew
    before_ = read("VmRSS:");
  }
  std::size_t risen_mib() const {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0;
#endif
    const auto peak = read("VmHWM:");
    return peak > before_ ? (peak - before_) >> 10U : 0;
  }

 private:
  static std::size_t read(std::string_view key) {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != key) {
    }
    std::size_t kib = 0;
    status >> kib;
    FENCEPOST_ASSERT(kib > 0);
    return kib;
  }
  std::size_t before_ = 0;
};

class FetcherTest : public ::testing::Test {
 protected:
  FetchResult get(const std::string& url, Content content = Content::page, FetchCaps caps = {}) {
    return fetcher_.fetch({url, content, caps}, clock_.boot() + std::chrono::hours(1));
  }
  static const Fetched& whole(const FetchResult& result) {
    if (const auto* error = std::get_if<FetchError>(&result)) {
      static const Fetched none;
      ADD_FAILURE() << error->reason;
      return none;
    }
    return std::get<Fetched>(result);
  }
  static FetchError failed(const FetchResult& result, FetchError::Kind kind) {
    const auto* error = std::get_if<FetchError>(&result);
    if (error == nullptr) {
      ADD_FAILURE() << "this came: " << std::get<Fetched>(result).body.substr(0, 100);
      return {};
    }
    EXPECT_EQ(error->kind, kind) << error->reason;
    EXPECT_FALSE(error->reason.empty());
    EXPECT_EQ(error->reason.find("127.0.0.1"), std::string::npos) << error->reason;
    return *error;
  }

  testing::FakeClock clock_;
  HttpClient client_{{.addresses = {.allow_private = true}}, clock_};
  Fetcher fetcher_{client_, {.contact = "https://fencepost.example/robot"}};
};

}  // namespace fencepost::connect
