// No path leads out of a media folder.

#include "apps/upload/media/folders.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "apps/upload/media/thumbnails.hpp"
#include "base/error.hpp"

namespace fencepost::media {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FoldersTest : public ::testing::Test {
 protected:
  FoldersTest() {
    std::string name = (fs::temp_directory_path() / "fencepost-folders-XXXXXX").string();
    home_ = mkdtemp(name.data());
    fs::create_directories(home_ / "in/2026");
    fs::create_directories(home_ / "out");
    write("in/a.mp4", "inside");
    write("in/2026/b.MOV", "deeper");
    write("out/secret.mp4", "outside");
    folders_ = std::make_unique<Folders>(std::vector<Folder>{{"in", (home_ / "in").string()}});
  }
  ~FoldersTest() override { fs::remove_all(home_); }

  void write(const std::string& path, const std::string& text) const {
    std::ofstream(home_ / path, std::ios::binary) << text;
  }
  // What the file says, or the code of the refusal.
  std::string read(const std::string& path, const std::string& folder = "in") const try {
    const auto opened = folders_->open(folder, path);
    std::string text(static_cast<std::size_t>(opened.size), '\0');
    EXPECT_EQ(pread(opened.file.get(), text.data(), text.size(), 0), opened.size);
    return text;
  } catch (const base::UserError& error) {
    EXPECT_EQ(std::string(error.what()).find(home_.string()), std::string::npos) << "a path of ours is shown";
    return error.code();
  }
  std::vector<std::string> names(const std::string& under = "",
                                 const std::vector<std::string>& extensions = {},
                                 const std::string& after = "", std::size_t limit = 100) const {
    std::vector<std::string> out;
    for (const auto& entry : folders_->list("in", under, extensions, after, limit).entries)
      out.push_back(entry.name + (entry.folder ? "/" : ""));
    return out;
  }

  fs::path home_;
  std::unique_ptr<Folders> folders_;
};

TEST_F(FoldersTest, OpensFilesBelowIt) {
  EXPECT_EQ(read("a.mp4"), "inside");
  EXPECT_EQ(read("2026/b.MOV"), "deeper");
  EXPECT_EQ(read("a.mp4", "out"), "media_folder_not_found");
  EXPECT_EQ(read("none.mp4"), "media_file_not_found");
}

TEST_F(FoldersTest, NoPathLeadsOut) {
  const std::string nul("a.mp4\0x", 7);
  for (const std::string path : {"..", "../out/secret.mp4", "2026/../../out/secret.mp4", "2026/..",
                                 "/etc/passwd", "", "/", ".", "./a.mp4", "2026//b.MOV", "a.mp4/", "2026/",
                                 "a\nb", "\xff.mp4", "\x7f", (home_ / "in/a.mp4").c_str()})
    EXPECT_EQ(read(path), "invalid_path") << path;
  EXPECT_EQ(read(nul), "invalid_path");
  EXPECT_EQ(read(std::string(1025, 'a')), "invalid_path");
  EXPECT_EQ(read("a.mp4/b"), "media_file_not_found");
}

TEST_F(FoldersTest, LinksAreNotFollowedAtTheEndOrInTheMiddle) {
  fs::create_symlink(home_ / "out/secret.mp4", home_ / "in/link.mp4");
  fs::create_symlink("a.mp4", home_ / "in/own.mp4");
  fs::create_directory_symlink(home_ / "out", home_ / "in/door");
  fs::create_directory_symlink("/proc/self", home_ / "in/self");
  for (const auto* path : {"link.mp4", "own.mp4", "door/secret.mp4", "door", "self/status", "2026"})
    EXPECT_EQ(read(path), "media_file_not_found") << path;
  EXPECT_THAT(names(), ElementsAre("2026/", "a.mp4"));
  EXPECT_THROW(folders_->list("in", "door", {}, "", 10), base::UserError);
  EXPECT_THROW(folders_->list("in", "..", {}, "", 10), base::UserError);
}

// A link that is put in the place of a folder between two looks at it.
TEST_F(FoldersTest, NobodySwapsALinkIn) {
  fs::create_directories(home_ / "in/door");
  write("in/door/secret.mp4", "inside");
  fs::create_directory_symlink(home_ / "out", home_ / "in/trap");
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    while (!over)
      ASSERT_EQ(renameat2(AT_FDCWD, (home_ / "in/door").c_str(), AT_FDCWD, (home_ / "in/trap").c_str(),
                          RENAME_EXCHANGE),
                0);
  });
  int seen = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto text = read("door/secret.mp4");
    EXPECT_NE(text, "outside");
    ++(text == "inside" ? seen : refused);
  }
  over = true;
  swapper.join();
  EXPECT_EQ(seen + refused, 20'000);
}

