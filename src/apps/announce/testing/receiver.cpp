#include "apps/announce/testing/receiver.hpp"

#include <nlohmann/json.hpp>

#include "connect/webhook/signature.hpp"

namespace fencepost::announce::testing {

namespace {

std::string header(const std::string& request, const std::string& name) {
  const auto found = request.find("\r\n" + name + ": ");
  if (found == std::string::npos) return "";
  const auto at = found + name.size() + 4;
  return request.substr(at, request.find("\r\n", at) - at);
}

bool signed_well(const std::string& request, const std::string& body) {
  const auto key = header(request, "webhook-id"), seconds = header(request, "webhook-timestamp");
  if (key.empty() || seconds.empty() || header(request, "Idempotency-Key") != key) return false;
  const auto secret = connect::webhook::SigningSecret::parse(base::Secret(Receiver::kSecret));
  return header(request, "webhook-signature") == secret.sign(key, std::stoll(seconds), body);
}

}  // namespace

Receiver::Receiver() : server_([this](connect::testing::Connection& connection) { serve(connection); }) {}

void Receiver::next(std::vector<Mode> modes) {
  const std::lock_guard lock(mutex_);
  modes_.assign(modes.begin(), modes.end());
}

void Receiver::before_answer(std::function<void()> hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::vector<Receiver::Arrival> Receiver::arrivals() const {
  const std::lock_guard lock(mutex_);
  return arrivals_;
}

int Receiver::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

std::string Receiver::answer_to(const std::string& request) {
  using connect::testing::answer;
  const auto body = request.substr(request.find("\r\n\r\n") + 4);
  const std::lock_guard lock(mutex_);
  if (!signed_well(request, body)) {
    ++refused_;
    return answer("401 Unauthorized");
  }
  auto mode = Mode::ok;
  if (!modes_.empty()) {
    mode = modes_.front();
    modes_.pop_front();
  }
  if (mode == Mode::too_many) return answer("429 Too Many Requests", "", "Retry-After: 0\r\n");
  if (mode == Mode::rejected) return answer("422 Unprocessable Content");
  const auto json = nlohmann::json::parse(body);
  arrivals_.push_back({header(request, "webhook-id"), json.at("text").get<std::string>()});
  if (mode == Mode::accept_then_cut) return "";
  if (mode == Mode::error_500) return answer("500 Internal Server Error");
  const auto number = std::to_string(arrivals_.size());
  return answer("200 OK", R"({"id":"post-)" + number + R"(","url":"https://example.com/)" + number + R"("})");
}

void Receiver::serve(connect::testing::Connection& connection) {
  const auto request = connection.read_request();
  if (request.empty()) return;
  const auto bytes = answer_to(request);
  std::function<void()> hook;
  {
    const std::lock_guard lock(mutex_);
    hook = hook_;
  }
  if (hook) hook();
  if (!bytes.empty()) connection.write(bytes);
}

}  // namespace fencepost::announce::testing
