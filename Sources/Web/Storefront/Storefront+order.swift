// The status page. It reads; coming back from the payment page with any claim whatever changes nothing.

import WebSupport

extension Storefront {
    func order(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.parameter("token")
        let view = try await views.find(token: token, for: request.store, language: request.language)
        guard let view else { throw WebProblem(.notFound) }
        var response: WebResponse
        if request.query["fragment"] != nil {
            response = .html(
                OrderPage.fragment(request, view, OrderStory(view), token: token, hosted: hosted))
        } else {
            response = OrderPage.page(request, view, token: token, hosted: hosted).response()
        }
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response
    }

    func orderEvents(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.parameter("token")
        return try await events.feed(token: token, for: request.store, language: request.language).response
    }
}