TEST_F(FoldersTest, DevicesAndPipesAreNoFiles) {
  ASSERT_EQ(mkfifo((home_ / "in/pipe.mp4").c_str(), 0600), 0);
  EXPECT_EQ(read("pipe.mp4"), "media_file_not_found");  // and nobody waits for its other end
  // Only root may make one.
  const bool made = mknod((home_ / "in/null.mp4").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  EXPECT_EQ(read("null.mp4"), "media_file_not_found") << made;
  EXPECT_THAT(names(), ElementsAre("2026/", "a.mp4"));
}

TEST_F(FoldersTest, WhatCannotBeNamedIsCounted) {
  write("in/bad\xff.mp4", "x");
  write("in/two\nlines.mp4", "x");
  write("in/größe \"quoted\" 字.mp4", "weird but fine");
  const auto listing = folders_->list("in", "", {}, "", 100);
  EXPECT_EQ(listing.unnamable, 2U);
  EXPECT_THAT(names(), ElementsAre("2026/", "a.mp4", "größe \"quoted\" 字.mp4"));
  EXPECT_EQ(read("größe \"quoted\" 字.mp4"), "weird but fine");
}

TEST_F(FoldersTest, ListsInPagesAndByExtension) {
  for (int i = 0; i < 50; ++i) write("in/2026/" + std::to_string(100 + i) + ".mp4", "x");
  EXPECT_THAT(names("2026", {"mov"}), ElementsAre("b.MOV"));
  EXPECT_THAT(names("", {"avi"}), ElementsAre("2026/"));
  std::vector<std::string> all;
  std::string after;
  for (;;) {
    const auto page = folders_->list("in", "2026", {}, after, 7);
    for (const auto& entry : page.entries) all.push_back(entry.name);
    if (!page.more) break;
    EXPECT_EQ(page.entries.size(), 7U);
    after = page.entries.back().name;
  }
  EXPECT_EQ(all.size(), 51U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(all, names("2026"));
  EXPECT_THAT(names("2026", {}, "zzz"), IsEmpty());
}

TEST_F(FoldersTest, NamesOfFoldersAreChecked) {
  const auto in = (home_ / "in").string();
  for (const auto* name : {"", "Shows", "a/b", "..", "a b"})
    EXPECT_THROW(Folders({{name, in}}), base::UserError) << name;
  EXPECT_THROW(Folders({{"a", in}, {"a", in}}), base::UserError);
  EXPECT_THROW(Folders({{"a", in + "/none"}}), base::UserError);
  EXPECT_THROW(Folders({{"a", in + "/a.mp4"}}), base::UserError);
}

TEST_F(FoldersTest, AThumbnailIsASmallPicture) {
  const std::string png("\x89PNG\r\n\x1a\n", 8);
  write("in/cover.png", png + "rest");
  write("in/text.png", "no picture");
  write("in/large.jpg", "\xff\xd8\xff" + std::string(kThumbnail, 'x'));
  EXPECT_EQ(read_thumbnail(*folders_, "in", "cover.png").media_type, "image/png");
  EXPECT_EQ(read_thumbnail(*folders_, "in", "cover.png").bytes, png + "rest");
  EXPECT_THROW(read_thumbnail(*folders_, "in", "text.png"), base::UserError);
  EXPECT_THROW(read_thumbnail(*folders_, "in", "large.jpg"), base::UserError);
  EXPECT_THROW(read_thumbnail(*folders_, "in", "../out/secret.mp4"), base::UserError);
}

}  // namespace
}  // namespace fencepost::media
