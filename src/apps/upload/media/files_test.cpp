// Files in pieces: what counts is on disk, one writes at a time, and nobody takes more than is his.

#include "apps/upload/media/files.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>

#include "apps/upload/media/testing/media_test_base.hpp"
#include "apps/upload/media/upkeep.hpp"

namespace fencepost::media {
namespace {

using testing::kMp4;
using testing::refusal;

class FilesTest : public testing::MediaTestBase {
 protected:
  // The whole file is there, as that text, and a video.
  void expect_video(const File& file, const std::string& text) {
    EXPECT_EQ(on_disk(file.id), text);
    ASSERT_TRUE(file.video.has_value());
    const auto video = get_video(*database_->acquire(), *file.video).value();
    EXPECT_EQ(video.size, static_cast<std::int64_t>(text.size()));
    EXPECT_EQ(video.folder, kFiles);
    const auto opened = open(*folders_, video);
    std::string read(text.size(), '\0');
    EXPECT_EQ(pread(opened.get(), read.data(), read.size(), 0), video.size);
    EXPECT_EQ(read, text);
  }
  std::int64_t received(const std::string& id) { return files_->get(id).value().received; }
};

TEST_P(FilesTest, ComesInPiecesAndBecomesAVideo) {
  const auto text = kMp4 + std::string(3'000'000, 'x');
  const auto made = begin(static_cast<std::int64_t>(text.size()));
  {
    const auto writer = files_->open(made.id, 0, false);
    writer->write(std::string_view(text).substr(0, 10));
    EXPECT_EQ(writer->keep().received, 10);
  }
  EXPECT_EQ(received(made.id), 10);
  const auto writer = files_->open(made.id, 10, false);
  writer->write(std::string_view(text).substr(10));
  const auto whole = writer->keep();
  EXPECT_EQ(whole.media_type, "video/mp4");
  expect_video(whole, text);
  EXPECT_EQ(get_video(*database_->acquire(), *whole.video)->title, "Episode 12");
  EXPECT_EQ(refusal([&] { files_->open(made.id, 3'000'012, false); }), "offset_mismatch");
}

TEST_P(FilesTest, APictureIsNoVideo) {
  const std::string png("\x89PNG\r\n\x1a\n", 8);
  const auto made = begin(8);
  const auto writer = files_->open(made.id, 0, false);
  writer->write(png);
  const auto whole = writer->keep();
  EXPECT_EQ(whole.media_type, "image/png");
  EXPECT_FALSE(whole.video.has_value());
  EXPECT_TRUE(whole.finished_at.has_value());
}

TEST_P(FilesTest, WhatACutConnectionHasSentIsKept) {
  const auto made = begin(1000);
  files_->open(made.id, 0, false)->write(std::string(400, 'x'));  // and its writer ends
  EXPECT_EQ(received(made.id), 400);
}

TEST_P(FilesTest, WhatWasToBeCheckedAndWasNotIsForgotten) {
  const auto made = begin(1000);
  files_->open(made.id, 0, true)->write(std::string(400, 'x'));
  EXPECT_EQ(received(made.id), 0);
  const auto writer = files_->open(made.id, 0, true);
  writer->write(std::string(400, 'y'));
  writer->discard();
  EXPECT_EQ(on_disk(made.id), "");
  writer->write(std::string(300, 'z'));
  EXPECT_EQ(writer->keep().received, 300);
  EXPECT_EQ(on_disk(made.id), std::string(300, 'z'));
}

TEST_P(FilesTest, AnotherOffsetIsRefused) {
  const auto made = begin(1000);
  files_->open(made.id, 0, false)->write("0123456789");
  for (const int offset : {0, 9, 11, 1000})
    EXPECT_EQ(refusal([&] { files_->open(made.id, offset, false); }), "offset_mismatch");
  EXPECT_EQ(refusal([&] { files_->open(made.id, 10, false)->write(std::string(991, 'x')); }), "too_large");
  EXPECT_EQ(received(made.id), 10);
  for (const auto* id : {"", "..", "../x", "nonsense", "2f1c7f0e6f4b4d1c8a0b5e6f7a8b9c0d"})
    EXPECT_EQ(refusal([&] { files_->open(id, 0, false); }), "not_found") << id;
}

// Two servers with one folder: the lock is the file's.
TEST_P(FilesTest, OfTwoWritersOneWrites) {
  const auto made = begin(1000);
  Files other(*database_, options_, clock_);
  const auto writer = files_->open(made.id, 0, false);
  EXPECT_EQ(refusal([&] { files_->open(made.id, 0, false); }), "locked");
  EXPECT_EQ(refusal([&] { other.open(made.id, 0, false); }), "locked");
  writer->write("abc");
  EXPECT_EQ(writer->keep().received, 3);
  EXPECT_EQ(refusal([&] { other.open(made.id, 3, false); }), "locked");
}

// Its client has lost the connection, and this server does not know yet.
TEST_P(FilesTest, AWriterToWhichNothingComesIsOvertaken) {
  const auto made = begin(1000);
  const auto first = files_->open(made.id, 0, false);
  first->write("abc");
  clock_.now += Files::kIdle;
  EXPECT_EQ(refusal([&] { files_->open(made.id, 0, false); }), "offset_mismatch");  // the first's are kept
  const auto second = files_->open(made.id, 3, false);
  EXPECT_EQ(refusal([&] { first->write("lost"); }), "locked");
  EXPECT_EQ(refusal([&] { first->keep(); }), "locked");
  second->write("def");
  EXPECT_EQ(second->keep().received, 6);
  EXPECT_EQ(on_disk(made.id), "abcdef");
}

// Whoever writes without the lock, on a file system without such locks: the row says that another was there.
TEST_P(FilesTest, AWriterWhoseRowHasMovedRecordsNothing) {
  const auto made = begin(1000);
  const auto writer = files_->open(made.id, 0, false);
  writer->write("abc");
  database_.run("UPDATE fencepost_media_files SET received = 2");
  EXPECT_EQ(refusal([&] { writer->keep(); }), "file_gone");
  EXPECT_EQ(received(made.id), 2);
}

TEST_P(FilesTest, WhatIsDeletedWhileItIsWrittenStaysDeleted) {
  const auto made = begin(3'000'000);
  const auto writer = files_->open(made.id, 0, false);
  writer->write(std::string(1000, 'x'));
  EXPECT_EQ(reserved(), 3'000'000);
  EXPECT_TRUE(files_->remove(made.id));
  EXPECT_FALSE(files_->remove(made.id));
  EXPECT_EQ(refusal([&] { writer->keep(); }), "file_gone");
  EXPECT_EQ(refusal([&] { writer->write(std::string(2'000'000, 'x')); }), "file_gone");
  EXPECT_FALSE(files_->get(made.id).has_value());
  EXPECT_FALSE(std::filesystem::exists(options_.path + '/' + made.id));
  EXPECT_EQ(reserved(), 0);
}

TEST_P(FilesTest, UnfinishedOnesExpire) {
  options_.expire = std::chrono::microseconds(1);
  reopen();
  const auto made = begin(1000);
  EXPECT_FALSE(files_->get(made.id).has_value());
  EXPECT_EQ(refusal([&] { files_->open(made.id, 0, false); }), "not_found");
  EXPECT_EQ(files_->sweep(), 1);
  EXPECT_EQ(files_->sweep(), 0);
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_media_files"), 0);
}

TEST_P(FilesTest, NobodyHasMoreThanIsHis) {
  options_.most = 600;
  options_.most_of_person = 1000;
  reopen();
  const auto anna = person("anna@example.org").id, ben = person("ben@example.org").id;
  EXPECT_EQ(refusal([&] { begin(601); }), "too_large");
  EXPECT_EQ(refusal([&] { begin(0); }), "empty_file");
  const auto first = begin(600, anna);
  EXPECT_EQ(refusal([&] { begin(401, anna); }), "files_full");
  begin(400, anna);
  begin(600, ben);
  EXPECT_EQ(reserved(anna), 1000);
  EXPECT_TRUE(files_->remove(first.id));
  EXPECT_EQ(reserved(anna), 400);
  begin(600, anna);
}

// Each alone would be let in: together they are not.
TEST_P(FilesTest, OfManyAtOnceNoMoreAreLetInThanThereIsRoomFor) {
  options_.most_of_person = 1000;
  reopen();
  const auto anna = person("anna@example.org").id;
  std::vector<std::future<std::string>> asked;
  for (int i = 0; i < 8; ++i)
    asked.push_back(std::async(std::launch::async, [&] {
      return refusal([&] {
        database_->retrying(
            [&](store::Connection& connection) { return files_->add(connection, anna, 300, "a", "").id; });
      });
    }));
  int let_in = 0;
  for (auto& one : asked) let_in += one.get().empty() ? 1 : 0;
  EXPECT_EQ(let_in, 3);
  EXPECT_EQ(reserved(anna), 900);
}

TEST_P(FilesTest, ADiskKeepsSomeRoom) {
  const auto made = begin(4'000'000);
  options_.free = std::int64_t{1} << 60;
  reopen();
  EXPECT_EQ(refusal([&] { begin(1); }), "disk_full");
  EXPECT_EQ(refusal([&] { files_->open(made.id, 0, false)->write(std::string(2'000'000, 'x')); }),
            "disk_full");
  EXPECT_EQ(received(made.id), 2'000'000);  // what there is of it is kept
}

// A process that is killed has written more than it could say: what it said is there, and counts.
TEST_P(FilesTest, AKilledServerLosesNothingThatItHasConfirmed) {
  const auto text = kMp4 + std::string(5'500'000, 'y');
  const auto made = begin(static_cast<std::int64_t>(text.size()));
  files_.reset();
  database_.close();
  const pid_t child = fork();
  if (child == 0) {
    database_.open();
    Files files(*database_, options_, base::system_clock());
    const auto writer = files.open(made.id, 0, false);
    for (std::size_t at = 0; at < 3'700'000; at += 100'000)
      writer->write(std::string_view(text).substr(at, 100'000));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  database_.open();
  reopen();
  const auto said = received(made.id);
  EXPECT_EQ(said, 3'300'000);  // each time that a MiB had come
  EXPECT_EQ(on_disk(made.id).size(), 3'700'000U);
  const auto writer = files_->open(made.id, said, false);
  EXPECT_EQ(on_disk(made.id).size(), 3'300'000U);  // what nobody confirmed is cut off
  writer->write(std::string_view(text).substr(static_cast<std::size_t>(said)));
  expect_video(writer->keep(), text);
}

TEST_P(FilesTest, BytesThatTheDiskHasLostAreNotInvented) {
  const auto made = begin(1000);
  files_->open(made.id, 0, false)->write("0123456789");
  std::filesystem::resize_file(options_.path + '/' + made.id, 5);
  EXPECT_EQ(refusal([&] { files_->open(made.id, 10, false); }), "file_gone");
  std::filesystem::remove(options_.path + '/' + made.id);
  EXPECT_EQ(refusal([&] { files_->open(made.id, 10, false); }), "file_gone");
}

TEST_P(FilesTest, AVideoThatIsRemovedGivesItsBytesBack) {
  const auto made = begin(12);
  const auto writer = files_->open(made.id, 0, false);
  writer->write(kMp4);
  const auto video = writer->keep().video.value();
  EXPECT_FALSE(files_->remove(made.id));
  const auto remove = [&](const InUse& in_use) { return remove_video(*database_->acquire(), video, in_use); };
  EXPECT_EQ(remove([](auto&, auto) { return true; }), Removed::in_use);
  EXPECT_EQ(reserved(), 12);
  EXPECT_EQ(remove([](auto&, auto) { return false; }), Removed::removed);
  EXPECT_EQ(remove({}), Removed::not_found);
  EXPECT_EQ(reserved(), 0);
  EXPECT_EQ(files_->sweep(), 1);
  EXPECT_FALSE(std::filesystem::exists(options_.path + '/' + made.id));
}

ON_BOTH(FilesTest);

}  // namespace
}  // namespace fencepost::media
