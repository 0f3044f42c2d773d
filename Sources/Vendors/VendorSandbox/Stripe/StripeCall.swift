import Foundation

// A request after authentication and decoding, and the reading of its parameters. Every accessor refuses
// bad input in Stripe's words, so the handlers can be written as if input were good.

/// A Stripe request as its handler sees it.
struct StripeCall: Sendable {
    /// The account acted on: the platform's own is the empty string.
    static let platform = ""

    let line: RequestLine
    let form: StripeForm
    /// The named segments of the path.
    let segments: [String: String]
    let owner: String
    let requestID: String
    let idempotencyKey: String?
    let origin: String
    let now: Int64

    /// The id in the path.
    var id: String { segments["id"] ?? "" }

    /// A parameter by its path of keys, nil when it was not sent.
    func value(_ path: String...) -> StripeForm? {
        var node: StripeForm? = form
        for key in path { node = node?[key] }
        return node
    }

    func text(_ path: String...) throws(StripeProblem) -> String? {
        try read(path)
    }

    func requiredText(_ name: String) throws(StripeProblem) -> String {
        guard let text = try read([name]), !text.isEmpty else { throw .missing(name) }
        return text
    }

    func integer(_ path: String...) throws(StripeProblem) -> Int64? {
        guard let text = try read(path), !text.isEmpty else { return nil }
        guard let number = Int64(text) else { throw .notAnInteger(Self.name(path), text) }
        return number
    }

    func bool(_ path: String...) throws(StripeProblem) -> Bool? {
        guard let text = try read(path), !text.isEmpty else { return nil }
        switch text {
        case "true", "1": return true
        case "false", "0": return false
        default: throw .invalid(Self.name(path), "Invalid boolean: \(text)")
        }
    }

    /// One of a closed set of words.
    func choice(_ name: String, of allowed: [String]) throws(StripeProblem) -> String? {
        guard let text = try read([name]), !text.isEmpty else { return nil }
        guard allowed.contains(text) else {
            throw .invalid(name, "Invalid \(name): must be one of \(allowed.joined(separator: ", "))")
        }
        return text
    }

    /// Applies the `metadata` parameter to what is there: given keys are set, empty ones removed, an empty
    /// `metadata` clears all.
    func metadata(onto present: JSON = [:]) throws(StripeProblem) -> JSON {
        guard let sent = form["metadata"] else { return present }
        if let text = sent.text {
            guard text.isEmpty else { throw .invalid("metadata", "Invalid object") }
            return [:]
        }
        var result = present
        for (key, value) in sent.members {
            let param = "metadata[\(key)]"
            guard let text = value.text else { throw .invalid(param, "Metadata values must be strings") }
            guard key.count <= 40 else {
                throw .invalid(
                    param, "Metadata keys must be 40 characters or less", code: "parameter_invalid")
            }
            guard text.count <= 500 else {
                throw .invalid(
                    param, "Metadata values must be 500 characters or less", code: "parameter_invalid")
            }
            if text.isEmpty { result.remove(key) } else { result[key] = .string(text) }
        }
        guard result.object.count <= 50 else {
            throw .invalid("metadata", "Metadata can have 50 keys at most")
        }
        return result
    }

    /// A whole subtree as JSON, text leaves included as they are; empty leaves become null.
    func object(_ name: String) -> JSON? { form[name].map(Self.json) }

    static func json(_ form: StripeForm) -> JSON {
        switch form {
        case .text(let text): return text.isEmpty ? .null : .string(text)
        case .members(let members):
            let isArray = !members.isEmpty && members.keys.allSatisfy { Int($0) != nil }
            return isArray ? .array(form.elements.map(json)) : .object(members.mapValues(json))
        }
    }

    private func read(_ path: [String]) throws(StripeProblem) -> String? {
        var node: StripeForm? = form
        for key in path { node = node?[key] }
        guard let node else { return nil }
        guard let text = node.text else {
            throw .invalid(Self.name(path), "Invalid string: \(Self.json(node).text)")
        }
        return text
    }

    private static func name(_ path: [String]) -> String {
        path.dropFirst().reduce(path.first ?? "") { "\($0)[\($1)]" }
    }
}

/// What a handler gives back.
struct StripeReply: Sendable {
    var json: JSON
    var effect: SandboxEffect?

    init(_ json: JSON, effect: SandboxEffect? = nil) {
        self.json = json
        self.effect = effect
    }

    /// An object that was made or changed: `refund.create` on its id.
    init(_ json: JSON, did name: String) {
        self.init(json, effect: SandboxEffect(name, on: json["id"].string ?? ""))
    }
}
