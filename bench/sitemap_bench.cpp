// Reads a sitemap of N URLs that is made while it is read: sitemap_bench N [--gzip]. Prints one line of JSON.

#include <zlib.h>
#include <ctime>

#include <fstream>
#include <iostream>
#include <string>

#include "base/error.hpp"
#include "connect/sitemap/reader.hpp"
#include "connect/sitemap/rules.hpp"

namespace {

using fencepost::connect::SitemapReader;

constexpr std::size_t kPiece = 65'536;  // as it comes from the network

std::size_t peak_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  std::size_t kib = 0;
  status >> kib;
  return kib;
}

// Of this thread's work: what others do on the machine does not count.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string entry(std::size_t i) {
  return "<url><loc>https://shop.example.com/products/" + std::to_string(i % 97) + "/item-" +
         std::to_string(i) + "?size=" + std::to_string(i % 7) + "&amp;colour=" + std::to_string(i % 5) +
         "</loc><lastmod>2024-05-06</lastmod></url>\n";
}

// Packs what goes through, or does not.
class Wire {
 public:
  Wire(SitemapReader& reader, bool gzip) : reader_(reader), gzip_(gzip) {
    FENCEPOST_ASSERT(!gzip || deflateInit2(&z_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Wire() {
    if (gzip_) deflateEnd(&z_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void write(std::string_view text, bool last) {
    bytes += text.size();
    if (!gzip_) {
      feed(text);
      return;
    }
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib does not write to it
    z_.avail_in = static_cast<uInt>(text.size());
    do {
      z_.next_out = reinterpret_cast<Bytef*>(out_.data());
      z_.avail_out = static_cast<uInt>(out_.size());
      deflate(&z_, last ? Z_FINISH : Z_NO_FLUSH);
      feed({out_.data(), out_.size() - z_.avail_out});
    } while (z_.avail_out == 0);
  }

  std::size_t bytes = 0;
  double reading = 0;

 private:
  void feed(std::string_view piece) {
    const auto begin = cpu_seconds();
    FENCEPOST_ASSERT(reader_.feed(piece) || piece.empty());
    reading += cpu_seconds() - begin;
  }

  SitemapReader& reader_;
  const bool gzip_;
  z_stream z_{};
  std::string out_ = std::string(kPiece, '\0');
};

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? std::stoul(argv[1]) : 50'000;
  const bool gzip = argc > 2 && std::string_view(argv[2]) == "--gzip";
  std::size_t urls = 0;
  std::size_t selected = 0;
  const auto take = [&](std::vector<fencepost::connect::SitemapEntry>& batch) {
    urls += batch.size();
    for (const auto& one : batch)
      selected +=
          fencepost::connect::judge_url(one.url).kind == fencepost::connect::UrlVerdict::Kind::selected;
  };
  SitemapReader reader("https://shop.example.com/sitemap.xml", {.bytes = std::size_t{1} << 30U, .urls = n},
                       take);
  Wire wire(reader, gzip);
  std::string piece = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><urlset>";
  const auto before = peak_kib();
  for (std::size_t i = 0; i < n; ++i) {
    piece += entry(i);
    if (piece.size() < kPiece) continue;
    wire.write(piece, false);
    piece.clear();
  }
  wire.write(piece + "</urlset>", true);
  const auto result = reader.finish();
  FENCEPOST_ASSERT(!result.error && result.urls == n && urls == n && selected == 0);
  std::cout << "{\"urls\": " << n << ", \"bytes\": " << wire.bytes << ", \"seconds\": " << wire.reading
            << ", \"risen_kib\": " << peak_kib() - before << "}\n";
}
