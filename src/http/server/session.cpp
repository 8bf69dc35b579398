#include "http/server/session.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace fencepost::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;
using PieceParser = beast::http::request_parser<beast::http::buffer_body>;

// The parser is made anew for each request; the buffer may already hold the next one. The buffer's end also
// bounds what the parser itself does not: a chunk extension without an end.
struct Session::Reading {
  static constexpr std::size_t kChunk = 65536;
  explicit Reading(std::size_t header_bytes) : buffer(header_bytes + kChunk) {}
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  std::optional<PieceParser> pieces;  // of a streamed body, instead
};

namespace {
constexpr std::uint64_t kDefaultBody = 1 << 20;
constexpr std::size_t kPiece = 128 * 1024;

// RFC 9110 §5.6.7.
std::string http_date() {
  const std::time_t seconds = base::system_clock().wall() / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

bool digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What two readers of one request could frame in two ways (RFC 9112 §6.3), beyond what the parser refuses.
// Returns status 0 where all is well.
struct Fault {
  int status = 0;
  std::string_view code = {};
  std::string_view detail = {};
};

Fault framing_fault(const Headers& headers, unsigned version) {
  const auto* coding = headers.find("Transfer-Encoding");
  const auto* length = headers.find("Content-Length");
  if (coding != nullptr && (length != nullptr || version < 11 || headers.count("Transfer-Encoding") > 1))
    return {400, "bad_framing", "send either Content-Length or Transfer-Encoding: chunked"};
  if (coding != nullptr && !iequals(*coding, "chunked"))
    return {501, "unknown_coding", "the only Transfer-Encoding known here is chunked"};
  if (length != nullptr && (headers.count("Content-Length") > 1 || !digits(*length)))
    return {400, "bad_framing", "send one Content-Length, a number"};
  const auto hosts = headers.count("Host");
  if (hosts > 1 || (hosts == 0 && version >= 11)) return {400, "bad_host", "send exactly one Host header"};
  const auto* expect = headers.find("Expect");
  if (expect != nullptr && !iequals(*expect, "100-continue"))
    return {417, "unknown_expectation", "the only expectation known here is 100-continue"};
  return {};
}

bool framed_by_server(std::string_view name) {
  for (const auto* own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"})
    if (iequals(name, own)) return true;
  return false;
}

// The status line and the headers. The body's length is told also where the body itself is not sent (HEAD).
std::string head_of(const Response& response, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out.append(reason_phrase(response.status)).append("\r\nDate: ").append(http_date()).append("\r\n");
  for (const auto& [name, value] : response.headers)
    if (!framed_by_server(name)) out.append(name).append(": ").append(value).append("\r\n");
  if (response.status != 204 && response.status != 304 && !response.stream)
    out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  return out.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

// What `work` answers; a bare 500 where it throws.
template <typename Work>
Response guarded(const Request& name, const Work& work) {
  try {
    return work();
  } catch (...) {
    base::log(base::LogLevel::error, "handler threw", {{"request_id", name.request_id}});
    return problem(name, 500, "internal",
                   "something failed here; the request id leads to it in the server's log");
  }
}

std::chrono::milliseconds per_mebibyte(std::chrono::milliseconds time, std::uint64_t bytes) {
  return time * static_cast<std::int64_t>(bytes / (1 << 20) + (bytes % (1 << 20) != 0 || bytes == 0 ? 1 : 0));
}
}  // namespace

Session::Session(asio::ip::tcp::socket socket, Shared& shared)
    : stream_(std::move(socket)),
      shared_(shared),
      reading_(std::make_unique<Reading>(shared.limits.header_bytes)) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

Session::~Session() {
  cut_stream();
  shared_.sessions.remove(this, counted_);
}

void Session::start() {
  error_code gone;
  const auto peer = stream_.socket().remote_endpoint(gone);
  if (gone) return;
  request_.peer = peer.address().to_string();
  wait_for_request(shared_.limits.header);
}

// Waits for the first byte under one limit, then for the whole header under another.
void Session::wait_for_request(std::chrono::milliseconds limit) {
  if (reading_->buffer.size() > 0) return read_header();
  idle_ = true;
  if (shared_.sessions.stopping()) return close();
  stream_.expires_after(limit);
  stream_.async_read_some(reading_->buffer.prepare(4096),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->reading_->buffer.commit(bytes);
                            self->read_header();
                          });
}

void Session::read_header() {
  idle_ = false;
  unread_ = true;
  keep_alive_ = false;
  request_ = Request{.peer = std::move(request_.peer)};
  reading_->parser.emplace();
  reading_->parser->header_limit(static_cast<std::uint32_t>(shared_.limits.header_bytes));
  reading_->parser->body_limit(boost::none);  // the route's limit, once the route is known
  stream_.expires_after(shared_.limits.header);
  beast::http::async_read_header(stream_, reading_->buffer, *reading_->parser,
                                 [self = shared_from_this()](error_code error, std::size_t) {
                                   if (error) return self->failed_to_parse(error);
                                   self->on_header();
                                 });
}

void Session::on_header() {
  const auto& message = reading_->parser->get();
  request_.method = message.method_string();
  request_.target = message.target();
  for (const auto& field : message) request_.headers.add(field.name_string(), field.value());
  request_.request_id = request_id_for(request_.headers);

  const auto fault = framing_fault(request_.headers, message.version());
  if (fault.status != 0) return refuse(fault.status, fault.code, fault.detail);
  const auto limit =
      shared_.limits.body_bytes ? shared_.limits.body_bytes(request_.method, request_.target) : kDefaultBody;
  const auto length = reading_->parser->content_length();
  if (length && *length > limit) return failed_to_parse(beast::http::error::body_limit);
  reading_->parser->body_limit(limit);
  long_wait_ = per_mebibyte(shared_.limits.body, limit);
  wants_word_ =
      message.version() >= 11 && request_.headers.find("Expect") != nullptr && !reading_->parser->is_done();
  if (!reading_->parser->is_done() && shared_.limits.streamed &&
      shared_.limits.streamed(request_.method, request_.target))
    return ask_first();
  if (wants_word_) return send_continue(&Session::read_body);
  read_body();
}

void Session::send_continue(Step then) {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  stream_.expires_after(shared_.limits.write);
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this(), then](error_code error, std::size_t) {
                      if (error) return self->close();
                      ((*self).*then)();
                    });
}

