// Stripe's request bodies: form fields whose names carry structure in brackets. Arrays come in two forms,
// `expand[]=a` and `expand[0]=a`; arrays of objects likewise. An empty string unsets a field, which is not
// the same as leaving it out, so empty values are kept.

/// A decoded form: text at the leaves, members by name between.
enum StripeForm: Sendable, Equatable {
    case text(String)
    case members([String: StripeForm])

    static let empty = StripeForm.members([:])

    init(_ items: [FormItem]) {
        self = .empty
        for item in items { insert(item.value, at: Self.keys(of: item.name)[...]) }
    }

    subscript(_ key: String) -> StripeForm? {
        guard case .members(let members) = self else { return nil }
        return members[key]
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var members: [String: StripeForm] { if case .members(let value) = self { value } else { [:] } }

    /// The elements of an array in either form, in order.
    var elements: [StripeForm] {
        members.compactMap { key, value in Int(key).map { ($0, value) } }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The leaf texts of an array; a single text counts as an array of one.
    var texts: [String] { text.map { [$0] } ?? elements.compactMap(\.text) }

    private mutating func insert(_ value: String, at keys: ArraySlice<String>) {
        guard let key = keys.first else {
            self = .text(value)
            return
        }
        var members = self.members
        let rest = keys.dropFirst()
        let name = key.isEmpty ? Self.position(in: members, for: rest) : key
        var child = members[name] ?? .empty
        child.insert(value, at: rest)
        members[name] = child
        self = .members(members)
    }

    // `[]` starts a new element, unless it goes on with a member that the last element lacks:
    // `items[][price]=a&items[][quantity]=1` is one item.
    private static func position(in members: [String: StripeForm], for rest: ArraySlice<String>) -> String {
        let last = members.keys.compactMap { Int($0) }.max()
        guard let last else { return "0" }
        if let next = rest.first, !next.isEmpty, members[String(last)]?[next] == nil { return String(last) }
        return String(last + 1)
    }

    private static func keys(of name: String) -> [String] {
        guard let open = name.firstIndex(of: "["), open > name.startIndex, name.hasSuffix("]") else {
            return [name]
        }
        let inside = name[name.index(after: open)...].dropLast()
        return [String(name[..<open])]
            + String(inside).split(separator: "][", omittingEmptySubsequences: false).map(String.init)
    }
}
