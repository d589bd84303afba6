#include "cookie_exchange_object.h"

#include "association_object.h"
#include "context_object.h"
#include "values.h"

namespace avs {

Napi::Function CookieExchangeObject::Define(Napi::Env env) {
  using Self = CookieExchangeObject;
  return DefineClass(env, "CookieExchange",
                     {
                         InstanceMethod<&Self::Admit>("admit"),
                         InstanceMethod<&Self::TakeReply>("takeReply"),
                         InstanceMethod<&Self::TakeAssociation>("takeAssociation"),
                         InstanceMethod<&Self::RotateSecret>("rotateSecret"),
                         InstanceMethod<&Self::Destroy>("destroy"),
                     });
}

CookieExchangeObject::CookieExchangeObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<CookieExchangeObject>(info) {
  const std::shared_ptr<Context> context = ContextObject::Of(info[0]);
  if (!context) return;
  LibraryError error;
  exchange_ = CookieExchange::Create(context, &error);
  if (!exchange_) ThrowLibraryError(info.Env(), error);
}

CookieExchange* CookieExchangeObject::Get(const Napi::CallbackInfo& info) const {
  if (!exchange_) Napi::Error::New(info.Env(), "the cookie exchange was destroyed").ThrowAsJavaScriptException();
  return exchange_.get();
}

Napi::Value CookieExchangeObject::Admit(const Napi::CallbackInfo& info) {
  CookieExchange* exchange = Get(info);
  Span datagram, subject;
  if (exchange == nullptr || !ToSpan(info[0], "datagram", &datagram) || !ToSpan(info[1], "subject", &subject)) {
    return info.Env().Undefined();
  }
  const CookieExchange::Outcome outcome = exchange->Admit(datagram, subject, info[2].ToBoolean());
  return Napi::Number::New(info.Env(), static_cast<int>(outcome));
}

Napi::Value CookieExchangeObject::TakeReply(const Napi::CallbackInfo& info) {
  CookieExchange* exchange = Get(info);
  return exchange == nullptr ? info.Env().Undefined() : FromBytes(info.Env(), exchange->TakeReply());
}

Napi::Value CookieExchangeObject::TakeAssociation(const Napi::CallbackInfo& info) {
  CookieExchange* exchange = Get(info);
  if (exchange == nullptr) return info.Env().Undefined();
  std::unique_ptr<Association> association = exchange->TakeAssociation();
  return association ? AssociationObject::Wrap(info.Env(), std::move(association)) : info.Env().Undefined();
}

Napi::Value CookieExchangeObject::RotateSecret(const Napi::CallbackInfo& info) {
  if (CookieExchange* exchange = Get(info)) exchange->RotateSecret();
  return info.Env().Undefined();
}

Napi::Value CookieExchangeObject::Destroy(const Napi::CallbackInfo& info) {
  exchange_.reset();
  return info.Env().Undefined();
}

}  // namespace avs
