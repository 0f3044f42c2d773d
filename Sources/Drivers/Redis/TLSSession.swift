internal import COpenSSL
internal import Glibc

// TLS over the connection's non-blocking socket. The server's certificate must lead to a trusted authority
// and must name the host of the URL; there is no switch to turn either off, because such switches reach
// production.

final class TLSSession {
    private let context: OpaquePointer
    private let session: OpaquePointer

    /// Values of OpenSSL's header that are macros, which Swift does not see.
    private enum Control {
        static let mode: Int32 = 33
        static let partialAndMovingWrites = 0x1 | 0x2
        static let serverName: Int32 = 55
        static let serverNameIsHost = 0
        static let leastVersion: Int32 = 123
        static let version12 = 0x0303
    }

    init(_ tls: RedisConfiguration.TLS, host: String, descriptor: Int32) throws(DialFailure) {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw .unreachable("TLS: \(Self.lastError())")
        }
        SSL_CTX_ctrl(context, Control.leastVersion, Control.version12, nil)
        SSL_CTX_ctrl(context, Control.mode, Control.partialAndMovingWrites, nil)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let loaded =
            if let file = tls.authorityFile {
                SSL_CTX_load_verify_locations(context, file, nil)
            } else {
                SSL_CTX_set_default_verify_paths(context)
            }
        guard loaded == 1, let session = SSL_new(context) else {
            let cause = Self.lastError()
            SSL_CTX_free(context)
            throw .unreachable(
                "TLS: cannot load \(tls.authorityFile ?? "the system's certificates"): \(cause)",
                isLasting: true)
        }
        self.context = context
        self.session = session
        SSL_set_fd(session, descriptor)
        expect(host)
    }

    deinit {
        SSL_free(session)
        SSL_CTX_free(context)
    }

    private func expect(_ host: String) {
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        if isAddress { return }
        SSL_set1_host(session, host)
        var name = Array(host.utf8CString)
        SSL_ctrl(session, Control.serverName, Control.serverNameIsHost, &name)
    }

    func handshake(
        with place: String, _ descriptor: Int32, until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) {
        while true {
            ERR_clear_error()
            let outcome = SSL_connect(session)
            if outcome == 1 { return }
            guard case .blocked(let events) = progress(after: outcome) else {
                throw refusal(by: place)
            }
            switch pause(SocketInterest(descriptor: descriptor, events: events), deadline) {
            case .ready: continue
            case .deadline: throw .unreachable("\(place) does not finish the TLS handshake")
            case .stopped: throw .stopped
            }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Progress {
        ERR_clear_error()
        let count = SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
        return progress(after: count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Progress {
        ERR_clear_error()
        let count = SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
        return progress(after: count)
    }

    private func progress(after outcome: Int32) -> Progress {
        if outcome > 0 { return .moved(Int(outcome)) }
        let code = errno
        switch SSL_get_error(session, outcome) {
        case SSL_ERROR_WANT_READ: return .blocked(Int16(POLLIN))
        case SSL_ERROR_WANT_WRITE: return .blocked(Int16(POLLOUT))
        case SSL_ERROR_ZERO_RETURN: return .ended("the server closed the connection")
        case SSL_ERROR_SYSCALL where code != 0: return .ended(String(cString: strerror(code)))
        default: return .ended("TLS: \(Self.lastError())")
        }
    }

    private func refusal(by place: String) -> DialFailure {
        let verdict = SSL_get_verify_result(session)
        guard verdict == Int(X509_V_OK) else {
            let reason = String(cString: X509_verify_cert_error_string(verdict))
            return .unreachable("the certificate of \(place) is not accepted: \(reason)", isLasting: true)
        }
        return .unreachable("TLS handshake with \(place): \(Self.lastError())")
    }

    private static func lastError() -> String {
        let code = ERR_get_error()
        guard code != 0 else { return "the server closed the connection" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
