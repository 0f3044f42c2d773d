// Where instants lie on a timeline of fixed width. A run sleeps for days and works for milliseconds; drawn to
// scale, its work would be invisible. So idle time that takes more than a tenth of the whole is cut out and
// marked with how much it hides. Pure, so that a table of cases can prove it.

import Foundation

struct TimelineScale: Sendable, Equatable {
    static let width = 1_000

    struct Span: Sendable, Equatable {
        let from: Date
        let to: Date
    }

    /// Idle time that is not drawn.
    struct Cut: Sendable, Equatable {
        let x: Int
        let hidden: TimeInterval
    }

    private struct Piece: Sendable, Equatable {
        let from: Date
        let to: Date
        let x: Double
        let width: Double
    }

    let from: Date
    let to: Date
    private let pieces: [Piece]
    let cuts: [Cut]

    /// How much of the whole an idle stretch may take before it is cut.
    private static let tolerated = 0.1
    /// What a cut takes, of the time that is drawn.
    private static let mark = 0.04

    /// - Parameters:
    ///   - busy: when something was under way, in any order.
    ///   - cutsIdle: leaves out long stretches in which nothing was.
    init(from start: Date, to end: Date, busy: [Span], cutsIdle: Bool = true) {
        from = start
        to = end
        let whole = max(end.timeIntervalSince(start), 0.001)
        var stretches: [(from: Date, to: Date, isCut: Bool)] = []
        var place = start
        func idle(until next: Date) {
            let length = next.timeIntervalSince(place)
            guard length > 0 else { return }
            stretches.append((place, next, cutsIdle && length > whole * Self.tolerated))
            place = next
        }
        for span in busy.sorted(by: { $0.from < $1.from }) {
            idle(until: min(max(span.from, place), end))
            let until = min(span.to, end)
            guard until > place else { continue }
            stretches.append((place, until, false))
            place = until
        }
        idle(until: end)
        // Where nothing was under way at all, everything is drawn as it is.
        if !stretches.contains(where: { !$0.isCut }) { stretches = [(start, end, false)] }

        let drawn = stretches.filter { !$0.isCut }.reduce(0) { $0 + $1.to.timeIntervalSince($1.from) }
        let cutLength = max(drawn, 0.001) * Self.mark
        let cutCount = stretches.count { $0.isCut }
        let scale = Double(Self.width) / (max(drawn, 0.001) + cutLength * Double(cutCount))
        var pieces: [Piece] = []
        var cuts: [Cut] = []
        var x = 0.0
        for stretch in stretches {
            let length = stretch.to.timeIntervalSince(stretch.from)
            let width = (stretch.isCut ? cutLength : length) * scale
            pieces.append(Piece(from: stretch.from, to: stretch.to, x: x, width: width))
            if stretch.isCut { cuts.append(Cut(x: Int((x + width / 2).rounded()), hidden: length)) }
            x += width
        }
        self.pieces = pieces
        self.cuts = cuts
    }

    /// From 0 to `width`; what lies outside is at the edge.
    func x(of instant: Date) -> Int {
        guard let piece = pieces.last(where: { $0.from <= instant }) else { return 0 }
        let length = max(piece.to.timeIntervalSince(piece.from), 0.000_001)
        let part = min(1, instant.timeIntervalSince(piece.from) / length)
        return min(Self.width, Int((piece.x + piece.width * part).rounded()))
    }
}
