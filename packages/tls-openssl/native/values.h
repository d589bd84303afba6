// Between JavaScript's values and C++'s. Wrong types become TypeErrors, pending in the environment when a function returns false
// or an empty value.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "bytes.h"
#include "library_error.h"

namespace avs {

// A view of a Uint8Array, valid until control returns to JavaScript.
bool ToSpan(const Napi::Value& value, const char* name, Span* span);
bool ToNumber(const Napi::Value& value, const char* name, uint32_t* number);
bool ToText(const Napi::Value& value, const char* name, std::string* text);

Napi::Value FromBytes(Napi::Env env, const Bytes& bytes);
Napi::Value FromText(Napi::Env env, const std::string& text);

template <typename T, typename Convert>
Napi::Value FromVector(Napi::Env env, const std::vector<T>& items, Convert convert) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (size_t index = 0; index < items.size(); ++index) {
    array.Set(static_cast<uint32_t>(index), convert(env, items[index]));
  }
  return array;
}

// `{ code, text }`, for JavaScript to make an error of.
Napi::Value FromLibraryError(Napi::Env env, const LibraryError& error);
// Throws an Error whose `code` is OpenSSL's.
void ThrowLibraryError(Napi::Env env, const LibraryError& error);

}  // namespace avs
