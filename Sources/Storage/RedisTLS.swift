internal import CHiredis

/// The trusted certificates by which a server's certificate is verified.
///
/// Unchecked `Sendable`: any number of threads may create sessions from an OpenSSL context that no longer changes
/// (openssl-threads(7)).
final class RedisTrust: @unchecked Sendable {
    fileprivate let context: OpaquePointer

    /// Loads the system's trusted certificates, or those in a file.
    ///
    /// - Throws: ``StorageError`` with ``StorageError/Code/failed`` if the certificates cannot be loaded.
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
                "the trusted certificates cannot be read: check ca= in the Redis address",
                cause: RedisFailure.unreachable(tlsError())
            )
        }
    }

    deinit {
        SSL_CTX_free(context)
    }
}

/// Encrypts and decrypts the bytes of a connection; its owner sends and receives them.
final class RedisTLS {
    private let session: OpaquePointer
    /// Encrypted bytes that were received, and those to be sent; the session frees both.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    /// Starts a session with the server at a host name or IP address.
    init(host: String, trust: RedisTrust) throws(RedisFailure) {
        guard let session = SSL_new(trust.context) else { throw .unreachable(tlsError()) }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(session)
            throw .unreachable(tlsError())
        }
        SSL_set_bio(session, incoming, outgoing)
        (self.session, self.incoming, self.outgoing) = (session, incoming, outgoing)
        SSL_set_connect_state(session)
        // IP addresses are matched against other certificate fields than names, and are not sent for SNI.
        guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) != 1 else { return }
        guard SSL_set1_host(session, host) == 1, chiredis_ask_for_name(session, host) == 1 else {
            throw .unreachable(tlsError())
        }
    }

    deinit {
        SSL_free(session)
    }

    /// Advances the handshake; returns false if it needs more bytes from the server.
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

    /// Adds encrypted bytes received from the server.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(RedisFailure) {
        guard BIO_write(incoming, bytes.baseAddress, Int32(bytes.count)) == bytes.count else {
            throw .unreachable(tlsError())
        }
    }

    /// Moves encrypted bytes to be sent into the buffer; returns the number of bytes.
    func takeOutgoing(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        Int(max(0, BIO_read(outgoing, buffer.baseAddress, Int32(buffer.count))))
    }

    /// Encrypts bytes; fetch the result with ``takeOutgoing(into:)``.
    func encrypt(_ bytes: UnsafeRawBufferPointer) throws(RedisFailure) {
        ERR_clear_error()
        guard SSL_write(session, bytes.baseAddress, Int32(bytes.count)) == bytes.count else { throw .closed }
    }

    /// Decrypts into the buffer; returns the number of bytes, or nil if more must be received first.
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
