#include "association_object.h"

#include <algorithm>

#include "context_object.h"
#include "instance.h"
#include "report.h"
#include "values.h"

namespace avs {
namespace {

Napi::Value FromNumber(Napi::Env env, uint32_t number) { return Napi::Number::New(env, number); }

Span ToSpan(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Napi::Function AssociationObject::Define(Napi::Env env) {
  using Self = AssociationObject;
  return DefineClass(env, "Association",
                     {
                         InstanceMethod<&Self::Configure>("configure"),
                         InstanceMethod<&Self::SetPeerKey>("setPeerKey"),
                         InstanceMethod<&Self::AllowResumption>("allowResumption"),
                         InstanceMethod<&Self::SessionOffered>("sessionOffered"),
                         InstanceMethod<&Self::OfferSession>("offerSession"),
                         InstanceMethod<&Self::ConsiderSession>("considerSession"),
                         InstanceMethod<&Self::ConsiderTicket>("considerTicket"),
                         InstanceMethod<&Self::Decide>("decide"),
                         InstanceMethod<&Self::TakeSession>("takeSession"),
                         InstanceMethod<&Self::Proceed>("proceed"),
                         InstanceMethod<&Self::GetHandle>("handle"),
                         InstanceMethod<&Self::ExportKeyingMaterial>("exportKeyingMaterial"),
                         InstanceMethod<&Self::Close>("close"),
                         InstanceMethod<&Self::Abandon>("abandon"),
                         InstanceMethod<&Self::MoreDatagrams>("moreDatagrams"),
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

AssociationObject::AssociationObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AssociationObject>(info), instance_(Instance::Of(info.Env())), handles_(instance_->handles) {
  association_ = std::move(instance_->handover);
  if (association_) {
    Register();
    return;
  }
  const std::shared_ptr<Context> context = ContextObject::Of(info[0]);
  if (!context) return;
  LibraryError error;
  association_ = Association::Create(context, &error);
  if (association_) {
    Register();
  } else {
    ThrowLibraryError(info.Env(), error);
  }
}

AssociationObject::~AssociationObject() { Unregister(); }

void AssociationObject::Register() {
  do {
    handle_ = ++handles_->last;
  } while (!handles_->objects.try_emplace(handle_, this).second);
}

void AssociationObject::Unregister() { 
  const auto found = handles_->objects.find(handle_);
  if (found != handles_->objects.end() && found->second == this) handles_->objects.erase(found);
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

// The session ID, the name of the ticket's key (or as much as there is of a ticket that is none), and the server name.
Napi::Value AssociationObject::SessionOffered(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  if (association == nullptr) return info.Env().Undefined();
  const SessionOffer& offer = association->offer();
  Report report(Instance::Of(info.Env()));
  report.Add(ToSpan(offer.sessionId));
  report.Add(Span{offer.ticket.data(), std::min(offer.ticket.size(), kTicketKeyNameSize)});
  report.AddText(offer.serverName.empty() ? nullptr : offer.serverName.c_str());
  return info.Env().Undefined();
}

Napi::Value AssociationObject::OfferSession(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span state;
  if (association == nullptr || !ToSpan(info[0], "state", &state)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), association->OfferSession(state));
}

Napi::Value AssociationObject::ConsiderSession(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span state;
  if (association == nullptr || !ToSpan(info[0], "state", &state)) return info.Env().Undefined();
  const Bytes owner = association->ConsiderSession(state);
  return owner.empty() ? info.Env().Undefined() : FromBytes(info.Env(), owner);
}

Napi::Value AssociationObject::ConsiderTicket(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  Span key;
  if (association == nullptr || !ToSpan(info[0], "key", &key)) return info.Env().Undefined();
  const Bytes owner = association->ConsiderTicket(key);
  return owner.empty() ? info.Env().Undefined() : FromBytes(info.Env(), owner);
}

Napi::Value AssociationObject::Decide(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  if (association == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), association->Decide(info[0].ToBoolean()));
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
  return association == nullptr ? info.Env().Undefined() : Finish(info, association->Proceed());
}

Napi::Value AssociationObject::Finish(const Napi::CallbackInfo& info, uint32_t progress, size_t used) {
  return FromNumber(info.Env(), Tell(progress, used));
}

uint32_t AssociationObject::Tell(uint32_t progress, size_t used) {
  if ((progress & kHasDatagrams) != 0) {
    const std::vector<Bytes>& datagrams = association_->datagrams();
    // Their count is in front of their lengths.
    Report report(instance_, used);
    report.Add(0u);
    size_t count = 0;
    for (; count < datagrams.size() && report.HasRoomFor(datagrams[count].size()); ++count) report.Add(ToSpan(datagrams[count]));
    instance_->exchangeNumbers[0] = static_cast<int32_t>(count);
    if (count < datagrams.size()) progress |= kMoreDatagrams;
    association_->DropDatagrams(count);
  }
  return progress;
}

Napi::Value AssociationObject::GetHandle(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), handle_); }

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
  return association == nullptr ? info.Env().Undefined() : Finish(info, association->Close());
}

Napi::Value AssociationObject::Abandon(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : Finish(info, association->Abandon());
}

Napi::Value AssociationObject::MoreDatagrams(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  return association == nullptr ? info.Env().Undefined() : Finish(info, association->HasDatagrams() ? kHasDatagrams : 0);
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
  Association* association = Get(info);
  if (association == nullptr) return info.Env().Undefined();
  const Negotiated negotiated = association->GetNegotiated();
  Report report(Instance::Of(info.Env()));
  report.Add(negotiated.version);
  report.Add(negotiated.ciphersuite);
  report.Add(uint32_t{negotiated.resumed});
  report.Add(uint32_t{negotiated.extendedMasterSecret});
  report.Add(uint32_t{negotiated.maxFragmentLength});
  report.AddText(negotiated.identityHint);
  report.AddText(negotiated.serverName);
  return info.Env().Undefined();
}

Napi::Value AssociationObject::Copy(const Napi::CallbackInfo& info) {
  Association* association = Get(info);
  uint32_t index = 0;
  if (association == nullptr || !ToNumber(info[0], "index", &index)) return info.Env().Undefined();
  return FromBytes(info.Env(), association->Copy(index));
}

Napi::Value AssociationObject::Destroy(const Napi::CallbackInfo& info) {
  Unregister();
  association_.reset();
  return info.Env().Undefined();
}

}  // namespace avs
