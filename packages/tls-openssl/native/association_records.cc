// The calls that every datagram takes: functions of the addon, and not methods, that take and give nothing but what is in the exchange. Arguments,
// a result and the search for a method's C++ object took N-API an eighth of the time of a small record.
#include "association_object.h"
#include "instance.h"

namespace avs {
namespace {

Instance* InstanceOf(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  return static_cast<Instance*>(data);
}

// Null with an error thrown: the association was destroyed, or the length is none.
AssociationObject* Exchanged(napi_env env, Instance* instance, Span* span) {
  const auto size = static_cast<uint32_t>(instance->exchangeNumbers[kCallLength]);
  const auto& objects = instance->handles->objects;
  const auto found = objects.find(static_cast<uint32_t>(instance->exchangeNumbers[kCallHandle]));
  if (found == objects.end()) {
    napi_throw_error(env, nullptr, "the association was destroyed");
    return nullptr;
  }
  if (size > kExchangeIn) {
    napi_throw_range_error(env, nullptr, "length is more than the exchange takes");
    return nullptr;
  }
  *span = {instance->exchange, size};
  return found->second;
}

}  // namespace

void AssociationObject::ExportRecords(Napi::Env env, Napi::Object exports, Instance* instance) {
  const auto add = [&](const char* name, napi_callback callback) {
    napi_value function = nullptr;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, instance, &function) == napi_ok) exports.Set(name, function);
  };
  add("receive", ReceiveRecord);
  add("protect", ProtectRecord);
}

napi_value AssociationObject::ReceiveRecord(napi_env env, napi_callback_info info) {
  Instance* instance = InstanceOf(env, info);
  Span datagram;
  AssociationObject* object = Exchanged(env, instance, &datagram);
  if (object == nullptr) return nullptr;
  const Room plaintext{instance->exchange + kExchangeIn, kExchangeOut, 0};
  const uint32_t progress = object->association_->Receive(datagram, plaintext);
  instance->exchangeNumbers[kCallResult] = static_cast<int32_t>(object->Tell(progress, progress >> 16));
  return nullptr;
}

napi_value AssociationObject::ProtectRecord(napi_env env, napi_callback_info info) {
  Instance* instance = InstanceOf(env, info);
  Span plaintext;
  AssociationObject* object = Exchanged(env, instance, &plaintext);
  if (object == nullptr) return nullptr;
  const Room record{instance->exchange + kExchangeIn, kExchangeOut, 0};
  instance->exchangeNumbers[kCallResult] = static_cast<int32_t>(object->association_->Protect(plaintext, record));
  OPENSSL_cleanse(instance->exchange, plaintext.size);
  return nullptr;
}

}  // namespace avs
