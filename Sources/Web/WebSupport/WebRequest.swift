// What a handler is given. Faces never see the HTTP library: they get a parsed value with the store
// already resolved from the host, the session already verified and the body already read and bounded.

import Commerce
import CommerceStore
import FoundationEssentials

/// Whose host was asked.
package enum Site: Sendable {
    /// A store's own host, found in the table of hosts.
    case store(StoreSite)
    /// The platform's own host: webhooks live here.
    case platform
    /// Where merchants sign in and run their stores.
    case dashboard
    /// Where the platform's administrators sign in.
    case console
    /// A host that nobody here owns.
    case unknown
}

/// What the pages need to know about the store that a host belongs to.
package struct StoreSite: Sendable, Hashable {
    package let tenant: TenantID
    package let name: String
    /// The languages the store speaks, its own first.
    package let languages: [Language]
    package let country: CountryCode
    /// What delivery costs, per order.
    package let shipping: Money
    /// False while the store shows its catalogue but cannot take money yet.
    package let takesOrders: Bool
    /// The store's own domain, to which its other hosts lead.
    package let domain: String?
    package let theme: Theme
    /// False for a draft, which only those see who hold a pass to it.
    package let isPublic: Bool

    package init(
        tenant: TenantID, name: String, languages: [Language], country: CountryCode, shipping: Money,
        takesOrders: Bool, domain: String? = nil, theme: Theme = .garden, isPublic: Bool = true
    ) {
        self.theme = theme
        self.isPublic = isPublic
        self.domain = domain
        self.tenant = tenant
        self.name = name
        self.languages = languages.isEmpty ? [.english] : languages
        self.country = country
        self.shipping = shipping
        self.takesOrders = takesOrders
    }

    /// Nil for a store that is closed.
    package init?(_ store: Store, domain: String? = nil) {
        guard store.status != .closed else { return nil }
        self.init(
            tenant: store.tenant, name: store.name, languages: store.languages,
            country: store.country, shipping: store.shipping, takesOrders: store.takesPayments,
            domain: domain, theme: Theme(preset: store.themePreset), isPublic: store.status != .draft)
    }

    /// The language of addresses without a prefix.
    package var language: Language { languages[0] }

    package var currency: Currency { shipping.currency }
}

package struct WebRequest: Sendable {
    /// Appears in the `X-Request-ID` header, in every error and in the access log.
    package let id: String
    package let method: String
    package let path: String
    package let query: [String: String]
    /// Lower-case names; repeated headers are joined with a comma.
    package let headers: [String: String]
    /// Host and port as the client wrote them, to compare an `Origin` with.
    package let authority: String
    package let clientAddress: String
    package internal(set) var site: Site
    package let session: Session
    package let receivedAt: Date
    /// The parts of the path that the endpoint's pattern names, percent-decoded.
    package internal(set) var parameters: [String: String] = [:]
    package internal(set) var language: Language = .english
    /// True when the language is written in the path, false when it is the store's default.
    package internal(set) var languageIsExplicit = false
    package internal(set) var body: [UInt8] = []
    package internal(set) var form = FormFields([])
    /// Goes into a hidden field of every form on the page.
    package internal(set) var formToken = ""
    /// Set where the page is made to be sent to many; what stands in it instead of what is one visitor's own.
    package internal(set) var slots: PageSlots?
    package internal(set) var isSecure = false
    /// As it was sent, without the question mark.
    package internal(set) var rawQuery: String?
    /// Our own port, where browsers reach it without a proxy in front.
    package internal(set) var port: Int?
    /// Makes and checks passes to drafts.
    var previews: PreviewPass?
    /// Headers that the answer gets whatever it is, errors included.
    package let answerHeaders = Noted<[String: String]>()
    /// Origins of our own that the page shows in frames; the policy of the answer allows these and no others.
    package let framed = Noted<[String]>()

    /// The store this request is for. Only endpoints of scope `.store` may ask.
    package var store: StoreSite {
        guard case .store(let store) = site else {
            preconditionFailure("only an endpoint of scope .store may ask for the store")
        }
        return store
    }

    /// A named part of the path; the endpoint's own pattern promises it.
    package func parameter(_ name: String) throws(WebProblem) -> String {
        guard let value = parameters[name], !value.isEmpty else { throw WebProblem(.notFound) }
        return value
    }

    /// An address on this host in the language of this page.
    package func address(_ path: String) -> String {
        address(path, in: languageIsExplicit ? language : nil)
    }

    package func address(_ path: String, in language: Language?) -> String {
        guard let language else { return path }
        return path == "/" ? "/\(language.rawValue)/" : "/\(language.rawValue)\(path)"
    }

    /// The path of this page without its language prefix.
    package var barePath: String {
        guard languageIsExplicit else { return path }
        let rest = path.dropFirst(3)
        return rest.isEmpty ? "/" : String(rest)
    }
}

extension WebRequest {
    /// Scheme, host and port of this site, for addresses that leave it and come back. Of what the client
    /// wrote only the host is taken, which is one of ours: a link in a letter must not lead to a port that a
    /// stranger chose.
    package var origin: String { origin(of: HostDirectory.host(of: authority) ?? "") }

    /// The same of another host of ours.
    package func origin(of host: String) -> String {
        if isSecure { return "https://\(host)" }
        return "http://\(host)" + (port.map { $0 == 80 ? "" : ":\($0)" } ?? "")
    }

    /// Who asks, as far as limits go: the address, or of an IPv6 address the network that one customer has to
    /// itself.
    package var clientNetwork: String { ClientNetwork.of(clientAddress) }
}
