#include "random_source.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

namespace avs {
namespace {

constexpr char kName[] = "AVS-RANDOM";
constexpr unsigned int kStrength = 256;

// The generator that OpenSSL sees. It has no state of its own beyond whether it may be used.
struct Generator {
  RandomSource* source;
  int state = EVP_RAND_STATE_UNINITIALISED;
};

Generator* Of(void* generator) { return static_cast<Generator*>(generator); }

void* New(void* source, void*, const OSSL_DISPATCH*) { return new Generator{static_cast<RandomSource*>(source)}; }

void Free(void* generator) { delete Of(generator); }

int Instantiate(void* generator, unsigned int, int, const unsigned char*, size_t, const OSSL_PARAM[]) {
  Of(generator)->state = EVP_RAND_STATE_READY;
  return 1;
}

int Uninstantiate(void* generator) {
  Of(generator)->state = EVP_RAND_STATE_UNINITIALISED;
  return 1;
}

int Generate(void* generator, unsigned char* out, size_t size, unsigned int, int, const unsigned char*, size_t) {
  return Of(generator)->source->Take(out, size) ? 1 : 0;
}

// Everything of one context happens on one thread.
int EnableLocking(void*) { return 1; }
int Lock(void*) { return 1; }
void Unlock(void*) {}

int GetParameters(void* generator, OSSL_PARAM parameters[]) {
  OSSL_PARAM* state = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_STATE);
  OSSL_PARAM* strength = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_STRENGTH);
  OSSL_PARAM* most = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_MAX_REQUEST);
  return (state == nullptr || OSSL_PARAM_set_int(state, Of(generator)->state) == 1) &&
         (strength == nullptr || OSSL_PARAM_set_uint(strength, kStrength) == 1) &&
         (most == nullptr || OSSL_PARAM_set_size_t(most, RandomSource::kCapacity) == 1);
}

template <typename Function>
OSSL_DISPATCH Entry(int id, Function function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* Query(void*, int operation, int* noCache) {
  static const OSSL_DISPATCH generator[] = {
      Entry(OSSL_FUNC_RAND_NEWCTX, New),
      Entry(OSSL_FUNC_RAND_FREECTX, Free),
      Entry(OSSL_FUNC_RAND_INSTANTIATE, Instantiate),
      Entry(OSSL_FUNC_RAND_UNINSTANTIATE, Uninstantiate),
      Entry(OSSL_FUNC_RAND_GENERATE, Generate),
      Entry(OSSL_FUNC_RAND_ENABLE_LOCKING, EnableLocking),
      Entry(OSSL_FUNC_RAND_LOCK, Lock),
      Entry(OSSL_FUNC_RAND_UNLOCK, Unlock),
      Entry(OSSL_FUNC_RAND_GET_CTX_PARAMS, GetParameters),
      {0, nullptr},
  };
  static const OSSL_ALGORITHM algorithms[] = {{kName, "provider=avs", generator, ""}, {nullptr, nullptr, nullptr, nullptr}};
  *noCache = 0;
  return operation == OSSL_OP_RAND ? algorithms : nullptr;
}

// The source whose provider is being loaded: OpenSSL hands nothing through to the initialisation of a built-in provider.
thread_local RandomSource* loading = nullptr;

int Initialise(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** source) {
  static const OSSL_DISPATCH provider[] = {Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query), {0, nullptr}};
  if (loading == nullptr) return 0;
  *functions = provider;
  *source = loading;
  return 1;
}

}  // namespace

std::unique_ptr<RandomSource> RandomSource::Create(Span bytes, LibraryError* error) {
  ErrorQueue errors;
  std::unique_ptr<RandomSource> source(new RandomSource());
  source->Give(bytes);
  source->library_.reset(OSSL_LIB_CTX_new());
  OSSL_LIB_CTX* library = source->library();
  loading = source.get();
  const bool made = library != nullptr && OSSL_PROVIDER_add_builtin(library, "avs", Initialise) == 1;
  if (made) source->own_.reset(OSSL_PROVIDER_load(library, "avs"));
  loading = nullptr;
  if (made) source->standard_.reset(OSSL_PROVIDER_load(library, "default"));
  if (!source->own_ || !source->standard_ || RAND_set_DRBG_type(library, kName, "provider=avs", nullptr, nullptr) != 1) {
    *error = errors.Take();
    return nullptr;
  }
  return source;
}

RandomSource::~RandomSource() {
  ErrorQueue errors;
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
  size_ = 0;
}

void RandomSource::Give(Span bytes) {
  const size_t size = std::min(bytes.size, wanted());
  if (size == 0) return;
  std::memcpy(bytes_.data() + size_, bytes.data, size);
  size_ += size;
}

bool RandomSource::Take(uint8_t* bytes, size_t size) {
  if (size > size_) return false;
  std::memcpy(bytes, bytes_.data(), size);
  size_ -= size;
  std::memmove(bytes_.data(), bytes_.data() + size, size_);
  OPENSSL_cleanse(bytes_.data() + size_, size);
  return true;
}

}  // namespace avs
