#pragma once
// A raw TCP client for the server's tests, which must be able to send what no library would. Every wait has a
// limit that only a failing test meets.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace fencepost::http {

constexpr int kPatience = 30;  // seconds

struct Received {
  int status = 0;  // 0: the connection ended before an answer
  std::string head = {};
  std::string body = {};
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{kPatience, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  Client(Client&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), input_(std::move(other.input_)) {}
  Client& operator=(Client&&) = delete;
  ~Client() { close(); }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // False where the server has closed.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // The next answer of this connection. `bodiless`: it answers HEAD.
  Received receive(bool bodiless = false) {
    Received answer;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return answer;
    answer.head = input_.substr(0, end + 4);
    input_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
    const auto at = answer.head.find("Content-Length: ");
    if (bodiless || at == std::string::npos) return answer;
    const auto length = static_cast<std::size_t>(std::atoll(answer.head.c_str() + at + 16));
    while (input_.size() < length)
      if (!more()) return {};
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
  }
  Received ask(std::string_view text) { return send(text) ? receive() : Received{}; }

  // Waits for the server's close; false if it says something first or the patience ends.
  bool closed() {
    char byte = 0;
    const auto got = ::recv(fd_, &byte, 1, 0);
    return input_.empty() && (got == 0 || (got < 0 && errno == ECONNRESET));
  }

 private:
  bool more() {
    char chunk[65536];
    const auto got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    input_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string input_;
};

inline std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + more + "\r\n";
}

inline std::string post(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + more + "\r\n" + body;
}

}  // namespace fencepost::http
