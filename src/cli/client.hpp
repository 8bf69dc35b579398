#pragma once
// How commands speak with a running server.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "connect/http_client.hpp"

namespace CLI {
class App;
}

namespace fencepost::cli {

class SettingFlags;

// The server refused: its problem, for people and for --json. Exit code 1.
class Refused : public std::runtime_error {
 public:
  Refused(int status, std::string code, const std::string& detail, std::string body,
          std::string retry_after = {})
      : std::runtime_error(detail),
        status_(status),
        code_(std::move(code)),
        body_(std::move(body)),
        retry_after_(std::move(retry_after)) {}
  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& body() const { return body_; }  // as it came
  // For people: the detail, the code, and below it what the server said beside that is of use now.
  std::string text() const;

 private:
  int status_;
  std::string code_;
  std::string body_;
  std::string retry_after_;  // the header
};

// --server, --token, --config and --json of one command; lives as long as the App.
class ClientOptions {
 public:
  explicit ClientOptions(CLI::App& command);
  ~ClientOptions();
  bool json() const;
  std::string server() const;
  // --token, FENCEPOST_TOKEN, or the contents of the token file. Throws UsageError where there is none.
  base::Secret token() const;

 private:
  CLI::App& command_;
  std::unique_ptr<SettingFlags> flags_;
};

// One server. Not thread-safe.
class Client {
 public:
  explicit Client(const ClientOptions& options);

  // Sends a request under /api/v1 and gives the answer's body, null where it has none. Throws Refused for
  // anything but 2xx, and UserError("no_server") where no answer came, saying whether it may have been heard.
  nlohmann::json get(const std::string& path);
  nlohmann::json send(const std::string& method, const std::string& path, const nlohmann::json& body,
                      const connect::Headers& headers = {});
  // The same with a body that is not ours to read: a file.
  nlohmann::json send_bytes(const std::string& method, const std::string& path, std::string bytes,
                            const std::string& media_type, const connect::Headers& headers = {});

  // Of the last answer.
  int status() const { return status_; }
  std::string etag() const { return header("ETag"); }
  std::string header(std::string_view name) const;  // empty: it has none

 private:
  nlohmann::json call(connect::HttpRequest request);
  const std::string server_;
  const base::Secret token_;
  connect::HttpClient http_;
  int status_ = 0;
  connect::HttpResult last_;
};

// A text as one segment of a path or value of a query (RFC 3986, section 2.1).
std::string encoded(const std::string& text);
// `path` asks for this, too, behind what its query says already.
void add_query(std::string& path, std::string_view name, const std::string& value);

}  // namespace fencepost::cli
