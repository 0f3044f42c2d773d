import Commerce
import CommerceStore

/// The addresses that letters to merchants and vendors are told.
package struct MerchantPages: Sendable {
    private let scheme: String
    private let domain: String
    private let port: String

    /// - Parameter port: with its colon, or empty.
    package init(scheme: String, domain: String, port: String = "") {
        self.scheme = scheme
        self.domain = domain
        self.port = port
    }

    /// The host of a store at the platform itself.
    package func host(of store: Store) -> String { "\(store.slug).\(domain)" }

    package func store(_ store: Store) -> String { "\(scheme)://\(store.slug).\(domain)\(port)" }

    package func wizard(_ store: Store) -> String {
        "\(scheme)://app.\(domain)\(port)/stores/\(store.tenant)/onboarding"
    }

    package func returns(_ store: Store) -> String {
        "\(scheme)://app.\(domain)\(port)/stores/\(store.tenant)/returns"
    }

    package func claims(_ store: Store) -> String {
        "\(scheme)://app.\(domain)\(port)/stores/\(store.tenant)/claims"
    }

    package func webhook(_ endpoint: WebhookEndpointID, of store: Store) -> String {
        "\(scheme)://app.\(domain)\(port)/stores/\(store.tenant)/webhooks/\(endpoint)"
    }
}
