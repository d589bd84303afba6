#pragma once

#include <napi.h>

#include <memory>

#include "association.h"

namespace avs {

struct Instance;
struct AssociationHandles;

// `new Association(context)`; a listener's associations come from `CookieExchange.takeAssociation`.
class AssociationObject final : public Napi::ObjectWrap<AssociationObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Value Wrap(Napi::Env env, std::unique_ptr<Association> association);

  explicit AssociationObject(const Napi::CallbackInfo& info);
  ~AssociationObject() override;

  // `receive()` and `protect()`, which take the association's handle and a length from the exchange's numbers, and give their result there.
  static void ExportRecords(Napi::Env env, Napi::Object exports, Instance* instance);

 private:
  // Throws an Error and returns null after `destroy`.
  Association* Get(const Napi::CallbackInfo& info) const;
  // What an operation has come to, which gave `used` bytes: its datagrams go behind them.
  Napi::Value Finish(const Napi::CallbackInfo& info, uint32_t progress, size_t used = 0);
  void Register();
  void Unregister();
  // As Finish; returns the progress.
  uint32_t Tell(uint32_t progress, size_t used);
  static napi_value ReceiveRecord(napi_env env, napi_callback_info info);
  static napi_value ProtectRecord(napi_env env, napi_callback_info info);

  Napi::Value Configure(const Napi::CallbackInfo& info);
  Napi::Value SetPeerKey(const Napi::CallbackInfo& info);
  Napi::Value AllowResumption(const Napi::CallbackInfo& info);
  Napi::Value SessionOffered(const Napi::CallbackInfo& info);
  Napi::Value OfferSession(const Napi::CallbackInfo& info);
  Napi::Value ConsiderSession(const Napi::CallbackInfo& info);
  Napi::Value ConsiderTicket(const Napi::CallbackInfo& info);
  Napi::Value Decide(const Napi::CallbackInfo& info);
  Napi::Value TakeSession(const Napi::CallbackInfo& info);
  Napi::Value Proceed(const Napi::CallbackInfo& info);
  Napi::Value GetHandle(const Napi::CallbackInfo& info);
  Napi::Value ExportKeyingMaterial(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Abandon(const Napi::CallbackInfo& info);
  Napi::Value MoreDatagrams(const Napi::CallbackInfo& info);
  Napi::Value TakePlaintexts(const Napi::CallbackInfo& info);
  Napi::Value TakeAlerts(const Napi::CallbackInfo& info);
  Napi::Value TakeKeyLog(const Napi::CallbackInfo& info);
  Napi::Value TakeDrops(const Napi::CallbackInfo& info);
  Napi::Value GetError(const Napi::CallbackInfo& info);
  Napi::Value GetNegotiated(const Napi::CallbackInfo& info);
  Napi::Value Copy(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  std::unique_ptr<Association> association_;
  Instance* instance_;
  // Of its own: an object may be finalised after the instance.
  std::shared_ptr<AssociationHandles> handles_;
  uint32_t handle_ = 0;
};

}  // namespace avs
