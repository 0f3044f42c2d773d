// One JSON line per request. It names the route's pattern, not the path: a path can hold an order's
// secret token. No address, no user agent, no query: nothing here identifies a person.

import Foundation

package struct AccessRecord: Encodable, Sendable {
    let time: Date
    let requestId: String
    let method: String
    let route: String
    let status: Int
    let milliseconds: Double
    let bytes: Int?
    let tenant: String?
    let problem: String?
}

package struct AccessLog: Sendable {
    private let write: @Sendable (AccessRecord) -> Void

    package init(_ write: @escaping @Sendable (AccessRecord) -> Void) {
        self.write = write
    }

    /// Writes nothing.
    package static let silent = AccessLog { _ in }

    /// Writes JSON lines to standard output.
    package static let standardOutput = AccessLog { record in
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        // A line that cannot be written must not fail the request it describes.
        guard var line = try? encoder.encode(record) else { return }
        line.append(0x0A)
        try? FileHandle.standardOutput.write(contentsOf: line)
    }

    func record(_ record: AccessRecord) {
        write(record)
    }
}
