// What the addon exports. src/native.ts has the same as TypeScript types.
#include <napi.h>
#include <openssl/crypto.h>

#include "association.h"
#include "association_object.h"
#include "context.h"
#include "context_object.h"
#include "cookie_exchange_object.h"
#include "instance.h"
#include "values.h"

namespace avs {
namespace {

Napi::Value FromCiphersuite(Napi::Env env, const CiphersuiteName& suite) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("number", Napi::Number::New(env, suite.number));
  object.Set("name", Napi::String::New(env, suite.name));
  return object;
}

Napi::Object ProgressBits(Napi::Env env) {
  Napi::Object bits = Napi::Object::New(env);
  const auto set = [&](const char* name, Progress bit) { bits.Set(name, Napi::Number::New(env, bit)); };
  set("hasDatagrams", kHasDatagrams);
  set("moreDatagrams", kMoreDatagrams);
  set("hasPlaintexts", kHasPlaintexts);
  set("hasAlerts", kHasAlerts);
  set("hasKeyLog", kHasKeyLog);
  set("hasDrops", kHasDrops);
  set("established", kEstablished);
  set("flightBegun", kFlightBegun);
  set("flightPending", kFlightPending);
  set("flightSent", kFlightSent);
  set("peerClosed", kPeerClosed);
  set("failed", kFailed);
  set("sessionOffered", kSessionOffered);
  return bits;
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  auto* instance = new Instance();
  const Napi::Function context = ContextObject::Define(env);
  const Napi::Function association = AssociationObject::Define(env);
  const Napi::Function cookieExchange = CookieExchangeObject::Define(env);
  instance->context = Napi::Persistent(context);
  instance->association = Napi::Persistent(association);
  instance->cookieExchange = Napi::Persistent(cookieExchange);
  env.SetInstanceData(instance);
  constexpr size_t kExchangeBytes = kExchangeIn + kExchangeOut;
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, kExchangeBytes + kAllNumbers * sizeof(int32_t));
  if (memory.IsEmpty()) return exports;
  instance->exchange = static_cast<uint8_t*>(memory.Data());
  static_assert(kExchangeBytes % alignof(int32_t) == 0);
  instance->exchangeNumbers = reinterpret_cast<int32_t*>(instance->exchange + kExchangeBytes);
  instance->exchangeOwner = Napi::Persistent(memory.As<Napi::Object>());

  exports.Set("Context", context);
  exports.Set("Association", association);
  AssociationObject::ExportRecords(env, exports, instance);
  exports.Set("CookieExchange", cookieExchange);
  exports.Set("progress", ProgressBits(env));
  exports.Set("exchange", Napi::Uint8Array::New(env, kExchangeBytes, memory, 0));
  exports.Set("exchangeNumbers", Napi::Int32Array::New(env, kAllNumbers, memory, kExchangeBytes));
  exports.Set("exchangeIn", Napi::Number::New(env, kExchangeIn));
  exports.Set("mostCopies", Napi::Number::New(env, Association::kMostCopies));
  exports.Set("randomCapacity", Napi::Number::New(env, RandomSource::kCapacity));
  exports.Set("smallestMtu", Napi::Number::New(env, kSmallestMtu));
  exports.Set("version", Napi::String::New(env, OpenSSL_version(OPENSSL_VERSION_STRING)));
  exports.Set("ciphersuites", FromVector(env, PskCiphersuites(), FromCiphersuite));
#ifndef _WIN32
  ExportUdp(env, exports);
#endif
  return exports;
}

}  // namespace
}  // namespace avs

static Napi::Object InitialiseAddon(Napi::Env env, Napi::Object exports) { return avs::Initialise(env, exports); }

NODE_API_MODULE(avs_tls_openssl, InitialiseAddon)
