#include "store/backup/archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/sha256.hpp"

namespace fencepost::store::backup {

namespace {
constexpr std::int64_t kBlock = 512;
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr std::int64_t kLargestText = 16 << 20;  // a manifest of a million tables is none of ours
constexpr const char* kManifest = "manifest.json";
constexpr const char* kSums = "SHA256SUMS";
constexpr std::string_view kPrefix = "database.";

std::int64_t padded(std::int64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linked[100], magic[6],
      version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
static_assert(sizeof(Header) == kBlock);

unsigned sum_of(const Header& header) {
  Header copy = header;
  std::memset(copy.checksum, ' ', sizeof copy.checksum);
  unsigned sum = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&copy);
  for (std::int64_t i = 0; i < kBlock; ++i) sum += bytes[i];
  return sum;
}

void octal(char* field, std::size_t width, std::uint64_t value) {
  field[--width] = '\0';
  for (; width-- > 0; value /= 8) field[width] = static_cast<char>('0' + value % 8);
}

Header header_of(const std::string& name, std::int64_t size) {
  Header header{};
  FENCEPOST_ASSERT(name.size() < sizeof header.name && size >= 0);
  std::memcpy(header.name, name.data(), name.size());
  octal(header.mode, sizeof header.mode, 0600);
  octal(header.uid, sizeof header.uid, 0);
  octal(header.gid, sizeof header.gid, 0);
  octal(header.mtime, sizeof header.mtime, 0);
  if (size < (std::int64_t{1} << 33)) {
    octal(header.size, sizeof header.size, static_cast<std::uint64_t>(size));
  } else {
    for (int i = 0; i < 8; ++i) header.size[11 - i] = static_cast<char>(size >> (8 * i));
    header.size[0] = '\x80';
  }
  header.type = '0';
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  octal(header.checksum, 7, sum_of(header));
  header.checksum[7] = ' ';
  return header;
}

// -1: it says nothing that makes sense.
std::int64_t number_in(const char* field, std::size_t width) {
  std::int64_t value = 0;
  if (static_cast<unsigned char>(field[0]) == 0x80) {
    for (std::size_t i = width - 8; i < width; ++i)
      value = value * 256 + static_cast<unsigned char>(field[i]);
    return value;
  }
  for (std::size_t i = 0; i < width && field[i] != '\0' && field[i] != ' '; ++i) {
    if (field[i] < '0' || field[i] > '7') return -1;
    value = value * 8 + (field[i] - '0');
  }
  return value;
}

std::string name_of(const Header& header) { return {header.name, strnlen(header.name, sizeof header.name)}; }

std::string sums_text(const std::string& member, const std::string& database, const std::string& manifest) {
  return database + "  " + member + "\n" + base::sha256_hex(manifest) + "  " + kManifest + "\n";
}
}  // namespace

struct ArchiveWriter::Sum {
  base::Sha256 sha;
};

ArchiveWriter::ArchiveWriter(std::string path) : draft_(std::move(path)), sum_(std::make_unique<Sum>()) {
  // The database's header comes last: only then is its size known.
  const Header empty{};
  draft_.write(reinterpret_cast<const char*>(&empty), sizeof empty);
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::database(const char* data, std::size_t size) {
  sum_->sha.add({data, size});
  draft_.write(data, size);
}

void ArchiveWriter::member(const std::string& name, const std::string& content) {
  const auto header = header_of(name, static_cast<std::int64_t>(content.size()));
  draft_.write(reinterpret_cast<const char*>(&header), sizeof header);
  draft_.write(content.data(), content.size());
  const std::string fill(static_cast<std::size_t>(padded(draft_.written()) - draft_.written()), '\0');
  draft_.write(fill.data(), fill.size());
}

void ArchiveWriter::finish(const std::string& name, const std::string& manifest, bool over) {
  FENCEPOST_ASSERT(name.starts_with(kPrefix));
  const auto header = header_of(name, draft_.written() - kBlock);
  const std::string fill(static_cast<std::size_t>(padded(draft_.written()) - draft_.written()), '\0');
  draft_.write(fill.data(), fill.size());
  member(kManifest, manifest);
  member(kSums, sums_text(name, sum_->sha.hex(), manifest));
  const std::string end(2 * kBlock, '\0');
  draft_.write(end.data(), end.size());
  draft_.write_at(0, reinterpret_cast<const char*>(&header), sizeof header);
  draft_.put(over);
}

ArchiveReader::ArchiveReader(const std::string& path, const Progress& progress)
    : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat about {};
  if (file_.get() < 0 || fstat(file_.get(), &about) != 0)
    throw base::UserError("file_not_read",
                          "the backup '" + path_ + "' cannot be read (" + std::strerror(errno) + ")");
  length_ = about.st_size;
  Header header{};
  const bool whole = S_ISREG(about.st_mode) && length_ >= kBlock;
  if (whole) exactly(0, reinterpret_cast<char*>(&header), sizeof header);
  if (!whole || std::memcmp(header.magic, "ustar", 5) != 0 || !name_of(header).starts_with(kPrefix))
    throw base::UserError("not_a_backup", "'" + path_ + "' is no backup of fencepost");
  if (number_in(header.checksum, sizeof header.checksum) != sum_of(header))
    damaged("its first block is wrong");
  member_ = name_of(header);
  size_ = number_in(header.size, sizeof header.size);
  check(progress);
}

void ArchiveReader::check(const Progress& progress) {
  if (size_ < 0 || size_ > length_ - kBlock) damaged("it is cut off");
  std::int64_t at = kBlock + padded(size_);
  const auto text = [&](const char* name) {
    Header header{};
    if (at + kBlock > length_) damaged("it is cut off");
    exactly(at, reinterpret_cast<char*>(&header), sizeof header);
    const auto size = number_in(header.size, sizeof header.size);
    if (number_in(header.checksum, sizeof header.checksum) != sum_of(header) || name_of(header) != name)
      damaged(std::string(name) + " is not where it belongs");
    if (size < 0 || size > kLargestText || at + kBlock + size > length_) damaged("it is cut off");
    auto found = content(at + kBlock, size);
    at += kBlock + padded(size);
    return found;
  };
  manifest_ = text(kManifest);
  const auto sums = text(kSums);
  if (at + 2 * kBlock > length_) damaged("it is cut off");
  base::Sha256 sha;
  read([&](const char* data, std::size_t size) { sha.add({data, size}); }, progress);
  if (sums != sums_text(member_, sha.hex(), manifest_))
    damaged("its checksums are not those of its contents");
}

void ArchiveReader::read(const std::function<void(const char*, std::size_t)>& take,
                         const Progress& progress) const {
  std::vector<char> chunk(kChunk);
  for (std::int64_t done = 0; done < size_;) {
    const auto size = static_cast<std::size_t>(std::min<std::int64_t>(kChunk, size_ - done));
    exactly(kBlock + done, chunk.data(), size);
    take(chunk.data(), size);
    done += static_cast<std::int64_t>(size);
    progress(done, size_);
  }
}

std::string ArchiveReader::content(std::int64_t at, std::int64_t size) const {
  std::string text(static_cast<std::size_t>(size), '\0');
  exactly(at, text.data(), text.size());
  return text;
}

void ArchiveReader::exactly(std::int64_t at, char* into, std::size_t size) const {
  while (size > 0) {
    const auto got = ::pread(file_.get(), into, size, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw base::UserError("file_not_read",
                            "the backup '" + path_ + "' cannot be read (" + std::strerror(errno) + ")");
    if (got == 0) damaged("it is cut off");
    into += got;
    size -= static_cast<std::size_t>(got);
    at += got;
  }
}

void ArchiveReader::damaged(const std::string& how) const {
  throw base::UserError("backup_damaged", "the backup '" + path_ + "' is damaged: " + how +
                                              "; nothing was restored. Take another one");
}

}  // namespace fencepost::store::backup
