// How to add a supplier.
//
// 1. Make a file (a folder, where it needs more) in `Adapters` with a type that conforms to
//    `SupplierAdapter`.
// 2. `fetch` brings what the supplier has into the spool and says how to go on; it is called until it answers
//    `.complete`, each call is a recorded step, and a call that failed is made again with the same state. An
//    API that answers in pages writes a page per call, one record per line.
// 3. `settings` says how the records in the spool are read: the same cutter, readers, checks and quarantine
//    serve every supplier, so an adapter never makes articles itself.
// 4. Give it its line in `SupplierAdapters.adapter`.
//
// What a supplier allows is a line in the fleet's vendor limits, under the adapter's code.

/// Where the bytes of a feed lie while they are read.
package protocol FeedSpool: Sendable {
    /// Appends bytes at `offset`, which is where the spool ends, or begins anew from there.
    func write(_ bytes: [UInt8], at offset: Int) async throws
    /// Forgets everything that was written and remembers of which feed the next bytes are.
    func begin(_ identity: FeedIdentity) async throws
    /// Of which feed the bytes are that lie here.
    func identity() async throws -> FeedIdentity
    /// Every write but the last must be a multiple of this.
    var grain: Int { get }
}

/// What a host says of the state of its feed, and how much of it has been spooled.
package struct FeedIdentity: Sendable, Equatable {
    package var etag: String?
    package var lastModified: String?
    package var bytes: Int

    package init(etag: String? = nil, lastModified: String? = nil, bytes: Int = 0) {
        self.etag = etag
        self.lastModified = lastModified
        self.bytes = bytes
    }
}

/// How far fetching has come: recorded between two calls.
package struct FetchState: Sendable, Codable, Hashable {
    package var page: Int
    package var bytes: Int
    /// What the answer's header says of the letters.
    package var encoding: FeedEncoding?

    package init(page: Int = 0, bytes: Int = 0, encoding: FeedEncoding? = nil) {
        self.page = page
        self.bytes = bytes
        self.encoding = encoding
    }
}

/// The answer of one call of `fetch`.
package enum Fetched: Sendable, Codable, Hashable {
    /// The feed is what it was when it was last taken in.
    case unchanged
    case more(FetchState)
    case complete(FetchState)
}

/// Where a supplier is read, as a merchant has set it up.
package struct SupplierSource: Sendable {
    package let address: String
    /// What opens it: `user:password`, a key, or nothing.
    package let credential: String?
    /// Of the feed that was last taken in completely.
    package let known: FeedIdentity

    package init(address: String, credential: String? = nil, known: FeedIdentity = FeedIdentity()) {
        self.address = address
        self.credential = credential
        self.known = known
    }
}

/// One supplier's protocol.
package protocol SupplierAdapter: Sendable {
    /// The stored name.
    static var code: String { get }

    /// How the records in the spool are read.
    var settings: FeedSettings { get }

    /// Brings the next part of what the supplier has into the spool.
    func fetch(_ state: FetchState, from source: SupplierSource, into spool: any FeedSpool) async throws
        -> Fetched
}
