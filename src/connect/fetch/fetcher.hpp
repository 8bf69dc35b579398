#pragma once
// Fetches what people name: pages, sitemaps, robots.txt. Whatever a server does, the answer is a value, in
// bounded time and memory.
//
// - http and https only; each address, also after each redirect, is judged by the client's address guard when
//   its socket is opened (address_guard.hpp). Redirects are followed here, at most `redirects` of them; a URL
//   that comes twice is a loop.
// - Caps: bytes on the wire, bytes after decompression, their ratio, and the time of all together.
// - The User-Agent names us, our version and whom to write to.

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

struct FetchCaps {
  std::size_t wire_bytes = std::size_t{4} << 20;   // of a body as it arrives
  std::size_t body_bytes = std::size_t{16} << 20;  // of a body after decompression
  int redirects = 5;
  base::Duration time = std::chrono::seconds(30);  // of everything, redirects included
};

// What an answer's Content-Type must be like; one that names none is taken as it is. The body of another is
// not read.
enum class Content {
  page,     // HTML or XHTML
  sitemap,  // XML, plain text, gzip, or the general application/octet-stream; HTML (a "not found" page) is
            // not
  text,     // text/*: robots.txt
};

struct FetchRequest {
  std::string url;
  Content content = Content::page;
  FetchCaps caps{};
};

struct Fetched {
  std::string url;           // the final one, after redirects
  int status = 0;            // 200 … 299
  std::string content_type;  // lower-case, without parameters; may be empty
  std::string charset;       // page, text: as the header names it or as it was found out
  // page, text: UTF-8 without NUL, whatever the server sent. sitemap: bytes, since XML names its charset
  // itself. Empty where it was streamed.
  std::string body;
  Headers headers;       // of the final answer
  int redirects = 0;     // that were followed
  std::size_t wire = 0;  // bytes of the final body as they arrived
};

struct FetchError {
  enum class Kind {
    url,           // cannot be fetched at all
    address,       // the host's address is private, local or reserved
    resolve,       // no such name, or no answer
    connect,       // refused, unreachable
    tls,           // handshake or certificate
    deadline,      // the caller's, or `caps.time`
    stopped,       // the stop token came first
    cut,           // reset, closed early, not HTTP
    too_large,     // of any cap on bytes, headers included
    redirect,      // too many, a loop, or one that leads nowhere
    status,        // 4xx or 5xx: see `status`
    content_type,  // not what was asked for
    encoding,      // a Content-Encoding that we did not ask for, or broken or bomb-like compression
    unwanted,      // the sink wanted no more
  };
  Kind kind = Kind::cut;
  std::string reason;      // one short sentence without host and path, safe to show and to keep on a record
  bool temporary = false;  // the same request may succeed later by itself
  std::optional<base::Duration> retry_after{};  // as the server asked, at most a day
  int status = 0;                               // 0: there was none
};

using FetchResult = std::variant<Fetched, FetchError>;

struct FetcherOptions {
  // An address or URL where the owner of a site reaches whoever runs this server; stands in the User-Agent.
  // Empty: left out.
  std::string contact = {};
};

// Thread-safe. The client must outlive the fetcher.
class Fetcher {
 public:
  explicit Fetcher(HttpClient& client, FetcherOptions options = {});

  // Blocks until the answer, an error, `deadline` (on the client's clock), `caps.time`, or about 0.1 s after
  // `stop`. Throws only std::bad_alloc.
  FetchResult fetch(const FetchRequest& request, base::BootTime deadline, std::stop_token stop = {});

  // The same, but gives the body away piece by piece, decompressed, in order, on this thread, while it
  // arrives; nothing of a redirect or of an error's body. `sink` answers whether it wants more. What it was
  // given stays given when the end is an error. The sink must not block for long: the server waits, and the
  // time counts.
  using Sink = std::function<bool(std::string_view piece)>;
  FetchResult stream(const FetchRequest& request, const Sink& sink, base::BootTime deadline,
                     std::stop_token stop = {});

  const std::string& user_agent() const { return user_agent_; }
  const base::Clock& clock() const { return client_.clock(); }

  // The name that robots.txt addresses us by, in lower case.
  static constexpr std::string_view kRobot = "fencepost";

 private:
  HttpClient& client_;
  const std::string user_agent_;
};

}  // namespace fencepost::connect
