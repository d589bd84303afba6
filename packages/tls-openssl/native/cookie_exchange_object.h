#pragma once

#include <napi.h>

#include <memory>

#include "cookie_exchange.h"

namespace avs {

// `new CookieExchange(context)`
class CookieExchangeObject final : public Napi::ObjectWrap<CookieExchangeObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit CookieExchangeObject(const Napi::CallbackInfo& info);

 private:
  CookieExchange* Get(const Napi::CallbackInfo& info) const;

  Napi::Value Admit(const Napi::CallbackInfo& info);
  Napi::Value TakeAssociation(const Napi::CallbackInfo& info);
  Napi::Value RotateSecret(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  std::unique_ptr<CookieExchange> exchange_;
};

}  // namespace avs
