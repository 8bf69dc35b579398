#include "connect/http_transfer.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "connect/sigpipe.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kHeaderCap = 64 * 1024;
// libcurl wakes for sockets, its timers and a stop; the deadline's clock also counts while the machine
// sleeps, so that it is read again at least this often.
constexpr base::Duration kPoll = std::chrono::milliseconds(100);
// A body that has to wait for its pace asks again after this.
constexpr base::Duration kPaceAgain = std::chrono::milliseconds(10);
constexpr long kUploadBuffer = 256 * 1024;

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  const auto rc = curl_easy_setopt(easy, option, value);
  if (rc == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  FENCEPOST_ASSERT(rc == CURLE_OK);  // an option that this libcurl does not know must not be dropped silently
}

void reset_on_close(curl_socket_t socket, bool on) {
  const linger now{on ? 1 : 0, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool is_tls(CURLcode code) {
  return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER || code == CURLE_SSL_ISSUER_ERROR ||
         code == CURLE_SSL_INVALIDCERTSTATUS;
}

}  // namespace

HttpTransfer::HttpTransfer(const HttpOptions& options, const base::Clock& clock)
    : options_(options),
      clock_(clock),
      multi_(curl_multi_init(), [](CURLM* multi) { curl_multi_cleanup(multi); }),
      easy_(curl_easy_init(), [](CURL* easy) { curl_easy_cleanup(easy); }) {
  if (!multi_ || !easy_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 4L);
}

// Closing kept TLS connections writes a farewell.
HttpTransfer::~HttpTransfer() {
  const SigpipeBlocked quiet;
  easy_.reset();
  multi_.reset();
}

HttpResult HttpTransfer::run(const HttpRequest& request, std::stop_token stop) {
  const SigpipeBlocked quiet;
  call_ = Call{};
  call_.request = &request;
  call_.stop = std::move(stop);
  configure();
  const auto code = drive();
  if (call_.interruption) abandon();
  if (!call_.answered) call_.result.headers.clear();  // half an answer is none
  if (code != CURLE_OK || !call_.answered) call_.result.failure = failure_of(code);
  curl_multi_remove_handle(multi_.get(), easy_.get());
  curl_easy_reset(easy_.get());  // the handle must not point into this call any more
  auto result = std::move(call_.result);
  call_ = Call{};
  return result;
}

void HttpTransfer::configure() {
  auto* easy = easy_.get();
  const auto& request = *call_.request;
  const auto add = [&](const std::string& line) {
    auto* longer = curl_slist_append(call_.headers.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)call_.headers.release();
    call_.headers.reset(longer);
  };
  for (const auto& [name, value] : request.headers) add(value.empty() ? name + ";" : name + ": " + value);
  add("Expect:");  // no waiting for "100 Continue"

  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_HTTPHEADER, call_.headers.get());
  if (request.file) {
    FENCEPOST_ASSERT(!request.repeatable);  // libcurl may not rewind it
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.file->length));
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBuffer);
    set(easy, CURLOPT_READFUNCTION, &on_read);
    set(easy, CURLOPT_READDATA, this);
  } else if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "POST" || !request.body.empty()) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != "HEAD") set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.repeatable) {
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  configure_policy();
  configure_callbacks();
}

void HttpTransfer::configure_policy() {
  auto* easy = easy_.get();
  set(easy, CURLOPT_USERAGENT, "fencepost/" FENCEPOST_VERSION);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_PROXY, options_.proxy.c_str());  // empty: none, whatever the environment says
  set(easy, CURLOPT_NOPROXY, "");
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // HTTP/2 would let libcurl repeat a refused stream, and shares connections.
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // an abandoned name look-up ends by itself, in its own thread
}

void HttpTransfer::configure_callbacks() {
  auto* easy = easy_.get();
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_CLOSESOCKETFUNCTION, &on_close);
  set(easy, CURLOPT_CLOSESOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &on_begin);
  set(easy, CURLOPT_PREREQDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, this);
}

CURLcode HttpTransfer::drive() {
  auto* multi = multi_.get();
  const std::stop_callback wake(call_.stop, [multi] { curl_multi_wakeup(multi); });
  if (curl_multi_add_handle(multi, easy_.get()) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  for (;;) {
    call_.interruption = interrupted();
    if (call_.interruption) return CURLE_ABORTED_BY_CALLBACK;
    if (std::exchange(call_.paced, false)) curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    if (curl_multi_poll(multi, nullptr, 0, wait_ms(), nullptr) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
  }
}

std::optional<Failure::Kind> HttpTransfer::interrupted() const {
  if (call_.stop.stop_requested()) return Failure::Kind::stopped;
  if (clock_.boot() >= call_.request->deadline) return Failure::Kind::deadline;
  return std::nullopt;
}

int HttpTransfer::wait_ms() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(call_.request->deadline - clock_.boot());
  const auto most = std::chrono::ceil<std::chrono::milliseconds>(call_.paced ? kPaceAgain : kPoll);
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), most).count());
}

// Resets the connection now, before libcurl takes its leave: connecting to "no address" (connect(2),
// AF_UNSPEC) makes Linux discard what is unsent, so that not even a half-written TLS record follows.
void HttpTransfer::abandon() {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  for (const auto socket : open_) ::connect(socket, &nowhere, sizeof nowhere);
}

