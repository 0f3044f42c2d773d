// Questions to the machine's own resolver about names that strangers chose. The resolver blocks, and a name
// whose server never answers holds its thread for up to half a minute, which nobody can cut short. So these
// questions have threads of their own, a call waits for its answer no longer than a set time, and one name
// may hold two threads at most, whose answer goes to all who ask: a merchant with a dead name server delays
// nobody else.

import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Asks where names lead, without ever waiting long.
package final class NameLookUps: Sendable {
    package static let shared = NameLookUps()

    /// Many for what they do, because nearly all that they do is wait. Begun with the first question.
    private static let threads = NIOThreadPool._makePerpetualStartedPool(
        numberOfThreads: 16, threadNamePrefix: "lookup-")
    /// Two, so that one lost datagram does not hold up the next call to a name that is well.
    private static let limitPerHost = 2

    private let patience: Duration
    private let ask: @Sendable (String) -> [[UInt8]]
    private let questions = Mutex<[String: Questions]>([:])

    /// About one host.
    private struct Questions {
        /// Those that hold a thread or wait for one.
        var underWay = 0
        /// Calls that get the answer to one of them.
        var waiting: [EventLoopPromise<[[UInt8]]>] = []
    }

    /// - Parameters:
    ///   - patience: how long a call waits for its answer.
    ///   - ask: blocks until the addresses of a host are known; none where nothing is found.
    package init(
        patience: Duration = .seconds(5),
        asking ask: @escaping @Sendable (String) -> [[UInt8]] = NameLookUps.systemAddresses
    ) {
        self.patience = patience
        self.ask = ask
    }

    /// The addresses of a host; none where nothing is found. Throws `TransportFailure.notSent` where the
    /// answer takes too long. The thread of a call that was given up ends by itself, and counts for its host
    /// until then.
    package func addresses(of host: String) async throws -> [[UInt8]] {
        let name = host.lowercased()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        // What comes first counts: the answer, the limit or the end of the task.
        let answer = loop.makePromise(of: [[UInt8]].self)
        let deadline = NIODeadline.now() + TimeAmount(patience)
        let slow = TransportFailure.notSent(
            "\(host) was not found within \(patience.components.seconds) seconds")
        let limit = loop.scheduleTask(deadline: deadline) { answer.fail(slow) }
        defer { limit.cancel() }
        if begin(name, answer) {
            Self.threads.submit { [self] _ in
                // Nobody waits any more for a question that stood in the queue for so long.
                guard NIODeadline.now() < deadline else {
                    for other in end(name) { other.fail(slow) }
                    return answer.fail(slow)
                }
                let found = ask(host)
                for other in end(name) + [answer] { other.succeed(found) }
            }
        }
        return try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
    }

    /// Whether a question of its own is to be asked; otherwise the answer comes with another's.
    private func begin(_ name: String, _ answer: EventLoopPromise<[[UInt8]]>) -> Bool {
        questions.withLock { questions in
            guard questions[name, default: Questions()].underWay < Self.limitPerHost else {
                questions[name]?.waiting.append(answer)
                return false
            }
            questions[name, default: Questions()].underWay += 1
            return true
        }
    }

    /// Returns the calls that wait for an answer about this host.
    private func end(_ name: String) -> [EventLoopPromise<[[UInt8]]>] {
        questions.withLock { questions in
            let waiting = questions[name]?.waiting ?? []
            questions[name]?.waiting = []
            questions[name]?.underWay -= 1
            if questions[name]?.underWay == 0 { questions[name] = nil }
            return waiting
        }
    }

    /// As the machine's own resolver answers. Blocks.
    package static let systemAddresses: @Sendable (String) -> [[UInt8]] = { host in
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [[UInt8]] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = entry.pointee.ai_addr else { continue }
            switch Int32(address.pointee.sa_family) {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                    found.append(withUnsafeBytes(of: pointer.pointee.sin_addr) { Array($0) })
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                    found.append(withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) })
                }
            default: continue
            }
        }
        return found
    }
}
