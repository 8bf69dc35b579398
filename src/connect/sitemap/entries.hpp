#pragma once
// What the two formats of sitemaps have in common; internal to SitemapReader.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/sitemap/reader.hpp"

namespace fencepost::connect {

// Takes what a format finds, and knows when it is enough. Not thread-safe.
class SitemapEntries {
 public:
  SitemapEntries(std::string base, std::size_t most) : base_(std::move(base)), most_(most) {}

  // False once no more are wanted.
  bool add(std::string_view link, std::string_view lastmod = {});
  // One that is not worth an add(): too long, empty.
  void skip() { ++skipped_; }

  bool full() const { return full_; }
  std::size_t found() const { return found_; }
  std::size_t skipped() const { return skipped_; }
  std::vector<SitemapEntry>& waiting() { return waiting_; }

 private:
  std::string base_;
  std::size_t most_;
  std::size_t found_ = 0;
  std::size_t skipped_ = 0;
  bool full_ = false;
  std::vector<SitemapEntry> waiting_;
};

// One of the formats. feed() and end() answer what is wrong, once.
class SitemapFormat {
 public:
  virtual ~SitemapFormat() = default;
  virtual std::optional<std::string> feed(std::string_view bytes) = 0;
  virtual std::optional<std::string> end() = 0;
  virtual SitemapResult::Kind kind() const = 0;
};

std::unique_ptr<SitemapFormat> xml_sitemap(SitemapEntries& entries);
std::unique_ptr<SitemapFormat> text_sitemap(SitemapEntries& entries);

// W3C's date and time format, as the protocol wants it: a year at least. Nothing for what is none, and for
// years from 2038 on.
std::optional<base::Micros> parse_lastmod(std::string_view text);

}  // namespace fencepost::connect
