#pragma once

#include <napi.h>

#include <memory>

#include "context.h"

namespace avs {

// `new Context(options)`: the fields of `ContextOptions`, of which all but `server` and `ciphersuites` may be left out.
class ContextObject final : public Napi::ObjectWrap<ContextObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Null with an exception pending if `value` is not a Context that is in use.
  static std::shared_ptr<Context> Of(const Napi::Value& value);

  explicit ContextObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value RandomWanted(const Napi::CallbackInfo& info);
  Napi::Value GiveRandom(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  std::shared_ptr<Context> context_;
};

}  // namespace avs
