// Pages that were made once and are sent again, in the memory of one process.
//
// A page is found by its store, host, path, language and what of its query it understands, and it is sent
// only while the store stands as it stood when the page was made: the shelf by its version, which triggers
// count, and the store's own name, look and state by their values. So nobody has to say what a change
// concerns, and nothing that is forgotten to be said can leave an old page standing.
//
// How old a page may be, then, when it leaves this process: the version is asked for at most once a second
// for each store, so what a merchant changes shows within a second, what comes with the host within the
// seconds that `HostDirectory` keeps it, and what is in no version, which is the stock and the day, within
// the time that the page itself allows. A cache in front may add what `WebResponse.shared` allows it. A price
// is never sold by such a page: the basket and the quote read everything anew.
//
// Asking for the version with every request was rejected: it would cost each page a journey to the database,
// which is most of what making the page costs. One cache for the whole fleet was too: a page is made in
// milliseconds, and a process that starts is warm after one request for each page.

import Commerce
import CommerceStore
import Foundation
import Synchronization

package final class PageCache: Sendable {
    /// For how long a store's version is believed, unless somebody says otherwise.
    package static let versionSeconds = 1.0
    /// Stores whose versions are remembered.
    private static let versionLimit = 10_000

    /// Keeps nothing.
    package static let off = PageCache(bytes: 0, readVersion: { _ in 0 })

    private struct Known {
        let version: Int64
        let fresh: Range<Date>
    }

    private struct Wanted: Hashable {
        let address: PageAddress
        let state: PageState
    }

    private let limit: Int
    private let versionSeconds: Double
    private let metrics: MetricsRegistry?
    private let now: @Sendable () -> Date
    private let readVersion: @Sendable (TenantID) async throws -> Int64
    private let pages: Mutex<CachedPages>
    private let versions = Mutex<[TenantID: Known]>([:])
    private let making = SharedWork<Wanted, PageShell>()
    private let reading = SharedWork<TenantID, Int64>()

    /// - Parameters:
    ///   - bytes: that all pages may take together; 0 keeps none.
    ///   - versionSeconds: how long a store's version is believed; 0 asks for every request.
    ///   - now: by which pages grow old.
    ///   - readVersion: of the shelf of a store.
    package init(
        bytes: Int, versionSeconds: Double = PageCache.versionSeconds, metrics: MetricsRegistry? = nil,
        now: @escaping @Sendable () -> Date = { Date() },
        readVersion: @escaping @Sendable (TenantID) async throws -> Int64
    ) {
        precondition(bytes >= 0 && versionSeconds >= 0, "a page cache has a size and a patience, or none")
        limit = bytes
        self.versionSeconds = versionSeconds
        self.metrics = metrics
        self.now = now
        self.readVersion = readVersion
        pages = Mutex(CachedPages(limit: bytes))
    }

    /// Reads versions where the triggers count them.
    package convenience init(
        bytes: Int, versionSeconds: Double = PageCache.versionSeconds, metrics: MetricsRegistry,
        now: @escaping @Sendable () -> Date = { Date() }, database: Database
    ) {
        self.init(
            bytes: bytes, versionSeconds: versionSeconds, metrics: metrics, now: now,
            readVersion: { tenant in
                try await database.transaction(for: tenant) { try await ShelfVersions().current(in: $0) }
            })
    }

    package var isOn: Bool { limit > 0 }

    /// The page as it was kept, or as it is made now.
    ///
    /// - Parameters:
    ///   - seconds: how long it may be sent again, whatever else stands still.
    ///   - make: the page for nobody in particular, read after this was called.
    package func shell(
        at address: PageAddress, of store: StoreSite, for seconds: Double,
        _ make: @Sendable () async throws -> PageShell
    ) async throws -> PageShell {
        // First the version, then the page: should something change in between, the page is newer than its
        // version says, and is made once more than was needed.
        let state = PageState(version: try await version(of: store.tenant), store: store)
        let moment = now()
        let kept = pages.withLock { $0.page(at: address) }
        if let kept, kept.state == state, kept.fresh.contains(moment) {
            count("hit")
            return kept.shell
        }
        let made = try await making.value(for: Wanted(address: address, state: state)) {
            let begun = now()
            let shell = try await make()
            keep(shell, at: address, state, begun..<begun.addingTimeInterval(seconds))
            return shell
        }
        count(made.isShared ? "joined" : "miss")
        return made.value
    }

    /// Counts a page that could have been kept, had it been asked for in another way.
    package func noteBypass() { if isOn { count("bypass") } }

    private func version(of tenant: TenantID) async throws -> Int64 {
        let moment = now()
        if let known = versions.withLock({ $0[tenant] }), known.fresh.contains(moment) {
            return known.version
        }
        return try await reading.value(for: tenant) {
            let begun = now()
            let version = try await readVersion(tenant)
            let known = Known(version: version, fresh: begun..<begun.addingTimeInterval(versionSeconds))
            versions.withLock { versions in
                if versions.count >= Self.versionLimit { versions.removeAll() }
                versions[tenant] = known
            }
            return version
        }.value
    }

    private func keep(
        _ shell: PageShell, at address: PageAddress, _ state: PageState, _ fresh: Range<Date>
    ) {
        guard shell.mayBeKept else { return }
        let (bytes, count) = pages.withLock { pages in
            pages.keep(CachedPages.Page(shell: shell, state: state, fresh: fresh), at: address)
            return (pages.bytes, pages.count)
        }
        metrics?.set("cartflux_page_cache_bytes", to: Double(bytes))
        metrics?.set("cartflux_page_cache_pages", to: Double(count))
    }

    private func count(_ result: String) {
        metrics?.count("cartflux_page_cache_requests_total", [("result", result)])
    }
}
