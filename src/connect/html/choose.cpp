// The one of several, the same for everybody who looks at the same page.

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/error.hpp"
#include "connect/domain.hpp"
#include "connect/html/page.hpp"

namespace fencepost::connect {

namespace {

// Mailboxes that are for strangers, in many languages; and those that are not.
constexpr auto kOpen = std::to_array<std::string_view>(
    {"info",    "contact", "kontakt",   "office",    "hello",   "hallo",   "mail",     "email",
     "post",    "service", "sales",     "support",   "team",    "welcome", "contacto", "contatti",
     "bonjour", "hola",    "enquiries", "inquiries", "anfrage", "buero"});
constexpr auto kClosed = std::to_array<std::string_view>(
    {"noreply", "no-reply", "donotreply", "do-not-reply", "abuse", "postmaster", "webmaster", "hostmaster",
     "privacy", "datenschutz", "dpo", "gdpr", "security", "mailer-daemon", "bounce", "unsubscribe"});

std::string registrable_of(std::string_view host) {
  try {
    return domain_of(host).registrable;
  } catch (const base::UserError&) {
    return std::string(host);
  }
}

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

int role_of(std::string_view local) {
  if (among(kOpen, local)) return 0;
  return among(kClosed, local) ? 2 : 1;
}

}  // namespace

std::string best_email(const Page& page, std::string_view host) {
  const auto own = registrable_of(host);
  const auto rank = [&](const Email& email) {
    const auto at = email.address.find('@');
    const bool foreign = registrable_of(std::string_view(email.address).substr(at + 1)) != own;
    return std::tuple(foreign, role_of(std::string_view(email.address).substr(0, at)), email.from,
                      std::string_view(email.address));
  };
  const auto best = std::min_element(page.emails.begin(), page.emails.end(),
                                     [&](const Email& a, const Email& b) { return rank(a) < rank(b); });
  return best == page.emails.end() ? std::string() : best->address;
}

std::string best_phone(const Page& page) {
  const auto rank = [](const Phone& phone) {
    return std::tuple(!phone.link, !phone.number.starts_with('+'));
  };
  const auto best = std::min_element(page.phones.begin(), page.phones.end(),
                                     [&](const Phone& a, const Phone& b) { return rank(a) < rank(b); });
  return best == page.phones.end() ? std::string() : best->number;
}

std::vector<Social> best_socials(const Page& page) {
  std::map<std::string, Social> first;
  for (const auto& social : page.socials) first.try_emplace(social.network, social);
  std::vector<Social> out;
  for (auto& [network, social] : first) out.push_back(std::move(social));
  return out;
}

}  // namespace fencepost::connect
