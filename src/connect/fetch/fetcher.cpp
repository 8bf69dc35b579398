#include "connect/fetch/fetcher.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "base/error.hpp"
#include "connect/domain.hpp"
#include "connect/fetch/charset.hpp"
#include "connect/fetch/inflate.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect {

namespace {

using Kind = FetchError::Kind;

std::string user_agent_of(const std::string& contact) {
  // In a header's comment (RFC 9110, section 5.6.5).
  const bool bad = std::any_of(contact.begin(), contact.end(), [](char c) {
    return c < ' ' || c > '~' || c == '(' || c == ')' || c == '\\';
  });
  if (bad) throw base::UserError("invalid_contact", "the contact must be a URL or an e-mail address");
  const std::string name = "Fencepost/" FENCEPOST_VERSION;
  return contact.empty() ? name : name + " (+" + contact + ")";
}

std::string_view accept_of(Content content) {
  switch (content) {
    case Content::page:
      return "text/html, application/xhtml+xml;q=0.9";
    case Content::sitemap:
      return "application/xml, text/xml, text/plain;q=0.9, application/gzip;q=0.9";
    case Content::text:
      return "text/plain, text/*;q=0.5";
  }
  return "*/*";
}

// Lower-case, without parameters.
std::string essence(std::string_view content_type) {
  std::string out;
  for (const char c : content_type.substr(0, std::min<std::size_t>(content_type.find(';'), 100)))
    if (c > ' ' && c <= '~') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool suits(std::string_view type, Content content) {
  if (type.empty()) return true;
  const bool page = type == "text/html" || type == "application/xhtml+xml";
  switch (content) {
    case Content::page:
      return page;
    case Content::sitemap:
      return !page && (type.ends_with("xml") || type == "text/plain" || type.ends_with("gzip") ||
                       type == "application/octet-stream");
    case Content::text:
      return type.starts_with("text/");
  }
  return false;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Takes one answer's body: judges its head, takes its compression off, keeps the caps.
class Body {
 public:
  Body(const FetchRequest& request, const Fetcher::Sink& sink) : request_(request), sink_(sink) {}

  // As HttpRequest::sink.
  bool take(const HttpResult& head, std::string_view piece) try {
    if (!begun_) begin(head);
    wire_ += piece.size();
    if (!wanted_) return wire_ <= kMostIgnored;
    if (!error_ && inflater_) {
      inflater_->feed(piece);
      judge(inflater_->state());
    } else if (!error_ && wire_ > request_.caps.body_bytes) {
      error_ = FetchError{.kind = Kind::too_large, .reason = "the answer is too large"};
    } else if (!error_ && !sink_(piece)) {
      judge(Inflater::State::unwanted);
    }
    return !error_;
  } catch (...) {
    thrown_ = std::current_exception();  // must not pass through libcurl
    return false;
  }

  // What is wrong with an answer that came whole.
  std::optional<FetchError> end(const HttpResult& head) {
    if (!begun_) begin(head);
    if (!error_ && inflater_ && wire_ > 0 && inflater_->state() != Inflater::State::whole)
      judge(Inflater::State::broken);
    return error_;
  }

  const std::optional<FetchError>& error() const { return error_; }
  const std::exception_ptr& thrown() const { return thrown_; }
  std::size_t wire() const { return wire_; }

 private:
  // Of a redirect or an error: read, so that the connection can be kept, unless it is long.
  static constexpr std::size_t kMostIgnored = 16'384;

  void begin(const HttpResult& head) {
    begun_ = true;
    wanted_ = head.status >= 200 && head.status < 300;
    if (!wanted_) return;
    if (!suits(essence(head.header("content-type").value_or("")), request_.content)) {
      error_ = FetchError{.kind = Kind::content_type,
                          .reason = "the answer is not of the kind that was asked for"};
      return;
    }
    const auto encoding = essence(head.header("content-encoding").value_or(""));
    if (encoding == "gzip" || encoding == "x-gzip" || encoding == "deflate") {
      inflater_.emplace(request_.caps.body_bytes, [this](std::string_view piece) { return sink_(piece); });
    } else if (!encoding.empty() && encoding != "identity") {
      error_ = FetchError{.kind = Kind::encoding,
                          .reason = "the answer is compressed in a way that was not asked for"};
    }
  }

  void judge(Inflater::State state) {
    switch (state) {
      case Inflater::State::open:
      case Inflater::State::whole:
        return;
      case Inflater::State::broken:
        error_ = FetchError{.kind = Kind::encoding, .reason = "the answer's compression is broken"};
        return;
      case Inflater::State::too_much:
        error_ = FetchError{.kind = Kind::too_large, .reason = "the answer is too large when it is unpacked"};
        return;
      case Inflater::State::unwanted:
        error_ = FetchError{.kind = Kind::unwanted, .reason = "the rest of the answer was not wanted"};
        return;
    }
  }

  const FetchRequest& request_;
  const Fetcher::Sink& sink_;
  bool begun_ = false;
  bool wanted_ = false;
  std::size_t wire_ = 0;
  std::optional<Inflater> inflater_;
  std::optional<FetchError> error_;
  std::exception_ptr thrown_;
};

FetchError error_of(const Failure& failure) {
  const auto as = [&](Kind kind, bool temporary) {
    return FetchError{.kind = kind, .reason = failure.reason, .temporary = temporary};
  };
  switch (failure.kind) {
    case Failure::Kind::url:  // absolute_url() has seen to everything but a host that is written as an
                              // address
    case Failure::Kind::address:
      return as(Kind::address, false);
    case Failure::Kind::resolve:
      return as(Kind::resolve, true);  // libcurl does not tell "no such name" from "no answer"
    case Failure::Kind::connect:
      return as(Kind::connect, true);
    case Failure::Kind::tls:
      return as(Kind::tls, false);
    case Failure::Kind::deadline:
      return as(Kind::deadline, true);
    case Failure::Kind::stopped:
      return as(Kind::stopped, true);
    case Failure::Kind::too_large:
      return as(Kind::too_large, false);
    case Failure::Kind::unwanted:
      return as(Kind::unwanted, false);
    case Failure::Kind::source:  // no request here has a file for its body
    case Failure::Kind::cut:
      return as(Kind::cut, true);
  }
  return as(Kind::cut, true);
}

FetchError status_error(const HttpResult& result, base::Micros now) {
  constexpr base::Duration kMostWait = std::chrono::hours(24);
  const int status = result.status;
  FetchError error{.kind = Kind::status, .reason = "the server answered " + std::to_string(status)};
  error.status = status;
  error.temporary =
      status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
  const auto wait = result.header("retry-after");
  if (wait && error.temporary) error.retry_after = parse_retry_after(*wait, now, kMostWait);
  return error;
}

Fetched fetched(std::string url, HttpResult&& result, int redirects, std::size_t wire) {
  Fetched out;
  out.url = std::move(url);
  out.status = result.status;
  out.content_type = essence(result.header("content-type").value_or(""));
  out.charset = charset_of(result.header("content-type").value_or(""));
  out.headers = std::move(result.headers);
  out.redirects = redirects;
  out.wire = wire;
  return out;
}

}  // namespace

Fetcher::Fetcher(HttpClient& client, FetcherOptions options)
    : client_(client), user_agent_(user_agent_of(options.contact)) {}

FetchResult Fetcher::stream(const FetchRequest& request, const Sink& sink, base::BootTime deadline,
                            std::stop_token stop) {
  auto url = absolute_url({}, request.url);
  if (!url) return FetchError{.kind = Kind::url, .reason = "this is not a URL that can be fetched"};
  HttpRequest get;
  get.deadline = std::min(deadline, clock().boot() + request.caps.time);
  get.repeatable = true;
  get.body_cap = request.caps.wire_bytes;
  get.headers = {{"User-Agent", user_agent_},
                 {"Accept", std::string(accept_of(request.content))},
                 {"Accept-Encoding", "gzip"}};
  std::vector<std::string> seen;
  for (int redirects = 0;; ++redirects) {
    seen.push_back(*url);
    get.url = *url;
    Body body(request, sink);
    get.sink = [&body](const HttpResult& head, std::string_view piece) { return body.take(head, piece); };
    auto result = client_.call(get, stop);
    if (body.thrown()) std::rethrow_exception(body.thrown());
    // A known status decides, also where the body behind it was cut or too long; not a 2xx.
    if (is_redirect(result.status)) {
      const auto to = absolute_url(*url, result.header("location").value_or(""));
      if (!to || !result.header("location"))
        return FetchError{
            .kind = Kind::redirect, .reason = "the server redirects to nowhere", .status = result.status};
      if (std::find(seen.begin(), seen.end(), *to) != seen.end())
        return FetchError{
            .kind = Kind::redirect, .reason = "the server redirects in a circle", .status = result.status};
      if (redirects == request.caps.redirects)
        return FetchError{
            .kind = Kind::redirect, .reason = "the server redirects too often", .status = result.status};
      url = to;
      continue;
    }
    if (result.status >= 300) return status_error(result, clock().wall());
    if (body.error()) return *body.error();
    if (result.failure) {
      auto error = error_of(*result.failure);
      error.status = result.status;
      return error;
    }
    if (auto error = body.end(result)) return *error;
    return fetched(std::move(*url), std::move(result), redirects, body.wire());
  }
}

FetchResult Fetcher::fetch(const FetchRequest& request, base::BootTime deadline, std::stop_token stop) {
  std::string bytes;
  const auto keep = [&bytes](std::string_view piece) {
    bytes += piece;
    return true;
  };
  auto result = stream(request, keep, deadline, std::move(stop));
  auto* whole = std::get_if<Fetched>(&result);
  if (whole == nullptr) return result;
  if (request.content == Content::sitemap) {
    whole->body = std::move(bytes);
  } else {
    auto read = to_utf8(bytes, whole->charset);
    whole->body = std::move(read.text);
    whole->charset = std::move(read.charset);
  }
  return result;
}

}  // namespace fencepost::connect
