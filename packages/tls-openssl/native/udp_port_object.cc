#include "udp_port_object.h"

#include <algorithm>
#include <cstring>

#include "instance.h"
#include "values.h"

namespace avs {
namespace {

// Places for addresses: of a socket that many peers send to, and of one that has one.
constexpr size_t kManyPeers = 256;
constexpr size_t kOnePeer = 1;

// A slab, and how long a datagram in it may be: one that somebody keeps holds all of it.
constexpr size_t kSlab = 16384;
constexpr size_t kLongestInSlab = 2048;

Napi::Value FromError(Napi::Env env, int error) { return Napi::Number::New(env, error); }

// An address, or the error instead.
Napi::Value FromAddress(Napi::Env env, int error, const UdpAddress& address) {
  if (error != 0) return FromError(env, error);
  Napi::Object object = Napi::Object::New(env);
  object.Set("host", Napi::String::New(env, address.host()));
  object.Set("port", Napi::Number::New(env, address.port()));
  return object;
}

bool ToAddress(const Napi::CallbackInfo& info, size_t first, UdpAddress* address, int* error) {
  std::string host;
  uint32_t port = 0;
  if (!ToText(info[first], "host", &host) || !ToNumber(info[first + 1], "port", &port)) return false;
  *error = UdpAddress::Parse(host, static_cast<uint16_t>(port), address);
  return true;
}

UdpShared* Shared(Napi::Env env) { return Instance::Of(env)->udp.get(); }

}  // namespace

struct UdpPortObject::Poll {
  uv_poll_t handle;
  UdpPortObject* owner;
  napi_async_cleanup_hook_handle hook = nullptr;

  // The environment ends: a worker is terminated, or the process.
  static void OnCleanup(napi_async_cleanup_hook_handle, void* poll) {
    auto* self = static_cast<Poll*>(poll);
    if (self->owner != nullptr) self->owner->Shut();
  }

  // The descriptor may be closed as soon as this returns.
  void Close() {
    owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      auto* self = static_cast<Poll*>(closed->data);
      napi_remove_async_cleanup_hook(self->hook);
      delete self;
    });
  }
};

Napi::Function UdpPortObject::Define(Napi::Env env) {
  using Self = UdpPortObject;
  return DefineClass(env, "UdpPort",
                     {
                         InstanceMethod<&Self::Open>("open"),
                         InstanceMethod<&Self::Bind>("bind"),
                         InstanceMethod<&Self::Connect>("connect"),
                         InstanceMethod<&Self::Local>("local"),
                         InstanceMethod<&Self::Remote>("remote"),
                         InstanceMethod<&Self::Source>("source"),
                         InstanceMethod<&Self::SetDestination>("setDestination"),
                         InstanceMethod<&Self::Send>("send"),
                         InstanceMethod<&Self::SendTo>("sendTo"),
                         InstanceMethod<&Self::AwaitRoom>("awaitRoom"),
                         InstanceMethod<&Self::HandOver>("handOver"),
                         InstanceMethod<&Self::Close>("close"),
                     });
}

UdpPortObject::UdpPortObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<UdpPortObject>(info) {}

UdpPortObject::~UdpPortObject() { Shut(); }

Napi::Value UdpPortObject::Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t family = 0;
  if (!ToNumber(info[0], "family", &family)) return env.Undefined();
  for (size_t index = 3; index < 6; ++index) {
    if (info[index].IsFunction()) continue;
    Napi::TypeError::New(env, "open takes three functions").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (socket_.fd() >= 0) return FromError(env, UV_EBUSY);
  const int error = socket_.Open(family == 6 ? AF_INET6 : AF_INET, info[1].ToBoolean(), info[2].ToBoolean());
  if (error != 0) return FromError(env, error);
  onDatagrams_ = Napi::Persistent(info[3].As<Napi::Function>());
  onError_ = Napi::Persistent(info[4].As<Napi::Function>());
  onRoom_ = Napi::Persistent(info[5].As<Napi::Function>());
  return FromError(env, 0);
}

Napi::Value UdpPortObject::Bind(const Napi::CallbackInfo& info) {
  UdpAddress address;
  int error = 0;
  if (!ToAddress(info, 0, &address, &error)) return info.Env().Undefined();
  if (error == 0) error = socket_.Bind(address);
  if (error != 0) return FromError(info.Env(), error);
  sources_.resize(kManyPeers);
  named_.resize(kManyPeers);
  destinations_.resize(kManyPeers);
  return FromError(info.Env(), Listen());
}

Napi::Value UdpPortObject::Connect(const Napi::CallbackInfo& info) {
  UdpAddress address;
  int error = 0;
  if (!ToAddress(info, 0, &address, &error)) return info.Env().Undefined();
  if (error == 0) error = socket_.Connect(address);
  if (error != 0) return FromError(info.Env(), error);
  if (sources_.empty()) {
    sources_.resize(kOnePeer);
    named_.resize(kOnePeer);
  }
  return FromError(info.Env(), Listen());
}

