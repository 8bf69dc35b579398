#pragma once
// HTTP/1.1 over TCP (RFC 9112). TLS belongs to the proxy in front.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace fencepost::http {

struct Limits {
  std::size_t header_bytes = 16 * 1024;  // longer request lines and headers: 431
  // The longest body of that method and target, in bytes; none: 1 MiB. Longer: 413, before it is read where
  // Content-Length says so. Called on an io thread: must be quick and not throw.
  std::function<std::uint64_t(std::string_view method, std::string_view target)> body_bytes = {};
  // Whether the handler of that method and target is asked before the body is read (Response::intake); none:
  // never. As body_bytes.
  std::function<bool(std::string_view method, std::string_view target)> streamed = {};
  std::size_t connections = 1024;  // more are told 503 and closed
  std::size_t queue = 256;         // requests that wait for a worker; more: 503
  // Answers without end count apart: they hold neither a thread nor much memory.
  std::size_t streams = 12'000;            // more: 503
  std::size_t stream_buffer = 256 * 1024;  // bytes that may wait for one slow client before it is dropped

  // Slow clients: the connection is closed. Each counts for the whole, not from byte to byte; `body` and
  // `write` are for each begun MiB that the body may have, so that a long upload is not bound to the time of
  // a short one. Of a streamed body each 128 KiB have the time `body`.
  std::chrono::milliseconds header{10'000};
  std::chrono::milliseconds body{30'000};
  std::chrono::milliseconds write{30'000};
  std::chrono::milliseconds idle{60'000};   // between two requests
  std::chrono::milliseconds linger{2'000};  // after a refusal: time to read it before the connection is reset
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::size_t io_threads = 1;
  std::size_t worker_threads = 4;
  std::size_t body_threads = 4;  // for streamed bodies: a slow disk keeps nobody else waiting
  Limits limits = {};
};

// Whether somebody listens there already. Other reasons why a server could not are its own to tell.
bool address_in_use(const std::string& host, std::uint16_t port);

// Listens and answers from its constructor on. Thread-safe.
//
// `handle` gets method, target, headers, body (but of a streamed one), request_id and peer; it runs on a
// worker thread, several at once. An exception from it becomes a bare 500. Requests of one connection are
// answered in order, one at a time.
//
// Refused by the server itself, as problem+json: 400 (malformed; Content-Length with Transfer-Encoding,
// repeated or odd framing headers; not exactly one Host), 413, 417, 431, 501 (a transfer coding other than
// chunked), 503 (busy).
class Server {
 public:
  using Handle = std::function<Response(Request)>;

  // Throws InfraError where it cannot listen there.
  Server(Options options, Handle handle);
  // Stops at once, then waits for handlers that still run: they cannot be interrupted, and have deadlines of
  // their own.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // Open connections now; and those of them whose answer has no end.
  std::size_t connections() const;
  std::size_t streams() const;

  // Stops accepting, closes idle connections and streams, and lets every request that has begun finish and be
  // answered; what is left at the deadline is closed. True if nothing was. Again: waits for the same end.
  bool stop(std::chrono::milliseconds deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fencepost::http
