// Brings one event to a merchant's program. Whatever goes wrong there is an answer and no error: the merchant
// is shown it, and the workflow decides what comes next. The status decides; the body is only evidence, of
// which the first bytes are kept, so neither a huge answer nor one that drips costs more than a moment.

import Commerce
import Foundation
import Synchronization
package import VendorHTTP

/// What is sent: the id is the same on every attempt, so a receiver can tell a repetition.
package struct HookMessage: Sendable {
    package let id: String
    package let body: [UInt8]

    package init(id: String, body: [UInt8]) {
        self.id = id
        self.body = body
    }
}

/// What came back of one attempt.
package struct HookAnswer: Codable, Sendable, Equatable {
    /// Nil where no answer came.
    package var status: Int?
    /// Why the attempt failed, for the merchant; nil where it did not.
    package var problem: String?
    /// The first characters of the answer.
    package var excerpt: String
    package var milliseconds: Int
    /// What the receiver asked for.
    package var retryAfterSeconds: Int?

    package init(
        status: Int?, problem: String?, excerpt: String = "", milliseconds: Int = 0,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.problem = problem
        self.excerpt = excerpt
        self.milliseconds = milliseconds
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var isTaken: Bool { problem == nil }
    /// The receiver says that there is nobody here any more.
    package var isGone: Bool { status == 410 }
}

package struct HookClient: Sendable {
    /// So much of an answer is kept.
    private static let excerptBytes = 512

    private let transport: VendorTransport
    private let mayReachPrivateHosts: Bool
    private let timeout: Duration
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - mayReachPrivateHosts: for demos and tests, whose receivers live on this machine.
    ///   - timeout: the longest that one attempt may take.
    package init(
        transport: VendorTransport = .shared, mayReachPrivateHosts: Bool = false,
        timeout: Duration = .seconds(15), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.transport = mayReachPrivateHosts ? transport : transport.onlyTo(NetworkHost.isPublic)
        self.mayReachPrivateHosts = mayReachPrivateHosts
        self.timeout = timeout
        self.now = now
    }

    /// Sends the message once. Throws only where this task was cancelled.
    package func send(
        _ message: HookMessage, to address: String, signedWith secrets: [Secret]
    ) async throws -> HookAnswer {
        let problem = WebhookRules.problem(ofAddress: address, mayBePrivate: mayReachPrivateHosts)
        guard problem == nil, let target = HookTarget(address) else {
            return HookAnswer(status: nil, problem: "the address \(problem ?? "cannot be read")")
        }
        let started = ContinuousClock.now
        let heard = HeardAnswer(limit: Self.excerptBytes)
        let failure = try await exchange(message, target, secrets, heard)
        try Task.checkCancellation()
        let elapsed = (ContinuousClock.now - started).components
        let milliseconds = Int(elapsed.seconds) * 1_000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
        return heard.answer(failure: failure, milliseconds: milliseconds, now: now())
    }

    /// Why no answer came; nil where one did, whole or in part.
    private func exchange(
        _ message: HookMessage, _ target: HookTarget, _ secrets: [Secret], _ heard: HeardAnswer
    ) async throws -> String? {
        let client = VendorHTTPClient(
            account: VendorAccount(vendor: "merchant-hooks", name: target.host), base: target.base,
            headers: [], timeout: timeout, transport: transport)
        let request = request(message, target, secrets)
        let limit = timeout
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await client.download(request) { head in
                        heard.began(head.status, retryAfter: head.header("Retry-After"))
                        return true
                    } take: { part in
                        guard heard.took(part) else { throw HeardEnough() }
                    }
                    return nil
                } catch is HeardEnough {
                    return nil
                } catch let failure as TransportFailure {
                    return failure.reason
                } catch {
                    return "\(type(of: error))"
                }
            }
            group.addTask {
                // Cancelled when the answer was there first; both ends of this race say the same then.
                try? await Task.sleep(for: limit)
                return "no answer within \(limit.components.seconds) seconds"
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func request(
        _ message: HookMessage, _ target: HookTarget, _ secrets: [Secret]
    ) -> VendorRequest {
        let timestamp = Int64(now().timeIntervalSince1970.rounded(.down))
        return VendorRequest(
            .post, target.path,
            headers: [
                HeaderField(HookSignature.idHeader, message.id),
                HeaderField(HookSignature.timestampHeader, String(timestamp)),
                HeaderField(
                    HookSignature.signatureHeader,
                    HookSignature.header(
                        id: message.id, timestamp: timestamp, body: message.body, secrets: secrets)),
            ], body: .bytes(message.body, contentType: "application/json"))
    }
}

/// An address in the two parts that the client wants.
private struct HookTarget {
    let host: String
    let base: String
    let path: String

    init?(_ address: String) {
        guard let url = URLComponents(string: address), let host = url.host, let scheme = url.scheme else {
            return nil
        }
        self.host = host
        base = "\(scheme)://\(host)\(url.port.map { ":\($0)" } ?? "")"
        let path = url.percentEncodedPath
        self.path = (path.isEmpty ? "/" : path) + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
    }
}

private struct HeardEnough: Error {}

/// What has come of an answer so far; the attempt may be cut off at any moment.
private final class HeardAnswer: Sendable {
    private struct State {
        var status: Int?
        var retryAfter: String?
        var bytes: [UInt8] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func began(_ status: Int, retryAfter: String?) {
        state.withLock {
            $0.status = status
            $0.retryAfter = retryAfter
        }
    }

    /// False once enough has come.
    func took(_ part: [UInt8]) -> Bool {
        state.withLock {
            $0.bytes += part.prefix(limit - $0.bytes.count)
            return $0.bytes.count < limit
        }
    }

    func answer(failure: String?, milliseconds: Int, now: Date) -> HookAnswer {
        state.withLock { state in
            HookAnswer(
                status: state.status, problem: Self.problem(state.status, failure),
                excerpt: Self.readable(state.bytes), milliseconds: milliseconds,
                retryAfterSeconds: state.retryAfter.flatMap { Int($0) }.map { max(0, $0) })
        }
    }

    private static func problem(_ status: Int?, _ failure: String?) -> String? {
        guard let status else { return failure ?? "no answer" }
        return switch status {
        case 200..<300: nil
        case 300..<400: "redirects are not followed; save the address it leads to"
        case 410: "the receiver is gone"
        default: "the receiver answered \(status)"
        }
    }

    /// Text that any page and any database takes.
    private static func readable(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).filter { character in
            character == "\n" || character.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        }
    }
}
