// A merchant's own supplier is read: first the whole feed is fetched and laid down, then it is taken in by
// pages of a thousand rows, each in one transaction with the position behind it. Killed anywhere, the run
// goes on at the page it had not finished. What costs more then goes through the guard. A dry run reads the
// same way, writes down what would change, and touches nothing else.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SupplierFeeds

/// Takes in the feed of one supplier of a store.
package struct SupplierSync: Workflow {
    package static let name: WorkflowName = "supplier_sync"

    package enum Step: String, WorkflowStep { case open, fetch, page, retire, reprice, close }

    package struct Input: Codable, Sendable {
        package let feed: SupplierFeedID
        package let mode: SyncMode
        /// Takes articles off although they are more than a feed may take off at once.
        package let isForced: Bool
        package init(feed: SupplierFeedID, mode: SyncMode = .apply, isForced: Bool = false) {
            self.feed = feed
            self.mode = mode
            self.isForced = isForced
        }
    }

    package struct Output: Codable, Sendable, Equatable {
        package let sync: SupplierSyncID
        package let state: SyncState
        package let counts: SyncCounts
        package let problem: String?
    }

    /// Rows of one transaction: long enough to be quick, short enough to hold locks for a moment only.
    private static let pageRows = 1_000
    /// A run has ten thousand steps.
    private static let pageLimit = 9_000
    /// Pages of products whose costs are met by one sync; the next one goes on.
    private static let repricingLimit = 500

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let opened = try await open(input, flow)
        do {
            guard let fetched = try await fetch(opened, flow) else {
                return try await close(opened, as: .unchanged, flow)
            }
            try await takeIn(fetched, opened, flow)
            if case .tooMany(let count, let known) = try await retire(opened, input, flow) {
                let problem =
                    "the feed leaves out \(count) of \(known) articles; nothing was taken off. Look at "
                    + "the feed, and sync with force if it is right"
                return try await close(opened, as: .stopped, problem: problem, flow)
            }
            if input.mode == .apply { try await meetCosts(opened, flow) }
            return try await close(opened, as: .done, flow)
        } catch let failure as StepFailed {
            // The sync's row and the merchant learn how it ended; what was taken in so far is right and
            // stays.
            return try await close(opened, as: .failed, problem: failure.failure.message, flow)
        }
    }

    private struct Opened: Codable, Sendable {
        let sync: OpenSync
        let feed: SupplierFeedID
        let adapter: String
        let settings: String
        let address: String
        let credentialKind: String?
        let known: Known
        let removalLimit: BasisPoints

        struct Known: Codable, Sendable {
            let etag: String?
            let lastModified: String?
        }
    }

    private func open(_ input: Input, _ flow: Flow<Self>) async throws -> Opened {
        let now = try await flow.now()
        return try await flow.transaction(.open, on: shop.transactions) { tx in
            try await PlanGate().check(.ownSupplier, in: tx)
            let feed = try await FeedBook().load(input.feed, in: tx)
            let sync = try await SupplierSyncs().open(
                feed, input.mode, run: flow.id.rawValue, at: now, in: tx)
            // A forced sync and a dry run look at the feed even where its host says that nothing has changed.
            let isFresh = input.mode == .apply && !input.isForced
            return Opened(
                sync: sync, feed: feed.id, adapter: feed.adapter, settings: feed.settings,
                address: feed.address, credentialKind: feed.credentialKind,
                known: Opened.Known(
                    etag: isFresh ? feed.etag : nil, lastModified: isFresh ? feed.lastModified : nil),
                removalLimit: feed.removalLimit)
        }
    }

    /// Lays the feed down; nil when it is what it was.
    private func fetch(_ opened: Opened, _ flow: Flow<Self>) async throws -> FetchState? {
        var state = FetchState()
        var round = 0
        while true {
            round += 1
            let soFar = state
            let fetched = try await flow.step(.fetch, for: round, retry: .standard) { _ in
                let credential = try await credential(opened, flow.tenant)
                let source = SupplierSource(
                    address: opened.address, credential: credential,
                    known: FeedIdentity(etag: opened.known.etag, lastModified: opened.known.lastModified))
                return try await shop.suppliers.adapter(opened.adapter, settings: opened.settings).fetch(
                    soFar, from: source,
                    into: StoreSpool(shop: shop, tenant: flow.tenant, sync: opened.sync.id))
            }
            switch fetched {
            case .unchanged: return nil
            case .complete(let state): return state
            case .more(let next): state = next
            }
        }
    }

    private func credential(_ opened: Opened, _ tenant: Tenant) async throws -> String? {
        guard let kind = opened.credentialKind else { return nil }
        return try await shop.inStore(tenant) { try await shop.credentials.load(kind: kind, in: $0) }
    }

    private func takeIn(_ fetched: FetchState, _ opened: Opened, _ flow: Flow<Self>) async throws {
        var cursor = FeedCursor()
        var number = 0
        while !cursor.isAtEnd {
            number += 1
            guard number <= Self.pageLimit else {
                throw StepFailed(
                    FailureRecord(
                        code: "feed_too_long", message: "the feed has more than \(Self.pageLimit) pages"))
            }
            let start = cursor
            cursor = try await flow.transaction(.page, for: number, on: shop.transactions) { tx in
                try await page(from: start, fetched, opened, tx)
            }
        }
    }

    private func page(
        from start: FeedCursor, _ fetched: FetchState, _ opened: Opened, _ tx: Transaction<OneTenant>
    ) async throws -> FeedCursor {
        let adapter = try shop.suppliers.adapter(opened.adapter, settings: opened.settings)
        let reader = FeedReader(adapter.settings, declared: fetched.encoding)
        let window = try await FeedChunks().read(
            from: start.offset, count: FeedCutter.windowSize, of: opened.sync.id, in: tx)
        let isEnd = start.offset + window.count >= fetched.bytes
        let cut = try reader.cutter.cut(window, from: start, isEnd: isEnd, limit: Self.pageRows)
        guard cut.isProgress(since: start) else {
            throw FeedProblem.malformed(row: start.row, "the reader cannot go on")
        }
        let records = reader.fingerprints(cut.records, cut.cursor)
        let met = try await SupplierItems().meet(records.map(\.mark), in: opened.sync, tx)
        let fresh = reader.items(records.filter { met.unknown.contains($0.record.row) }, cut.cursor)
        var counts = try await SupplierItems().store(
            fresh.items, refused: cut.problems + met.problems + fresh.problems, in: opened.sync, tx)
        counts.read = cut.cursor.row - start.row - (start.isBeforeHeader && cut.cursor.hasHeader ? 1 : 0)
        counts.unchanged += met.unchanged
        try await SupplierSyncs().advance(opened.sync, by: counts, to: cut.cursor.note, in: tx)
        return cut.cursor
    }

    private func retire(
        _ opened: Opened, _ input: Input, _ flow: Flow<Self>
    ) async throws -> SupplierItems.Retired {
        try await flow.transaction(.retire, on: shop.transactions) { tx in
            let retired = try await SupplierItems().retireUnseen(
                in: opened.sync, limit: opened.removalLimit, isForced: input.isForced, tx)
            if case .removed(let count) = retired {
                var counts = SyncCounts()
                counts.removed = count
                try await SupplierSyncs().advance(opened.sync, by: counts, in: tx)
            }
            return retired
        }
    }

    private func meetCosts(_ opened: Opened, _ flow: Flow<Self>) async throws {
        var total = SupplierCosts.Page()
        for number in 1...Self.repricingLimit {
            let page = try await flow.transaction(.reprice, for: number, on: shop.transactions) { tx in
                let page = try await SupplierCosts().apply(of: opened.sync.supplier, in: tx)
                var counts = SyncCounts()
                (counts.repriced, counts.paused) = (page.repriced, page.paused)
                try await SupplierSyncs().advance(opened.sync, by: counts, in: tx)
                return page
            }
            total = total.adding(page)
            if page.isLast { break }
        }
        let told = total
        try await flow.write(.reprice, for: "tell", in: shop) { tx in
            try await SupplierCosts().tell(told, subject: "\(opened.sync.id)", in: tx)
        }
    }

    private func close(
        _ opened: Opened, as state: SyncState, problem: String? = nil, _ flow: Flow<Self>
    ) async throws -> Output {
        let now = try await flow.now()
        return try await flow.transaction(.close, on: shop.transactions) { tx in
            try await SupplierSyncs().close(opened.sync, as: state, problem: problem, at: now, in: tx)
            let line = try await SupplierSyncs().load(opened.sync.id, in: tx)
            try await tell(line, of: opened, tx)
            return Output(sync: line.id, state: line.state, counts: line.counts, problem: line.problem)
        }
    }

    /// One open item per feed, until a sync has nothing to complain of.
    private func tell(
        _ line: SupplierSyncLine, of opened: Opened, _ tx: Transaction<OneTenant>
    ) async throws {
        guard opened.sync.mode == .apply, line.state != .superseded, line.state != .unchanged else { return }
        let subject = "\(opened.feed)"
        guard line.problem != nil || line.counts.refused > 0 else {
            return try await Attention().resolve(.supplierFeed, subject: subject, by: "sync", in: tx)
        }
        let refused = "\(line.counts.refused) of \(line.counts.read) rows were set aside"
        try await Attention().open(
            .supplierFeed, subject: subject, message: line.problem ?? refused, in: tx)
    }
}

/// The spool of a sync in the store's own tables.
private struct StoreSpool: FeedSpool {
    let shop: Shop
    let tenant: Tenant
    let sync: SupplierSyncID

    var grain: Int { FeedChunks.size }

    func write(_ bytes: [UInt8], at offset: Int) async throws {
        try await shop.inStore(tenant) { try await FeedChunks().write(bytes, at: offset, of: sync, in: $0) }
    }

    func begin(_ identity: FeedIdentity) async throws {
        let head = FeedChunks.Head(etag: identity.etag, lastModified: identity.lastModified)
        try await shop.inStore(tenant) { try await FeedChunks().begin(head, of: sync, in: $0) }
    }

    func identity() async throws -> FeedIdentity {
        let head = try await shop.inStore(tenant) { try await FeedChunks().head(of: sync, in: $0) }
        return FeedIdentity(etag: head.etag, lastModified: head.lastModified, bytes: head.bytes)
    }
}
