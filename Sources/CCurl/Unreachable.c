// Debian's libcurl.a refers to Kerberos (gss_*), RTMP and LDAP libraries, of which no static form exists. Hermes pins
// curl to http and https and never asks for Negotiate, so none of these calls is reachable but ldap_get_option, which
// curl_version() makes; each still answers with its library's failure rather than abort. They are hidden: where libcurl
// is linked dynamically, it keeps its own.
#define FAILS(name, value) \
    __attribute__((visibility("hidden"))) long name(void) { return value; }

#define UNAVAILABLE (16L << 16)  // GSS_S_UNAVAILABLE, RFC 2744
FAILS(gss_delete_sec_context, UNAVAILABLE)
FAILS(gss_display_name, UNAVAILABLE)
FAILS(gss_display_status, UNAVAILABLE)
FAILS(gss_import_name, UNAVAILABLE)
FAILS(gss_init_sec_context, UNAVAILABLE)
FAILS(gss_inquire_context, UNAVAILABLE)
FAILS(gss_release_buffer, UNAVAILABLE)
FAILS(gss_release_name, UNAVAILABLE)
FAILS(gss_unwrap, UNAVAILABLE)
FAILS(gss_wrap, UNAVAILABLE)
__attribute__((visibility("hidden"))) void *GSS_C_NT_HOSTBASED_SERVICE = 0;

FAILS(RTMP_Alloc, 0)
FAILS(RTMP_Close, 0)
FAILS(RTMP_Connect1, 0)
FAILS(RTMP_ConnectStream, 0)
FAILS(RTMP_Free, 0)
FAILS(RTMP_Init, 0)
FAILS(RTMP_Read, -1)
FAILS(RTMP_SetBufferMS, 0)
FAILS(RTMP_SetupURL, 0)
FAILS(RTMP_Write, -1)

FAILS(ber_bvfree, 0)
FAILS(ber_free, 0)
FAILS(ber_memfree, 0)
FAILS(ber_memvfree, 0)
FAILS(ber_sockbuf_add_io, -1)
FAILS(ldap_abandon_ext, -1)
FAILS(ldap_free_urldesc, 0)
FAILS(ldap_get_attribute_ber, -1)
FAILS(ldap_get_dn_ber, -1)
FAILS(ldap_get_option, -1)
FAILS(ldap_init_fd, -1)
FAILS(ldap_memfree, 0)
FAILS(ldap_msgfree, -1)
FAILS(ldap_msgtype, -1)
FAILS(ldap_parse_result, -1)
FAILS(ldap_parse_sasl_bind_result, -1)
FAILS(ldap_pvt_url_scheme2proto, -1)
FAILS(ldap_result, -1)
FAILS(ldap_sasl_bind, -1)
FAILS(ldap_search_ext, -1)
FAILS(ldap_set_option, -1)
FAILS(ldap_start_tls, -1)
FAILS(ldap_unbind_ext, -1)
FAILS(ldap_url_parse, -1)
__attribute__((visibility("hidden"))) const char *ldap_err2string(int code) {
    (void)code;
    return "LDAP is not part of this program";
}
