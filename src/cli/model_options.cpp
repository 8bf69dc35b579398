// The language model that the settings name.

#include <fstream>

#include "base/error.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"

namespace fencepost::cli {

namespace {

base::Secret key_of(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    throw UsageError("text-key-file '" + path + "' cannot be read, or is empty");
  if (line.ends_with('\r')) line.pop_back();
  return base::Secret(std::move(line));
}

}  // namespace

std::unique_ptr<connect::Model> make_model(const Settings& settings, connect::HttpClient& http) {
  const auto api = settings.text("text-api");
  if (api.empty()) return nullptr;
  const bool openai = api == "openai";
  if (!openai && api != "anthropic")
    throw UsageError("text-api: '" + api + "' is neither openai nor anthropic");
  auto url = settings.text("text-url");
  if (url.empty()) url = openai ? "https://api.openai.com" : "https://api.anthropic.com";
  connect::ModelOptions options{
      .api = openai ? connect::ModelOptions::Api::openai : connect::ModelOptions::Api::anthropic,
      .base_url = std::move(url),
      .model = settings.needed("text-model"),
      .key = key_of(settings.text("text-key-file")),
      .max_tokens = settings.number("text-max-tokens")};
  try {
    return connect::make_model(http, std::move(options));
  } catch (const base::UserError& error) {
    throw UsageError(error.code() == "invalid_destination" ? "text-url: " + std::string(error.what())
                                                           : error.what());
  }
}

}  // namespace fencepost::cli
