#include "http/server/stream.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace fencepost::http {

namespace asio = boost::asio;
using boost::system::error_code;

bool Stream::write(std::shared_ptr<const std::string> chunk) {
  const std::lock_guard lock(mutex_);
  if (session_ == nullptr || ended_) return false;
  if (waiting_ + under_way_ + chunk->size() > capacity_) {
    ended_ = broken_ = true;
    queue_.clear();
    waiting_ = 0;
    session_->wake();
    return false;
  }
  waiting_ += chunk->size();
  queue_.push_back(std::move(chunk));
  if (queue_.size() == 1 && under_way_ == 0) session_->wake();
  return true;
}

bool Stream::drained() const {
  const std::lock_guard lock(mutex_);
  return waiting_ + under_way_ == 0;
}

bool Stream::open() const {
  const std::lock_guard lock(mutex_);
  return session_ != nullptr && !ended_;
}

void Stream::close() {
  const std::lock_guard lock(mutex_);
  if (session_ == nullptr || std::exchange(ended_, true)) return;
  session_->wake();
}

Stream::Chunks Stream::take() {
  const std::lock_guard lock(mutex_);
  Chunks chunks(queue_.begin(), queue_.end());
  queue_.clear();
  under_way_ = std::exchange(waiting_, 0);
  return chunks;
}

void Stream::sent() {
  const std::lock_guard lock(mutex_);
  under_way_ = 0;
}

bool Stream::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

bool Stream::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void Stream::cut() {
  const std::lock_guard lock(mutex_);
  session_ = nullptr;
  queue_.clear();
  waiting_ = under_way_ = 0;
}

// -- the session's side: it holds neither a parser nor a read buffer for as long as it only listens.

void Session::wake() {
  asio::post(stream_.get_executor(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

void Session::begin_stream() {
  const auto start = std::move(response_.stream);
  response_ = {};
  head_ = {};
  request_ = {};
  if (shared_.sessions.stopping()) return close();
  stream_.expires_never();
  sink_ = std::make_shared<Stream>(*this, shared_.limits.stream_buffer);
  watch_client();
  start(sink_);
}

// Waits without a buffer. What a listener says is thrown away; its end is the stream's.
void Session::watch_client() {
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this()](error_code error) {
                                std::array<char, 1024> thrown_away;
                                if (!error) self->stream_.socket().non_blocking(true, error);
                                if (!error)
                                  self->stream_.socket().read_some(asio::buffer(thrown_away), error);
                                if (error && error != asio::error::would_block) return self->close();
                                self->watch_client();
                              });
}

void Session::pump() {
  if (!sink_) return;
  if (sink_->broken()) return close();  // nor is the write waited for that the client does not read
  if (pumping_) return;
  auto chunks = std::make_shared<Stream::Chunks>(sink_->take());
  if (chunks->empty()) {
    if (sink_->ended()) close();
    return;
  }
  std::vector<asio::const_buffer> buffers;
  for (const auto& chunk : *chunks) buffers.push_back(asio::buffer(*chunk));
  pumping_ = true;
  stream_.expires_after(shared_.limits.write);
  asio::async_write(stream_, buffers, [self = shared_from_this(), chunks](error_code error, std::size_t) {
    self->pumping_ = false;
    if (error || !self->sink_) return self->close();
    self->sink_->sent();
    self->stream_.expires_never();
    self->pump();
  });
}

void Session::cut_stream() {
  if (sink_) sink_->cut();
}

}  // namespace fencepost::http
