// OpenSSL's error queue, which belongs to the thread and is shared with Node's own use of OpenSSL.
#pragma once

#include <string>

namespace avs {

struct LibraryError {
  unsigned long code = 0;
  std::string text;
};

// Keeps the queue empty around a group of OpenSSL calls: what it finds on entry is not ours to report, and what it
// leaves must not be found by Node.
class ErrorQueue {
 public:
  ErrorQueue();
  ~ErrorQueue();
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;

  // Empties the queue and returns its oldest entry, which is the cause of those after it. Code 0 if there was none.
  LibraryError Take();
};

}  // namespace avs
