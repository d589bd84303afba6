#include "association_object.h"

#include "context_object.h"
#include "instance.h"
#include "values.h"

namespace avs {
namespace {

Napi::Value FromNumber(Napi::Env env, uint32_t number) { return Napi::Number::New(env, number); }

Napi::Value FromOptional(Napi::Env env, bool present, const std::string& bytes) {
  return present ? FromBytes(env, Bytes(bytes.begin(), bytes.end())) : env.Undefined();
}

}  // namespace

Napi::Function AssociationObject::Define(Napi::Env env) {
  using Self = AssociationObject;
  return DefineClass(env, "Association",
                     {
                         InstanceMethod<&Self::Configure>("configure"),
                         InstanceMethod<&Self::SetPeerKey>("setPeerKey"),
                         InstanceMethod<&Self::AllowResumption>("allowResumption"),
                         InstanceMethod<&Self::SessionOffered>("sessionOffered"),
                         InstanceMethod<&Self::Resume>("resume"),
                         InstanceMethod<&Self::TakeSession>("takeSession"),
                         InstanceMethod<&Self::Proceed>("proceed"),
                         InstanceMethod<&Self::Receive>("receive"),
                         InstanceMethod<&Self::Protect>("protect"),
                         InstanceMethod<&Self::ExportKeyingMaterial>("exportKeyingMaterial"),
                         InstanceMethod<&Self::Close>("close"),
                         InstanceMethod<&Self::Abandon>("abandon"),
                         InstanceMethod<&Self::TakeDatagrams>("takeDatagrams"),
                         InstanceMethod<&Self::TakePlaintexts>("takePlaintexts"),
                         InstanceMethod<&Self::TakeAlerts>("takeAlerts"),
                         InstanceMethod<&Self::TakeKeyLog>("takeKeyLog"),
                         InstanceMethod<&Self::TakeDrops>("takeDrops"),
                         InstanceMethod<&Self::GetError>("error"),
                         InstanceMethod<&Self::GetNegotiated>("negotiated"),
                         InstanceMethod<&Self::Copy>("copy"),
                         InstanceMethod<&Self::Destroy>("destroy"),
                     });
}

Napi::Value AssociationObject::Wrap(Napi::Env env, std::unique_ptr<Association> association) {
  Instance* instance = Instance::Of(env);
  // Not as an argument: an External for each association would wait for the garbage collector.
  instance->handover = std::move(association);
  return instance->association.New({});
}

AssociationObject::AssociationObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AssociationObject>(info) {
  association_ = std::move(Instance::Of(info.Env())->handover);
  if (association_) return;
  const std::shared_ptr<Context> context = ContextObject::Of(info[0]);
  if (!context) return;
  LibraryError error;
  association_ = Association::Create(context, &error);
  if (!association_) ThrowLibraryError(info.Env(), error);
}

Association* AssociationObject::Get(const Napi::CallbackInfo& info) const {
  if (!association_) Napi::Error::New(info.Env(), "the association was destroyed").ThrowAsJavaScriptException();
  return association_.get();
}

Napi::Value AssociationObject::Configure(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  uint32_t size = 0;
  uint32_t copies = 0;
  std::string serverName;
  if (association == nullptr || !ToNumber(info[0], "maxDatagramSize", &size) || !ToNumber(info[1], "copies", &copies) ||
      !ToText(info[2], "serverName", &serverName)) {
    return info.Env().Undefined();
  }
  return Napi::Boolean::New(info.Env(), association->Configure(size, copies, serverName));
}

Napi::Value AssociationObject::SetPeerKey(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span identity, key, owner;
  std::string serverName;
  if (association != nullptr && ToSpan(info[0], "identity", &identity) && ToText(info[1], "serverName", &serverName) &&
      ToSpan(info[2], "key", &key) && ToSpan(info[3], "owner", &owner)) {
    association->SetPeerKey(std::string(reinterpret_cast<const char*>(identity.data), identity.size),
                            std::move(serverName), Secret(key), Bytes(owner.data, owner.data + owner.size));
  }
  return info.Env().Undefined();
}

Napi::Value AssociationObject::AllowResumption(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span ticketKey;
  if (association != nullptr && ToSpan(info[1], "ticketKey", &ticketKey)) {
    association->AllowResumption(info[0].ToBoolean(), Secret(ticketKey));
  }
  return info.Env().Undefined();
}

Napi::Value AssociationObject::SessionOffered(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Association* association = Get(info);
  if (association == nullptr) return env.Undefined();
  const SessionOffer& offer = association->offer();
  Napi::Object object = Napi::Object::New(env);
  object.Set("sessionId", FromBytes(env, offer.sessionId));
  object.Set("ticket", FromBytes(env, offer.ticket));
  object.Set("serverName", offer.serverName.empty() ? env.Undefined() : FromText(env, offer.serverName));
  return object;
}

Napi::Value AssociationObject::Resume(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span state;
  if (association == nullptr || !ToSpan(info[0], "state", &state)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), association->Resume(state));
}