void Session::read_body() {
  if (reading_->parser->is_done()) return run();
  stream_.expires_after(long_wait_);
  beast::http::async_read(stream_, reading_->buffer, *reading_->parser,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->failed_to_parse(error);
                            self->run();
                          });
}

void Session::run() {
  unread_ = false;
  keep_alive_ = reading_->parser->get().keep_alive();
  Request whole = std::move(request_);
  whole.body = std::move(reading_->parser->get().body());
  reading_->parser.reset();
  ask(std::move(whole), &Session::respond);
}

void Session::ask(Request request, void (Session::*then)(Response)) {
  stream_.expires_never();
  request_ = Request{.method = request.method, .request_id = request.request_id, .peer = request.peer};
  const bool taken = shared_.workers.submit(
      [self = shared_from_this(), then, whole = !reading_->parser, request = std::move(request)]() mutable {
        const Request name{.request_id = request.request_id};
        auto response = guarded(name, [&] {
          auto answer = self->shared_.handle(std::move(request));
          // Where there is no body, it is whole.
          return whole && answer.intake ? answer.intake->finish() : std::move(answer);
        });
        const auto strand = self->stream_.get_executor();
        asio::post(strand, [self = std::move(self), then, response = std::move(response)]() mutable {
          ((*self).*then)(std::move(response));
        });
      });
  if (!taken) busy("too many requests are waiting: try again");
}

void Session::ask_first() { ask(std::move(request_), &Session::opened); }

void Session::opened(Response response) {
  if (response.intake == nullptr) return respond(std::move(response));  // nobody will read the body
  intake_ = std::move(response.intake);
  reading_->pieces.emplace(std::move(*reading_->parser));
  reading_->parser.reset();
  piece_.resize(kPiece);
  if (wants_word_) return send_continue(&Session::read_piece);
  read_piece();
}

void Session::read_piece() {
  auto& body = reading_->pieces->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  stream_.expires_after(shared_.limits.body);
  beast::http::async_read(stream_, reading_->buffer, *reading_->pieces,
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error == beast::http::error::need_buffer) error = {};
                            self->take_piece(kPiece - self->reading_->pieces->get().body().size, error);
                          });
}

