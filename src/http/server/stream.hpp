#pragma once
// The sink of one connection. Inside server/ only.

#include <deque>
#include <mutex>
#include <vector>

#include "http/server/session.hpp"

namespace fencepost::http {

class Stream final : public Sink, public std::enable_shared_from_this<Stream> {
 public:
  // `capacity`: bytes that may wait.
  Stream(Session& session, std::size_t capacity) : capacity_(capacity), session_(&session) {}

  bool write(std::shared_ptr<const std::string> chunk) override;
  bool drained() const override;
  bool open() const override;
  void close() override;

  // For the session: on its strand, but cut(), which is called from anywhere.
  using Chunks = std::vector<std::shared_ptr<const std::string>>;
  Chunks take();  // what waits; it counts until sent()
  void sent();
  bool ended() const;   // nothing comes after what waits
  bool broken() const;  // too much waited: what waits is not sent either
  // Nothing reaches the session any more.
  void cut();

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  Session* session_;  // null: gone
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t waiting_ = 0, under_way_ = 0;  // bytes
  bool ended_ = false, broken_ = false;
};

}  // namespace fencepost::http
