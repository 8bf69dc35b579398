#include "http/api/tus.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <charconv>
#include <ctime>

#include "base/error.hpp"
#include "http/url.hpp"

namespace fencepost::http::tus {

namespace {
constexpr std::size_t kMostMetadata = 4096;

std::optional<std::string> decoded(std::string_view base64) {
  std::string out(base64.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), base64.data(),
                        base64.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  out.resize(size);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

class Digest final : public Checksum {
 public:
  Digest(const EVP_MD* method, std::string wanted)
      : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free), wanted_(std::move(wanted)) {
    FENCEPOST_ASSERT(context_ != nullptr && EVP_DigestInit_ex(context_.get(), method, nullptr) == 1);
  }
  void add(std::string_view bytes) override {
    FENCEPOST_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  bool matches() override {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    FENCEPOST_ASSERT(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
    return wanted_ == std::string_view(reinterpret_cast<const char*>(digest), size);
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
  const std::string wanted_;
};
}  // namespace

std::optional<std::int64_t> number_of(const Request& request, const char* header) {
  const auto* text = request.headers.find(header);
  if (text == nullptr) return std::nullopt;
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < 0 ||
      request.headers.count(header) != 1)
    throw base::UserError("invalid_header", std::string(header) + " must be one number, from 0 on");
  return number;
}

std::map<std::string, std::string> metadata_of(const std::string& header) {
  const base::UserError broken("invalid_metadata",
                               "Upload-Metadata has names and Base64 values: filename bXkgdmlkZW8ubXA0, …");
  std::map<std::string, std::string> out;
  if (header.size() > kMostMetadata) throw broken;
  for (std::size_t from = 0; from < header.size();) {
    const auto to = std::min(header.find(',', from), header.size());
    const auto pair = trim(std::string_view(header).substr(from, to - from));
    from = to + 1;
    const auto blank = pair.find(' ');
    const auto name = pair.substr(0, blank);
    const auto value =
        blank == std::string_view::npos ? std::optional(std::string()) : decoded(trim(pair.substr(blank)));
    if (name.empty() || !value || !valid_utf8(*value) || !out.emplace(name, *value).second) throw broken;
  }
  return out;
}

std::unique_ptr<Checksum> Checksum::of(const Request& request) {
  const auto* header = request.headers.find("Upload-Checksum");
  if (header == nullptr) return nullptr;
  const auto blank = header->find(' ');
  const auto name = header->substr(0, blank);
  const auto* method = name == "sha1" ? EVP_sha1() : name == "sha256" ? EVP_sha256() : nullptr;
  const auto wanted = blank == std::string::npos ? std::nullopt : decoded(header->substr(blank + 1));
  if (method == nullptr || !wanted || wanted->size() != static_cast<std::size_t>(EVP_MD_size(method)))
    throw base::UserError("unknown_checksum",
                          "Upload-Checksum is sha1 or sha256, a blank, and the digest in Base64");
  return std::make_unique<Digest>(method, *wanted);
}

std::string http_date(std::int64_t micros) {
  const std::time_t seconds = micros / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

}  // namespace fencepost::http::tus