// Also the last piece of a client that has left: what arrived is the intake's to keep.
void Session::take_piece(std::size_t size, const error_code& failure) {
  stream_.expires_never();
  const bool whole = !failure && reading_->pieces->is_done();
  shared_.bodies.submit([self = shared_from_this(), size, whole, failure] {
    std::optional<Response> answer;
    if (size > 0) answer = self->intake_->take(std::string_view(self->piece_).substr(0, size));
    if (whole && !answer) answer = self->intake_->finish();
    if (answer || failure) self->intake_.reset();
    asio::post(self->stream_.get_executor(), [self, answer = std::move(answer), whole, failure]() mutable {
      self->taken(std::move(answer), whole, failure);
    });
  });
}

void Session::taken(std::optional<Response> answer, bool whole, const error_code& failure) {
  if (!answer && !failure) return read_piece();
  keep_alive_ = whole && reading_->pieces->get().keep_alive();
  unread_ = !whole;
  reading_->pieces.reset();
  piece_ = {};
  if (failure) return failed_to_parse(failure);
  respond(std::move(*answer));
}

void Session::busy(std::string_view detail) {
  Response response = problem(request_, 503, "busy", detail);
  response.headers.set("Retry-After", "1");
  respond(std::move(response));
}

void Session::turn_away() {
  request_.request_id = request_id_for({});
  busy("too many connections, or the server is stopping: try again");
}

void Session::respond(Response response) {
  if (response.stream && request_.method != "HEAD") {
    if (!shared_.sessions.add_stream(shared_.limits.streams))
      return busy("too many streams are open, or the server is stopping: try again");
    counted_ = true;
  }
  if (response.headers.find("X-Request-Id") == nullptr)
    response.headers.set("X-Request-Id", request_.request_id);
  const auto* wish = response.headers.find("Connection");
  keep_alive_ = keep_alive_ && !response.stream && !shared_.sessions.stopping() &&
                (wish == nullptr || !iequals(*wish, "close"));
  response_ = std::move(response);
  head_ = head_of(response_, keep_alive_);
  const bool bodiless = request_.method == "HEAD" || response_.status == 204 || response_.status == 304;
  const std::array<asio::const_buffer, 2> buffers = {
      asio::buffer(head_), bodiless ? asio::const_buffer() : asio::buffer(response_.body)};
  stream_.expires_after(per_mebibyte(shared_.limits.write, response_.body.size()));
  asio::async_write(stream_, buffers, [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->close();
    self->written();
  });
}

void Session::refuse(int status, std::string_view code, std::string_view detail) {
  if (request_.request_id.empty()) request_.request_id = request_id_for(request_.headers);
  keep_alive_ = false;
  base::log(
      base::LogLevel::info, "request refused",
      {{"status", status}, {"code", code}, {"request_id", request_.request_id}, {"peer", request_.peer}});
  respond(problem(request_, status, code, detail));
}

void Session::failed_to_parse(const error_code& failure) {
  using beast::http::error;
  if (failure == error::header_limit || failure == error::buffer_overflow)
    return refuse(431, "headers_too_long",
                  "the request line and headers have more than " +
                      std::to_string(shared_.limits.header_bytes) + " bytes");
  if (failure == error::body_limit)
    return refuse(413, "too_large", "the body is longer than this path takes");
  // A client that left, in the middle or not, or was too slow: there is nobody to tell.
  const bool theirs = failure.category() == make_error_code(error::bad_value).category() &&
                      failure != error::end_of_stream && failure != error::partial_message;
  if (!theirs) return close();
  refuse(400, "bad_request", "this is not an HTTP/1.1 request");
}

void Session::written() {
  if (counted_) {
    reading_.reset();
    return begin_stream();
  }
  response_ = {};
  if (unread_) return linger();
  if (!keep_alive_) return close();
  wait_for_request(shared_.limits.idle);
}

// Closing with unread bytes would reset the connection, and the client could lose the answer (RFC 9112 §9.6):
// say that we are done, and read on for a while.
void Session::linger() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(shared_.limits.linger);
  reading_->parser.reset();
  discard();
}

void Session::discard() {
  reading_->buffer.clear();
  stream_.async_read_some(reading_->buffer.prepare(Reading::kChunk),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (error) return self->close();
                            self->discard();
                          });
}

void Session::close() {
  cut_stream();
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

void Session::close_idle() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->idle_ || self->sink_) self->close();
  });
}

void Session::close_now() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->close(); });
}

}  // namespace fencepost::http
