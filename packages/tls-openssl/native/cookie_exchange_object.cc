#include "cookie_exchange_object.h"

#include "association_object.h"
#include "context_object.h"
#include "report.h"
#include "values.h"

namespace avs {

Napi::Function CookieExchangeObject::Define(Napi::Env env) {
  using Self = CookieExchangeObject;
  return DefineClass(env, "CookieExchange",
                     {
                         InstanceMethod<&Self::Admit>("admit"),
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

// Datagram and subject are in the exchange, one after the other; so is the reply, whose length is above the outcome.
Napi::Value CookieExchangeObject::Admit(const Napi::CallbackInfo& info) {
  CookieExchange* exchange = Get(info);
  uint32_t datagram = 0;
  uint32_t subject = 0;
  if (exchange == nullptr || !ToNumber(info[0], "length", &datagram) || !ToNumber(info[1], "subjectLength", &subject)) {
    return info.Env().Undefined();
  }
  if (datagram > kExchangeIn || subject > kExchangeIn - datagram) {
    Napi::RangeError::New(info.Env(), "the lengths are more than the exchange takes").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  Instance* instance = Instance::Of(info.Env());
  const CookieExchange::Outcome outcome =
      exchange->Admit({instance->exchange, datagram}, {instance->exchange + datagram, subject}, info[2].ToBoolean());
  uint32_t result = static_cast<uint32_t>(outcome);
  if (outcome == CookieExchange::Outcome::kReplied) {
    const Bytes reply = exchange->TakeReply();
    Report report(instance);
    if (report.HasRoomFor(reply.size())) {
      report.Add(Span{reply.data(), reply.size()});
      result |= static_cast<uint32_t>(reply.size()) << 8;
    }
  }
  return Napi::Number::New(info.Env(), result);
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
