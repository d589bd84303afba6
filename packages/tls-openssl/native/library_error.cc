#include "library_error.h"

#include <openssl/err.h>

namespace avs {

namespace {

// To clear an empty queue takes longer than to see that it is.
void Clear() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

ErrorQueue::ErrorQueue() { Clear(); }

ErrorQueue::~ErrorQueue() { Clear(); }

LibraryError ErrorQueue::Take() {
  LibraryError error;
  const char* detail = nullptr;
  int flags = 0;
  error.code = ERR_get_error_all(nullptr, nullptr, nullptr, &detail, &flags);
  if (error.code != 0) {
    char text[256];
    ERR_error_string_n(error.code, text, sizeof text);
    error.text = text;
    if ((flags & ERR_TXT_STRING) != 0 && detail != nullptr && *detail != '\0') {
      error.text += " (";
      error.text += detail;
      error.text += ')';
    }
  }
  ERR_clear_error();
  return error;
}

}  // namespace avs
