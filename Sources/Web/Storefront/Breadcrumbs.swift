import WebSupport

/// One step of the way to a page: its name, and its address without language.
struct Breadcrumb: Equatable {
    let name: String
    let path: String

    static func html(_ steps: [Breadcrumb], _ request: WebRequest) -> HTML {
        let items = steps.enumerated().map { place, step -> HTML in
            guard place + 1 < steps.count else {
                return "<li><span aria-current=\"page\">\(step.name)</span></li>"
            }
            return "<li><a href=\"\(link: request.address(step.path))\">\(step.name)</a></li>"
        }
        return """
            <nav class="crumbs" aria-label="\(request.words(.breadcrumbs))"><ol>\(items)</ol></nav>
            """
    }
}