Napi::Value UdpPortObject::Local(const Napi::CallbackInfo& info) {
  UdpAddress address;
  const int error = socket_.Local(&address);
  return FromAddress(info.Env(), error, address);
}

Napi::Value UdpPortObject::Remote(const Napi::CallbackInfo& info) {
  UdpAddress address;
  const int error = socket_.Remote(&address);
  return FromAddress(info.Env(), error, address);
}

Napi::Value UdpPortObject::Source(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  if (!ToNumber(info[0], "slot", &slot)) return info.Env().Undefined();
  if (slot >= sources_.size()) return FromError(info.Env(), UV_EINVAL);
  return FromAddress(info.Env(), 0, sources_[slot]);
}

Napi::Value UdpPortObject::SetDestination(const Napi::CallbackInfo& info) {
  uint32_t slot = 0;
  UdpAddress address;
  int error = 0;
  if (!ToNumber(info[0], "slot", &slot) || !ToAddress(info, 1, &address, &error)) return info.Env().Undefined();
  if (slot >= destinations_.size()) error = UV_EINVAL;
  if (error == 0) destinations_[slot] = address;
  return FromError(info.Env(), error);
}

Napi::Value UdpPortObject::Send(const Napi::CallbackInfo& info) {
  uint32_t size = 0;
  if (!ToNumber(info[0], "length", &size)) return info.Env().Undefined();
  if (size > UdpShared::kOut) return FromError(info.Env(), UV_EMSGSIZE);
  return FromError(info.Env(), socket_.Send(Shared(info.Env())->out, size, nullptr));
}

Napi::Value UdpPortObject::SendTo(const Napi::CallbackInfo& info) {
  uint32_t size = 0;
  uint32_t slot = 0;
  if (!ToNumber(info[0], "length", &size) || !ToNumber(info[1], "slot", &slot)) return info.Env().Undefined();
  if (size > UdpShared::kOut) return FromError(info.Env(), UV_EMSGSIZE);
  if (slot >= destinations_.size()) return FromError(info.Env(), UV_EINVAL);
  return FromError(info.Env(), socket_.Send(Shared(info.Env())->out, size, &destinations_[slot]));
}

Napi::Value UdpPortObject::AwaitRoom(const Napi::CallbackInfo& info) {
  awaitsRoom_ = true;
  return FromError(info.Env(), poll_ == nullptr ? UV_EBADF : Watch());
}

Napi::Value UdpPortObject::HandOver(const Napi::CallbackInfo& info) {
  const int copy = socket_.Duplicate();
  if (copy >= 0) {
    isReceiving_ = false;
    Watch();
  }
  return FromError(info.Env(), copy);
}

Napi::Value UdpPortObject::Close(const Napi::CallbackInfo& info) {
  if (poll_ != nullptr) Unref();
  Shut();
  // They know who has this object: until now the socket has held them.
  onDatagrams_.Reset();
  onError_.Reset();
  onRoom_.Reset();
  return info.Env().Undefined();
}

// Begins to receive. While it does, the object is held, as the event loop knows it.
int UdpPortObject::Listen() {
  if (poll_ == nullptr) {
    const Napi::Env env = Env();
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) return UV_ENOTSUP;
    auto poll = std::make_unique<Poll>();
    poll->owner = this;
    const int error = uv_poll_init(loop, &poll->handle, socket_.fd());
    if (error != 0) return error;
    poll->handle.data = poll.get();
    poll_ = poll.release();
    napi_add_async_cleanup_hook(env, Poll::OnCleanup, poll_, &poll_->hook);
    context_ = std::make_unique<Napi::AsyncContext>(env, "AvsUdpPort");
    Ref();
    isReceiving_ = true;
  }
  return Watch();
}

int UdpPortObject::Watch() {
  if (poll_ == nullptr) return 0;
  const int events = (isReceiving_ ? UV_READABLE : 0) | (awaitsRoom_ ? UV_WRITABLE : 0);
  if (events == 0) return uv_poll_stop(&poll_->handle);
  return uv_poll_start(&poll_->handle, events, [](uv_poll_t* handle, int status, int events) {
    UdpPortObject* owner = static_cast<Poll*>(handle->data)->owner;
    if (owner != nullptr) owner->OnEvent(status, events);
  });
}

void UdpPortObject::OnEvent(int status, int events) {
  const Napi::HandleScope scope(Env());
  // libuv ends the watch over any error of the socket, also over what an ICMP message has left to be read.
  const bool failed = status != 0;
  if (failed) Watch();
  if ((failed || (events & UV_WRITABLE) != 0) && awaitsRoom_) {
    awaitsRoom_ = false;
    Watch();
    Tell(onRoom_, {});
  }
  if ((failed || (events & UV_READABLE) != 0) && isReceiving_ && poll_ != nullptr) Receive();
}

