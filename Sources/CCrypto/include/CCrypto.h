// The shim over OpenSSL's libcrypto: SHA-256 only.
#ifndef HERMES_CCRYPTO_H
#define HERMES_CCRYPTO_H

#include <openssl/evp.h>

// EVP_MD_CTX is opaque; these keep Swift's side free of the macros around it.
static inline EVP_MD_CTX *hermes_sha256_new(void) { return EVP_MD_CTX_new(); }
static inline int hermes_sha256_reset(EVP_MD_CTX *context) {
    return EVP_DigestInit_ex(context, EVP_sha256(), NULL);
}
static inline int hermes_sha256_update(EVP_MD_CTX *context, const void *bytes, size_t count) {
    return EVP_DigestUpdate(context, bytes, count);
}
static inline int hermes_sha256_finish(EVP_MD_CTX *context, unsigned char out[32]) {
    return EVP_DigestFinal_ex(context, out, NULL);
}
static inline int hermes_sha256_current(const EVP_MD_CTX *context, unsigned char out[32]) {
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    int done = copy && EVP_MD_CTX_copy_ex(copy, context) == 1 && EVP_DigestFinal_ex(copy, out, NULL) == 1;
    EVP_MD_CTX_free(copy);
    return done;
}
static inline void hermes_sha256_free(EVP_MD_CTX *context) { EVP_MD_CTX_free(context); }

#endif
