package import Commerce
internal import Foundation
internal import Postgres

// What a merchant's own supplier offers. A page of rows first meets the marks: rows with a known fingerprint
// are noted as seen in one statement and go no further. The rest is read by the caller and stored here,
// again in one statement for the page. A row that repeats an article of the same feed is set aside,
// whichever came first wins.

package struct SupplierItems: Sendable {
    private let syncs = SupplierSyncs()

    package init() {}

    /// The pool that a store's own supplier is counted in.
    package static func pool(of supplier: SupplierID, at tenant: TenantID) -> String {
        "own:\(tenant):\(supplier)"
    }

    /// What became of rows that nobody had read yet.
    package struct Met: Sendable {
        /// The numbers of the rows that are new or changed.
        package var unknown: Set<Int> = []
        package var unchanged = 0
        package var problems: [RowProblem] = []
    }

    /// Notes the rows that are known as seen, and says which are not. The sync's row is held from here on.
    package func meet(
        _ rows: [FeedRow], in sync: OpenSync, _ tx: Transaction<OneTenant>
    ) async throws -> Met {
        try await syncs.hold(sync, in: tx)
        var met = Met()
        var first: [Fingerprint: Int] = [:]
        for row in rows {
            if let earlier = first.updateValue(
                min(row.number, first[row.fingerprint] ?? row.number), forKey: row.fingerprint)
            {
                met.problems.append(Self.twin(of: nil, at: row.number, as: earlier))
            } else {
                met.unknown.insert(row.number)
            }
        }
        for known in try await meetKnown(first, sync, tx) {
            if met.unknown.remove(known.row) != nil {
                if known.isAgain {
                    met.problems.append(Self.twin(of: known.reference, at: known.row, as: known.before))
                } else {
                    met.unchanged += 1
                }
            }
        }
        return met
    }

    private struct Known {
        let reference: String
        let row: Int
        let before: Int
        let isAgain: Bool
    }

    private func meetKnown(
        _ rows: [Fingerprint: Int], _ sync: OpenSync, _ tx: Transaction<OneTenant>
    ) async throws -> [Known] {
        let ordered = rows.sorted { $0.value < $1.value }
        let seen = sync.seenColumn
        return try await tx.execute(
            """
            with told as (
                select * from unnest(\(ordered.map { Data($0.key.bytes) }),
                    \(ordered.map { Int32(clamping: $0.value) })) as t (fingerprint, row_number)
            ), known as (
                select m.reference, t.row_number, m.row_number as before,
                    m.\(raw: seen) is not distinct from \(sync.id.rawValue) as is_again
                from told t join shop.supplier_item_mark m on m.tenant_id = \(tx.tenantUUID)
                    and m.supplier_id = \(sync.supplier.rawValue) and m.fingerprint = t.fingerprint
            ), met as (
                update shop.supplier_item_mark m
                set \(raw: seen) = \(sync.id.rawValue), row_number = k.row_number
                from known k where not k.is_again and m.tenant_id = \(tx.tenantUUID)
                    and m.supplier_id = \(sync.supplier.rawValue) and m.reference = k.reference
            )
            select * from known order by row_number
            """
        ).rows.map { row in
            Known(
                reference: try row.decode("reference"), row: try row.int("row_number"),
                before: try row.int("before"), isAgain: try row.decode("is_again"))
        }
    }

    /// Stores a page of what was read. Refused rows keep what is known of their articles.
    package func store(
        _ items: [FeedItem], refused: [RowProblem], in sync: OpenSync, _ tx: Transaction<OneTenant>
    ) async throws -> SyncCounts {
        var counts = SyncCounts()
        var problems = refused
        let fresh = try await withoutTwins(items, sync, &problems, tx)
        switch sync.mode {
        case .apply: try await write(fresh, sync, &counts, tx)
        case .dryRun: try await rehearse(fresh, sync, &counts, tx)
        }
        try await markSeen(problems.compactMap(\.reference), sync, tx)
        try await syncs.quarantine(problems, of: sync, in: tx)
        counts.refused = Set(problems.map(\.row)).count
        return counts
    }

    private func withoutTwins(
        _ items: [FeedItem], _ sync: OpenSync, _ problems: inout [RowProblem], _ tx: Transaction<OneTenant>
    ) async throws -> [FeedItem] {
        var rows: [String: Int] = [:]
        for row in try await tx.execute(
            """
            select reference, row_number from shop.supplier_item_mark
            where tenant_id = \(tx.tenantUUID) and supplier_id = \(sync.supplier.rawValue)
                and reference = any(\(items.map(\.item.reference.rawValue)))
                and \(raw: sync.seenColumn) = \(sync.id.rawValue)
            """
        ).rows { rows[try row.decode("reference")] = try row.int("row_number") }
        return items.filter { item in
            let reference = item.item.reference.rawValue
            guard let earlier = rows[reference] else {
                rows[reference] = item.row
                return true
            }
            problems.append(Self.twin(of: reference, at: item.row, as: earlier))
            return false
        }
    }

    private static func twin(of reference: String?, at row: Int, as earlier: Int) -> RowProblem {
        RowProblem(
            row: row, field: "sku", reference: reference ?? "row \(earlier)",
            reason: "the same article stands at row \(earlier) already; a feed lists each once")
    }

    private func write(
        _ items: [FeedItem], _ sync: OpenSync, _ counts: inout SyncCounts, _ tx: Transaction<OneTenant>
    ) async throws {
        guard !items.isEmpty else { return }
        let columns = ItemColumns(items)
        let written = try await tx.execute(columns.upsert(tx, sync.supplier)).rows
        let added = try written.count { try $0.decode("added", as: Bool.self) }
        counts.added = added
        counts.changed = written.count - added
        counts.unchanged = items.count - written.count
        try await tx.pipeline([
            columns.passContents(tx, pool: Self.pool(of: sync.supplier, at: tx.tenant)),
            """
            insert into shop.supplier_item_mark
                (tenant_id, supplier_id, reference, fingerprint, row_number, seen_by)
            select \(tx.tenantUUID), \(sync.supplier.rawValue), t.*, \(sync.id.rawValue) from unnest(
                \(columns.references), \(items.map { Data($0.fingerprint.bytes) }),
                \(items.map { Int32(clamping: $0.row) })) as t (reference, fingerprint, row_number)
            on conflict (tenant_id, supplier_id, reference) do update
                set fingerprint = excluded.fingerprint, row_number = excluded.row_number,
                    seen_by = excluded.seen_by
            """,
            """
            select shop.observe_stocks(\(Self.pool(of: sync.supplier, at: tx.tenant)),
                \(columns.references), \(columns.stocks))
            """,
            "select shop.measure_supplier_items()",
        ])
    }

    private func rehearse(
        _ items: [FeedItem], _ sync: OpenSync, _ counts: inout SyncCounts, _ tx: Transaction<OneTenant>
    ) async throws {
        let columns = ItemColumns(items)
        let noted = try await tx.execute(columns.difference(tx, sync)).rows
        let kinds = try noted.map { try $0.decode("kind", as: String.self) }
        counts.added = kinds.count { $0 == "added" }
        counts.changed = kinds.count { $0 == "changed" }
        counts.unchanged = items.count - kinds.count
        try await markSeen(columns.references, sync, tx)
    }

    /// Articles whose rows could not be used are still in the feed.
    private func markSeen(
        _ references: [String], _ sync: OpenSync, _ tx: Transaction<OneTenant>
    ) async throws {
        guard !references.isEmpty else { return }
        try await tx.execute(
            """
            update shop.supplier_item_mark set \(raw: sync.seenColumn) = \(sync.id.rawValue)
            where tenant_id = \(tx.tenantUUID) and supplier_id = \(sync.supplier.rawValue)
                and reference = any(\(references))
            """)
    }
}
