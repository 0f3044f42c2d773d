// An error for a person: what happened, what helps, and a reference to quote. Never a cause, never a cost.

import Commerce

enum ErrorPage {
    static func response(
        _ problem: WebProblem, requestID: String, language: Language, homeAddress: String?
    ) -> WebResponse {
        let words = ErrorWords.words(ErrorWords.Kind(problem.name), in: language)
        let home: HTML? = homeAddress.map { address in
            "<p><a class=\"button\" href=\"\(link: address)\">\(ErrorWords.home(in: language))</a></p>"
        }
        var frame = PageFrame(
            language: language, title: words.title,
            main: """
                <div class="empty stack">
                <h1>\(words.title)</h1>
                <p>\(words.advice)</p>
                \(home)
                <p class="fine">\(ErrorWords.reference(in: language)): \(requestID)</p>
                </div>
                """,
            skipLabel: words.title)
        frame.isIndexed = false
        var response = WebResponse.html(frame.html, status: problem.name.status)
        response.headers.merge(problem.headers) { _, new in new }
        return response
    }
}
