#pragma once
// What a handler sees and what it answers; no sockets, no threads. Plain values: not thread-safe, cheap to
// move.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accounts/principal.hpp"

namespace fencepost::http {

// Field lines in their order; names compare without regard to case.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Entry> entries);

  // set() replaces every line of that name, add() appends one. The name must be an RFC 9110 token (asserted:
  // names are written in our code or come through the parser). Control characters in the value become spaces
  // (RFC 9110 §5.5), so that no value can start a line of its own.
  void set(std::string_view name, std::string_view value);
  void add(std::string_view name, std::string_view value);
  void erase(std::string_view name);

  // The first value of that name, or nullptr. Valid until the headers change.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

struct Request {
  std::string method = {};  // "GET"; case-sensitive
  std::string target = {};  // as received: path and query, still encoded
  std::string path = {};    // the target's path, still encoded; set by the dispatcher
  std::map<std::string, std::string> path_params = {};  // decoded UTF-8; set by the dispatcher
  std::map<std::string, std::string> query = {};  // decoded UTF-8, only declared names; set by the dispatcher
  Headers headers = {};
  std::string body = {};
  std::shared_ptr<const nlohmann::json> json =
      nullptr;  // the checked body; never null in a handler of a JSON route
  std::string request_id = {};
  std::optional<accounts::Principal> principal = std::nullopt;  // set unless the route is open
  std::string peer = {};                                        // the client's IP address, or a test's word
  std::string client = {};  // what counts as one client: client_key() of it or of whom a proxy speaks for;
                            // set by the dispatcher

  // A path parameter of the route's own pattern (asserted).
  const std::string& param(const std::string& name) const;
};

// The client of an answer without end. Thread-safe, and may outlive the connection and the server.
class Sink {
 public:
  virtual ~Sink() = default;
  // Takes a chunk that many clients may share. False: the client has gone, or read so slowly that its buffer
  // is full; the connection is closed then.
  virtual bool write(std::shared_ptr<const std::string> chunk) = 0;
  // Whether everything so far was handed to the network.
  virtual bool drained() const = 0;
  virtual bool open() const = 0;
  virtual void close() = 0;
};

struct Response;

// Takes the body of one request as it arrives. Used by one thread at a time, and may wait for a disk. Where
// it is destroyed before finish(), the client has left or was too slow: what has arrived may be kept.
class Intake {
 public:
  virtual ~Intake() = default;
  // An answer: no more is read.
  virtual std::optional<Response> take(std::string_view piece) = 0;
  // The body is whole.
  virtual Response finish() = 0;
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  // Where set, the answer goes on after its head and body until the client or the sink closes it. Called
  // once, on an io thread, when the head is on its way; not for HEAD. Must be quick and not throw.
  std::function<void(std::shared_ptr<Sink>)> stream = nullptr;
  // Of a route that takes its body as it arrives: this is no answer yet, the intake gives one. Everything
  // else is empty then.
  std::shared_ptr<Intake> intake = nullptr;
};

using Handler = std::function<Response(const Request&)>;

// Whether a body comes behind these headers.
bool announces_body(const Headers& headers);

Response json_response(int status, const nlohmann::json& body);

// application/problem+json (RFC 9457) with the members type, title, status, detail, code and request_id.
// `code` is stable and machine-readable; `detail` says what to do and is shown to clients. Members of `extra`
// (an object) are added and cannot replace the six.
Response problem(const Request& request, int status, std::string_view code, std::string_view detail);
Response problem(const Request& request, int status, std::string_view code, std::string_view detail,
                 const nlohmann::json& extra);

// The standard phrase of a status ("Not Found"), or "Error" for one that this server does not send.
std::string_view reason_phrase(int status);

// The caller's X-Request-Id where it is one line of at most 64 letters, digits, '.', '_' or '-'; else a new
// random one.
std::string request_id_for(const Headers& headers);

// ASCII comparison without regard to case.
bool iequals(std::string_view a, std::string_view b);

}  // namespace fencepost::http
