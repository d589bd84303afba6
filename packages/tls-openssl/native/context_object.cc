#include "context_object.h"

#include "instance.h"
#include "values.h"

namespace avs {

Napi::Function ContextObject::Define(Napi::Env env) {
  return DefineClass(env, "Context", {InstanceMethod<&ContextObject::Destroy>("destroy")});
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
  ContextOptions options;
  Span identity, key, hint;
  uint32_t maxFragmentLength = 0;
  if (!ToText(info[1], "ciphersuites", &options.ciphersuites) || !ToSpan(info[3], "identity", &identity) ||
      !ToSpan(info[4], "key", &key) || !ToSpan(info[5], "identityHint", &hint) ||
      !ToNumber(info[6], "maxFragmentLength", &maxFragmentLength)) {
    return;
  }
  options.server = info[0].ToBoolean();
  options.keyLog = info[2].ToBoolean();
  options.identity.assign(reinterpret_cast<const char*>(identity.data), identity.size);
  options.key = Secret(key);
  options.identityHint.assign(reinterpret_cast<const char*>(hint.data), hint.size);
  options.maxFragmentLength = static_cast<uint8_t>(maxFragmentLength);
  options.legacyServers = info[7].ToBoolean();
  options.clientOrder = info[8].ToBoolean();
  LibraryError error;
  context_ = Context::Create(std::move(options), &error);
  if (!context_) ThrowLibraryError(info.Env(), error);
}

Napi::Value ContextObject::Destroy(const Napi::CallbackInfo& info) {
  if (context_) context_->WipeKey();
  context_.reset();
  return info.Env().Undefined();
}

}  // namespace avs
