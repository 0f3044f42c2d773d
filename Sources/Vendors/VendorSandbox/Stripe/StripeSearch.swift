// Search, in the part of its language that reconciliation uses: `field:'value'` and
// `metadata['key']:'value'`, joined by AND. Stripe's index is about a minute late; this one is not, so
// nothing may depend on its speed.

extension StripeWorld {
    func search(_ kind: StripeKind, _ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let query = try call.requiredText("query")
        var clauses: [(path: [String], value: String)] = []
        for clause in query.split(separator: " AND ") { clauses.append(try parse(String(clause))) }
        let found = all(kind, owner: call.owner).reversed().filter { json in
            clauses.allSatisfy { clause in
                let value = clause.path.reduce(json) { $0[$1] }
                return (value.string ?? value.integer.map(String.init)) == clause.value
            }
        }
        let limit = try call.integer("limit") ?? 10
        let page = found.prefix(Int(max(1, min(limit, 100))))
        return StripeReply([
            "object": "search_result", "data": .array(Array(page)),
            "has_more": .bool(page.count < found.count),
            "next_page": nil, "url": .string(call.line.path),
        ])
    }

    private func parse(_ clause: String) throws(StripeProblem) -> (path: [String], value: String) {
        guard let colon = clause.lastIndex(of: ":") else {
            throw .invalid("query", "We were unable to parse your search query: \(clause)")
        }
        let quotes: Set<Character> = ["'", "\""]
        let value = clause[clause.index(after: colon)...].filter { !quotes.contains($0) }
        let field = clause[..<colon].filter { !$0.isWhitespace }
        guard field.hasPrefix("metadata["), field.hasSuffix("]") else {
            return ([String(field)], String(value))
        }
        return (
            ["metadata", String(field.dropFirst(9).dropLast().filter { !quotes.contains($0) })],
            String(value)
        )
    }
}
