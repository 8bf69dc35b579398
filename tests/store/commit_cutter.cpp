#include "commit_cutter.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "fixture.hpp"

namespace fencepost::store::testing {

namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  return result;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool send_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const auto sent = send(to, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

int port_of(const std::string& url) {
  const auto host = url.rfind('@') + 1, colon = url.find(':', host);
  return std::stoi(url.substr(colon + 1));
}

}  // namespace

CommitCutter::CommitCutter(const std::string& url) : server_port_(port_of(url)) {
  listener_ = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  stop_ = check(eventfd(0, EFD_CLOEXEC), "eventfd");
  auto address = loopback(0);
  socklen_t size = sizeof address;
  check(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), "bind");
  check(listen(listener_, 16), "listen");
  check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  url_ = with_address(url, "127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  acceptor_ = std::jthread([this] { accept_loop(); });
}

CommitCutter::~CommitCutter() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto bytes = write(stop_, &one, sizeof one);
  acceptor_.join();
  connections_.clear();
  close(listener_);
  close(stop_);
}

void CommitCutter::accept_loop() {
  for (;;) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    if (fds[0].revents == 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) connections_.emplace_back([this, client] { serve(client); });
  }
}

void CommitCutter::serve(int client) const {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(server_port_);
  if (server >= 0 && connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    relay(client, server);
  if (server >= 0) close(server);
  close(client);
}

void CommitCutter::relay(int client, int server) const {
  // "COMMIT" as a simple query: it comes in one piece, since libpq sends it with one write.
  constexpr std::string_view kCommit("COMMIT\0", 7);
  char data[16384];
  bool hold_back = false;
  for (;;) {
    pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(fds, 3, -1) < 0 && errno != EINTR) return;
    if (fds[2].revents != 0) return;
    for (const int side : {0, 1}) {
      if (fds[side].revents == 0) continue;
      const auto size = recv(fds[side].fd, data, sizeof data, 0);
      if (size <= 0) return;
      const std::string_view bytes(data, static_cast<std::size_t>(size));
      if (side == 0 && bytes.find(kCommit) != std::string_view::npos) {
        const auto cut = cut_.exchange(Cut::never);
        if (cut == Cut::before) return;
        hold_back = cut == Cut::after;
      } else if (side == 1 && hold_back) {
        return;  // the server has committed, and nobody hears of it
      }
      if (!send_all(side == 0 ? server : client, data, bytes.size())) return;
    }
  }
}

}  // namespace fencepost::store::testing
