package import Commerce
internal import Foundation
internal import Postgres

// The bytes of a feed while it is read, in pieces of one size, so that a position tells its piece. Each is
// written whole: a download that begins anew at the end of a piece writes the same again or more.

package struct FeedChunks: Sendable {
    package static let size = 256 * 1024

    package init() {}

    /// Writes bytes that begin at a boundary of pieces; the last piece may be shorter.
    package func write(
        _ bytes: [UInt8], at offset: Int, of sync: SupplierSyncID, in tx: Transaction<OneTenant>
    ) async throws {
        precondition(offset.isMultiple(of: Self.size), "pieces of a feed begin at their boundaries")
        var place = 0
        var statements: [Query] = []
        while place < bytes.count {
            let end = min(place + Self.size, bytes.count)
            statements.append(
                """
                insert into shop.feed_chunk (tenant_id, sync_id, start_at, body)
                values (\(tx.tenantUUID), \(sync.rawValue), \(offset + place), \(Data(bytes[place..<end])))
                on conflict (tenant_id, sync_id, start_at) do update set body = excluded.body
                """)
            place = end
        }
        statements.append(
            """
            update shop.supplier_sync set bytes = \(offset + bytes.count)
            where tenant_id = \(tx.tenantUUID) and id = \(sync.rawValue)
            """)
        try await tx.pipeline(statements)
    }

    /// At most `count` bytes from `offset` on; fewer only where they end.
    package func read(
        from offset: Int, count: Int, of sync: SupplierSyncID, in tx: Transaction<OneTenant>
    ) async throws -> [UInt8] {
        let first = offset / Self.size * Self.size
        let rows = try await tx.execute(
            """
            select start_at, body from shop.feed_chunk
            where tenant_id = \(tx.tenantUUID) and sync_id = \(sync.rawValue)
                and start_at >= \(first) and start_at < \(offset + count) order by start_at
            """
        ).rows
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for row in rows {
            let start = try row.int("start_at")
            let body = try row.decode("body", as: Data.self)
            let from = max(0, offset - start)
            guard from < body.count else { continue }
            bytes.append(contentsOf: body[from..<min(body.count, offset + count - start)])
        }
        return bytes
    }

    /// What the host said of the feed that is being written, and how much of it is here.
    package struct Head: Sendable, Equatable {
        package var etag: String?
        package var lastModified: String?
        package var bytes: Int

        package init(etag: String? = nil, lastModified: String? = nil, bytes: Int = 0) {
            self.etag = etag
            self.lastModified = lastModified
            self.bytes = bytes
        }
    }

    package func head(of sync: SupplierSyncID, in tx: Transaction<OneTenant>) async throws -> Head {
        let found = try await tx.first(
            """
            select etag, last_modified, bytes from shop.supplier_sync
            where tenant_id = \(tx.tenantUUID) and id = \(sync.rawValue)
            """)
        guard let row = found else { throw StoreError.notFound(.sync, "\(sync)") }
        return Head(
            etag: try row.decode("etag"), lastModified: try row.decode("last_modified"),
            bytes: try row.int("bytes"))
    }

    /// Begins anew with another feed than before.
    package func begin(
        _ head: Head, of sync: SupplierSyncID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.pipeline([
            "delete from shop.feed_chunk where tenant_id = \(tx.tenantUUID) and sync_id = \(sync.rawValue)",
            """
            update shop.supplier_sync
            set etag = \(head.etag), last_modified = \(head.lastModified), bytes = 0
            where tenant_id = \(tx.tenantUUID) and id = \(sync.rawValue)
            """,
        ])
    }
}
