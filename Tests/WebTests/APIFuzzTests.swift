import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

/// Sends nonsense to every route that is documented. Whatever comes back is a documented status, a problem
/// says what is wrong, and the server never breaks.
@Suite struct APIFuzzTests {
    /// The same numbers for the same seed, so that a finding can be looked at again.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let hostile = [
        "x", "0", "-1", "1e9", "99999999999999999999", "null", "'; drop table shop.orders; --", "../../etc",
        "<script>", "ș€𝒳", "\u{202E}abc", "%", "00000000-0000-0000-0000-000000000000",
        String(repeating: "a", count: 300),
    ]
    private static let brokenPaths = ["%00", "%FF", "%zz", "%2e%2e", "%2F"]
    private static let brokenBodies = [
        "", "{", "[]", "null", "\"x\"", "1", "{}", "{\"a\": 1}", "{\"lines\": null}", "{\"lines\": [[]]}",
        "{\"a\": 1, \"a\": 2}", "{\"\\u0000\": 1}", String(repeating: "[", count: 200),
        "{\"cart\": \"\\ud800\"}",
        "{\"price\": {\"minor_units\": 1e400, \"currency\": \"EUR\"}}",
    ]

    /// What is real in the story, to go into paths and bodies.
    private struct Known {
        var byName: [String: String]
        var ids: [String]
    }

    /// One request, and whether its body is as the schema has it.
    private struct Attempt {
        var path: String
        var headers: [String: String]
        var body: [UInt8]
        var isSound: Bool
    }

    private func known(_ shop: WebShop) async throws -> Known {
        let bought = try await shop.delivered()
        let line = #"{"lines": [{"product": "\#(shop.products[0])", "quantity": 1}]}"#
        let cart = try await shop.api("POST", "/carts", line).json()["token"]?.text ?? ""
        return Known(
            byName: [
                "store": "\(shop.tenant)", "order": "\(bought.order)", "product": "\(shop.products[0])",
                "name": "product-1", "token": cart, "webhook": "\(UUID())",
                "claim": "\(try await shop.reported(bought))",
            ],
            ids: ["\(bought.line)", "\(bought.order)", "\(shop.products[0])", cart, "\(UUID())"])
    }

    @Test("nonsense at every documented route is answered by a documented problem", arguments: [1, 2, 3])
    func nonsense(seed: UInt64) async throws {
        let shop = try await WebShop.open()
        let program = try await Program(of: shop)
        let document = try await SpokenDocument(of: shop)
        let known = try await known(shop)
        var random = Seeded(state: seed)

        for operation in document.operations {
            for round in 0..<8 {
                let attempt = attempt(operation, known, program.key, document, &random)
                let answer = try await RawHTTP.send(
                    operation.method, attempt.path, port: shop.running.port,
                    host: operation.isMerchant ? Program.host : shop.host, headers: attempt.headers,
                    body: attempt.body)
                let what: Comment = """
                    seed \(seed), round \(round): \(operation.method) \(attempt.path) \
                    \(String(decoding: attempt.body, as: UTF8.self)) -> \(answer.status) \(answer.body)
                    """
                #expect(document.problems(answer, of: operation) == [], what)
                #expect(answer.status != 500, what)
                guard answer.status >= 400 else { continue }
                #expect(answer.headers["content-type"] == "application/problem+json", what)
                #expect(try answer.json()["status"]?.number == Int64(answer.status), what)
                // What the document allows is at least understood.
                let names = ["malformed-json", "unknown-fields"].map { "urn:cartflux:problem:\($0)" }
                #expect(!attempt.isSound || !names.contains(answer.problemType ?? ""), what)
            }
        }
    }

    private func attempt(
        _ operation: SpokenDocument.Operation, _ known: Known, _ key: String, _ document: SpokenDocument,
        _ random: inout Seeded
    ) -> Attempt {
        var path = operation.template
        for parameter in operation.parameters where parameter["in"]?.text == "path" {
            let name = parameter["name"]?.text ?? ""
            let value: String
            switch Int.random(in: 0..<6, using: &random) {
            case 0: value = PercentCoding.encode(Self.hostile.randomElement(using: &random) ?? "x")
            case 1: value = Self.brokenPaths.randomElement(using: &random) ?? "%00"
            case 2: value = "\(UUID())"
            default: value = known.byName[name] ?? "x"
            }
            path = path.replacing("{\(name)}", with: value)
        }
        var parts: [String] = []
        for parameter in operation.parameters where parameter["in"]?.text == "query" {
            guard Bool.random(using: &random), let name = parameter["name"]?.text else { continue }
            parts.append("\(name)=\(PercentCoding.encode(Self.hostile.randomElement(using: &random) ?? "x"))")
        }
        if !parts.isEmpty { path += "?" + parts.joined(separator: "&") }
        var headers: [String: String] = [:]
        if operation.isMerchant {
            let isKnown = Int.random(in: 0..<8, using: &random) > 0
            headers["Authorization"] = isKnown ? "Bearer \(key)" : "Bearer cfk_nobody"
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: break
        case 1: headers["Idempotency-Key"] = String(repeating: "k", count: 256)
        default: headers["Idempotency-Key"] = "f-\(random.next())"
        }
        var attempt = Attempt(path: path, headers: headers, body: [], isSound: false)
        if operation.method == "POST" || operation.method == "PATCH" {
            fill(&attempt, operation, known, document, &random)
        }
        return attempt
    }

    private func fill(
        _ attempt: inout Attempt, _ operation: SpokenDocument.Operation, _ known: Known,
        _ document: SpokenDocument, _ random: inout Seeded
    ) {
        if Int.random(in: 0..<10, using: &random) > 0 { attempt.headers["Content-Type"] = "application/json" }
        guard let schema = operation.bodySchema, Int.random(in: 0..<4, using: &random) > 0 else {
            attempt.body = Array((Self.brokenBodies.randomElement(using: &random) ?? "").utf8)
            return
        }
        attempt.body = Array(sample(schema, known, document, &random).utf8)
        attempt.isSound = Bool.random(using: &random)
        guard !attempt.isSound, !attempt.body.isEmpty else { return }
        // One byte is another, is gone, or is there twice.
        let place = Int.random(in: 0..<attempt.body.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: attempt.body[place] = UInt8.random(in: 0...255, using: &random)
        case 1: attempt.body.remove(at: place)
        default: attempt.body.insert(attempt.body[place], at: place)
        }
    }

    /// A body as the schema has it, as far as a schema can say.
    private func sample(
        _ pointed: JSONValue, _ known: Known, _ document: SpokenDocument, _ random: inout Seeded
    ) -> String {
        let schema = document.resolved(pointed)
        switch schema["type"]?.text {
        case "object":
            let needed = schema["required"]?.elements.compactMap(\.text) ?? []
            var parts: [String] = []
            for field in schema["properties"]?.fields ?? [] {
                guard needed.contains(field.name) || Bool.random(using: &random) else { continue }
                parts.append("\"\(field.name)\": \(sample(field.value, known, document, &random))")
            }
            return "{\(parts.joined(separator: ", "))}"
        case "array":
            let least = Int(schema["minItems"]?.number ?? 0)
            let count = Int.random(in: least...(least + 2), using: &random)
            guard let items = schema["items"] else { return "[]" }
            let elements = (0..<count).map { _ in sample(items, known, document, &random) }
            return "[\(elements.joined(separator: ", "))]"
        case "integer":
            let least = schema["minimum"]?.number ?? 0
            let most = min(schema["maximum"]?.number ?? 100, least + 2_000)
            return "\(Int64.random(in: least...most, using: &random))"
        case "boolean": return Bool.random(using: &random) ? "true" : "false"
        default: return "\"\(word(schema, known, &random))\""
        }
    }

    private func word(_ schema: JSONValue, _ known: Known, _ random: inout Seeded) -> String {
        if let words = schema["enum"]?.elements.compactMap(\.text) {
            return words.randomElement(using: &random) ?? ""
        }
        if schema["format"]?.text == "uuid" {
            return known.ids.filter { UUID(uuidString: $0) != nil }.randomElement(using: &random) ?? ""
        }
        let most = Int(schema["maxLength"]?.number ?? 100)
        let words = ["EUR", "RO", "a", "https://hooks.example.com/x", "ana@example.test", "'\u{0301}"]
        return (words + known.ids).filter { $0.count <= most }.randomElement(using: &random) ?? "a"
    }
}
