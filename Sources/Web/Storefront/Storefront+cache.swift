// Which pages of a shop are made once and sent to many: those that are the same for everybody, in the one
// spelling by which the shop itself links to them. Whatever is asked for differently, with a price range, a
// search, a page far down or letters written as %61, is made for that request alone, so no two spellings can
// be taken for each other, and nobody can fill the memory with a thousand names of one page. Parameters that
// a page does not understand change nothing on it, and do not count.

import Commerce
import CommerceStore
import WebSupport

/// How one kind of page may be sent again.
struct CachedPage: Sendable {
    /// Who may keep what was sent.
    enum Audience: Sendable {
        /// Everybody without a session, and the caches in front: a page without a form.
        case everybody
        /// Nobody but us: the page carries a form, with a token of its visitor.
        case visitor
        /// Whoever wants, for a while: lists for search engines.
        case machines
    }

    /// Stock moves with every sale, anywhere, and is in no version: this old may a figure be that leaves
    /// this process. The basket and the quote ask again.
    static let stockSeconds = 5.0
    /// What nothing but a version decides.
    static let textSeconds = 60.0
    /// How long search engines may keep the lists of addresses.
    static let listSeconds = 600

    /// The address without its language, as the shop links to it.
    let path: String
    /// What of the query the page understands, in one spelling; nil where there are too many such questions
    /// to keep an answer to each.
    var query: String? = ""
    let seconds: Double
    let audience: Audience

    /// Whether the address is written as the shop writes it.
    func isPlain(_ request: WebRequest) -> Bool {
        request.barePath == path && request.path == request.address(path)
    }

    func told(_ response: WebResponse, to request: WebRequest, tag: String? = nil) -> WebResponse {
        switch audience {
        case .everybody: response.shared(for: request, tag: tag)
        case .visitor: response
        case .machines:
            response.tagged(for: request, cache: "public, max-age=\(Self.listSeconds)", tag: tag)
        }
    }
}

extension Storefront {
    /// - Parameter render: makes the page for the visitor that it is given, who may be nobody in particular;
    ///   it must ask him, and not the one who asked, for everything.
    func cached(
        _ request: WebRequest, _ page: CachedPage,
        _ render: @Sendable (WebRequest, Transaction<OneTenant>) async throws -> WebResponse
    ) async throws -> WebResponse {
        let store = request.store
        guard cache.isOn, store.isPublic, let query = page.query, page.isPlain(request) else {
            cache.noteBypass()
            let response = try await database.transaction(for: store.tenant) { try await render(request, $0) }
            return page.told(response, to: request)
        }
        let address = PageAddress(request, query: query)
        let shell = try await cache.shell(at: address, of: store, for: page.seconds) {
            let slots = PageSlots()
            let nobody = request.forNobody(slots)
            let response = try await database.transaction(for: store.tenant) { try await render(nobody, $0) }
            return PageShell(response, slots)
        }
        let count = try await basketCount(request, shell)
        let response = shell.response { slot in
            switch slot {
            case .formToken: request.formToken
            case .basket: ShopPage.mark(ofBasket: count, request.words).markup
            }
        }
        // A page that may be shared has a stranger's empty basket and no token: it is as it was kept.
        return page.told(response, to: request, tag: shell.tag)
    }

    private func basketCount(_ request: WebRequest, _ shell: PageShell) async throws -> Int {
        // As for a whole page: who has no session has no basket.
        guard !request.session.isNew, shell.has(.basket) else { return 0 }
        return try await database.transaction(for: request.store.tenant) { tx in
            try await Carts().unitCount(token: request.cartToken, in: tx)
        }
    }
}
