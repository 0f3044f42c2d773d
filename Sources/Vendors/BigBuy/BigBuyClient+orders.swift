import Commerce
import VendorHTTP

extension BigBuyClient {
    /// How BigBuy would deliver these articles, and for how much. They must lie in one warehouse.
    package func shippingOptions(
        to country: CountryCode, postcode: String, lines: [BigBuyOrderLine]
    ) async throws(BigBuyFailure) -> [BigBuyShippingOption] {
        let body: JSON = [
            "order": [
                "delivery": ["isoCountry": .string(country.rawValue), "postcode": .string(postcode)],
                "products": .array(lines.map(\.json)),
            ]
        ]
        let request = VendorRequest(.post, "/rest/shipping/orders.json", body: .json(body))
        return try await send(request) { json throws(JSONMismatch) in
            try readAll(try json.need("shippingOptions", \.list), as: BigBuyShippingOption.init)
        }
    }

    /// What an order would cost, per warehouse, and which articles could not be delivered. Changes nothing.
    package func check(_ request: BigBuyOrderRequest) async throws(BigBuyFailure) -> BigBuyQuote {
        let call = VendorRequest(.post, "/rest/order/check/multishipping.json", body: .json(request.json))
        return try await send(call) { json throws(JSONMismatch) in try BigBuyQuote(json, asked: request.skus)
        }
    }

    /// Orders and pays from the wallet. There is no idempotency key: after a failure that may have
    /// happened, look the reference up first. The result has to be read case by case, since an order may
    /// succeed in part.
    package func create(_ request: BigBuyOrderRequest) async throws(BigBuyFailure) -> BigBuyPlacement {
        let call = VendorRequest(.post, "/rest/order/create/multishipping.json", body: .json(request.json))
        do throws(BigBuyFailure) {
            return try await send(call) { json throws(JSONMismatch) in
                try BigBuyPlacement(json, asked: request.skus)
            }
        } catch {
            guard case .refused(.orderExists(let id)) = error.reason else { throw error }
            return .alreadyPlaced(id)
        }
    }

    /// One order with our reference, or nil when BigBuy says itself that there is none: only then is it
    /// safe to order again. For goods from several warehouses this returns one order of the set.
    package func order(
        withReference reference: BigBuyReference
    ) async throws(BigBuyFailure) -> BigBuyOrderSummary? {
        let request = VendorRequest(
            .get, "/rest/order/reference/\(FormFields.escape(reference.rawValue)).json")
        do throws(BigBuyFailure) {
            return try await send(request, as: BigBuyOrderSummary.init)
        } catch {
            guard case .notFound(let words) = error.reason else { throw error }
            if words.hasPrefix("No order found") { return nil }
            // Some other 404, such as a removed path, says nothing about the order.
            throw BigBuyFailure(.unknown(status: 404, words), call: error.call, at: error.at)
        }
    }

    package func order(_ id: BigBuyOrder.ID) async throws(BigBuyFailure) -> BigBuyOrder {
        try await send(VendorRequest(.get, "/rest/order/\(id).json"), as: BigBuyOrder.init)
    }

    /// Where the parcels of these orders are. Orders without parcels yet are simply absent.
    package func tracking(_ orders: [BigBuyOrder.ID]) async throws(BigBuyFailure) -> [BigBuyTracking] {
        let wanted = JSON.array(orders.map { ["id": .string($0.rawValue)] })
        let request = VendorRequest(
            .post, "/rest/tracking/orders.json", body: .json(["track": ["orders": wanted]]))
        do throws(BigBuyFailure) {
            return try await send(request) { json throws(JSONMismatch) in
                guard let elements = json.list else {
                    throw JSONMismatch(member: "trackings", found: "no list")
                }
                return try readAll(elements, as: BigBuyTracking.init)
            }
        } catch {
            if case .notFound = error.reason { return [] }
            throw error
        }
    }
}

extension JSON {
    /// The elements of an array; nil for anything else.
    var list: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
