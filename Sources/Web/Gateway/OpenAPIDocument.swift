// The OpenAPI 3.1 document, made of the rows that are mounted. Nothing here knows a route by name.

import WebSupport

struct OpenAPIDocument: Sendable {
    static let path = "/openapi.json"

    let routes: [APIRoute]

    var node: DocumentNode {
        var paths: [String: [String: DocumentNode]] = [:]
        for route in routes { paths[route.template, default: [:]][route.method.lowercased()] = route.node }
        var schemas: [String: DocumentNode] = ["Problem": Self.problem]
        for route in routes {
            for schema in [route.shape.body, route.answer].compactMap(\.self) {
                schemas.merge(schema.parts) { first, _ in first }
            }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "CartFlux", "version": "1", "description": .text(Self.introduction),
            ],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer",
                        "description": "A key of a store (`cfk_...`) or a token of a person (JWT).",
                    ]
                ],
            ],
        ]
    }

    private static let introduction = """
        Two hosts answer. What belongs to a shop is at the shop's own host and open to everybody; what \
        belongs to its merchant is at the platform's host and wants a key or a token. Amounts are minor \
        units with their currency, moments are RFC 3339 in UTC. Errors are problem+json (RFC 9457), and a \
        problem's `type` never changes its meaning.
        """

    /// As `WebProblem` writes it.
    private static let problem = Schema.object([
        .required("type", .words, "What went wrong, for programs."),
        .required("title", .words, "The same for people."),
        .required("status", .whole(400...599)),
        .required("detail", .words, "What helps in this case."),
        .required("request_id", .words, "Name it when you ask us."),
        .optional(
            "errors",
            .list(
                of: .object([
                    .required("field", .words), .required("message", .words),
                    .optional("pointer", .words, "Into the body, as RFC 6901 writes it."),
                    .optional("parameter", .words, "Of the address, where it is not in the body."),
                ]))),
    ]).node
}

extension APIRoute {
    /// The path as OpenAPI writes it.
    var template: String {
        Self.root
            + path.split(separator: "/").map { $0.hasPrefix(":") ? "/{\($0.dropFirst())}" : "/\($0)" }
            .joined()
    }

    fileprivate var node: DocumentNode {
        var node: [String: DocumentNode] = [
            "operationId": .text(name), "summary": .text(summary), "parameters": .list(parameters),
            "responses": .object(responses), "tags": [.text(tag)],
        ]
        if let body = shape.body {
            node["requestBody"] = ["required": true, "content": ["application/json": ["schema": body.node]]]
        }
        switch door {
        case .merchant(let scope):
            node["security"] = [["bearer": .list(scope.map { [.text($0.rawValue)] } ?? [])]]
        case .shop, .everywhere: node["security"] = []
        }
        return .object(node)
    }

    private var tag: String {
        switch door {
        case .shop: "shop"
        case .merchant: "merchant"
        case .everywhere: "about"
        }
    }

    private var parameters: [DocumentNode] {
        let inPath = pathParameters.map { name -> DocumentNode in
            ["name": .text(name), "in": "path", "required": true, "schema": ["type": "string"]]
        }
        let inQuery = shape.query.map { parameter -> DocumentNode in
            [
                "name": .text(parameter.name), "in": "query", "required": false,
                "schema": parameter.schema.node, "description": .text(parameter.meaning),
            ]
        }
        guard keyUse != .none else { return inPath + inQuery }
        let key: DocumentNode = [
            "name": "Idempotency-Key", "in": "header", "required": .truth(keyUse == .required),
            "schema": ["type": "string", "minLength": 1, "maxLength": 255],
            "description": """
            Names the request: sent again with the same key and body within a day, it is done once and \
            answered alike.
            """,
        ]
        return inPath + inQuery + [key]
    }

    private var responses: [String: DocumentNode] {
        var good: [String: DocumentNode] = ["description": "Done."]
        if let answer { good["content"] = ["application/json": ["schema": answer.node]] }
        if let headers = limitHeaders { good["headers"] = headers }
        var responses = ["\(status)": DocumentNode.object(good)]
        for (status, names) in Dictionary(grouping: allProblems, by: \.status) {
            let words = names.map { "`\($0.rawValue)`" }.sorted().joined(separator: ", ")
            responses["\(status)"] = [
                "description": .text("A problem of type \(words)."),
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ]
        }
        return responses
    }

    private var limitHeaders: DocumentNode? {
        if case .merchant = door {} else if !isRateLimited { return nil }
        func header(_ meaning: String) -> DocumentNode {
            ["description": .text(meaning), "schema": ["type": "integer", "minimum": 0]]
        }
        return [
            "RateLimit-Limit": header("How many requests may come at once."),
            "RateLimit-Remaining": header("How many still may."),
            "RateLimit-Reset": header("In how many seconds all of them may again."),
        ]
    }
}
