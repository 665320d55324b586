internal import CHiredis

/// The certificates that a server's certificate has to lead to.
///
/// Unchecked, as OpenSSL lets any number of threads make sessions of a context that is no longer changed
/// (openssl-threads(7)).
final class RedisTrust: @unchecked Sendable {
    fileprivate let context: OpaquePointer

    /// Trusts the system's certificates, or those in a file.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` where the file has none.
    init(authorities: String?) throws(StorageError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw StorageError(.failed, "TLS cannot be set up", cause: RedisFailure.unreachable(tlsError()))
        }
        self.context = context
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let isLoaded =
            authorities.map { SSL_CTX_load_verify_locations(context, $0, nil) }
            ?? SSL_CTX_set_default_verify_paths(context)
        guard isLoaded == 1, chiredis_require_tls_1_2(context) == 1 else {
            throw StorageError(
                .failed,
                "the certificates to trust cannot be read: see ca= in the address of Redis",
                cause: RedisFailure.unreachable(tlsError())
            )
        }
    }

    deinit {
        SSL_CTX_free(context)
    }
}

/// Encrypts and decrypts what goes through a connection; the bytes are carried by its owner.
final class RedisTLS {
    private let session: OpaquePointer
    /// Encrypted bytes that came, and those that are to go; the session frees both.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    /// Begins a session with the server of that name or address.
    init(host: String, trust: RedisTrust) throws(RedisFailure) {
        guard let session = SSL_new(trust.context) else { throw .unreachable(tlsError()) }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(session)
            throw .unreachable(tlsError())
        }
        SSL_set_bio(session, incoming, outgoing)
        (self.session, self.incoming, self.outgoing) = (session, incoming, outgoing)
        SSL_set_connect_state(session)
        // Addresses are no names: they are compared with other fields of the certificate, and never asked for.
        guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) != 1 else { return }
        guard SSL_set1_host(session, host) == 1, chiredis_ask_for_name(session, host) == 1 else {
            throw .unreachable(tlsError())
        }
    }

    deinit {
        SSL_free(session)
    }

    /// Takes the next step of the handshake; false where it needs more from the server.
    func handshake() throws(RedisFailure) -> Bool {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        guard result != 1 else { return true }
        guard SSL_get_error(session, result) == SSL_ERROR_WANT_READ else {
            let verification = SSL_get_verify_result(session)
            guard verification == X509_V_OK else {
                throw .unreachable(String(cString: X509_verify_cert_error_string(verification)))
            }
            throw .unreachable(tlsError())
        }
        return false
    }

    /// Takes in what came from the server.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(RedisFailure) {
        guard BIO_write(incoming, bytes.baseAddress, Int32(bytes.count)) == bytes.count else {
            throw .unreachable(tlsError())
        }
    }

    /// Moves what is to go to the server into the buffer; gives the number of bytes.
    func takeOutgoing(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        Int(max(0, BIO_read(outgoing, buffer.baseAddress, Int32(buffer.count))))
    }

    /// Encrypts bytes, which then are to be taken.
    func encrypt(_ bytes: UnsafeRawBufferPointer) throws(RedisFailure) {
        ERR_clear_error()
        guard SSL_write(session, bytes.baseAddress, Int32(bytes.count)) == bytes.count else { throw .closed }
    }

    /// Decrypts into the buffer; gives the number of bytes, or nil where more has to be received first.
    func decrypt(into buffer: UnsafeMutableRawBufferPointer) throws(RedisFailure) -> Int? {
        ERR_clear_error()
        let count = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
        if count > 0 { return Int(count) }
        guard SSL_get_error(session, count) == SSL_ERROR_WANT_READ else { throw .closed }
        return nil
    }
}

private func tlsError() -> String {
    let code = ERR_get_error()
    guard code != 0, let reason = ERR_reason_error_string(code) else { return "TLS failed" }
    return String(cString: reason)
}
