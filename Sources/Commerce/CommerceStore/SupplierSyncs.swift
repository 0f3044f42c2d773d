package import Commerce
package import Foundation
internal import Postgres

// One reading of a feed, from its opening to its end. Every page is stored in a transaction that first takes
// the sync's row: a sync that was superseded meanwhile finds itself closed and stops before it writes
// anything.

/// A sync that is under way, as its pages need it.
package struct OpenSync: Sendable, Codable {
    package let id: SupplierSyncID
    package let feed: SupplierFeedID
    package let supplier: SupplierID
    package let mode: SyncMode

    var seenColumn: String { mode == .apply ? "seen_by" : "rehearsed_by" }
}

package enum SyncMode: String, Sendable, Codable, CaseIterable {
    case apply
    /// Finds and shows what would change, and changes nothing.
    case dryRun = "dry_run"
}

package enum SyncState: String, Sendable, Codable, CaseIterable {
    case open, done
    /// The host said that nothing has changed.
    case unchanged
    /// Ended before it took off more articles than it may.
    case stopped
    case failed
    /// A newer sync of the same feed began.
    case superseded
}

/// What a sync has counted.
package struct SyncCounts: Sendable, Codable, Hashable {
    package var read = 0
    package var added = 0
    package var changed = 0
    package var unchanged = 0
    package var removed = 0
    package var refused = 0
    package var repriced = 0
    package var paused = 0

    package init() {}
}

/// A sync as it is listed.
package struct SupplierSyncLine: Sendable {
    package let id: SupplierSyncID
    package let feed: SupplierFeedID
    package let mode: SyncMode
    package let state: SyncState
    package let counts: SyncCounts
    package let bytes: Int
    package let problem: String?
    package let startedAt: Date
    package let endedAt: Date?
}

