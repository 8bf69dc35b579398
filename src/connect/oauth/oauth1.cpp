#include "connect/oauth/oauth1.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/oauth/encode.hpp"

namespace fencepost::connect::oauth {

namespace {

// scheme://host[:port] and path, and the query: as section 3.4.1.2 wants them.
struct Parts {
  std::string base;
  std::string query;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

Parts parts_of(const std::string& url) {
  const auto whole = url.substr(0, url.find('#'));
  const auto query = whole.find('?');
  const auto address = whole.substr(0, query);
  const auto host = address.find("://");
  const auto path = host == std::string::npos ? std::string::npos : address.find('/', host + 3);
  auto origin = lower(address.substr(0, path));
  // The scheme's own port is left out.
  for (const std::string_view port : {":80", ":443"})
    if (origin.starts_with(port == ":80" ? "http://" : "https://") && origin.ends_with(port))
      origin.resize(origin.size() - port.size());
  return {origin + (path == std::string::npos ? "/" : address.substr(path)),
          query == std::string::npos ? "" : whole.substr(query + 1)};
}

std::string hmac_sha1(const std::string& key, const std::string& text) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const auto* done = HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  FENCEPOST_ASSERT(done != nullptr);
  std::string encoded(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(), mac, size, sodium_base64_VARIANT_ORIGINAL);
  encoded.pop_back();  // libsodium's terminating NUL
  return encoded;
}

}  // namespace

std::optional<Keys> keys_of(const Credentials& credentials) {
  const auto object = nlohmann::json::parse(credentials.secret.reveal(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  std::string found[4];
  const char* names[] = {"consumer_key", "consumer_secret", "token", "token_secret"};
  for (int i = 0; i < 4; ++i) {
    const auto at = object.find(names[i]);
    if (at == object.end() || !at->is_string()) return std::nullopt;
    found[i] = at->get<std::string>();
    if (found[i].empty()) return std::nullopt;
  }
  return Keys{found[0], base::Secret(found[1]), found[2], base::Secret(found[3])};
}

std::string signature_base(const SignedRequest& request, const Parameters& protocol) {
  const auto parts = parts_of(request.url);
  auto all = parse_form(parts.query);
  all.insert(all.end(), request.form.begin(), request.form.end());
  for (const auto& one : protocol)
    if (one.first != "realm" && one.first != "oauth_signature") all.push_back(one);
  for (auto& [name, value] : all) {
    name = percent(name);
    value = percent(value);
  }
  std::sort(all.begin(), all.end());
  std::string joined;
  for (const auto& [name, value] : all) joined += (joined.empty() ? "" : "&") + name + "=" + value;
  return percent(request.method) + "&" + percent(parts.base) + "&" + percent(joined);
}

std::string signature_of(const std::string& base, const Keys& keys) {
  return hmac_sha1(percent(keys.consumer_secret.reveal()) + "&" + percent(keys.token_secret.reveal()), base);
}

std::string authorization(const SignedRequest& request, const Keys& keys, const std::string& nonce,
                          std::int64_t seconds, const std::string& realm) {
  Parameters protocol = {{"oauth_consumer_key", keys.consumer_key},
                         {"oauth_nonce", nonce},
                         {"oauth_signature_method", "HMAC-SHA1"},
                         {"oauth_timestamp", std::to_string(seconds)},
                         {"oauth_token", keys.token},
                         {"oauth_version", "1.0"}};
  protocol.emplace_back("oauth_signature", signature_of(signature_base(request, protocol), keys));
  std::string header = "OAuth ";
  if (!realm.empty()) header += "realm=\"" + realm + "\", ";
  for (const auto& [name, value] : protocol)
    header += (&name == &protocol.front().first ? "" : ", ") + percent(name) + "=\"" + percent(value) + "\"";
  return header;
}

}  // namespace fencepost::connect::oauth
