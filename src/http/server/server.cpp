#include "http/server/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <limits>
#include <thread>

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/server/session.hpp"

namespace fencepost::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
void bind_to(tcp::acceptor& acceptor, const std::string& host, std::uint16_t port) {
  tcp::resolver resolver(acceptor.get_executor());
  const tcp::endpoint endpoint = *resolver.resolve(host, std::to_string(port)).begin();
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  acceptor.bind(endpoint);
}
}  // namespace

bool address_in_use(const std::string& host, std::uint16_t port) try {
  asio::io_context io;
  tcp::acceptor acceptor(io);
  bind_to(acceptor, host, port);
  return false;
} catch (const boost::system::system_error& error) {
  return error.code() == asio::error::address_in_use;
}

bool Sessions::add(const std::shared_ptr<Session>& session, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || open_.size() - streams_ >= limit) return false;
  open_.emplace(session.get(), session);
  return true;
}

bool Sessions::add_stream(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || streams_ >= limit) return false;
  ++streams_;
  return true;
}

void Sessions::remove(Session* session, bool stream) {
  const std::lock_guard lock(mutex_);
  if (open_.erase(session) > 0 && stream) --streams_;
  if (open_.empty()) empty_.notify_all();
}

std::size_t Sessions::count() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

std::size_t Sessions::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

bool Sessions::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::vector<std::shared_ptr<Session>> Sessions::all() {
  std::vector<std::shared_ptr<Session>> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, weak] : open_)
    if (auto session = weak.lock()) out.push_back(std::move(session));
  return out;
}

void Sessions::close_idle() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (const auto& session : all()) session->close_idle();
}

void Sessions::cut_streams() {
  for (const auto& session : all()) session->cut_stream();
}

void Sessions::close_all() {
  for (const auto& session : all()) session->close_now();
}

bool Sessions::wait_until_empty(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, deadline, [this] { return open_.empty(); });
}

// Members die in reverse order: the io context, with the sessions that its handlers still hold, before what
// they share.
class Server::Impl {
 public:
  Impl(Options options, Handle handle);
  ~Impl();

  bool stop(std::chrono::milliseconds deadline);
  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return shared_.sessions.count(); }
  std::size_t streams() const { return shared_.sessions.streams(); }

 private:
  void listen(const Options& options);
  void accept();
  void accepted(tcp::socket socket);
  void run_io();

  Shared shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::strand<asio::io_context::executor_type> strand_{io_.get_executor()};  // of the acceptor and its timer
  tcp::acceptor acceptor_{strand_};
  asio::steady_timer retry_{strand_};
  std::uint16_t port_ = 0;
  std::vector<std::jthread> threads_;
};

Server::Impl::Impl(Options options, Handle handle)
    : shared_{options.limits,
              std::move(handle),
              {},
              {options.worker_threads, options.limits.queue},
              {options.body_threads, std::numeric_limits<std::size_t>::max()}} {
  FENCEPOST_ASSERT(options.io_threads > 0);
  listen(options);
  accept();
  for (std::size_t i = 0; i < options.io_threads; ++i) threads_.emplace_back([this] { run_io(); });
}

Server::Impl::~Impl() {
  stop(std::chrono::milliseconds(0));
  shared_.workers.stop();
  shared_.bodies.stop();
  work_.reset();
  io_.stop();
  threads_.clear();
  // Sinks live with whoever writes to them: from here on they reach no connection any more.
  shared_.sessions.cut_streams();
}

void Server::Impl::listen(const Options& options) try {
  bind_to(acceptor_, options.host, options.port);
  acceptor_.listen(asio::socket_base::max_listen_connections);
  port_ = acceptor_.local_endpoint().port();
} catch (const boost::system::system_error& error) {
  throw base::InfraError(
      "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + error.code().message(),
      {});
}

void Server::Impl::run_io() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (
        const std::exception& error) {  // out of memory in one connection is no reason to lose the others
      base::log(base::LogLevel::error, "connection failed", {{"error", error.what()}});
    }
  }
}

void Server::Impl::accept() {
  acceptor_.async_accept(asio::make_strand(io_), [this](error_code error, tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (!error) {
      accepted(std::move(socket));
      return accept();
    }
    // Most likely out of file descriptors: accepting again at once would spin until one is free.
    base::log(base::LogLevel::warn, "cannot accept", {{"error", error.message()}});
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code) {
      if (acceptor_.is_open()) accept();
    });
  });
}

void Server::Impl::accepted(tcp::socket socket) {
  const auto executor = socket.get_executor();
  auto session = std::make_shared<Session>(std::move(socket), shared_);
  if (shared_.sessions.add(session, shared_.limits.connections))
    asio::post(executor, [session] { session->start(); });
  else
    asio::post(executor, [session] { session->turn_away(); });
}

bool Server::Impl::stop(std::chrono::milliseconds deadline) {
  asio::post(strand_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
  });
  shared_.sessions.close_idle();
  const bool drained = shared_.sessions.wait_until_empty(deadline);
  if (!drained) shared_.sessions.close_all();
  return drained;
}

Server::Server(Options options, Handle handle)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handle))) {}

Server::~Server() = default;

std::uint16_t Server::port() const { return impl_->port(); }
std::size_t Server::connections() const { return impl_->connections(); }
std::size_t Server::streams() const { return impl_->streams(); }
bool Server::stop(std::chrono::milliseconds deadline) { return impl_->stop(deadline); }

}  // namespace fencepost::http
