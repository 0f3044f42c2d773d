/// What a person may do in a store. The raw value is stored.
package enum StoreRole: String, Codable, Hashable, Sendable, CaseIterable {
    /// Everything, the plan, payouts and the team included.
    case owner
    /// The daily business.
    case staff
    /// Reading only.
    case viewer

    package enum Act: Sendable, CaseIterable {
        case read, change, administer
    }

    package func may(_ act: Act) -> Bool {
        switch act {
        case .read: true
        case .change: self != .viewer
        case .administer: self == .owner
        }
    }
}
