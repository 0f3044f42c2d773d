// A store with a domain of its own has one address for every page: reading is sent there from its other
// hosts. What a form posts is answered where it was posted, and so is what a program asks. Browsers keep the
// answer for minutes only, because a domain can be given up again. Who comes with a pass stays where it
// leads, since the page around that frame allows this very host.

enum CanonicalHost {
    private static let seconds = 300

    static func redirect(_ request: WebRequest) -> WebResponse? {
        guard case .store(let store) = request.site, let domain = store.domain,
            let host = HostDirectory.host(of: request.authority), host != domain,
            request.keptPreviewPass == nil,
            request.method == "GET" || request.method == "HEAD", !request.path.hasPrefix("/api/")
        else { return nil }
        let port = request.authority.firstIndex(of: ":").map { String(request.authority[$0...]) } ?? ""
        let query = request.rawQuery.map { "?\($0)" } ?? ""
        let scheme = request.isSecure ? "https" : "http"
        return WebResponse(
            status: 301,
            headers: [
                "Location": "\(scheme)://\(domain)\(port)\(request.path)\(query)",
                "Cache-Control": "max-age=\(seconds)",
            ])
    }
}
