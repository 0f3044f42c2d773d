import Foundation
import Synchronization

// Every request leaves a row here, in order of arrival, whether it was answered or not, and every effect
// is counted. This is the witness in exactly-once tests: it lives outside the code under test and sees what
// the vendor really did, also when the caller never heard the answer.

/// One request and what became of it.
package struct RecordedCall: Sendable {
    package let number: Int
    package let at: Date
    package let method: String
    package let path: String
    package let query: String
    package let headers: [String: String]
    package let body: String
    /// The status that was sent; nil while it runs, and for good when the connection was dropped.
    package internal(set) var status: Int?
    package internal(set) var effect: SandboxEffect?
    /// The injected fault that struck, if any.
    package internal(set) var fault: String?
    package internal(set) var response: String = ""

    var json: JSON {
        [
            "number": .integer(Int64(number)),
            "at": .string(at.ISO8601Format(.init(includingFractionalSeconds: true))),
            "method": .string(method), "path": .string(path), "query": .string(query),
            "headers": .object(headers.mapValues(JSON.string)), "body": .string(body),
            "status": JSON(status.map(Int64.init)), "effect": JSON(effect?.name),
            "object": JSON(effect?.subject),
            "fault": JSON(fault), "response": .string(response),
        ]
    }
}

/// The requests a vendor received and the effects they had.
package final class CallRecorder: Sendable {
    /// Enough for an hour of drill; the oldest rows go first. Effects are counted for good.
    private static let capacity = 50_000
    /// Longer bodies are cut in the record only.
    private static let bodyLimit = 64 * 1024

    private struct Book {
        var calls: [RecordedCall] = []
        var next = 1
        var effects: [String: Int] = [:]
        var subjects: [String: Int] = [:]
    }

    private let book = Mutex(Book())

    package init() {}

    /// Every call on record, oldest first.
    package var calls: [RecordedCall] { book.withLock { $0.calls } }

    /// The calls of a path template and a method, oldest first.
    package func calls(_ method: String? = nil, _ path: String) -> [RecordedCall] {
        let template = PathTemplate(path)
        return calls.filter { call in
            (method == nil || call.method == method) && template.match(call.path) != nil
        }
    }

    /// How often something happened, such as `refund.create`.
    package func count(of effect: String) -> Int { book.withLock { $0.effects[effect] ?? 0 } }

    /// How often something happened to one object.
    package func count(of effect: String, on subject: String) -> Int {
        book.withLock { $0.subjects["\(effect) \(subject)"] ?? 0 }
    }

    /// All counts by effect name.
    package var effects: [String: Int] { book.withLock { $0.effects } }

    func begin(_ request: SandboxRequest) -> Int {
        let body = String(decoding: request.body.prefix(Self.bodyLimit), as: UTF8.self)
        return book.withLock { book in
            let number = book.next
            book.next += 1
            if book.calls.count >= Self.capacity { book.calls.removeFirst(Self.capacity / 10) }
            book.calls.append(
                RecordedCall(
                    number: number, at: Date(), method: request.method, path: request.path,
                    query: request.query,
                    headers: request.headers, body: body))
            return number
        }
    }

    /// Completes a row. An effect is counted here, once, also when its answer is never sent.
    func finish(_ number: Int, status: Int?, effect: SandboxEffect?, fault: String?, response: [UInt8] = [])
    {
        let text = String(decoding: response.prefix(Self.bodyLimit), as: UTF8.self)
        book.withLock { book in
            if let effect {
                book.effects[effect.name, default: 0] += 1
                book.subjects["\(effect.name) \(effect.subject)", default: 0] += 1
            }
            let first = book.calls.first?.number ?? number
            let position = number - first
            guard book.calls.indices.contains(position) else { return }
            book.calls[position].status = status
            book.calls[position].effect = effect
            book.calls[position].fault = fault
            book.calls[position].response = text
        }
    }

    func reset() {
        book.withLock { book in
            // Numbers go on, so that a request under way during the reset cannot complete a newer row.
            book = Book(next: book.next)
        }
    }
}
