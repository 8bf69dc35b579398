#pragma once
// A blocking HTTP/1.1 client on libcurl that knows whether its request may have left (rule 16), sends it at
// most once, and can be stopped.
//
// - Certificates are always checked, TLS 1.2 or newer; only http and https; no redirect is followed; no
// proxy,
//   cookie, .netrc or other setting comes from the environment.
// - Every address is judged when its socket is opened (address_guard.hpp).
// - A request that is not `repeatable` goes over a connection of its own, which is closed afterwards. On a
// kept-alive
//   connection that the server has just closed, libcurl would silently send a second time.
// - At the deadline or a stop the connection is reset, so that the kernel throws unsent bytes away; likewise
// when
//   the process dies.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "connect/address_guard.hpp"

namespace fencepost::connect {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpResult;

// How many bytes may leave now, over all calls that share it. Thread-safe.
class Pace {
 public:
  virtual ~Pace() = default;
  // At most `wanted`; 0: none now, ask again in a moment.
  virtual std::size_t take(std::size_t wanted) = 0;
};

// A request's body that is read from a file as it leaves, by pread: the file's position is nobody's.
struct FileBody {
  int file = -1;            // open for reading until the call ends; stays the caller's
  std::int64_t offset = 0;  // bytes
  std::int64_t length = 0;  // a file that ends before that ends the call with Failure::Kind::source
  Pace* pace = nullptr;     // nullptr: as fast as it goes
};

struct HttpRequest {
  std::string method = "GET";  // upper case
  std::string url;
  Headers headers;
  std::string body;
  std::optional<FileBody> file = {};  // instead of `body`; asserts !repeatable
  // The moment, on the client's clock, after which no byte is sent or awaited any more.
  base::BootTime deadline;
  // A question without effect: its connection may be kept, reused, and the question asked twice by libcurl.
  bool repeatable = false;
  std::size_t body_cap = std::size_t{1} << 20;  // of the answer, bytes; more is Failure::Kind::too_large
  // If set, gets the answer's body piece by piece instead of HttpResult::body, on the thread of call();
  // `head` has the final status and headers. false ends the call with Failure::Kind::unwanted, as does an
  // exception.
  std::function<bool(const HttpResult& head, std::string_view piece)> sink = {};
};

// Whether a byte of the request may have left this process. `no_byte_left` is certain: libcurl had not yet
// announced (CURLOPT_PREREQFUNCTION: after connecting and the TLS handshake, before the request) that it
// would write.
enum class Sent { no_byte_left, maybe };

struct Failure {
  enum class Kind {
    url,        // refused before anything was done: the URL, or a header with a line break
    address,    // every usable address of the host is forbidden
    resolve,    // no such name, or no answer
    connect,    // refused, unreachable, …
    tls,        // handshake or certificate
    deadline,   // the deadline came first
    stopped,    // the stop token came first
    too_large,  // the answer exceeds the cap
    unwanted,   // the request's sink wanted no more
    source,     // the file of the body could not be read
    cut,        // anything else after the request began: reset, closed early, not HTTP
  };
  Kind kind = Kind::cut;
  Sent sent = Sent::maybe;
  std::string reason;  // one short sentence without host or path, safe to show
};

struct HttpResult {
  // Of the final answer (never 1xx) whose headers arrived whole; else 0. May be known although `failure` is
  // set: the server had answered, and its body was cut or too large.
  int status = 0;
  Headers headers;
  std::string body;
  std::optional<Failure> failure;

  // The first header of this name in any case, without surrounding blanks. The view lives as long as the
  // result.
  std::optional<std::string_view> header(std::string_view name) const;
};

class HttpTransfer;

struct HttpOptions {
  AddressPolicy addresses = {};
  // http://HOST:PORT of an outgoing proxy, or empty. A proxy resolves names itself: it then has to keep
  // private addresses away, and `addresses` judges only hosts that are written as addresses.
  std::string proxy = {};
  std::string ca_file = {};      // PEM, instead of the system's authorities; empty: the system's
  std::size_t idle_handles = 8;  // kept for later calls, with their connections
};

// Thread-safe. The clock must outlive the client, and the client all its calls.
class HttpClient {
 public:
  HttpClient(HttpOptions options, const base::Clock& clock);
  ~HttpClient();

  // Blocks until the answer, a failure, the deadline, or about 0.1 s after `stop`. Throws only
  // std::bad_alloc, and only before the request begins.
  HttpResult call(const HttpRequest& request, std::stop_token stop = {});

  const base::Clock& clock() const { return clock_; }
  const AddressPolicy& addresses() const { return options_.addresses; }

 private:
  const HttpOptions options_;
  const base::Clock& clock_;
  base::Guarded<std::vector<std::unique_ptr<HttpTransfer>>> idle_;
};

}  // namespace fencepost::connect
