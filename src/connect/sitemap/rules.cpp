#include "connect/sitemap/rules.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "connect/domain.hpp"

namespace fencepost::connect {

namespace {

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A whole path segment.
constexpr auto kBlog = std::to_array<std::string_view>({"blog", "blogs", "weblog"});
constexpr auto kMediaFolders =
    std::to_array<std::string_view>({"media", "uploads", "attachment", "attachments"});
constexpr auto kArchives =
    std::to_array<std::string_view>({"tag", "tags", "category", "categories", "kategorie", "categorie",
                                     "author", "authors", "archive", "archives"});
constexpr auto kMachines =
    std::to_array<std::string_view>({"feed", "feeds", "rss", "atom", "wp-content", "wp-json", "wp-includes",
                                     "wp-admin", "xmlrpc.php", "cgi-bin"});

// Files that are no pages.
constexpr auto kMediaTypes = std::to_array<std::string_view>(
    {"jpg",  "jpeg", "png", "gif",  "webp", "avif", "svg",  "ico",   "bmp", "tif",  "tiff", "mp3", "mp4",
     "m4a",  "m4v",  "avi", "mov",  "wmv",  "webm", "ogg",  "ogv",   "wav", "flac", "pdf",  "doc", "docx",
     "xls",  "xlsx", "ppt", "pptx", "odt",  "ods",  "odp",  "epub",  "csv", "txt",  "zip",  "gz",  "tgz",
     "bz2",  "xz",   "rar", "7z",   "tar",  "exe",  "msi",  "dmg",   "apk", "deb",  "iso",  "css", "js",
     "json", "xml",  "rss", "atom", "ics",  "vcf",  "woff", "woff2", "ttf", "otf",  "eot"});

// Words of a segment.
constexpr auto kContact = std::to_array<std::string_view>(
    {"contact", "contacts", "contactus", "contactez", "contacteer", "kontakt", "kontakte", "contacto",
     "contactos", "contactenos", "contactanos", "contatti", "contatto", "contattaci"});
constexpr auto kCareer = std::to_array<std::string_view>(
    {"career",          "careers",   "job",       "jobs",     "vacancy",
     "vacancies",       "hiring",    "karriere",  "stellen",  "stellenangebote",
     "stellenanzeigen", "carriere",  "carrieres", "emploi",   "emplois",
     "recrutement",     "empleo",    "empleos",   "carriera", "lavora",
     "vacature",        "vacatures", "werkenbij"});
constexpr auto kLegal = std::to_array<std::string_view>(
    {"legal", "imprint", "impressum", "privacy", "terms", "tos", "disclaimer", "gdpr", "dsgvo", "datenschutz",
     "datenschutzerklaerung", "agb", "legales", "confidentialite", "privacidad", "legale", "legali",
     "colofon", "privacybeleid"});

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Lower-case, escapes undone; "é" is "e" where these languages write it: people leave accents out of URLs.
std::string folded(std::string_view segment) {
  std::string out;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    char c = segment[at];
    if (c == '%' && at + 2 < segment.size() && hex(segment[at + 1]) >= 0 && hex(segment[at + 2]) >= 0) {
      c = static_cast<char>(hex(segment[at + 1]) * 16 + hex(segment[at + 2]));
      at += 2;
    }
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  struct Accent {
    std::string_view with, without;
  };
  for (const auto& [with, without] :
       {Accent{"é", "e"}, Accent{"è", "e"}, Accent{"á", "a"}, Accent{"ä", "ae"}})
    for (auto at = out.find(with); at != std::string::npos; at = out.find(with, at))
      out.replace(at, with.size(), without);
  return out;
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(folded(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// /2024/05/… as blogs have it.
bool is_dated(const std::vector<std::string>& segments) {
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto& year = segments[i];
    const auto& month = segments[i + 1];
    if (year.size() == 4 && is_number(year) && (year.starts_with("19") || year.starts_with("20")) &&
        month.size() <= 2 && is_number(month))
      return true;
  }
  return false;
}

// Why a page is not worth a look; empty where it may be.
std::string filter_of(const std::vector<std::string>& segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    if (among(kBlog, segment)) return "blog";
    if (among(kMediaFolders, segment)) return "media";
    if (among(kArchives, segment)) return "archive";
    if (among(kMachines, segment)) return "feed";
    if (segment == "page" && i + 1 < segments.size() && is_number(segments[i + 1])) return "archive";
  }
  if (is_dated(segments)) return "blog";
  const auto dot = segments.empty() ? std::string::npos : segments.back().rfind('.');
  if (dot != std::string::npos && among(kMediaTypes, std::string_view(segments.back()).substr(dot + 1)))
    return "media";
  return {};
}

// The best that one segment's words are worth.
UrlVerdict worth_of(std::string_view segment) {
  using Kind = UrlVerdict::Kind;
  UrlVerdict best;
  const auto take = [&](double score, const char* reason) {
    if (score > best.score) best = {Kind::selected, score, reason};
  };
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
  };
  while (!segment.empty()) {
    const auto* end = std::find_if_not(segment.begin(), segment.end(), is_letter);
    const std::string_view word(segment.begin(), end);
    if (among(kContact, word)) take(0.9, "contact");
    if (among(kCareer, word)) take(0.7, "career");
    if (among(kLegal, word)) take(0.6, "legal");
    segment.remove_prefix(std::min(word.size() + 1, segment.size()));
  }
  return best;
}

}  // namespace

UrlVerdict judge_url(std::string_view url) {
  constexpr std::size_t kDeepest = 2;
  const auto parts = url_parts(url);
  if (!parts) return {};
  const auto segments = segments_of(parts->path);
  if (auto reason = filter_of(segments); !reason.empty())
    return {UrlVerdict::Kind::filtered, 0, std::move(reason)};
  UrlVerdict best;
  if (segments.size() > kDeepest) return best;
  for (const auto& segment : segments) {
    auto worth = worth_of(segment);
    if (worth.score > best.score) best = std::move(worth);
  }
  return best;
}

const std::vector<std::string>& common_sitemap_paths() {
  static const std::vector<std::string> paths = {
      "/sitemap.xml", "/sitemap_index.xml",   "/sitemap-index.xml", "/sitemap.xml.gz",
      "/sitemap.txt", "/sitemap/sitemap.xml", "/wp-sitemap.xml"};
  return paths;
}

}  // namespace fencepost::connect
