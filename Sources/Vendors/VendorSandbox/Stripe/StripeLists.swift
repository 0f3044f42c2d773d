// Lists with cursors, and expansion of ids into objects.

extension StripeWorld {
    static let pageParams: Set<String> = ["limit", "starting_after", "ending_before", "created"]
    private static let largestPage: Int64 = 100

    /// A page of a kind, newest first. `fields` names query parameters that must equal the object's member.
    func list(
        _ kind: StripeKind, _ call: StripeCall, fields: [String] = [],
        where isWanted: (JSON) -> Bool = { _ in true }
    ) throws(StripeProblem) -> StripeReply {
        var wanted: [String: String] = [:]
        for field in fields {
            if let text = try call.text(field), !text.isEmpty { wanted[field] = text }
        }
        let range = try createdRange(call)
        let found = all(kind, owner: kind == .account ? StripeCall.platform : call.owner).reversed().filter {
            json in
            wanted.allSatisfy { json[$0.key].string == $0.value } && isWanted(json)
                && range.contains(json["created"].integer ?? 0)
        }
        return StripeReply(try page(Array(found), call, noun: kind.noun))
    }

    /// Cuts a page out of objects that are in answer order already.
    func page(_ found: [JSON], _ call: StripeCall, noun: String) throws(StripeProblem) -> JSON {
        let limit = try call.integer("limit") ?? 10
        guard (1...Self.largestPage).contains(limit) else {
            let message = limit < 1 ? "greater than or equal to 1" : "less than or equal to 100"
            throw .invalid("limit", "This value must be \(message).", code: "parameter_invalid_integer")
        }
        let size = Int(limit)
        if let cursor = try call.text("ending_before") {
            let end = try position(of: cursor, in: found, param: "ending_before", noun: noun)
            let start = max(0, end - size)
            return Self.list(Array(found[start..<end]), hasMore: start > 0, url: call.line.path)
        }
        var start = 0
        if let cursor = try call.text("starting_after") {
            start = try position(of: cursor, in: found, param: "starting_after", noun: noun) + 1
        }
        let end = min(found.count, start + size)
        return Self.list(Array(found[start..<end]), hasMore: end < found.count, url: call.line.path)
    }

    static func list(_ data: [JSON], hasMore: Bool, url: String) -> JSON {
        ["object": "list", "data": .array(data), "has_more": .bool(hasMore), "url": .string(url)]
    }

    static func emptyList(_ url: String) -> JSON {
        var empty = list([], hasMore: false, url: url)
        empty["total_count"] = 0
        return empty
    }

    /// An embedded list with one more element in front.
    static func list(_ list: JSON, adding element: JSON) -> JSON {
        var list = list
        let data = [element] + list["data"].array
        list["data"] = .array(data)
        list["total_count"] = .integer(Int64(data.count))
        return list
    }

    /// Replaces ids by objects along the paths of `expand`.
    func expanded(_ json: JSON, _ call: StripeCall) throws(StripeProblem) -> JSON {
        var result = json
        for path in call.form["expand"]?.texts ?? [] {
            let keys = path.split(separator: ".").map(String.init)
            guard keys.count <= 4 else {
                throw .invalid("expand", "You cannot expand more than 4 levels of a property: \(path).")
            }
            result = try expand(result, keys[...], path)
        }
        return result
    }

    private func expand(_ json: JSON, _ keys: ArraySlice<String>, _ path: String) throws(StripeProblem)
        -> JSON
    {
        guard let key = keys.first else { return json }
        if case .array(let elements) = json {
            var results: [JSON] = []
            for element in elements { results.append(try expand(element, keys, path)) }
            return .array(results)
        }
        guard case .object(let members) = json else { return json }
        var result = json
        if key == "refunds", members["object"] == "charge" {
            let refunds = all(.refund).reversed().filter { $0["charge"] == members["id"] }
            let id = members["id"]?.string ?? ""
            result[key] = Self.list(refunds, hasMore: false, url: "/v1/charges/\(id)/refunds")
            return result
        }
        guard let value = members[key] else {
            throw .invalid("expand", "This property cannot be expanded (\(path)).")
        }
        var child = value
        if let id = value.string {
            guard let kind = StripeKind(id: id), !self[kind, id].isNull else {
                throw .invalid("expand", "This property cannot be expanded (\(path)).")
            }
            child = kind == .balanceTransaction ? current(self[kind, id]) : self[kind, id]
        }
        result[key] = try expand(child, keys.dropFirst(), path)
        return result
    }

    private func position(
        of cursor: String, in found: [JSON], param: String, noun: String
    ) throws(StripeProblem) -> Int {
        guard let position = found.firstIndex(where: { $0["id"].string == cursor }) else {
            throw .noSuch(noun, cursor, param: param, status: 400)
        }
        return position
    }

    private func createdRange(_ call: StripeCall) throws(StripeProblem) -> ClosedRange<Int64> {
        guard let created = call.form["created"] else { return 0...Int64.max }
        if created.text != nil {
            let exact = try call.integer("created") ?? 0
            return exact...exact
        }
        var low: Int64 = 0
        var high = Int64.max
        if let bound = try call.integer("created", "gte") { low = max(low, bound) }
        if let bound = try call.integer("created", "gt") { low = max(low, bound + 1) }
        if let bound = try call.integer("created", "lte") { high = min(high, bound) }
        if let bound = try call.integer("created", "lt") { high = min(high, bound - 1) }
        guard low <= high else { return Int64.max...Int64.max }
        return low...high
    }
}
