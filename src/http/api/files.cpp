// Files that come in by tus 1.0: in pieces, each kept whatever happens to the next.

#include <nlohmann/json.hpp>

#include "accounts/text.hpp"
#include "apps/upload/media/media.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/media_json.hpp"
#include "http/api/tus.hpp"

namespace fencepost::http {

namespace {
using media::File;
using media::FileWriter;
using nlohmann::json;

constexpr const char* kPath = "/api/v1/files";
constexpr std::size_t kLongestName = 255;
// The Content-Length of a piece is held against what the file still lacks.
constexpr std::uint64_t kAnyLength = std::uint64_t{1} << 62;

media::Files& files_of(Services& services) {
  if (services.media == nullptr || services.media->files == nullptr)
    throw base::UserError("no_files_folder",
                          "this server has no folder for uploaded files: its operator sets --files-folder");
  return *services.media->files;
}

void require_version(const Request& request) {
  const auto* version = request.headers.find("Tus-Resumable");
  if (version == nullptr || *version != tus::kVersion)
    throw base::UserError("unsupported_version", "send Tus-Resumable: 1.0.0, which is what is spoken here");
}

Response with_version(Response response) {
  response.headers.set("Tus-Resumable", tus::kVersion);
  return response;
}

// How far it is.
Response with_offset(Response response, const File& file) {
  response.headers.set("Upload-Offset", std::to_string(file.received));
  if (!file.finished_at) response.headers.set("Upload-Expires", tus::http_date(file.expires_at));
  if (file.video) response.headers.set("Fencepost-Video", std::to_string(*file.video));
  return with_version(std::move(response));
}

Response created(const File& file) {
  auto response = json_response(201, file_json(file));
  response.headers.set("Location", kPath + std::string("/") + file.id);
  return with_offset(std::move(response), file);
}

Response kept(const File& file) { return with_offset(no_content(), file); }

using Answers = Response (*)(const File&);

std::optional<File> visible(Services& services, const Request& request) {
  const auto file = files_of(services).get(request.param("id"));
  const auto person = whose(request);
  return file && (!person || file->person == person) ? file : std::nullopt;
}

// The pieces of one body. What a client that leaves has sent is kept, unless it was to be checked.
class Piece final : public Intake {
 public:
  Piece(Services& services, std::shared_ptr<FileWriter> writer, std::unique_ptr<tus::Checksum> checksum,
        Answers answer)
      : services_(services), writer_(std::move(writer)), checksum_(std::move(checksum)), answer_(answer) {}

  std::optional<Response> take(std::string_view piece) override {
    if (checksum_) checksum_->add(piece);
    writer_->write(piece);
    return std::nullopt;
  }
  Response finish() override {
    if (checksum_ && !checksum_->matches()) {
      writer_->discard();
      throw base::UserError("checksum_mismatch",
                            "the bytes are not those of Upload-Checksum: nothing of them was kept");
    }
    const auto file = writer_->keep();
    if (file.video && services_.media->added) services_.media->added();
    return answer_(file);
  }

