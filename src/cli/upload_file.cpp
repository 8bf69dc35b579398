// `fencepost upload file`: sends a file by tus, in pieces, and goes on where the server is after a trouble.

#include "cli/upload_file.hpp"

#include <sodium.h>
#include <CLI/CLI.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/noun.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

constexpr std::size_t kPiece = std::size_t{4} << 20;
constexpr int kTries = 8;  // of one piece
constexpr const char* kType = "application/offset+octet-stream";

struct Given {
  std::string path, name, resume;
};

std::string base64(const std::string& text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

// "/files/2f1c…" of a new file.
std::string begun(Client& client, const Given& given, std::uintmax_t size) {
  const auto name = given.name.empty() ? std::filesystem::path(given.path).filename().string() : given.name;
  client.send_bytes("POST", "/files", "", kType,
                    {{"Tus-Resumable", "1.0.0"},
                     {"Upload-Length", std::to_string(size)},
                     {"Upload-Metadata", "filename " + base64(name)}});
  const auto location = client.header("Location");
  return location.substr(std::min(location.size(), location.rfind("/files/")));
}

// Whether the same can go well a moment later.
bool is_passing(const Refused& refused) {
  return refused.status() == 409 || refused.status() == 423 || refused.status() == 429 ||
         refused.status() >= 500;
}

// Between two tries: nobody tells a client that the server is back.
void rest(int failures) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable nobody;
  nobody.wait_for(lock, std::chrono::milliseconds(250) * (1 << std::min(failures, 6)), [] { return false; });
}

// What `work` answers; null: it did not get there, but may next time.
template <typename Work>
json passing(const Work& work) try {
  return work();
} catch (const Refused& refused) {
  if (!is_passing(refused)) throw;
  return nullptr;
} catch (const base::UserError& error) {
  if (error.code() != "no_server") throw;
  return nullptr;
}

std::string piece_of(std::ifstream& file, std::uint64_t offset, std::uintmax_t size) {
  std::string piece(static_cast<std::size_t>(std::min<std::uintmax_t>(kPiece, size - offset)), '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(piece.data(), static_cast<std::streamsize>(piece.size())))
    throw base::UserError("unreadable", "the file has become shorter, or cannot be read");
  return piece;
}

// Asks where the server is, and sends what comes there, until it has all. The file as the server shows it.
json send_all(Client& client, const std::string& path, std::ifstream& file, std::uintmax_t size) {
  for (int failures = 0; failures < kTries;) {
    const auto state = passing([&] { return client.get(path); });
    if (state.is_object() && state.at("total").get<std::uint64_t>() != size)
      throw base::UserError("other_file", "the server expects a file of another size: begin anew");
    if (state.is_object() && state.at("finished").get<bool>()) return state;
    const bool sent =
        state.is_object() &&
        !passing([&] {
           const auto at = state.at("received").get<std::uint64_t>();
           client.send_bytes("PATCH", path, piece_of(file, at, size), kType,
                             {{"Tus-Resumable", "1.0.0"}, {"Upload-Offset", std::to_string(at)}});
           return json(true);
         }).is_null();
    failures = sent ? 0 : failures + 1;
    if (!sent) rest(failures);
  }
  throw base::UserError("no_progress",
                        "the server takes no more of the file now: go on later with --resume " +
                            path.substr(path.rfind('/') + 1));
}

int send(Client& client, const Given& given, bool as_json) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(given.path, failed);
  std::ifstream file(given.path, std::ios::binary);
  if (failed || !file) throw base::UserError("unreadable", "the file '" + given.path + "' cannot be read");
  const auto path = given.resume.empty() ? begun(client, given, size) : "/files/" + encoded(given.resume);
  const auto done = send_all(client, path, file, size);
  if (as_json)
    print_json(done);
  else
    print(sheet(
        {{"file", cell(done, "id")}, {"video", cell(done, "video_id")}, {"type", cell(done, "media_type")}}));
  return 0;
}
}  // namespace

void add_upload_file(CLI::App& upload, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = upload.add_subcommand("file", "Send a file to the server, where it becomes a video");
  command->footer("It goes in pieces. After a trouble it goes on where the server is.");
  command->add_option("FILE", given->path, "A video, or a JPEG or PNG for a thumbnail")->required();
  command->add_option("--name", given->name, "What it is called there; its own name where not given");
  command->add_option("--resume", given->resume, "Go on with this one")->type_name("ID");
  speaks(*command, chosen, [given](Client& client, bool as_json) { return send(client, *given, as_json); });
}

}  // namespace fencepost::cli
