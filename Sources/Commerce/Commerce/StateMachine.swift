/// A state that moves only along the edges it declares. The database holds the same edges.
package protocol StateMachine: RawRepresentable, Hashable, Sendable, Codable, CaseIterable
where RawValue == String {
    /// What to call it in a message.
    static var noun: String { get }
    /// Where it can go from here in one move.
    var next: Set<Self> { get }
}

extension StateMachine {
    package var isTerminal: Bool { next.isEmpty }

    package func canMove(to other: Self) -> Bool { next.contains(other) }

    /// The other state, when the move is allowed.
    package func moved(to other: Self) throws(CommerceError) -> Self {
        guard canMove(to: other) else {
            throw .illegalMove(machine: Self.noun, from: rawValue, to: other.rawValue)
        }
        return other
    }

    /// Takes news from outside, which can come twice and out of order.
    package func receiving(_ news: Self) -> Reception {
        if news == self { return .unchanged }
        if canMove(to: news) { return .moved }
        return Self.reachable(from: news).contains(self) ? .stale : .illegal
    }

    /// Every state that can be reached from this one, by any number of moves.
    package static func reachable(from start: Self) -> Set<Self> {
        var found: Set<Self> = []
        var open: [Self] = [start]
        while let state = open.popLast() {
            for next in state.next where found.insert(next).inserted { open.append(next) }
        }
        return found
    }
}

/// What news of a state means for the state we have.
package enum Reception: Hashable, Sendable {
    /// Take it over.
    case moved
    /// Said before.
    case unchanged
    /// True once, overtaken since: keep what we have.
    case stale
    /// Contradicts what we have: someone must look.
    case illegal
}
