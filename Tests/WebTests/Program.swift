import Commerce
import CommerceStore
import Foundation
import WebSupport

/// A merchant's program with a key of its store.
struct Program: Sendable {
    let shop: WebShop
    let key: String

    static let host = "127.0.0.1"

    init(of shop: WebShop, for scopes: Set<APIScope> = Set(APIScope.allCases)) async throws {
        self.shop = shop
        let keys = APIKeys(shop.running.database)
        key = try await shop.running.database.transaction(for: shop.tenant) {
            try await keys.make(
                named: "Till", for: scopes, by: UserID(rawValue: shop.tenant.rawValue), in: $0)
        }.text
    }

    /// Asks for a path inside the program's own store.
    func inStore(
        _ method: String, _ path: String, _ body: String? = nil, once: String? = nil, port: Int? = nil
    ) async throws -> Answer {
        try await send(method, "/stores/\(shop.tenant)\(path)", body, once: once, port: port)
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, once: String? = nil, port: Int? = nil
    ) async throws -> Answer {
        var headers = ["Authorization": "Bearer \(key)"]
        if body != nil { headers["Content-Type"] = "application/json" }
        headers["Idempotency-Key"] = once
        return try await RawHTTP.send(
            method, "/api/v1\(path)", port: port ?? shop.running.port, host: Self.host, headers: headers,
            body: Array((body ?? "").utf8))
    }
}

extension Answer {
    /// The answer with the names and order that it was written in.
    func json() throws -> JSONValue { try JSONValue(parsing: Array(body.utf8)) }
}

extension JSONValue {
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.name == name }?.value
    }

    var fields: [JSONValue.Field] {
        if case .object(let fields) = self { fields } else { [] }
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var number: Int64? {
        if case .number(let digits) = self { Int64(digits) } else { nil }
    }
}

/// The document as the server gives it, read by rules of its own, so that it is held against the answers and
/// not against the code that wrote it.
struct SpokenDocument: Sendable {
    struct Operation: Sendable {
        let id: String
        let method: String
        let template: String
        let node: JSONValue

        var isMerchant: Bool { node["security"]?.elements.isEmpty == false }
        var statuses: Set<Int> { Set(node["responses"]?.fields.compactMap { Int($0.name) } ?? []) }
        var bodySchema: JSONValue? {
            node["requestBody"]?["content"]?["application/json"]?["schema"]
        }
        var parameters: [JSONValue] { node["parameters"]?.elements ?? [] }
    }

    let root: JSONValue

    init(of shop: WebShop) async throws {
        let answer = try await shop.api("GET", "/openapi.json")
        guard answer.status == 200 else { throw RawHTTPError(message: "no document: \(answer.status)") }
        root = try answer.json()
    }

    var operations: [Operation] {
        root["paths"]?.fields.flatMap { path in
            path.value.fields.map {
                Operation(
                    id: $0.value["operationId"]?.text ?? "", method: $0.name.uppercased(),
                    template: path.name, node: $0.value)
            }
        } ?? []
    }

    /// What of an answer the document does not allow.
    func problems(_ answer: Answer, of operation: Operation) -> [String] {
        guard let response = operation.node["responses"]?["\(answer.status)"] else {
            return ["\(answer.status) is not documented: \(answer.body.prefix(200))"]
        }
        let type = answer.headers["content-type"] ?? ""
        guard let content = response["content"] else {
            return answer.body.isEmpty ? [] : ["a body where none is documented"]
        }
        guard let schema = content[type]?["schema"] else { return ["the type \(type) is not documented"] }
        do {
            return problems(try answer.json(), schema, at: "#")
        } catch {
            return ["the body is no JSON: \(error)"]
        }
    }

    func resolved(_ schema: JSONValue) -> JSONValue {
        guard let name = schema["$ref"]?.text?.split(separator: "/").last else { return schema }
        return root["components"]?["schemas"]?[String(name)] ?? .null
    }

    private func problems(_ value: JSONValue, _ pointed: JSONValue, at place: String) -> [String] {
        let schema = resolved(pointed)
        switch (schema["type"]?.text, value) {
        case ("object", .object(let fields)): return problems(fields, schema, at: place)
        case ("array", .array(let elements)):
            guard let element = schema["items"] else { return ["\(place): items are not described"] }
            return elements.enumerated().flatMap {
                problems($0.element, element, at: "\(place)/\($0.offset)")
            }
        case ("string", .string(let text)): return problems(text, schema).map { "\(place): \($0)" }
        case ("integer", .number(let digits)):
            guard let number = Int64(digits) else { return ["\(place): \(digits) is not whole"] }
            let least = schema["minimum"]?.number ?? .min
            let most = schema["maximum"]?.number ?? .max
            return (least...most).contains(number) ? [] : ["\(place): \(number) is out of range"]
        case ("boolean", .bool): return []
        case (let type, _): return ["\(place): is no \(type ?? "described value")"]
        }
    }

    private func problems(
        _ fields: [JSONValue.Field], _ schema: JSONValue, at place: String
    ) -> [String] {
        let known = schema["properties"]?.fields ?? []
        let needed = schema["required"]?.elements.compactMap(\.text) ?? []
        var found = needed.filter { name in !fields.contains { $0.name == name } }
            .map { "\(place)/\($0): is missing" }
        for field in fields {
            let path = "\(place)/\(field.name)"
            if let described = known.first(where: { $0.name == field.name }) {
                found += problems(field.value, described.value, at: path)
            } else if case .object? = schema["additionalProperties"],
                let others = schema["additionalProperties"]
            {
                found += problems(field.value, others, at: path)
            } else if schema["additionalProperties"] == .bool(false) {
                found.append("\(path): is not described")
            }
        }
        return found
    }

    private func problems(_ text: String, _ schema: JSONValue) -> [String] {
        var found: [String] = []
        if let words = schema["enum"]?.elements.compactMap(\.text), !words.contains(text) {
            found.append("\(text) is none of \(words)")
        }
        let least = Int(schema["minLength"]?.number ?? 0)
        let most = Int(schema["maxLength"]?.number ?? .max)
        if !(least...most).contains(text.unicodeScalars.count) { found.append("\(text) is too long") }
        switch schema["format"]?.text {
        case "uuid": if UUID(uuidString: text) == nil { found.append("\(text) is no UUID") }
        case "date-time":
            // Why it cannot be read adds nothing.
            if (try? Date(text, strategy: .iso8601)) == nil { found.append("\(text) is no moment") }
        default: break
        }
        return found
    }
}
