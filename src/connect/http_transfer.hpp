#pragma once
// One libcurl handle and its event loop; internal to HttpClient, which explains the promises.

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "connect/http_client.hpp"

namespace fencepost::connect {

// One request at a time; not thread-safe. Every callback of libcurl gets the transfer itself as its context,
// because kept connections outlive single calls.
class HttpTransfer {
 public:
  // Both must outlive the transfer. Throws std::bad_alloc.
  HttpTransfer(const HttpOptions& options, const base::Clock& clock);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // The request must be checked already (URL, header names and values).
  HttpResult run(const HttpRequest& request, std::stop_token stop);

 private:
  void configure();
  void configure_policy();
  void configure_callbacks();
  CURLcode drive();
  std::optional<Failure::Kind> interrupted() const;
  int wait_ms() const;
  void abandon();
  Failure failure_of(CURLcode code) const;

  // libcurl's callbacks.
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;
  static int on_begin(void* self, char* remote, char* local, int remote_port, int local_port) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_read(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  void take_header(std::string_view line);

  template <typename T>
  using Owned = std::unique_ptr<T, void (*)(T*)>;

  const HttpOptions& options_;
  const base::Clock& clock_;
  std::vector<curl_socket_t> open_;  // sockets that libcurl holds now, kept ones included
  Owned<CURLM> multi_;
  Owned<CURL> easy_;

  // Of the current call only.
  struct Call {
    const HttpRequest* request = nullptr;
    std::stop_token stop;
    HttpResult result;
    Owned<curl_slist> headers{nullptr, curl_slist_free_all};
    std::size_t header_bytes = 0;
    bool began = false;     // libcurl was let go to write the request
    bool answered = false;  // the final answer's headers are whole
    bool address_refused = false;
    bool too_large = false;
    bool unwanted = false;
    bool source_failed = false;
    bool paced = false;     // the body waits for its pace
    std::int64_t read = 0;  // of the body's file
    std::size_t body_bytes = 0;
    std::optional<Failure::Kind> interruption;  // deadline or stopped
  };
  Call call_;
};

}  // namespace fencepost::connect
