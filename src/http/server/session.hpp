#pragma once
// One connection. Inside server/ only.

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/server/server.hpp"
#include "http/server/worker_pool.hpp"

namespace fencepost::http {

class Session;
class Stream;

// The open connections. Thread-safe; outlives them all.
class Sessions {
 public:
  // False once close_idle() was called, or where `limit` are open.
  bool add(const std::shared_ptr<Session>& session, std::size_t limit);
  void remove(Session* session, bool stream);
  // Counts one of the open ones as a stream; false where `limit` are, or once close_idle() was called.
  bool add_stream(std::size_t limit);
  std::size_t count() const;
  std::size_t streams() const;
  bool stopping() const;

  // From now on: no new ones, and each closes as soon as it has nothing to answer.
  void close_idle();
  void close_all();
  // Cuts every sink off from its connection. Call when no io thread runs any more.
  void cut_streams();
  // True if all have gone by the deadline.
  bool wait_until_empty(std::chrono::milliseconds deadline);

 private:
  std::vector<std::shared_ptr<Session>> all();

  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_map<Session*, std::weak_ptr<Session>> open_;
  std::size_t streams_ = 0;
  bool stopping_ = false;
};

// What connections share. Outlives them all.
struct Shared {
  Limits limits;
  Server::Handle handle;
  Sessions sessions;
  WorkerPool workers;
  WorkerPool bodies;  // each connection has one task there at most
};

// Lives as long as something of it is under way: a read, a handler, a write. Everything private runs on its
// strand.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // The socket must be on a strand of its own.
  Session(boost::asio::ip::tcp::socket socket, Shared& shared);
  ~Session();

  void start();       // call on the strand, once: this or the next
  void turn_away();   // answers 503 to what was not read yet, and closes
  void close_idle();  // from any thread
  void close_now();   // from any thread
  void cut_stream();  // see Sessions
  void wake();        // from any thread: the sink has something to send, or was closed

 private:
  struct Reading;

  void wait_for_request(std::chrono::milliseconds limit);
  void read_header();
  void on_header();
  using Step = void (Session::*)();
  void send_continue(Step then);
  void read_body();
  void run();
  // Asks the handler, and hands its answer to `then` on the strand.
  void ask(Request request, void (Session::*then)(Response));
  // A body that is taken as it arrives: see Response::intake.
  void ask_first();
  void opened(Response response);
  void read_piece();
  void take_piece(std::size_t size, const boost::system::error_code& failure);
  void taken(std::optional<Response> answer, bool whole, const boost::system::error_code& failure);
  void respond(Response response);
  void refuse(int status, std::string_view code, std::string_view detail);
  void failed_to_parse(const boost::system::error_code& failure);
  void busy(std::string_view detail);
  void written();
  void begin_stream();
  void pump();
  void watch_client();
  void linger();
  void discard();
  void close();

  boost::beast::tcp_stream stream_;
  Shared& shared_;
  std::unique_ptr<Reading> reading_;  // Beast's parser and buffer
  Request request_;
  std::shared_ptr<Intake> intake_;  // of the body under way
  std::string piece_;
  std::string head_;  // of the answer under way
  Response response_;
  std::chrono::milliseconds long_wait_{0};  // for this request's body
  bool idle_ = true;
  bool keep_alive_ = false;
  bool wants_word_ = false;       // 100 Continue
  bool unread_ = false;           // the client may still be sending what nobody will read
  std::shared_ptr<Stream> sink_;  // of an answer without end
  bool counted_ = false;          // as a stream
  bool pumping_ = false;
};

}  // namespace fencepost::http
