#include "receiver.hpp"

namespace fencepost::crash {

namespace {
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  if (from == std::string::npos) return "";
  const auto at = from + begin.size();
  return text.substr(at, text.find(end, at) - at);
}

int find(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}
}  // namespace

int Receiver::arrivals(const std::string& item) const {
  const std::lock_guard lock(mutex_);
  return find(by_item_, item);
}

int Receiver::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

int Receiver::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

const char* Receiver::receive(const std::string& request) {
  if (request.starts_with("GET ")) {
    const std::lock_guard lock(mutex_);
    return find(by_key_, between(request, "GET /", " ")) > 0 ? "200 OK" : "404 Not Found";
  }
  const auto item = between(request, "\r\n\r\n", "\r\n"), key = between(request, "Idempotency-Key: ", "\r\n");
  int number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (refuses_ && find(by_key_, key) > 0) {
      ++refused_;
      return "409 Conflict";
    }
    ++by_key_[key];
    ++by_item_[item];
    number = ++total_;
  }
  if (on_arrival_) on_arrival_(number);
  if (on_work_) on_work_(item, static_cast<pid_t>(std::stol(between(request, "X-Worker: ", "\r\n"))));
  return "200 OK";
}

void Receiver::serve(connect::testing::Connection& connection) {
  for (auto request = connection.read_request(); !request.empty(); request = connection.read_request())
    connection.write(std::string("HTTP/1.1 ") + receive(request) + "\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace fencepost::crash
