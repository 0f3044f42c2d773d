// Resend's refusals: a status, a name that programs go by, a sentence for people.

/// An error answer.
struct ResendProblem: Error, Sendable {
    let status: Int
    let name: String
    let message: String

    init(_ status: Int, _ name: String, _ message: String) {
        self.status = status
        self.name = name
        self.message = message
    }

    static func invalid(_ message: String) -> ResendProblem {
        ResendProblem(422, "validation_error", message)
    }

    static func missing(_ field: String) -> ResendProblem {
        ResendProblem(422, "missing_required_field", "Missing `\(field)` field.")
    }

    static let notFound = ResendProblem(404, "not_found", "Email not found")

    var json: JSON {
        ["statusCode": .integer(Int64(status)), "name": .string(name), "message": .string(message)]
    }

    var response: SandboxResponse { .json(json, status: status) }
}
