#include "udp_socket.h"

#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

namespace avs {
namespace {

const sockaddr_in* AsIpv4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in*>(&storage); }
const sockaddr_in6* AsIpv6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6*>(&storage); }

int LastError() { return uv_translate_sys_error(errno); }

int Outcome(int result) { return result == 0 ? 0 : LastError(); }

int Enable(int fd, int option) {
  const int on = 1;
  return Outcome(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on));
}

}  // namespace

int UdpAddress::Parse(const std::string& host, uint16_t port, UdpAddress* address) {
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  if (uv_ip4_addr(host.c_str(), port, ipv4) == 0) return 0;
  return uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address->storage));
}

std::string UdpAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family != AF_INET6) {
    uv_ip4_name(AsIpv4(storage), text, sizeof text);
    return text;
  }
  const sockaddr_in6* ipv6 = AsIpv6(storage);
  uv_ip6_name(ipv6, text, sizeof text);
  char zone[UV_IF_NAMESIZE] = "";
  size_t size = sizeof zone;
  // RFC 4007 §11: the address means nothing without.
  if (!IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr) || uv_if_indextoiid(ipv6->sin6_scope_id, zone, &size) != 0) return text;
  return std::string(text) + "%" + zone;
}

uint16_t UdpAddress::port() const {
  return ntohs(storage.ss_family == AF_INET6 ? AsIpv6(storage)->sin6_port : AsIpv4(storage)->sin_port);
}

uint32_t UdpAddress::Hash() const {
  uint32_t address = 0;
  if (storage.ss_family == AF_INET6) {
    uint32_t words[4];
    std::memcpy(words, &AsIpv6(storage)->sin6_addr, sizeof words);
    address = words[0] ^ words[1] ^ words[2] ^ words[3];
  } else {
    address = AsIpv4(storage)->sin_addr.s_addr;
  }
  // The upper bits of a product depend on all of both.
  return ((address ^ (uint32_t{port()} << 16)) * 0x9e3779b1u) >> 16 ^ port();
}

bool UdpAddress::operator==(const UdpAddress& other) const {
  if (storage.ss_family != other.storage.ss_family || port() != other.port()) return false;
  if (storage.ss_family != AF_INET6) {
    return AsIpv4(storage)->sin_addr.s_addr == AsIpv4(other.storage)->sin_addr.s_addr;
  }
  const sockaddr_in6* mine = AsIpv6(storage);
  const sockaddr_in6* theirs = AsIpv6(other.storage);
  return mine->sin6_scope_id == theirs->sin6_scope_id &&
         std::memcmp(&mine->sin6_addr, &theirs->sin6_addr, sizeof mine->sin6_addr) == 0;
}

UdpInbox::UdpInbox() : memory_(new uint8_t[kSlots * kSlotSize]) {
#ifdef __linux__
  std::memset(headers_, 0, sizeof headers_);
  for (size_t slot = 0; slot < kSlots; ++slot) {
    vectors_[slot] = {memory_.get() + slot * kSlotSize, kSlotSize};
    headers_[slot].msg_hdr.msg_iov = &vectors_[slot];
    headers_[slot].msg_hdr.msg_iovlen = 1;
    headers_[slot].msg_hdr.msg_name = &sources_[slot].storage;
    headers_[slot].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
#endif
}

#ifdef __linux__

int UdpInbox::Receive(int fd) {
  int count = 0;
  do {
    count = recvmmsg(fd, headers_, kSlots, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return LastError();
  for (int slot = 0; slot < count; ++slot) {
    lengths_[slot] = headers_[slot].msg_len;
    headers_[slot].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  }
  return count;
}

#else

int UdpInbox::Receive(int fd) {
  int count = 0;
  while (count < static_cast<int>(kSlots)) {
    socklen_t size = sizeof(sockaddr_storage);
    uint8_t* memory = memory_.get() + count * kSlotSize;
    const ssize_t length = recvfrom(fd, memory, kSlotSize, MSG_DONTWAIT, sources_[count].raw(), &size);
    if (length >= 0) {
      lengths_[count] = static_cast<size_t>(length);
      count += 1;
    } else if (errno != EINTR) {
      // What has come first goes first: the error comes again, or was about a datagram that is gone.
      return count > 0 ? count : LastError();
    }
  }
  return count;
}

#endif

int UdpSocket::Open(int family, bool reuseAddress, bool reusePort) {
  int type = SOCK_DGRAM;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC | SOCK_NONBLOCK;
#endif
  fd_ = socket(family, type, 0);
  if (fd_ < 0) return LastError();
#ifndef SOCK_CLOEXEC
  if (fcntl(fd_, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) return LastError();
#endif
  // As node:dgram has them: on BSD it is SO_REUSEPORT by which two sockets share an address.
#ifdef __linux__
  if (reuseAddress) {
    if (const int error = Enable(fd_, SO_REUSEADDR)) return error;
  }
#else
  reusePort = reusePort || reuseAddress;
#endif
  return reusePort ? Enable(fd_, SO_REUSEPORT) : 0;
}

int UdpSocket::Bind(const UdpAddress& address) const { return Outcome(bind(fd_, address.raw(), address.size())); }

int UdpSocket::Connect(const UdpAddress& address) const { return Outcome(connect(fd_, address.raw(), address.size())); }

int UdpSocket::Local(UdpAddress* address) const {
  socklen_t size = sizeof address->storage;
  return Outcome(getsockname(fd_, address->raw(), &size));
}

int UdpSocket::Remote(UdpAddress* address) const {
  socklen_t size = sizeof address->storage;
  return Outcome(getpeername(fd_, address->raw(), &size));
}

int UdpSocket::Send(const uint8_t* data, size_t size, const UdpAddress* to) const {
  ssize_t sent = 0;
  do {
    sent = to == nullptr ? send(fd_, data, size, 0) : sendto(fd_, data, size, 0, to->raw(), to->size());
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return 0;
  return errno == EWOULDBLOCK ? UV_EAGAIN : LastError();
}

int UdpSocket::Duplicate() const {
  const int copy = fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? LastError() : copy;
}

void UdpSocket::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace avs
