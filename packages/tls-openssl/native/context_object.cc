#include "context_object.h"

#include "instance.h"
#include "values.h"

namespace avs {

Napi::Function ContextObject::Define(Napi::Env env) {
  using Self = ContextObject;
  return DefineClass(env, "Context",
                     {
                         InstanceMethod<&Self::RandomWanted>("randomWanted"),
                         InstanceMethod<&Self::GiveRandom>("giveRandom"),
                         InstanceMethod<&Self::Destroy>("destroy"),
                     });
}

std::shared_ptr<Context> ContextObject::Of(const Napi::Value& value) {
  const Napi::Env env = value.Env();
  std::shared_ptr<Context> context;
  if (value.IsObject() && value.As<Napi::Object>().InstanceOf(Instance::Of(env)->context.Value())) {
    // Null in a worker that is being terminated: from then on calls into the environment fail.
    if (const ContextObject* object = Unwrap(value.As<Napi::Object>())) context = object->context_;
  }
  if (!context) Napi::TypeError::New(env, "context must be a Context that is in use").ThrowAsJavaScriptException();
  return context;
}

ContextObject::ContextObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ContextObject>(info) {
  if (!info[0].IsObject()) {
    Napi::TypeError::New(info.Env(), "options must be an object").ThrowAsJavaScriptException();
    return;
  }
  const Napi::Object given = info[0].As<Napi::Object>();
  ContextOptions options;
  Span identity, key, hint, random;
  uint32_t maxFragmentLength = 0;
  uint32_t lowestVersion = options.lowestVersion;
  uint32_t highestVersion = options.highestVersion;
  uint32_t sessionLifetime = 0;
  const auto number = [&](const char* name, uint32_t* number) {
    const Napi::Value value = given.Get(name);
    return value.IsUndefined() || ToNumber(value, name, number);
  };
  const auto bytes = [&](const char* name, Span* span) {
    const Napi::Value value = given.Get(name);
    return value.IsUndefined() || ToSpan(value, name, span);
  };
  if (!ToText(given.Get("ciphersuites"), "ciphersuites", &options.ciphersuites) || !bytes("identity", &identity) ||
      !bytes("key", &key) || !bytes("identityHint", &hint) || !bytes("random", &random) ||
      !number("maxFragmentLength", &maxFragmentLength) || !number("sessionLifetime", &sessionLifetime) ||
      !number("lowestVersion", &lowestVersion) || !number("highestVersion", &highestVersion)) {
    return;
  }
  options.server = given.Get("server").ToBoolean();
  options.lowestVersion = static_cast<uint16_t>(lowestVersion);
  options.highestVersion = static_cast<uint16_t>(highestVersion);
  options.keyLog = given.Get("keyLog").ToBoolean();
  options.identity.assign(reinterpret_cast<const char*>(identity.data), identity.size);
  options.key = Secret(key);
  options.identityHint.assign(reinterpret_cast<const char*>(hint.data), hint.size);
  options.maxFragmentLength = static_cast<uint8_t>(maxFragmentLength);
  options.sessionLifetime = sessionLifetime;
  options.legacyServers = given.Get("legacyServers").ToBoolean();
  options.clientOrder = given.Get("clientOrder").ToBoolean();
  LibraryError error;
  if (random.size > 0) {
    options.random = RandomSource::Create(random, &error);
  }
  if (random.size == 0 || options.random) {
    context_ = Context::Create(std::move(options), &Instance::Of(info.Env())->contexts, &error);
  }
  if (!context_) ThrowLibraryError(info.Env(), error);
}

Napi::Value ContextObject::RandomWanted(const Napi::CallbackInfo& info) {
  const RandomSource* random = context_ ? context_->random() : nullptr;
  return Napi::Number::New(info.Env(), random == nullptr ? 0 : static_cast<double>(random->wanted()));
}

Napi::Value ContextObject::GiveRandom(const Napi::CallbackInfo& info) {
  Span bytes;
  if (ToSpan(info[0], "bytes", &bytes) && context_ && context_->random() != nullptr) context_->random()->Give(bytes);
  return info.Env().Undefined();
}

Napi::Value ContextObject::Destroy(const Napi::CallbackInfo& info) {
  if (context_) context_->WipeKey();
  context_.reset();
  return info.Env().Undefined();
}

}  // namespace avs