 private:
  Services& services_;
  const std::shared_ptr<FileWriter> writer_;
  const std::unique_ptr<tus::Checksum> checksum_;
  const Answers answer_;
};

// Takes the body that comes, from `offset` on, and then says what `answer` does.
Response receive(Services& services, const Request& request, const File& file, std::int64_t offset,
                 Answers answer) {
  if (tus::number_of(request, "Content-Length").value_or(0) > file.total - offset)
    throw base::UserError("too_large", "this is more than what the file was announced with");
  auto checksum = tus::Checksum::of(request);
  auto writer = files_of(services).open(file.id, offset, checksum != nullptr);
  Response response;
  response.intake = std::make_shared<Piece>(services, std::move(writer), std::move(checksum), answer);
  return response;
}

Response options(Services& services, const Request&) {
  Response response{204, {}, ""};
  response.headers.set("Tus-Version", tus::kVersion);
  response.headers.set("Tus-Extension", tus::kExtensions);
  response.headers.set("Tus-Checksum-Algorithm", tus::kAlgorithms);
  response.headers.set("Tus-Max-Size", std::to_string(files_of(services).options().most));
  return with_version(std::move(response));
}

Response create(Services& services, const Request& request) {
  require_version(request);
  auto& files = files_of(services);
  const auto total = tus::number_of(request, "Upload-Length");
  if (!total)
    throw base::UserError("invalid_header", "send Upload-Length: a file's length must be known here");
  const auto* metadata = request.headers.find("Upload-Metadata");
  const auto text = metadata == nullptr ? std::string() : *metadata;
  const auto named = tus::metadata_of(text);
  const auto name = named.contains("filename") ? accounts::printable(named.at("filename"), kLongestName) : "";
  // What makes one request another, for its Idempotency-Key: the body is not here yet.
  Request same = request;
  same.body = std::to_string(*total) + '\n' + text;
  std::optional<File> made;
  auto response = make_once(services, same, [&](store::Connection& connection) {
    made = files.add(connection, request.principal->person, *total, name, text);
    return created(*made);
  });
  if (response.status != 201 || response.headers.find("Idempotent-Replayed") != nullptr ||
      !announces_body(request.headers))
    return response;
  return receive(services, request, made.value(), 0, created);
}

// HEAD of tus, and what it is in JSON.
Response show(Services& services, const Request& request) {
  const auto file = visible(services, request);
  if (!file) return not_found(request, "file: it is over, or was deleted");
  auto response = with_offset(json_response(200, file_json(*file)), *file);
  response.headers.set("Upload-Length", std::to_string(file->total));
  if (!file->metadata.empty()) response.headers.set("Upload-Metadata", file->metadata);
  return response;
}

Response append(Services& services, const Request& request) {
  require_version(request);
  const auto file = visible(services, request);
  if (!file) return not_found(request, "file: it is over, or was deleted");
  const auto offset = tus::number_of(request, "Upload-Offset");
  if (!offset) throw base::UserError("invalid_header", "send Upload-Offset: where this piece begins");
  if (announces_body(request.headers)) return receive(services, request, *file, *offset, kept);
  if (*offset != file->received)
    throw base::UserError("offset_mismatch",
                          "the server has " + std::to_string(file->received) + " bytes: go on there");
  return kept(*file);
}

Response remove(Services& services, const Request& request) {
  require_version(request);
  const auto file = visible(services, request);
  if (!file) return not_found(request, "file: it is over, or was deleted");
  if (file->video) return problem(request, 409, "is_video", "this file is a video by now: delete the video");
  if (!files_of(services).remove(file->id)) return not_found(request, "file: it is over, or was deleted");
  return with_version(no_content());
}

Field header(const char* name, const char* description, const char* example) {
  return {.name = name, .max_length = 4096, .description = description, .example = example};
}
Field version_header() { return header("Tus-Resumable", "1.0.0: must be there", "\"1.0.0\""); }
Field checksum_header() {
  return header("Upload-Checksum", "sha1 or sha256 of this body, and its digest in Base64",
                "\"sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=\"");
}

std::vector<Answer> with_common(std::vector<Answer> answers) {
  answers.push_back({409, "no_files_folder, is_video, or offset_mismatch: ask for the offset", {}});
  answers.push_back({412, "unsupported_version: tus 1.0.0 is spoken here", {}});
  return answers;
}

std::vector<Answer> of_bodies(std::vector<Answer> answers) {
  answers.push_back({410, "file_gone: its bytes are gone, begin anew", {}});
  answers.push_back({413, "too_large, or files_full: of all that a person may have here", {}});
  answers.push_back({423, "locked: another request writes to it, ask for the offset in a moment", {}});
  answers.push_back({460, "checksum_mismatch: nothing of this body was kept", {}});
  answers.push_back({507, "disk_full: the server's disk has no room", {}});
  return with_common(std::move(answers));
}

Route options_route() {
  return {.method = "OPTIONS",
          .pattern = kPath,
          .access = Access::anyone,
          .limit = kReads,
          .answers = {{204, "Tus-Version, Tus-Extension, Tus-Max-Size and Tus-Checksum-Algorithm", {}},
                      {409, "no_files_folder", {}}},
          .summary = "What of tus is spoken here"};
}

Route create_route() {
  return {.method = "POST",
          .pattern = kPath,
          .access = Access::signed_in(Scope::upload),
          .limit = kWrites,
          .headers = {version_header(), header("Upload-Length", "bytes of the whole file", "\"104857600\""),
                      header("Upload-Metadata", "filename, and its value in Base64", "\"filename YS5tcDQ=\""),
                      checksum_header()},
          .answers =
              of_bodies({{201, "made: Location has its path, Upload-Offset how far it is", file_fields()}}),
          .summary = "Begins a file (tus creation), with its first bytes where there is a body",
          .body_bytes = kAnyLength,
          .raw_body = tus::kBody,
          .streamed = true};
}

Route append_route() {
  return {.method = "PATCH",
          .pattern = kPath + std::string("/{id}"),
          .access = Access::signed_in(Scope::upload),
          .limit = kWrites,
          .headers = {version_header(), header("Upload-Offset", "where this piece begins", "\"0\""),
                      checksum_header()},
          .answers = of_bodies(
              {{204, "kept: Upload-Offset is how far it is; Fencepost-Video the id of the whole one", {}},
               {404, "not_found", {}}}),
          .summary = "More of a file (tus)",
          .body_bytes = kAnyLength,
          .raw_body = tus::kBody,
          .streamed = true};
}
}  // namespace

void add_files(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add(options_route(), options);
  add(create_route(), create);
  add({.method = "GET",
       .pattern = kPath + std::string("/{id}"),
       .access = Access::signed_in(Scope::upload),
       .limit = kReads,
       .answers = {{200, "how far it is; in Upload-Offset and Upload-Length too, for HEAD", file_fields()},
                   {404, "not_found", {}},
                   {409, "no_files_folder", {}}},
       .summary = "A file that comes in, or has come"},
      show);
  add(append_route(), append);
  add({.method = "DELETE",
       .pattern = kPath + std::string("/{id}"),
       .access = Access::signed_in(Scope::upload),
       .limit = kWrites,
       .headers = {version_header()},
       .answers = with_common({{204, "gone", {}}, {404, "not_found", {}}}),
       .summary = "Gives a file up (tus termination)"},
      remove);
}

}  // namespace fencepost::http
