/// A status that never goes back: a change to a lower rank is not a change. States of equal rank may
/// follow each other in either direction. The database holds the same ranks.
package protocol RankedStatus: RawRepresentable, Hashable, Sendable, Codable, CaseIterable
where RawValue == String {
    var rank: Int { get }
}

extension RankedStatus {
    /// The status to store when records say `derived` and `self` is what stands there. Records can say
    /// less than they once did (a refund that succeeded and then failed); the status does not follow them
    /// down.
    package func raised(to derived: Self) -> Self {
        derived.rank >= rank ? derived : self
    }
}
