#include "connect/mail/mailer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "base/error.hpp"
#include "connect/sigpipe.hpp"

namespace fencepost::connect::mail {

namespace {

template <typename T>
void set(CURL* easy, CURLoption option, T value) {
  const auto rc = curl_easy_setopt(easy, option, value);
  if (rc == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  FENCEPOST_ASSERT(rc == CURLE_OK);
}

struct Session {
  const std::string& bytes;
  std::size_t at;
  const base::Clock& clock;
  base::BootTime deadline;
  const std::stop_token& stop;
  bool over() const { return stop.stop_requested() || clock.boot() >= deadline; }
};

std::size_t on_read(char* to, std::size_t size, std::size_t count, void* context) noexcept {
  auto& session = *static_cast<Session*>(context);
  // The deadline is a moment: of a process that was paused no byte leaves after it.
  if (session.over()) return CURL_READFUNC_ABORT;
  const auto n = std::min(size * count, session.bytes.size() - session.at);
  std::memcpy(to, session.bytes.data() + session.at, n);
  session.at += n;
  return n;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Session*>(context)->over() ? 1 : 0;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Outcome outcome_of(CURLcode code, long answer, bool sent_all) {
  Outcome outcome;
  if (code == CURLE_OK) {
    outcome.verdict = Verdict::accepted;
    return outcome;
  }
  const bool refused = answer >= 400 && answer < 600;
  // Once the whole mail is out, only an answer says that it was not taken.
  outcome.verdict = sent_all && !refused ? Verdict::unknown : Verdict::certain_failure;
  outcome.retryable = outcome.verdict == Verdict::certain_failure;
  if (code == CURLE_LOGIN_DENIED)
    outcome.error = "the mail server refuses the user or password";
  else if (code == CURLE_USE_SSL_FAILED)
    outcome.error = "the mail server offers no TLS";
  else if (refused)
    outcome.error = "the mail server answered " + std::to_string(answer);
  else if (code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_OPERATION_TIMEDOUT)
    outcome.error = "the mail server did not answer before the deadline";
  else
    outcome.error = std::string("the mail was not sent: ") + curl_easy_strerror(code);
  return outcome;
}

[[noreturn]] void wrong(const char* what) { throw base::UserError("invalid_mail_settings", what); }

}  // namespace

void check(const MailOptions& options) {
  const auto& host = options.host;
  if (host.empty() || host.find_first_of("/?#@% \t\r\n") != std::string::npos || options.port == 0)
    wrong("smtp-host must be HOST:PORT of a mail server");
  if (!is_address(options.from))
    wrong("smtp-from must be the address that mails come from: name@example.org");
  if (options.user.empty() != options.password.empty())
    wrong("smtp-user and smtp-password-file belong together: give both, or neither");
  if (options.tls == Tls::none && !options.user.empty() && !is_loopback(host))
    wrong("a password goes to another host over TLS alone: set smtp-tls to starttls or tls");
  for (const auto& text : {options.user, options.password.reveal()})
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      wrong("smtp-user and the password are one line each");
}

Mailer::Mailer(MailOptions options, const base::Clock& clock) : options_(std::move(options)), clock_(clock) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  FENCEPOST_ASSERT(ready);
  check(options_);
}

Outcome Mailer::send(const Mail& mail, base::BootTime deadline, const std::stop_token& stop) const {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(deadline - clock_.boot());
  if (left.count() <= 0) return outcome_of(CURLE_OPERATION_TIMEDOUT, 0, false);
  const SigpipeBlocked quiet;
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), [](CURL* e) { curl_easy_cleanup(e); });
  if (!easy) throw std::bad_alloc();
  const auto bytes = render(mail, options_.from);
  Session session{bytes, 0, clock_, deadline, stop};
  const bool v6 = options_.host.find(':') != std::string::npos;
  const auto url = std::string(options_.tls == Tls::tls ? "smtps://" : "smtp://") +
                   (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
  const auto from = "<" + options_.from + ">", to = "<" + mail.to + ">";
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> recipients(
      curl_slist_append(nullptr, to.c_str()), [](curl_slist* list) { curl_slist_free_all(list); });
  if (!recipients) throw std::bad_alloc();
  set(easy.get(), CURLOPT_URL, url.c_str());
  set(easy.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy.get(), CURLOPT_PROXY, "");
  set(easy.get(), CURLOPT_NOSIGNAL, 1L);
  set(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(easy.get(), CURLOPT_USE_SSL,
      static_cast<long>(options_.tls == Tls::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  set(easy.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy.get(), CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy.get(), CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) set(easy.get(), CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.user.empty()) {
    set(easy.get(), CURLOPT_USERNAME, options_.user.c_str());
    set(easy.get(), CURLOPT_PASSWORD, options_.password.reveal().c_str());
  }
  set(easy.get(), CURLOPT_MAIL_FROM, from.c_str());
  set(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
  set(easy.get(), CURLOPT_UPLOAD, 1L);
  set(easy.get(), CURLOPT_READFUNCTION, &on_read);
  set(easy.get(), CURLOPT_READDATA, &session);
  set(easy.get(), CURLOPT_NOPROGRESS, 0L);
  set(easy.get(), CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(easy.get(), CURLOPT_XFERINFODATA, &session);
  const auto code = curl_easy_perform(easy.get());
  long answer = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer);
  return outcome_of(code, answer, session.at == bytes.size());
}

}  // namespace fencepost::connect::mail
