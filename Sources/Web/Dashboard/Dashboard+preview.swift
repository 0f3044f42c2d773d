// The way from a store's pages here to the shop as shoppers will see it. A draft is served at its own address
// like any other store, to those who hold a pass; this page gives one out to whoever works in the store. What
// merchants write is so never shown at the address at which they are signed in.

import CommerceStore
import WebSupport

extension Dashboard {
    var previewEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/preview") { request, account in
                let store = try await inStore(request, account, may: .read) { tx in
                    try await Stores().load(in: tx)
                }
                let host = onboarding.host(of: store.slug)
                let origin = request.origin(of: host)
                guard store.status == .draft else { return .seeOther("\(origin)/") }
                let pass = request.previewPass(for: store.tenant)
                return .seeOther("\(origin)/preview/\(store.slug)?pass=\(PercentCoding.encode(pass))")
            }
        ]
    }
}
