import Foundation

// Path templates such as `/v1/payment_intents/{id}/cancel`. They serve twice: vendors route by them, and
// faults are aimed by them.

/// A path in which `{name}` stands for any one segment and a final `*` for the rest.
package struct PathTemplate: Sendable, Equatable, CustomStringConvertible {
    private let segments: [Substring]
    package let description: String

    package init(_ text: String) {
        description = text
        segments = Self.split(text)
    }

    /// The values of the named segments, or nil when the path does not fit.
    package func match(_ path: String) -> [String: String]? {
        var found: [String: String] = [:]
        let actual = Self.split(path)
        for (position, segment) in segments.enumerated() {
            if segment == "*", position == segments.count - 1 { return found }
            guard position < actual.count else { return nil }
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                let value = String(actual[position])
                found[String(segment.dropFirst().dropLast())] = value.removingPercentEncoding ?? value
            } else if segment != actual[position] {
                return nil
            }
        }
        return actual.count == segments.count ? found : nil
    }

    // A trailing slash means the same place: the vendors accept both.
    private static func split(_ text: String) -> [Substring] { text.split(separator: "/") }
}

/// A vendor's endpoints. `Handler` is whatever the vendor calls: usually a function type.
package struct SandboxRoutes<Handler: Sendable>: Sendable {
    private struct Route: Sendable {
        let method: String
        let template: PathTemplate
        let handler: Handler
    }

    /// What the table says about a request.
    package enum Match {
        case found(Handler, parameters: [String: String], template: PathTemplate)
        /// The path exists with other methods.
        case wrongMethod(allowed: [String])
        case unknown
    }

    private var routes: [Route] = []

    package init() {}

    /// Adds an endpoint written as `POST /v1/refunds/{id}`. Earlier routes win.
    package mutating func on(_ endpoint: String, _ handler: Handler) {
        let halves = endpoint.split(separator: " ", maxSplits: 1)
        precondition(halves.count == 2, "an endpoint is a method and a path, not \(endpoint)")
        let template = PathTemplate(String(halves[1]))
        routes.append(Route(method: String(halves[0]), template: template, handler: handler))
    }

    /// Finds the endpoint of a request.
    package func match(method: String, path: String) -> Match {
        var allowed: [String] = []
        for route in routes {
            guard let parameters = route.template.match(path) else { continue }
            if route.method == method {
                return .found(route.handler, parameters: parameters, template: route.template)
            }
            allowed.append(route.method)
        }
        return allowed.isEmpty ? .unknown : .wrongMethod(allowed: allowed)
    }
}
