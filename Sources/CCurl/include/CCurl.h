// The shim over libcurl: curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call.
#ifndef HERMES_CCURL_H
#define HERMES_CCURL_H

#include <curl/curl.h>

static inline CURLcode hermes_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hermes_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

#endif
