import Foundation
package import VendorHTTP

/// The adapters of this program, by their stored names.
package struct SupplierAdapters: Sendable {
    private let transport: VendorTransport
    private let mayReachPrivateHosts: Bool

    /// - Parameter mayReachPrivateHosts: for demos and tests, whose suppliers live on this machine.
    package init(transport: VendorTransport = .shared, mayReachPrivateHosts: Bool = false) {
        self.transport = transport
        self.mayReachPrivateHosts = mayReachPrivateHosts
    }

    package static let codes = [HTTPFeed.code, MatterhornCatalogue.code]

    /// The adapter of a feed.
    /// - Parameter settings: as they were saved with the feed, in JSON.
    package func adapter(_ code: String, settings: String) throws(FeedProblem) -> any SupplierAdapter {
        let settings = try Self.settings(settings)
        let door = FeedDoor(transport: transport, mayReachPrivateHosts: mayReachPrivateHosts)
        switch code {
        case HTTPFeed.code: return HTTPFeed(settings: settings, door: door)
        case MatterhornCatalogue.code:
            return MatterhornCatalogue(language: settings.mapping.language, door: door)
        default:
            throw .settings(
                "no adapter is called \"\(code)\"; there are \(Self.codes.joined(separator: ", "))")
        }
    }

    /// Reads settings, and refuses those that cannot work.
    package static func settings(_ json: String) throws(FeedProblem) -> FeedSettings {
        let settings: FeedSettings
        do {
            settings = try JSONDecoder().decode(FeedSettings.self, from: Data(json.utf8))
        } catch {
            throw .settings("they are not the JSON of feed settings: \(error)")
        }
        guard settings.problems.isEmpty else {
            throw .settings(settings.problems.map { "\($0.field) \($0.reason)" }.joined(separator: "; "))
        }
        return settings
    }
}

extension FeedSettings {
    /// As they are saved.
    package var json: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }
}
