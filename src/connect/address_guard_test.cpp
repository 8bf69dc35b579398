#include "connect/address_guard.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace fencepost::connect {
namespace {

AddressKind kind(const char* text) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &four.sin_addr) == 1) return kind_of(reinterpret_cast<const sockaddr&>(four));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, text, &six.sin6_addr), 1) << text;
  return kind_of(reinterpret_cast<const sockaddr&>(six));
}

TEST(AddressGuard, GlobalAddresses) {
  // Both neighbours of each range, where they are global.
  for (const auto* text :
       {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",      "192.0.1.0",       "192.0.3.0",       "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",      "203.0.112.255",   "203.0.114.0",     "223.255.255.255",
        "2606:4700::1111", "2001:200::1",     "2001:db9::1",     "2003::1",         "3ffe::1",
        "3fff:1000::1",    "64:ff9b::8.8.8.8"})
    EXPECT_EQ(kind(text), AddressKind::global) << text;
}

TEST(AddressGuard, LocalAddresses) {
  for (const auto* text : {"10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.255.255",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.255",
                           "::1",
                           "::8.8.8.8",
                           "::ffff:127.0.0.1",
                           "::ffff:8.8.8.8",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "2001::1",
                           "2001:1ff::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "2002:808:808::",
                           "3fff::1",
                           "4000::1",
                           "fc00::1",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1"})
    EXPECT_EQ(kind(text), AddressKind::local) << text;
}

TEST(AddressGuard, AddressesOfNoSingleHost) {
  for (const auto* text :
       {"0.0.0.0", "0.255.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "ff02::1", "::ffff:0.0.0.0", "::ffff:224.0.0.1", "64:ff9b::255.255.255.255"})
    EXPECT_EQ(kind(text), AddressKind::never) << text;
  sockaddr unix_socket{};
  unix_socket.sa_family = AF_UNIX;
  EXPECT_EQ(kind_of(unix_socket), AddressKind::never);
}

TEST(AddressGuard, EverySpellingOfTheLoopbackIsRefusedUnlessAllowed) {
  for (const auto* host :
       {"127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
        "017700000001", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
        "[64:ff9b::7f00:1]", "[0:0:0:0:0:0:0:1]", "[2002:7f00:1::]", "[fe80::1%25eth0]"}) {
    const auto url = "http://" + std::string(host) + ":8080/x";
    EXPECT_TRUE(url_problem(url, {})) << url;
    EXPECT_FALSE(url_problem(url, {.allow_private = true})) << url;
  }
  for (const auto* host : {"0.0.0.0", "0", "[::]", "255.255.255.255", "224.0.0.1", "[ff02::1]"})
    EXPECT_TRUE(url_problem("http://" + std::string(host) + "/", {.allow_private = true})) << host;
}

TEST(AddressGuard, OrdinaryUrlsPass) {
  for (const auto* url : {"https://example.com/hook", "http://example.com:8080/a?b=c#d",
                          "HTTPS://EXAMPLE.com", "https://8.8.8.8/", "https://[2606:4700::1111]/",
                          "https://b\xc3\xbc"
                          "cher.example/",
                          "https://example.com/@user:pass"})
    EXPECT_FALSE(url_problem(url, {})) << url;
}

TEST(AddressGuard, OtherSchemesCredentialsAndNonsenseAreRefused) {
  for (const auto* url :
       {"", "example.com", "/hook", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
        "javascript:alert(1)", "http://", "http://user@example.com/", "http://user:pass@example.com/",
        "http://:pass@example.com/", "http://@example.com/", "http://example.com:99999/",
        "http://exa mple.com/", "http://example.com/\r\nX: y", "http://[::1", "http://[zz]/",
        "dict://example.com:11211/"})
    EXPECT_TRUE(url_problem(url, {.allow_private = true})) << url;
  EXPECT_TRUE(url_problem("http://example.com/" + std::string(2048, 'a'), {}));
  EXPECT_TRUE(url_problem(std::string("http://example.com/\0.evil", 25), {}));
}

}  // namespace
}  // namespace fencepost::connect
