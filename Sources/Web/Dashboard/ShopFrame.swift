// The shop as shoppers would see it, beside the choice of its look. It stands at its own address, so that
// what a merchant wrote never runs where merchants are signed in, and it is a picture of the home page: no
// script, no form, and nothing in it can be followed. The page allows this one address in a frame, and the
// shop allows this page around it, for whoever comes with a pass.

import Commerce
import CommerceStore
import WebSupport

struct ShopFrame: Sendable {
    let request: WebRequest
    let store: Store
    let host: String
    /// The theme that is tried on.
    let look: String

    func html(choices: [(value: String, words: String)]) -> HTML {
        let origin = request.origin(of: host)
        request.framed.note([origin])
        // With the pass in the address and not in a cookie: browsers keep none for a frame of another site.
        let pass = PercentCoding.encode(request.previewPass(for: store.tenant))
        let address = "\(origin)/?pass=\(pass)&theme=\(PercentCoding.encode(look))"
        let links = choices.map { value, words -> HTML in
            let mark: HTML = value == look ? " aria-current=\"true\"" : ""
            let path = "\(OnboardingStep.theme.address(in: store.tenant))?look=\(value)"
            return "<li><a href=\"\(link: path)\"\(mark)>\(words)</a></li>"
        }
        return """
            <section aria-labelledby="shown"><h2 id="shown">Your shop in this look</h2>\
            <nav aria-label="Looks"><ul class="tabs">\(links)</ul></nav>\
            <iframe class="shopframe" src="\(address)" title="\(store.name), as shoppers see it" \
            sandbox="allow-same-origin" loading="lazy" inert></iframe>\
            <p class="fine"><a href="\(link: "/stores/\(store.tenant)/preview")">Open the shop itself</a></p>\
            </section>
            """
    }
}