Failure HttpTransfer::failure_of(CURLcode code) const {
  using Kind = Failure::Kind;
  const auto sent = call_.began ? Sent::maybe : Sent::no_byte_left;
  if (call_.interruption == Kind::stopped) return {Kind::stopped, sent, "the call was stopped"};
  if (call_.interruption) return {Kind::deadline, sent, "there was no answer before the deadline"};
  if (call_.too_large) return {Kind::too_large, sent, "the answer is too large"};
  if (call_.unwanted) return {Kind::unwanted, sent, "the rest of the answer was not wanted"};
  if (call_.source_failed) return {Kind::source, sent, "the file could not be read to its end"};
  // libcurl's own texts: constants, which name no host. It calls an answer that is not HTTP an unsupported
  // protocol.
  const bool not_http = call_.began && (code == CURLE_OK || code == CURLE_UNSUPPORTED_PROTOCOL);
  const std::string text = not_http ? "the answer is not HTTP" : curl_easy_strerror(code);
  if (call_.began) return {Kind::cut, sent, text};
  if (call_.address_refused)
    return {Kind::address, sent, "the host's address is not allowed: it is private, local or reserved"};
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
    return {Kind::resolve, sent, text};
  return {is_tls(code) ? Kind::tls : Kind::connect, sent, text};
}

curl_socket_t HttpTransfer::on_open(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  // With a proxy the address is the proxy's, which the operator has chosen.
  const bool trusted = !transfer.options_.proxy.empty();
  if (purpose != CURLSOCKTYPE_IPCXN || (!trusted && !allowed(address->addr, transfer.options_.addresses))) {
    transfer.call_.address_refused = true;
    return CURL_SOCKET_BAD;
  }
  // A child process must not inherit the socket and keep the connection alive.
  const auto socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  // Until the exchange is over a close, also the kernel's when this process is killed, discards what is
  // unsent.
  reset_on_close(socket, true);
  try {
    transfer.open_.push_back(socket);
  } catch (...) {
    ::close(socket);
    return CURL_SOCKET_BAD;
  }
  return socket;
}

int HttpTransfer::on_close(void* self, curl_socket_t socket) noexcept {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  std::erase(transfer.open_, socket);
  if (!transfer.call_.interruption) reset_on_close(socket, false);  // a polite farewell
  return ::close(socket);
}

// Connected, handshake done; the next thing libcurl does is to write the request.
int HttpTransfer::on_begin(void* self, char*, char*, int, int) noexcept {
  auto& call = static_cast<HttpTransfer*>(self)->call_;
  // libcurl retries by itself in rare cases. The fresh connection rules them out; should one be left, it ends
  // here.
  if (call.began && !call.request->repeatable) return CURL_PREREQFUNC_ABORT;
  call.interruption = static_cast<HttpTransfer*>(self)->interrupted();
  if (call.interruption) return CURL_PREREQFUNC_ABORT;
  call.began = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t HttpTransfer::on_read(char* data, std::size_t size, std::size_t count, void* self) noexcept try {
  auto& call = static_cast<HttpTransfer*>(self)->call_;
  const auto& file = *call.request->file;
  auto wanted = static_cast<std::size_t>(
      std::min<std::int64_t>(static_cast<std::int64_t>(size * count), file.length - call.read));
  if (wanted == 0) return 0;
  if (file.pace != nullptr) wanted = file.pace->take(wanted);
  call.paced = wanted == 0;
  if (call.paced) return CURL_READFUNC_PAUSE;
  ssize_t got = 0;
  do {
    got = ::pread(file.file, data, wanted, file.offset + call.read);
  } while (got < 0 && errno == EINTR);
  call.source_failed = got <= 0;
  if (call.source_failed) return CURL_READFUNC_ABORT;
  call.read += got;
  return static_cast<std::size_t>(got);
} catch (...) {
  return CURL_READFUNC_ABORT;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept
    try {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const auto bytes = size * count;
  transfer.call_.header_bytes += bytes;
  transfer.call_.too_large = transfer.call_.header_bytes > kHeaderCap;
  if (transfer.call_.too_large) return CURL_WRITEFUNC_ERROR;
  transfer.take_header({data, bytes});
  return bytes;
} catch (...) {
  return CURL_WRITEFUNC_ERROR;
}

void HttpTransfer::take_header(std::string_view line) {
  if (call_.answered) return;  // trailers: too late to change what the answer means
  auto& result = call_.result;
  const auto text = trimmed(line);
  if (text.empty()) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    call_.answered = status >= 200;
    if (call_.answered) {
      result.status = static_cast<int>(status);
    } else {
      result.headers.clear();  // 1xx: the final answer is still to come
    }
    return;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.substr(0, 5) == "HTTP/") return;
  result.headers.emplace_back(text.substr(0, colon), trimmed(text.substr(colon + 1)));
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept try {
  auto& call = static_cast<HttpTransfer*>(self)->call_;
  const auto bytes = size * count;
  call.too_large = bytes > call.request->body_cap - call.body_bytes;
  if (call.too_large) return CURL_WRITEFUNC_ERROR;
  call.body_bytes += bytes;
  if (!call.request->sink) {
    call.result.body.append(data, bytes);
    return bytes;
  }
  call.unwanted = true;  // unless it says otherwise: an exception does not
  call.unwanted = !call.request->sink(call.result, {data, bytes});
  return call.unwanted ? CURL_WRITEFUNC_ERROR : bytes;
} catch (...) {
  return CURL_WRITEFUNC_ERROR;
}

}  // namespace fencepost::connect
