#include "values.h"

#include <cstring>

namespace avs {

bool ToSpan(const Napi::Value& value, const char* name, Span* span) {
  napi_typedarray_type type = napi_int8_array;
  size_t size = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
    Napi::TypeError::New(value.Env(), std::string(name) + " must be a Uint8Array").ThrowAsJavaScriptException();
    return false;
  }
  // The data of an empty or detached array may be null; a valid pointer spares every caller the question.
  static const uint8_t nothing = 0;
  *span = {size == 0 ? &nothing : static_cast<const uint8_t*>(data), size};
  return true;
}

bool ToNumber(const Napi::Value& value, const char* name, uint32_t* number) {
  if (napi_get_value_uint32(value.Env(), value, number) != napi_ok) {
    Napi::TypeError::New(value.Env(), std::string(name) + " must be a number").ThrowAsJavaScriptException();
    return false;
  }
  return true;
}

bool ToText(const Napi::Value& value, const char* name, std::string* text) {
  if (!value.IsString()) {
    Napi::TypeError::New(value.Env(), std::string(name) + " must be a string").ThrowAsJavaScriptException();
    return false;
  }
  *text = value.As<Napi::String>().Utf8Value();
  return true;
}

Napi::Value FromBytes(Napi::Env env, const Bytes& bytes) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes.size());
  // Out of memory, or the worker is being terminated; in the second case there need not be an exception.
  if (buffer.IsEmpty()) return env.Undefined();
  if (!bytes.empty()) std::memcpy(buffer.Data(), bytes.data(), bytes.size());
  return Napi::Uint8Array::New(env, bytes.size(), buffer, 0);
}

Napi::Value FromText(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }

Napi::Value FromLibraryError(Napi::Env env, const LibraryError& error) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", Napi::Number::New(env, static_cast<double>(error.code)));
  object.Set("text", Napi::String::New(env, error.text));
  return object;
}

void ThrowLibraryError(Napi::Env env, const LibraryError& error) {
  Napi::Error exception = Napi::Error::New(env, error.text.empty() ? "OpenSSL gave no reason" : error.text);
  exception.Set("code", Napi::Number::New(env, static_cast<double>(error.code)));
  exception.ThrowAsJavaScriptException();
}

}  // namespace avs
