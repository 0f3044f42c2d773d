// Parsing and planning a statement costs as much as running a small one. A text that comes a second time is
// prepared on the server, under a name that is never used twice, so that a statement which could not be
// dropped at once never stands in the way. Text that is made up as it goes only passes through the list of
// candidates.

/// Decides for one connection which statements the server keeps.
struct StatementCache {
    /// How many statements one backend keeps; each costs it some tens of kilobytes.
    static let limit = 256
    /// How many texts are remembered that came only once.
    static let candidateLimit = 512
    /// Longer texts are made by programs, and seldom twice.
    static let longestText = 32_768

    enum Plan: Equatable {
        case unprepared
        case prepareAndRun(String)
        case run(String)
    }

    private struct Statement {
        let name: String
        let types: [PostgresType]
        var lastUse: Int
    }

    private var statements: [String: Statement] = [:]
    private var candidates: Set<String> = []
    /// Names of statements that the server still keeps for nobody.
    private(set) var evicted: [String] = []
    private var uses = 0
    private var names = 0

    mutating func plan(for query: Query) -> Plan {
        if query.preparation == .never || query.text.utf8.count > Self.longestText { return .unprepared }
        uses += 1
        if let known = statements[query.text] {
            // Another type of value for the same text is another statement; the first one keeps its place.
            guard zip(known.types, query.binds).allSatisfy({ $0 == $1.type }) else { return .unprepared }
            statements[query.text]!.lastUse = uses
            return .run(known.name)
        }
        if query.preparation == .automatic, candidates.remove(query.text) == nil {
            if candidates.count >= Self.candidateLimit { candidates.removeAll(keepingCapacity: true) }
            candidates.insert(query.text)
            return .unprepared
        }
        if statements.count >= Self.limit { evictOldest() }
        names += 1
        let name = "q\(names)"
        statements[query.text] = Statement(name: name, types: query.binds.map(\.type), lastUse: uses)
        return .prepareAndRun(name)
    }

    /// The server has not prepared the text after all: an error came before.
    mutating func notPrepared(_ text: String) {
        guard statements.removeValue(forKey: text) != nil else { return }
        candidates.insert(text)
    }

    /// The statement does not work any more: a table has changed, or somebody has dropped the statement.
    mutating func invalidated(_ text: String) {
        guard let statement = statements.removeValue(forKey: text) else { return }
        evicted.append(statement.name)
    }

    mutating func takeEvicted() -> [String] {
        defer { evicted.removeAll() }
        return evicted
    }

    var count: Int { statements.count }

    private mutating func evictOldest() {
        guard let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        evicted.append(oldest.value.name)
        statements[oldest.key] = nil
    }
}
