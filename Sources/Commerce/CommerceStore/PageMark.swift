package import Foundation
internal import Postgres

// Where a page of a list ended. It says the place itself and not which row stood there, so the next page is
// right also when that row has gone meanwhile. The moment is in whole microseconds, as the database keeps it:
// one that was rounded would skip a row or show it twice.

package struct PageMark: Sendable, Equatable {
    package let microseconds: Int64
    package let id: UUID

    /// Moments from 1970 to 2096; what lies beyond is no place in a list.
    package static let moments: ClosedRange<Int64> = 0...4_000_000_000_000_000

    package init?(microseconds: Int64, id: UUID) {
        guard Self.moments.contains(microseconds) else { return nil }
        self.microseconds = microseconds
        self.id = id
    }

    init(row: Row) throws {
        microseconds = try row.decode("mark", as: Int64.self)
        id = try row.decode("id", as: UUID.self)
    }

    /// The moment for the database.
    var moment: Query { "(timestamptz 'epoch' + \(microseconds) * interval '1 microsecond')" }

    /// Reads a row's place as the column `mark`.
    static func column(_ moment: Query) -> Query {
        "(extract(epoch from \(moment)) * 1000000)::bigint as mark"
    }
}

/// Some of a list, newest first.
package struct ListPage<Element: Sendable>: Sendable {
    package let elements: [Element]
    /// Nil at the end of the list.
    package let next: PageMark?

    /// - Parameter found: one more than the page holds, where there are more.
    init(_ found: [(element: Element, mark: PageMark)], limit: Int) {
        elements = found.prefix(limit).map(\.element)
        next = found.count > limit ? found[limit - 1].mark : nil
    }
}
