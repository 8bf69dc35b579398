#include "connect/testing/raw_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "base/error.hpp"

namespace fencepost::connect::testing {

namespace {

// A bound socket of 127.0.0.1 and its port.
std::pair<int, int> bound() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  FENCEPOST_ASSERT(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  FENCEPOST_ASSERT(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  FENCEPOST_ASSERT(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return {fd, ntohs(address.sin_port)};
}

// The value of Content-Length in a request's head; libcurl spells it so.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";
  const auto at = head.find(kName);
  return at == std::string_view::npos ? 0 : std::stoul(std::string(head.substr(at + kName.size(), 20)));
}

}  // namespace

std::string Connection::read_some() {
  char buffer[16384];
  const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

std::string Connection::read_request() {
  for (;;) {
    const auto end = unread_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto size = end + 4 + content_length(std::string_view(unread_).substr(0, end));
      if (unread_.size() >= size) {
        auto request = unread_.substr(0, size);
        unread_.erase(0, size);
        return request;
      }
    }
    const auto more = read_some();
    if (more.empty()) return {};
    unread_ += more;
  }
}

void Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Connection::Drained Connection::drain() {
  Drained drained{unread_.size(), false};
  char buffer[16384];
  for (;;) {
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got > 0) {
      drained.bytes += static_cast<std::size_t>(got);
    } else {
      drained.reset = got < 0 && errno == ECONNRESET;
      return drained;
    }
  }
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
  std::tie(listener_, port_) = bound();
  FENCEPOST_ASSERT(::listen(listener_, 16) == 0);
  acceptor_ = std::jthread([this] { accept_all(); });
}

RawServer::~RawServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  threads_.clear();
  ::close(listener_);
}

std::string RawServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void RawServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      ::close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number = accepted_++] { serve(fd, number); });
  }
}

void RawServer::serve(int fd, int number) {
  Connection connection(fd, number);
  script_(connection);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

int refused_port() {
  // Bound for as long as the process lives, so that nobody else can have it and listen there.
  static const int port = bound().second;
  return port;
}

void Signal::set() {
  const std::lock_guard lock(mutex_);
  set_ = true;
  changed_.notify_all();
}

void Signal::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return set_; });
}

std::string answer(std::string_view status_line, std::string_view body, std::string_view extra) {
  return "HTTP/1.1 " + std::string(status_line) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(extra) + "\r\n" + std::string(body);
}

}  // namespace fencepost::connect::testing
