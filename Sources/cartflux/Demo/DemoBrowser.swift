import Foundation
import VendorHTTP

/// A person's browser at one host of the demo: cookies kept, forms filled in, redirects followed by hand.
final class DemoBrowser {
    private let http: DemoHTTP
    private var cookies: [String: String] = [:]

    init(base: String, host: String) { http = DemoHTTP(base: base, host: host) }

    func open(_ path: String) async throws -> DemoPage {
        let page = keep(try await http.get(path, headers: headers), path)
        guard page.status == 200 else { throw page.problem }
        return page
    }

    /// Sends the form of a page, with the token that it carries. What comes back has refused nothing.
    @discardableResult
    func submit(_ page: DemoPage, to path: String, _ values: KeyValuePairs<String, String>) async throws
        -> DemoPage
    {
        try await submit(page, to: path, values.map { ($0, $1) })
    }

    func submit(_ page: DemoPage, to path: String, _ values: [(String, String)]) async throws -> DemoPage {
        guard let token = page.field("form_token") else {
            throw DemoProblem("\(page.path) has no form: \(page.words)")
        }
        var form: FormFields = ["form_token": token]
        for (name, value) in values { form.add(name, value) }
        let answer = keep(try await http.post(path, form: form, headers: headers), path)
        guard answer.status < 400 else { throw answer.problem }
        return answer
    }

    private var headers: [HeaderField] {
        let pairs = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        return [HeaderField("Accept", "text/html")] + (pairs.isEmpty ? [] : [HeaderField("Cookie", pairs)])
    }

    private func keep(_ answer: VendorResponse, _ path: String) -> DemoPage {
        for header in answer.headers where header.name.lowercased() == "set-cookie" {
            let pair = header.value.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = pair.first else { continue }
            cookies[name] = pair.count > 1 ? pair[1] : nil
        }
        return DemoPage(
            path: path, status: answer.status, location: answer.header("Location"), text: answer.text)
    }
}

/// A page as a browser has it.
struct DemoPage: Sendable {
    let path: String
    let status: Int
    let location: String?
    let text: String

    /// The value of the first field of that name.
    func field(_ name: String) -> String? { value(after: "name=\"\(name)\" value=\"") }

    /// The names of fields that begin like this, in the order of the page.
    func names(with prefix: String) -> [String] {
        text.components(separatedBy: "name=\"\(prefix)").dropFirst().map { prefix + $0.prefix { $0 != "\"" } }
    }

    /// The address of the first link that leads to something like this.
    func link(containing part: String) -> String? {
        text.components(separatedBy: "href=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
            .first { $0.contains(part) }?.replacing("&amp;", with: "&")
    }

    private func value(after mark: String) -> String? {
        guard let found = text.firstRange(of: mark) else { return nil }
        return String(text[found.upperBound...].prefix { $0 != "\"" })
    }

    /// What it says, without its markup.
    var words: String {
        var isInside = false
        let main = text.firstRange(of: "<main").map { text[$0.lowerBound...] } ?? text[...]
        let plain = main.filter { character in
            if character == "<" { isInside = true }
            defer { if character == ">" { isInside = false } }
            return !isInside
        }
        return String(plain.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(400))
    }

    var problem: DemoProblem { DemoProblem("\(path) answered \(status): \(words)") }
}
