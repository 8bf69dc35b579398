#include "webhook.hpp"

#include <curl/curl.h>
#include <sodium.h>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

std::string signature(const std::string& secret, const std::string& content) {
  const std::string encoded = secret.substr(secret.find('_') + 1);
  std::vector<unsigned char> key(encoded.size());
  std::size_t length = 0;
  if (sodium_base642bin(key.data(), key.size(), encoded.data(), encoded.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    throw std::runtime_error("the secret must be whsec_ and base64");
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), length);
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(content.data()),
                                content.size());
  unsigned char mac[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, mac);
  char text[sodium_base64_ENCODED_LEN(sizeof mac, sodium_base64_VARIANT_ORIGINAL)];
  sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
  return std::string("v1,") + text;
}

std::size_t ignore(char*, std::size_t size, std::size_t n, void*) { return size * n; }

}  // namespace

WebhookAnswer post_webhook(const std::string& url, const std::string& key, const std::string& body,
                           const std::string& secret, std::chrono::milliseconds timeout) {
  const auto at = std::to_string(std::time(nullptr));
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  curl_slist* list = nullptr;
  for (const auto& header :
       {std::string("Content-Type: application/json"), "webhook-id: " + key, "webhook-timestamp: " + at,
        "webhook-signature: " + signature(secret, key + "." + at + "." + body)})
    list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, ignore);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  // curl must not repeat by itself what a reused connection has lost.
  curl_easy_setopt(curl.get(), CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  const auto result = curl_easy_perform(curl.get());
  WebhookAnswer answer;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.code);
  if (result == CURLE_OK) return answer;
  curl_off_t sent = 0;
  long request_size = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  curl_easy_getinfo(curl.get(), CURLINFO_REQUEST_SIZE, &request_size);
  answer.left = sent > 0 || request_size > 0;
  answer.code = 0;
  answer.error = curl_easy_strerror(result);
  return answer;
}
