// The shim over libcurl: curl_easy_setopt and curl_multi_setopt are variadic, which Swift cannot call. The typed
// wrappers also make sure that an option gets the width it reads (curl_easy_setopt(3): long, pointer, curl_off_t).
#ifndef HERMES_CCURL_H
#define HERMES_CCURL_H

#include <curl/curl.h>
#include <sys/socket.h>

static inline CURLcode hermes_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hermes_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}
// The bytes are copied.
static inline CURLcode hermes_curl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}
static inline CURLcode hermes_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// The shape of CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION and CURLOPT_READFUNCTION.
typedef size_t (*hermes_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode hermes_curl_set_data_callback(CURL *easy, CURLoption option, hermes_curl_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

// The shape of CURLOPT_SEEKFUNCTION.
typedef int (*hermes_curl_seek_callback)(void *context, curl_off_t offset, int origin);
static inline CURLcode hermes_curl_set_seek_callback(CURL *easy, hermes_curl_seek_callback value) {
    return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, value);
}

// Sockets that a program started meanwhile does not inherit, which would keep connections open that are closed here.
static inline curl_socket_t hermes_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    // SOCK_CLOEXEC of socket(2), which glibc declares for all; libcurl 7.88 does not ask for it.
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
static inline CURLcode hermes_curl_set_private_sockets(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, hermes_curl_open_socket);
}

static inline CURLMcode hermes_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// Takes the next finished transfer from the multi handle's queue; returns 0 when there is none.
static inline int hermes_curl_next_finished(CURLM *multi, CURL **easy, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *easy = message->easy_handle;
        *result = message->data.result;
        return 1;
    }
    return 0;
}

#endif