package struct SupplierSyncs: Sendable {
    /// How long it is known which rows a sync set aside.
    static let memory: TimeInterval = 30 * 86_400
    private static let remembered = 50

    package init() {}

    /// Opens a sync. One that is still open for the same feed is superseded.
    package func open(
        _ feed: Feed, _ mode: SyncMode, run: UUID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> OpenSync {
        let id = SupplierSyncID()
        let earlier = try await tx.execute(
            """
            update shop.supplier_sync set state = 'superseded', ended_at = \(now)
            where tenant_id = \(tx.tenantUUID) and feed_id = \(feed.id.rawValue) and state = 'open'
            returning id
            """
        ).rows
        for row in earlier { try await dropChunks(of: row.id("id"), in: tx) }
        try await forget(before: now.addingTimeInterval(-Self.memory), of: feed.id, in: tx)
        try await tx.execute(
            """
            insert into shop.supplier_sync (tenant_id, id, feed_id, run_id, mode, started_at)
            values (\(tx.tenantUUID), \(id.rawValue), \(feed.id.rawValue), \(run), \(mode.rawValue), \(now))
            """)
        return OpenSync(id: id, feed: feed.id, supplier: feed.supplier, mode: mode)
    }

    /// Drops what old syncs set aside or found; their counts stay. Only the newest of the old ones are looked
    /// at: one is opened for every one that grows old, so each is among them in its time.
    private func forget(
        before: Date, of feed: SupplierFeedID, in tx: Transaction<OneTenant>
    ) async throws {
        let old: Query = """
            select id from shop.supplier_sync where tenant_id = \(tx.tenantUUID)
                and feed_id = \(feed.rawValue) and started_at < \(before)
            order by started_at desc limit \(Self.remembered)
            """
        let ids = try await tx.execute(old).column(0, as: UUID.self)
        guard !ids.isEmpty else { return }
        try await tx.pipeline(
            ["feed_quarantine", "supplier_change", "feed_chunk"].map { table in
                "delete from shop.\(raw: table) where tenant_id = \(tx.tenantUUID) and sync_id = any(\(ids))"
            })
    }

    /// Takes the sync's row until the transaction ends. Throws when it is not open any more.
    func hold(_ sync: OpenSync, in tx: Transaction<OneTenant>) async throws {
        let row = try await tx.first(
            """
            select state from shop.supplier_sync
            where tenant_id = \(tx.tenantUUID) and id = \(sync.id.rawValue) for no key update
            """)
        guard let row else { throw StoreError.notFound(.sync, "\(sync.id)") }
        let state: SyncState = try row.raw("state")
        guard state == .open else { throw StoreError.syncClosed(sync.id, state) }
    }

    /// Notes how far the sync has come and what its page found.
    /// - Parameter cursor: as JSON, for whoever looks; the run keeps its own.
    package func advance(
        _ sync: OpenSync, by counts: SyncCounts, to cursor: String? = nil, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_sync set rows_read = rows_read + \(counts.read),
                added = added + \(counts.added), changed = changed + \(counts.changed),
                unchanged = unchanged + \(counts.unchanged), removed = removed + \(counts.removed),
                refused = refused + \(counts.refused), repriced = repriced + \(counts.repriced),
                paused = paused + \(counts.paused), cursor = coalesce(\(cursor.map { JSONB($0) }), cursor)
            where tenant_id = \(tx.tenantUUID) and id = \(sync.id.rawValue)
            """)
    }

    /// Ends a sync and forgets the bytes it was read from. What was taken in completely is what the next one
    /// asks its host about.
    package func close(
        _ sync: OpenSync, as state: SyncState, problem: String? = nil, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_sync
            set state = \(state.rawValue), problem = \(problem.map { String($0.prefix(1_000)) }),
                ended_at = \(now)
            where tenant_id = \(tx.tenantUUID) and id = \(sync.id.rawValue) and state = 'open'
            """)
        if state == .done, sync.mode == .apply {
            try await tx.execute(
                """
                update shop.supplier_feed f set etag = s.etag, last_modified = s.last_modified
                from shop.supplier_sync s
                where f.tenant_id = \(tx.tenantUUID) and f.id = \(sync.feed.rawValue)
                    and s.tenant_id = f.tenant_id and s.id = \(sync.id.rawValue)
                """)
        }
        try await dropChunks(of: sync.id, in: tx)
    }

    /// The newest syncs of the store, of one feed where it is named.
    package func recent(
        of feed: SupplierFeedID? = nil, limit: Int = 20, in tx: Transaction<OneTenant>
    ) async throws -> [SupplierSyncLine] {
        try await tx.execute(
            """
            select * from shop.supplier_sync where tenant_id = \(tx.tenantUUID)
                and (\(feed?.rawValue)::uuid is null or feed_id = \(feed?.rawValue))
            order by started_at desc, id desc limit \(limit)
            """
        ).rows.map(SupplierSyncLine.init(row:))
    }

    package func load(_ id: SupplierSyncID, in tx: Transaction<OneTenant>) async throws -> SupplierSyncLine {
        let found = try await tx.first(
            "select * from shop.supplier_sync where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)")
        guard let row = found else { throw StoreError.notFound(.sync, "\(id)") }
        return try SupplierSyncLine(row: row)
    }

    // What was set aside --------------------------------------------------------------------------------

    func quarantine(_ problems: [RowProblem], of sync: OpenSync, in tx: Transaction<OneTenant>) async throws {
        guard !problems.isEmpty else { return }
        try await tx.execute(
            """
            insert into shop.feed_quarantine
                (tenant_id, sync_id, row_number, field, reference, reason, excerpt)
            select \(tx.tenantUUID), \(sync.id.rawValue), t.* from unnest(
                \(problems.map { Int32(clamping: $0.row) }), \(problems.map(\.field)),
                \(problems.map(\.reference)), \(problems.map(\.reason)), \(problems.map(\.excerpt)))
                as t (row_number, field, reference, reason, excerpt)
            on conflict do nothing
            """)
    }

    /// The rows that a sync set aside, in the order of the feed.
    package func quarantined(
        by id: SupplierSyncID, after row: Int = 0, limit: Int = 100, in tx: Transaction<OneTenant>
    ) async throws -> [RowProblem] {
        try await tx.execute(
            """
            select * from shop.feed_quarantine
            where tenant_id = \(tx.tenantUUID) and sync_id = \(id.rawValue) and row_number > \(row)
            order by row_number, field limit \(limit)
            """
        ).rows.map { row in
            RowProblem(
                row: try row.int("row_number"), field: try row.decode("field"),
                reference: try row.decode("reference"), reason: try row.decode("reason"),
                found: try row.decode("excerpt", as: String.self))
        }
    }

    /// Whether a row was set aside of which not even the article is known.
    func hasNamelessRows(_ sync: OpenSync, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.first(
            """
            select from shop.feed_quarantine where tenant_id = \(tx.tenantUUID)
                and sync_id = \(sync.id.rawValue) and reference is null limit 1
            """) != nil
    }

    private func dropChunks(of id: SupplierSyncID, in tx: Transaction<OneTenant>) async throws {
        try await tx.execute(
            """
            delete from shop.feed_chunk where tenant_id = \(tx.tenantUUID) and sync_id = \(id.rawValue)
            """)
    }
}

extension SupplierSyncLine {
    init(row: Row) throws {
        id = try row.id("id")
        feed = try row.id("feed_id")
        mode = try row.raw("mode")
        state = try row.raw("state")
        var counts = SyncCounts()
        counts.read = try row.int("rows_read")
        counts.added = try row.int("added")
        counts.changed = try row.int("changed")
        counts.unchanged = try row.int("unchanged")
        counts.removed = try row.int("removed")
        counts.refused = try row.int("refused")
        counts.repriced = try row.int("repriced")
        counts.paused = try row.int("paused")
        self.counts = counts
        bytes = try row.int("bytes")
        problem = try row.decode("problem")
        startedAt = try row.decode("started_at")
        endedAt = try row.decode("ended_at")
    }
}
