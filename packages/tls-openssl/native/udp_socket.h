// A UDP socket of the system: addresses, sending, and receiving many datagrams by one call where the system has that. No JavaScript.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace avs {

// Errors are those of libuv: 0, or an errno with a minus.
struct UdpAddress {
  sockaddr_storage storage{};

  // `host` is an address, with a zone after '%' where IPv6 needs one.
  static int Parse(const std::string& host, uint16_t port, UdpAddress* address);
  std::string host() const;
  uint16_t port() const;
  socklen_t size() const { return storage.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  uint32_t Hash() const;
  bool operator==(const UdpAddress& other) const;
};

// Where datagrams are received before anyone knows how long they are. One of an environment serves all of its sockets.
class UdpInbox {
 public:
  static constexpr size_t kSlots = 32;
  // More than a UDP datagram has. RFC 768.
  static constexpr size_t kSlotSize = 65536;

  UdpInbox();
  UdpInbox(const UdpInbox&) = delete;
  UdpInbox& operator=(const UdpInbox&) = delete;

  // Takes what has come, kSlots datagrams at most. Gives their number, or an error; UV_EAGAIN when there is nothing.
  int Receive(int fd);
  const uint8_t* data(size_t slot) const { return memory_.get() + slot * kSlotSize; }
  size_t length(size_t slot) const { return lengths_[slot]; }
  const UdpAddress& source(size_t slot) const { return sources_[slot]; }

 private:
  // Left untouched until used, so that what no datagram has filled takes no memory.
  std::unique_ptr<uint8_t[]> memory_;
  size_t lengths_[kSlots] = {};
  UdpAddress sources_[kSlots];
#ifdef __linux__
  iovec vectors_[kSlots];
  mmsghdr headers_[kSlots];
#endif
};

class UdpSocket {
 public:
  UdpSocket() = default;
  ~UdpSocket() { Close(); }
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  int Open(int family, bool reuseAddress, bool reusePort);
  int Bind(const UdpAddress& address) const;
  int Connect(const UdpAddress& address) const;
  int Local(UdpAddress* address) const;
  int Remote(UdpAddress* address) const;
  // UV_EAGAIN: the system has no room for it yet. Without an address: to whom it is connected to.
  int Send(const uint8_t* data, size_t size, const UdpAddress* to) const;
  // Another descriptor of the same socket, or an error.
  int Duplicate() const;
  void Close();
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace avs
