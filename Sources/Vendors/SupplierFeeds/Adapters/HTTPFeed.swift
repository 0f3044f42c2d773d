import Foundation
internal import VendorHTTP

// A file at an address: what most suppliers have. The host is asked whether it has changed; a download that
// broke off goes on where it stopped, if it is still the same file; and it is spooled before any of it is
// read, so that half a file never counts as a whole one.

/// CSV, XML or JSON over HTTP.
package struct HTTPFeed: SupplierAdapter {
    package static let code = "feed"

    /// A gigabyte: ten times the largest honest feed.
    private static let sizeLimit = 1 << 30

    package let settings: FeedSettings
    let door: FeedDoor

    package func fetch(
        _ state: FetchState, from source: SupplierSource, into spool: any FeedSpool
    ) async throws -> Fetched {
        let here = try await spool.identity()
        // Only a strong tag says that the bytes are the same; without one the file is fetched from the start.
        if here.bytes > 0, here.etag?.hasPrefix("\"") == true,
            let fetched = try await download(state, from: source, into: spool, resuming: here)
        {
            return fetched
        }
        guard let fetched = try await download(state, from: source, into: spool, resuming: nil) else {
            throw Self.refusal(416)
        }
        return fetched
    }

    /// Nil where nothing is left to resume: everything was here when the last attempt died, but what its
    /// answer said of the letters went with it. Then the file is fetched anew, because a guess would print
    /// wrong names.
    private func download(
        _ state: FetchState, from source: SupplierSource, into spool: any FeedSpool,
        resuming here: FeedIdentity?
    ) async throws -> Fetched? {
        let (client, path) = try door.open(source, as: Self.code)
        var writer = SpoolWriter(spool: spool, limit: Self.sizeLimit)
        var state = state
        var end = End.whole
        let request = VendorRequest(.get, path, headers: Self.headers(source, resuming: here))
        do {
            try await client.download(request) { head in
                switch (head.status, here) {
                case (200, _):
                    try await spool.begin(
                        FeedIdentity(etag: head.header("ETag"), lastModified: head.header("Last-Modified")))
                    writer.start(at: 0)
                case (206, let here?): writer.start(at: here.bytes)
                case (304, _):
                    end = .unchanged
                    return false
                case (416, .some):
                    end = .nothingLeft
                    return false
                default: throw Self.refusal(head.status)
                }
                state.encoding = Self.charset(head.header("Content-Type"))
                return true
            } take: { part in
                try await writer.take(part)
            }
        } catch let failure as TransportFailure {
            // What has come is kept for the next attempt.
            try await writer.keepWhole()
            throw FeedProblem(failure)
        }
        switch end {
        case .unchanged: return .unchanged
        case .nothingLeft: return nil
        case .whole:
            state.bytes = try await writer.finish()
            return .complete(state)
        }
    }

    private enum End {
        case whole, unchanged, nothingLeft
    }

    private static func headers(_ source: SupplierSource, resuming: FeedIdentity?) -> [HeaderField] {
        var headers: [HeaderField] = []
        if let credential = source.credential {
            headers.append(
                HeaderField("Authorization", "Basic " + Data(credential.utf8).base64EncodedString()))
        }
        if let resuming, let etag = resuming.etag {
            headers.append(HeaderField("Range", "bytes=\(resuming.bytes)-"))
            headers.append(HeaderField("If-Range", etag))
        } else if let etag = source.known.etag {
            headers.append(HeaderField("If-None-Match", etag))
        } else if let date = source.known.lastModified {
            headers.append(HeaderField("If-Modified-Since", date))
        }
        return headers
    }

    private static func refusal(_ status: Int) -> FeedProblem {
        switch status {
        case 401, 403: .refused(status: status, "the credentials are not accepted")
        case 404, 410: .refused(status: status, "there is no feed at this address")
        case 301, 302, 303, 307, 308: .refused(status: status, "the feed has moved; save its new address")
        default: .refused(status: status, "that is no feed")
        }
    }

    private static func charset(_ type: String?) -> FeedEncoding? {
        guard let type, let mark = type.lowercased().firstRange(of: "charset=") else { return nil }
        let label = type[mark.upperBound...].prefix { $0 != ";" && $0 != " " }
        return FeedEncoding(label: label.filter { $0 != "\"" })
    }
}

/// Gathers what arrives into writes of the spool's grain.
struct SpoolWriter {
    let spool: any FeedSpool
    let limit: Int
    private var offset = 0
    private var waiting: [UInt8] = []

    /// So many bytes are gathered before they are written.
    private static let batch = 1 << 20

    init(spool: any FeedSpool, limit: Int) {
        self.spool = spool
        self.limit = limit
    }

    mutating func start(at offset: Int) { self.offset = offset }

    mutating func take(_ part: [UInt8]) async throws {
        waiting += part
        guard offset + waiting.count <= limit else { throw FeedProblem.tooLarge(limit: limit) }
        if waiting.count >= Self.batch { try await keepWhole() }
    }

    /// Writes as much as is a multiple of the grain.
    mutating func keepWhole() async throws {
        let whole = waiting.count / spool.grain * spool.grain
        guard whole > 0 else { return }
        try await spool.write(Array(waiting[..<whole]), at: offset)
        waiting.removeFirst(whole)
        offset += whole
    }

    /// Writes the rest. Returns the length of the feed.
    mutating func finish() async throws -> Int {
        if !waiting.isEmpty {
            try await spool.write(waiting, at: offset)
            offset += waiting.count
            waiting = []
        }
        return offset
    }
}
