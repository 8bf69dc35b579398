#include "connect/oauth/oauth1.hpp"

#include <gtest/gtest.h>

namespace fencepost::connect::oauth {
namespace {

// RFC 5849, sections 3.4.1.1 and 3.4.1.3.1: names twice, an empty value, "=%3D" and "+" in the query, a form.
TEST(OAuth1, SignatureBaseOfTheStandardsExample) {
  const SignedRequest request{
      "POST", "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", {{"c2", ""}, {"a3", "2 q"}}};
  EXPECT_EQ(signature_base(request, {{"realm", "Example"},
                                     {"oauth_consumer_key", "9djdj82h48djs9d2"},
                                     {"oauth_token", "kkk9d7dh3k39sjv7"},
                                     {"oauth_signature_method", "HMAC-SHA1"},
                                     {"oauth_timestamp", "137131201"},
                                     {"oauth_nonce", "7d8f3e4a"},
                                     {"oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="}}),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D"
            "%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_si"
            "gnature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7");
}

// OAuth Core 1.0a, appendix A.5: the photo.
TEST(OAuth1, SignatureOfTheStandardsExample) {
  const Keys keys{"dpf43f3p2l4k3l03", base::Secret("kd94hf93k423kf44"), "nnch734d00sl2jdk",
                  base::Secret("pfkkdhi9sl3r4s00")};
  const SignedRequest request{"GET", "http://photos.example.net/photos?file=vacation.jpg&size=original"};
  EXPECT_EQ(signature_of(signature_base(request, {{"oauth_consumer_key", keys.consumer_key},
                                                  {"oauth_token", keys.token},
                                                  {"oauth_signature_method", "HMAC-SHA1"},
                                                  {"oauth_timestamp", "1191242096"},
                                                  {"oauth_nonce", "kllo9940pd9333jh"},
                                                  {"oauth_version", "1.0"}}),
                         keys),
            "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
}

// X's own example ("Creating a signature"), whole header.
TEST(OAuth1, HeaderOfXsExample) {
  const Keys keys{"xvz1evFS4wEEPTGEFPHBog", base::Secret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
                  "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
                  base::Secret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")};
  const SignedRequest request{"POST",
                              "https://api.twitter.com/1.1/statuses/update.json?include_entities=true",
                              {{"status", "Hello Ladies + Gentlemen, a signed OAuth request!"}}};
  EXPECT_EQ(
      authorization(request, keys, "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", 1318622958, "here"),
      "OAuth realm=\"here\", oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", "
      "oauth_nonce=\"kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg\", oauth_signature_method=\"HMAC-SHA1\", "
      "oauth_timestamp=\"1318622958\", "
      "oauth_token=\"370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb\", oauth_version=\"1.0\", "
      "oauth_signature=\"hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D\"");
}

TEST(OAuth1, AddressesAreSignedAsTheStandardWantsThem) {
  const auto base = [](const std::string& url) { return signature_base({"GET", url}, {}); };
  EXPECT_EQ(base("https://www.example.net:8080/?q=1"), "GET&https%3A%2F%2Fwww.example.net%3A8080%2F&q%3D1");
  EXPECT_EQ(base("HTTPS://Example.net:443"), "GET&https%3A%2F%2Fexample.net%2F&");
  EXPECT_EQ(base("http://example.net:443/A#part"), "GET&http%3A%2F%2Fexample.net%3A443%2FA&");
}

TEST(OAuth1, KeysAreReadWhereAllFourAreThere) {
  const auto keys =
      keys_of({base::Secret(R"({"consumer_key":"a","consumer_secret":"b","token":"c","token_secret":"d"})")});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->consumer_key + keys->consumer_secret.reveal() + keys->token + keys->token_secret.reveal(),
            "abcd");
  for (const auto* text : {"", "token", "{}", R"({"consumer_key":"a","consumer_secret":"b","token":"c"})",
                           R"({"consumer_key":"a","consumer_secret":"b","token":"","token_secret":"d"})",
                           R"({"consumer_key":"a","consumer_secret":"b","token":1,"token_secret":"d"})"})
    EXPECT_FALSE(keys_of({base::Secret(text)})) << text;
}

}  // namespace
}  // namespace fencepost::connect::oauth
