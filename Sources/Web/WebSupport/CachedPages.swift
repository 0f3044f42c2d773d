// Which pages are kept: a table that is bounded in bytes. It has two halves. What is asked for moves into the
// recent one; when that is full, it becomes the earlier one, and what nobody asked for since the last turn is
// forgotten all at once. So the cost of forgetting does not depend on how much there is, and a list in the
// order of use, which every request would have to lock and rearrange, is not needed.

import Commerce
import Foundation

/// Where a page is found: everything in a request that a kept page may depend on.
package struct PageAddress: Hashable, Sendable {
    let tenant: TenantID
    /// Scheme, host and port: a page names its own address, and a store may have several hosts.
    let origin: String
    let path: String
    /// Only what the page understands, in one spelling.
    let query: String
    let language: Language
    let scheme: ColourScheme

    package init(_ request: WebRequest, query: String) {
        tenant = request.store.tenant
        origin = request.origin
        path = request.path
        self.query = query
        language = request.language
        scheme = ColourScheme(of: request)
    }

    var size: Int { origin.utf8.count + path.utf8.count + query.utf8.count }
}

/// How things stood when a page was made; with anything else it is made again.
struct PageState: Hashable, Sendable {
    /// Of the shelf.
    let version: Int64
    let store: StoreSite
}

struct CachedPages: Sendable {
    struct Page: Sendable {
        let shell: PageShell
        let state: PageState
        /// A clock that was set back does not make it young again.
        let fresh: Range<Date>
    }

    /// No page may take more than this part of the whole: one long list must not drive all others out.
    private static let largestShare = 32
    /// About what an entry needs beside its bytes.
    private static let entryBytes = 600

    private struct Half {
        var pages: [PageAddress: Page] = [:]
        var bytes = 0

        mutating func take(_ address: PageAddress) -> Page? {
            guard let page = pages.removeValue(forKey: address) else { return nil }
            bytes -= CachedPages.size(page, at: address)
            return page
        }
    }

    let limit: Int
    private var recent = Half()
    private var earlier = Half()

    /// - Parameter limit: bytes, of both halves together.
    init(limit: Int) { self.limit = limit }

    var bytes: Int { recent.bytes + earlier.bytes }
    var count: Int { recent.pages.count + earlier.pages.count }

    mutating func page(at address: PageAddress) -> Page? {
        if let page = recent.pages[address] { return page }
        guard let page = earlier.take(address) else { return nil }
        put(page, at: address)
        return page
    }

    mutating func keep(_ page: Page, at address: PageAddress) {
        _ = recent.take(address)
        _ = earlier.take(address)
        guard Self.size(page, at: address) <= limit / Self.largestShare else { return }
        put(page, at: address)
    }

    private mutating func put(_ page: Page, at address: PageAddress) {
        let size = Self.size(page, at: address)
        if recent.bytes + size > limit / 2 {
            earlier = recent
            recent = Half()
        }
        recent.pages[address] = page
        recent.bytes += size
    }

    private static func size(_ page: Page, at address: PageAddress) -> Int {
        page.shell.size + address.size + entryBytes
    }
}
