// Hashes, base64 and what URLs need.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <lua.hpp>
#include <string_view>

#include "common/script/library.h"

namespace rampart {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kHex[] = "0123456789ABCDEF";

std::string_view Text(lua_State* lua, int argument) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, argument, &size);
  return {text, size};
}

void PushHex(lua_State* lua, const unsigned char* bytes, size_t count) {
  char text[2 * EVP_MAX_MD_SIZE];
  for (size_t i = 0; i < count; ++i) {
    text[2 * i] = static_cast<char>(std::tolower(kHex[bytes[i] >> 4]));
    text[2 * i + 1] = static_cast<char>(std::tolower(kHex[bytes[i] & 15]));
  }
  lua_pushlstring(lua, text, 2 * count);
}

int Sha256Hex(lua_State* lua) {
  const std::string_view text = Text(lua, 1);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    return luaL_error(lua, "no SHA-256");
  }
  PushHex(lua, digest, size);
  return 1;
}

int HmacSha256Hex(lua_State* lua) {
  const std::string_view key = Text(lua, 1);
  const std::string_view text = Text(lua, 2);
  luaL_argcheck(lua, key.size() < (1u << 30), 1, "the key is too long");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
           &size) == nullptr) {
    return luaL_error(lua, "no HMAC");
  }
  PushHex(lua, digest, size);
  return 1;
}

int EncodeBase64(lua_State* lua, std::string_view alphabet, bool padded) {
  const std::string_view text = Text(lua, 1);
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(lua, &buffer, (text.size() + 2) / 3 * 4);
  char* const begin = out;
  for (size_t i = 0; i < text.size(); i += 3) {
    const size_t count = std::min<size_t>(3, text.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      if (k <= count) {
        *out++ = alphabet[bits >> (18 - 6 * k) & 63];
      } else if (padded) {
        *out++ = '=';
      }
    }
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(out - begin));
  return 1;
}

int Base64(lua_State* lua) { return EncodeBase64(lua, kAlphabet, true); }
int Base64Url(lua_State* lua) { return EncodeBase64(lua, kUrlAlphabet, false); }

constexpr auto kSextets = [] {
  std::array<int8_t, 256> sextets{};
  for (int8_t& sextet : sextets) sextet = -1;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    sextets[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
    sextets[static_cast<unsigned char>(kUrlAlphabet[i])] = static_cast<int8_t>(i);
  }
  return sextets;
}();

// Either alphabet, with or without padding; nil for what is none.
int Base64Decode(lua_State* lua) {
  std::string_view text = Text(lua, 1);
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(lua, &buffer, text.size() / 4 * 3 + 3);
  char* const begin = out;
  uint32_t bits = 0;
  int held = 0;
  bool good = text.size() % 4 != 1;
  for (const char c : text) {
    const int8_t sextet = kSextets[static_cast<unsigned char>(c)];
    good = good && sextet >= 0;
    if (!good) break;
    bits = bits << 6 | static_cast<uint32_t>(sextet);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *out++ = static_cast<char>(bits >> held & 0xff);
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(out - begin));
  if (!good) lua_pushnil(lua);
  return 1;
}

int UrlEncode(lua_State* lua) {
  const std::string_view text = Text(lua, 1);
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(lua, &buffer, 3 * text.size());
  char* const begin = out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
    if (plain) {
      *out++ = c;
    } else {
      *out++ = '%';
      *out++ = kHex[byte >> 4];
      *out++ = kHex[byte & 15];
    }
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(out - begin));
  return 1;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A % without two digits stays as it is.
int UrlDecode(lua_State* lua) {
  const std::string_view text = Text(lua, 1);
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(lua, &buffer, text.size());
  char* const begin = out;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      *out++ = static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      *out++ = text[i];
    }
  }
  luaL_pushresultsize(&buffer, static_cast<size_t>(out - begin));
  return 1;
}

}  // namespace

void OpenEncodings(lua_State* lua) {
  static constexpr luaL_Reg kFunctions[] = {
      {"sha256", Sha256Hex},     {"hmac_sha256", HmacSha256Hex},
      {"base64", Base64},        {"base64_decode", Base64Decode},
      {"base64url", Base64Url},  {"url_encode", UrlEncode},
      {"url_decode", UrlDecode}, {nullptr, nullptr}};
  luaL_setfuncs(lua, kFunctions, 0);
}

}  // namespace rampart