Napi::Value AssociationObject::TakeSession(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Association* association = Get(info);
  std::optional<KeptSession> session = association == nullptr ? std::nullopt : association->TakeSession();
  if (!session) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("sessionId", FromBytes(env, session->sessionId));
  object.Set("state", FromBytes(env, session->state));
  object.Set("lifetimeHint", FromNumber(env, session->lifetimeHint));
  object.Set("isOffered", Napi::Boolean::New(env, session->isOffered));
  OPENSSL_cleanse(session->state.data(), session->state.size());
  return object;
}

Napi::Value AssociationObject::Proceed(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromNumber(info.Env(), association->Proceed());
}

// What is in the exchange, of the length that JavaScript gives.
bool AssociationObject::Exchanged(const Napi::CallbackInfo& info, Span* span) const {
  uint32_t size = 0;
  if (!ToNumber(info[0], "length", &size)) return false;
  if (size > kExchangeIn) {
    Napi::RangeError::New(info.Env(), "length is more than the exchange takes").ThrowAsJavaScriptException();
    return false;
  }
  *span = {Instance::Of(info.Env())->exchange, size};
  return true;
}

Napi::Value AssociationObject::Receive(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span datagram;
  if (association == nullptr || !Exchanged(info, &datagram)) return info.Env().Undefined();
  const Room plaintext{const_cast<uint8_t*>(datagram.data) + kExchangeIn, kExchangeOut, 0};
  return FromNumber(info.Env(), association->Receive(datagram, plaintext));
}

Napi::Value AssociationObject::Protect(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span plaintext;
  if (association == nullptr || !Exchanged(info, &plaintext)) return info.Env().Undefined();
  const Room record{const_cast<uint8_t*>(plaintext.data) + kExchangeIn, kExchangeOut, 0};
  const size_t size = association->Protect(plaintext, record);
  OPENSSL_cleanse(const_cast<uint8_t*>(plaintext.data), plaintext.size);
  return FromNumber(info.Env(), static_cast<uint32_t>(size));
}

Napi::Value AssociationObject::ExportKeyingMaterial(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  uint32_t size = 0;
  std::string label;
  Span context;
  if (association == nullptr || !ToNumber(info[0], "length", &size) || !ToText(info[1], "label", &label)) {
    return info.Env().Undefined();
  }
  const bool hasContext = !info[2].IsUndefined();
  if (hasContext && !ToSpan(info[2], "context", &context)) return info.Env().Undefined();
  Bytes exported = association->ExportKeyingMaterial(size, label, hasContext ? &context : nullptr);
  const Napi::Value result = exported.empty() ? info.Env().Undefined() : FromBytes(info.Env(), exported);
  OPENSSL_cleanse(exported.data(), exported.size());
  return result;
}

Napi::Value AssociationObject::Close(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromNumber(info.Env(), association->Close());
}

Napi::Value AssociationObject::Abandon(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromNumber(info.Env(), association->Abandon());
}

Napi::Value AssociationObject::TakeDatagrams(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined()
                                : FromVector(info.Env(), association->TakeDatagrams(), FromBytes);
}

Napi::Value AssociationObject::TakePlaintexts(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined()
                                : FromVector(info.Env(), association->TakePlaintexts(), FromBytes);
}

Napi::Value AssociationObject::TakeAlerts(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromVector(info.Env(), association->TakeAlerts(), FromNumber);
}

Napi::Value AssociationObject::TakeKeyLog(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromVector(info.Env(), association->TakeKeyLog(), FromText);
}

Napi::Value AssociationObject::TakeDrops(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  if (association == nullptr) return info.Env().Undefined();
  const auto drops = association->TakeDrops();
  return FromVector(info.Env(), std::vector<uint32_t>(drops.begin(), drops.end()), FromNumber);
}

Napi::Value AssociationObject::GetError(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : FromLibraryError(info.Env(), association->error());
}

Napi::Value AssociationObject::GetNegotiated(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Association* association = Get(info);
  if (association == nullptr) return env.Undefined();
  const Negotiated negotiated = association->GetNegotiated();
  Napi::Object object = Napi::Object::New(env);
  object.Set("version", FromNumber(env, negotiated.version));
  object.Set("ciphersuite", FromNumber(env, negotiated.ciphersuite));
  object.Set("resumed", Napi::Boolean::New(env, negotiated.resumed));
  object.Set("extendedMasterSecret", Napi::Boolean::New(env, negotiated.extendedMasterSecret));
  object.Set("identity", FromOptional(env, negotiated.hasIdentity, negotiated.identity));
  object.Set("identityHint", FromOptional(env, negotiated.hasIdentityHint, negotiated.identityHint));
  object.Set("serverName", negotiated.hasServerName ? FromText(env, negotiated.serverName) : env.Undefined());
  object.Set("maxFragmentLength", FromNumber(env, negotiated.maxFragmentLength));
  return object;
}

Napi::Value AssociationObject::Copy(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  uint32_t index = 0;
  if (association == nullptr || !ToNumber(info[0], "index", &index)) return info.Env().Undefined();
  return FromBytes(info.Env(), association->Copy(index));
}

Napi::Value AssociationObject::Destroy(const Napi::CallbackInfo& info) {
  association_.reset();
  return info.Env().Undefined();
}

}  // namespace avs
