// hiredis, with TLS directly through OpenSSL: Debian's hiredis (0.14) has no TLS, and later versions do not compare the
// server's name with its certificate.
#ifndef OSPREY_CHIREDIS_H
#define OSPREY_CHIREDIS_H

#include <hiredis/hiredis.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Wrappers for OpenSSL macros, which Swift cannot import.

static inline int chiredis_require_tls_1_2(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline int chiredis_ask_for_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

#endif
