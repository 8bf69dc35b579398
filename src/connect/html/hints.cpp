#include "connect/html/hints.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

namespace fencepost::connect {

namespace {

constexpr std::size_t kMostHints = 50;
constexpr std::size_t kLongest = 40;

struct Mark {
  std::string_view part;  // of an address, in lower case
  std::string_view name;
};

constexpr auto kMarks = std::to_array<Mark>({
    {"/_next/", "Next.js"},
    {"/_nuxt/", "Nuxt"},
    {"/media/jui/", "Joomla"},
    {"/sites/default/files", "Drupal"},
    {"/typo3", "TYPO3"},
    {"/wp-content/", "WordPress"},
    {"/wp-includes/", "WordPress"},
    {"bootstrap", "Bootstrap"},
    {"cdn.shopify.com", "Shopify"},
    {"cookiebot.com", "Cookiebot"},
    {"elementor", "Elementor"},
    {"fonts.googleapis.com", "Google Fonts"},
    {"google-analytics.com", "Google Analytics"},
    {"googletagmanager.com", "Google Tag Manager"},
    {"hs-scripts.com", "HubSpot"},
    {"jimdo", "Jimdo"},
    {"jquery", "jQuery"},
    {"js.stripe.com", "Stripe"},
    {"matomo", "Matomo"},
    {"parastorage.com", "Wix"},
    {"prestashop", "PrestaShop"},
    {"recaptcha", "reCAPTCHA"},
    {"squarespace", "Squarespace"},
    {"webflow", "Webflow"},
    {"wixstatic.com", "Wix"},
    {"woocommerce", "WooCommerce"},
});

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// The name in front of a version: "nginx/1.22.1", "WordPress 6.4", "Joomla! - Open Source". Names may have
// several words.
std::string name_of(std::string_view text) {
  std::string name;
  for (std::size_t at = 0; at < text.size() && name.size() < kLongest; ++at) {
    const char c = text[at];
    const bool version = c >= '0' && c <= '9' &&
                         (at == 0 || std::string_view(" vV").find(text[at - 1]) != std::string_view::npos);
    if (version || static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7F ||
        std::string_view("/(;,!<").find(c) != std::string_view::npos || text.substr(at, 3) == " - ")
      break;
    name += c;
  }
  if (name.ends_with(" v") || name.ends_with(" V")) name.resize(name.size() - 2);
  while (name.ends_with(' ')) name.pop_back();
  return name;
}

void add(std::string name, std::set<std::string>& into) {
  if (!name.empty() && into.size() < kMostHints) into.insert(std::move(name));
}

}  // namespace

void hints_of_headers(const Headers& headers, std::set<std::string>& into) {
  for (const auto& [name, value] : headers)
    for (const auto* telling : {"server", "x-powered-by", "x-generator"})
      if (strcasecmp(name.c_str(), telling) == 0) add(name_of(value), into);
}

void hints_of_generator(std::string_view content, std::set<std::string>& into) {
  add(name_of(content), into);
}

void hints_of_resource(std::string_view address, std::set<std::string>& into) {
  const auto folded = lower(address.substr(0, 2'048));
  for (const auto& [part, name] : kMarks)
    if (folded.find(part) != std::string::npos) add(std::string(name), into);
}

}  // namespace fencepost::connect
