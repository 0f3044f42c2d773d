// Why no answer came. The one question a caller has is whether the vendor may have acted: a request that
// never left is safe to repeat, anything later has to be looked up first. What is not known to be safe
// counts as unsafe.

import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// A call that brought no complete answer.
package enum TransportFailure: Error, Sendable, Equatable {
    /// No connection was made; the vendor has seen nothing.
    case notSent(String)
    /// The connection broke, or time ran out, after the request may have left.
    case noAnswer(String)
    /// The gate held the call back until then; nothing was sent.
    case held(until: Date, reason: String)
    /// An answer came, but larger than the limit; its status is known.
    case oversized(status: Int, limit: Int)

    /// Whether the vendor may have acted on the request.
    package var mayHaveHappened: Bool {
        switch self {
        case .notSent, .held: false
        case .noAnswer, .oversized: true
        }
    }

    /// What happened, without anything of the request.
    package var reason: String {
        switch self {
        case .notSent(let reason), .noAnswer(let reason), .held(_, let reason): reason
        case .oversized(let status, let limit): "the answer (status \(status)) is larger than \(limit) bytes"
        }
    }

    init(_ error: any Error) {
        switch error {
        case let error as TransportFailure: self = error
        case let error as HTTPClientError where Self.beforeSending.contains(error):
            self = .notSent(error.shortDescription)
        case let error as HTTPClientError: self = .noAnswer(error.shortDescription)
        case let error as NIOConnectionError: self = .notSent("could not connect\(Self.cause(of: error))")
        case let error as ChannelError where Self.isConnecting(error): self = .notSent("could not connect")
        case NIOSSLError.handshakeFailed, is NIOSSLExtraError: self = .notSent("TLS handshake failed")
        // Only connecting can end in these two; an open connection is reset, never refused.
        case let error as IOError where [ECONNREFUSED, EADDRNOTAVAIL].contains(error.errnoCode):
            self = .notSent("could not connect (error \(error.errnoCode))")
        case let error as IOError: self = .noAnswer("connection error \(error.errnoCode)")
        case is CancellationError: self = .noAnswer("the call was cancelled")
        default: self = .noAnswer("\(type(of: error))")
        }
    }

    /// Failures that arise while a connection is being chosen, opened or secured.
    private static let beforeSending: [HTTPClientError] = [
        .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout, .socksHandshakeTimeout,
        .httpProxyHandshakeTimeout, .invalidURL, .emptyHost, .emptyScheme, .alreadyShutdown,
    ]

    /// What the system said of the last address that was tried: an error number, never a name or a key.
    private static func cause(of error: NIOConnectionError) -> String {
        switch error.connectionErrors.last?.error {
        case let refused as IOError: " (error \(refused.errnoCode))"
        case let other?: " (\(type(of: other)))"
        case nil: ""
        }
    }

    private static func isConnecting(_ error: ChannelError) -> Bool {
        switch error {
        case .connectTimeout, .connectPending, .unknownLocalAddress: true
        default: false
        }
    }
}

extension TransportFailure: CustomStringConvertible {
    package var description: String {
        mayHaveHappened ? "\(reason); the outcome is unknown" : "\(reason); nothing was sent"
    }
}
