// From the moments at which runs ended and those at which streams were told something, how long each telling
// took. A page hears at most once a second, so whoever measures leaves more time than that between two ends
// at one store: what arrives next is then about the end before it.

import Foundation

/// That a stream was told of changes, in seconds since 1970.
struct StreamArrival: Sendable, Equatable {
    let stream: Int
    let at: Double
}

struct StreamArrivals: Sendable {
    /// The store of each stream.
    let tenants: [String]
    let arrivals: [StreamArrival]

    /// What has not arrived by then was not told.
    static let limit = 2.0

    /// How long it took from each end to each stream of its store, and how many were not told.
    func delays(after ends: [(tenant: String, at: Double)]) -> (told: [Double], missed: Int) {
        let byStream = Dictionary(grouping: arrivals, by: \.stream)
            .mapValues { $0.map(\.at).sorted() }
        let byTenant = Dictionary(grouping: tenants.indices) { tenants[$0] }
        var (told, missed): ([Double], Int) = ([], 0)
        for end in ends {
            for stream in byTenant[end.tenant] ?? [] {
                let first = byStream[stream]?.first { $0 >= end.at }
                if let first, first - end.at < Self.limit { told.append(first - end.at) } else { missed += 1 }
            }
        }
        return (told, missed)
    }
}

/// Counts the changes in a stream of events that comes in pieces.
struct ChangeCounter: Sendable {
    private static let mark = Array("event: changed".utf8)
    /// The end of the last piece, too short to hold a mark.
    private var rest: [UInt8] = []

    mutating func changes(in piece: some Collection<UInt8>) -> Int {
        let bytes = rest + piece
        var (count, place) = (0, bytes.startIndex)
        while let next = bytes[place...].firstRange(of: Self.mark) {
            count += 1
            place = next.upperBound
        }
        rest = Array(bytes[place...].suffix(Self.mark.count - 1))
        return count
    }
}