void UdpPortObject::Receive() {
  const Napi::Env env = Env();
  UdpShared* shared = Shared(env);
  const UdpInbox& inbox = shared->inbox;
  const int count = shared->inbox.Receive(socket_.fd());
  if (count < 0) {
    if (count != UV_EAGAIN) Tell(onError_, {FromError(env, count)});
    return;
  }
  size_t pending = 0;
  const auto deliver = [&] {
    if (pending > 0) Deliver(pending, shared->slab.Value());
    pending = 0;
  };
  // Whoever is told may close the socket, or ask for the one of node:dgram: then what is left goes the same way as what comes later.
  for (int slot = 0; slot < count && poll_ != nullptr; ++slot) {
    const size_t length = inbox.length(slot);
    const bool isLong = length > kLongestInSlab;
    if (isLong || shared->slab.IsEmpty() || shared->slabUsed + length > kSlab) deliver();
    if (poll_ == nullptr) return;
    bool isNew = false;
    uint32_t source = SourceSlot(inbox.source(slot), &isNew);
    if (isNew && named_[source] == delivery_) {
      deliver();
      if (poll_ == nullptr) return;
    }
    if (isNew) {
      sources_[source] = inbox.source(slot);
      source |= UdpShared::kNewSource;
    }
    named_[source & ~UdpShared::kNewSource] = delivery_;
    uint32_t* entry = shared->entries + pending * UdpShared::kEntry;
    if (isLong) {
      Napi::ArrayBuffer own = Napi::ArrayBuffer::New(env, length);
      if (own.IsEmpty()) return;
      std::memcpy(own.Data(), inbox.data(slot), length);
      entry[0] = 0;
      entry[1] = static_cast<uint32_t>(length);
      entry[2] = source;
      Deliver(1, own);
      continue;
    }
    if (shared->slab.IsEmpty() || shared->slabUsed + length > kSlab) {
      Napi::ArrayBuffer next = Napi::ArrayBuffer::New(env, kSlab);
      if (next.IsEmpty()) return;
      shared->slab = Napi::Persistent(next.As<Napi::Object>());
      shared->slabData = static_cast<uint8_t*>(next.Data());
      shared->slabUsed = 0;
    }
    std::memcpy(shared->slabData + shared->slabUsed, inbox.data(slot), length);
    entry[0] = static_cast<uint32_t>(shared->slabUsed);
    entry[1] = static_cast<uint32_t>(length);
    entry[2] = source;
    shared->slabUsed += length;
    pending += 1;
  }
  deliver();
}

// The place of an address; new: another address has it, or none.
uint32_t UdpPortObject::SourceSlot(const UdpAddress& address, bool* isNew) {
  const auto slot = static_cast<uint32_t>(address.Hash() % sources_.size());
  *isNew = !(sources_[slot] == address);
  return slot;
}

void UdpPortObject::Deliver(size_t count, const Napi::Value& slab) {
  delivery_ += 1;
  Tell(onDatagrams_, {slab, Napi::Number::New(Env(), static_cast<double>(count))});
}

void UdpPortObject::Tell(const Napi::FunctionReference& callback, const std::initializer_list<napi_value>& arguments) {
  const Napi::Env env = Env();
  callback.MakeCallback(Value(), arguments, *context_);
  if (!env.IsExceptionPending()) return;
  // As an exception from a listener of node:dgram's: there is nobody to catch it.
  const Napi::Error error = env.GetAndClearPendingException();
  napi_fatal_exception(env, error.Value());
}

void UdpPortObject::Shut() {
  if (poll_ != nullptr) poll_->Close();
  poll_ = nullptr;
  isReceiving_ = false;
  awaitsRoom_ = false;
  socket_.Close();
}

void ExportUdp(Napi::Env env, Napi::Object exports) {
  Instance* instance = Instance::Of(env);
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, UdpShared::kMemory);
  if (memory.IsEmpty()) return;
  auto shared = std::make_unique<UdpShared>();
  shared->out = static_cast<uint8_t*>(memory.Data());
  shared->entries = reinterpret_cast<uint32_t*>(shared->out + UdpShared::kOut);
  shared->memory = Napi::Persistent(memory.As<Napi::Object>());
  instance->udp = std::move(shared);
  exports.Set("UdpPort", UdpPortObject::Define(env));
  exports.Set("udpMemory", memory);
  exports.Set("udpOut", Napi::Number::New(env, UdpShared::kOut));
  exports.Set("udpNewSource", Napi::Number::New(env, UdpShared::kNewSource));
  exports.Set("udpDestinations", Napi::Number::New(env, kManyPeers));
}

}  // namespace avs
