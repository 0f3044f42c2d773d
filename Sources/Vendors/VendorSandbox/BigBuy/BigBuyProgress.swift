import Foundation

// What became of an order. There are no webhooks: whoever wants to know asks.

extension BigBuyWorld {
    func readOrder(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let order = try order(call.segments["id"] ?? "")
        return .json(json(of: order))
    }

    /// One order of a reference, the first where there are several.
    func findReference(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let reference = call.segments["reference"] ?? ""
        guard let order = orders(reference: reference).first else {
            throw .notFound("No order found with refOrder: \(reference)")
        }
        return .json([
            "id": .string(order.id),
            "totalPaidTaxIncl": .string(SandboxAmount.text(order.parcel.charge)),
        ])
    }

    func trackOne(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let order = try order(call.segments["id"] ?? "")
        return .json(.array(tracking(of: order).map { [$0] } ?? []))
    }

    /// Only orders that were shipped are in the answer.
    func trackSeveral(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let asked = call.body["track"]["orders"].array
        guard !asked.isEmpty else {
            throw .invalid([(["orders"], "This collection should contain 1 element or more.")])
        }
        let found = asked.compactMap { wanted -> JSON? in
            let id = wanted["id"].string ?? wanted["id"].integer.map { String($0) } ?? ""
            // An order that does not exist is left out like one that was not shipped.
            return (try? order(id)).flatMap(tracking)
        }
        return .json(.array(found.reversed()))
    }

    /// The order as BigBuy shows it.
    func json(of order: BigBuyParcelOrder) -> JSON {
        let parcel = order.parcel
        let lines = parcel.lines.map { line -> JSON in
            [
                "id": .string(String(line.article)), "reference": .string(line.sku),
                "name": .string(goods(line.sku)?.article.titles["en"] ?? line.sku),
                "quantity": .integer(Int64(line.quantity)), "priceTaxExcl": SandboxAmount.json(line.price),
                "priceTaxIncl": SandboxAmount.json(Self.taxed(line.price)),
            ]
        }
        return [
            "id": .string(order.id), "internalReference": .string(order.reference),
            "dateAdd": .string(order.placedAt.plainText),
            "totalPaidTaxIncl": SandboxAmount.json(parcel.charge),
            "totalPaidTaxExcl": SandboxAmount.json(parcel.net),
            "totalShippingTaxExcl": SandboxAmount.json(parcel.shipping),
            "totalShippingTaxIncl": SandboxAmount.json(Self.taxed(parcel.shipping)),
            "status": .string(status(of: order).rawValue),
            "carriers": [["id": "121", "name": "GLS", "price": SandboxAmount.json(parcel.shipping)]],
            "shippingAddress": order.address, "products": .array(lines),
        ]
    }

    /// Where an order stands now.
    func status(of order: BigBuyParcelOrder) -> BigBuyStatus {
        if order.canceledAt != nil { return .canceled }
        if delivery(of: order) != nil { return .delivered }
        return shipment(of: order) == nil ? .processing : .shipped
    }

    private func shipment(of order: BigBuyParcelOrder) -> Date? {
        past(order.shippedAt, order, after: schedule.ship)
    }

    private func delivery(of order: BigBuyParcelOrder) -> Date? {
        past(order.deliveredAt, order, after: schedule.deliver)
    }

    private func past(_ set: Date?, _ order: BigBuyParcelOrder, after seconds: Double?) -> Date? {
        let due = set ?? seconds.map { order.placedAt.addingTimeInterval($0) }
        return due.flatMap { $0 <= now ? $0 : nil }
    }

    private func tracking(of order: BigBuyParcelOrder) -> JSON? {
        let delivered = delivery(of: order)
        guard order.canceledAt == nil, let at = delivered ?? shipment(of: order) else { return nil }
        let words = delivered == nil ? ("In transit", "In tranzit") : ("Delivered", "Livrat")
        let parcels = (1...order.parcelCount).map { number -> JSON in
            [
                "trackingNumber": .string("GLS\(order.id)" + (number == 1 ? "" : "-\(number)")),
                "statusDescription": .string(words.0), "descriptionTranslated": .string(words.1),
                "statusDate": .string(at.plainText), "carrier": ["id": "121"],
            ]
        }
        return [
            "id": .integer(Int64(order.id) ?? 0), "reference": .string(order.reference),
            "trackings": .array(parcels),
        ]
    }

    private static func taxed(_ net: Int64) -> Int64 {
        SandboxAmount.hundredths(SandboxAmount.decimal(net) * (1 + taxRate))
    }
}

/// An order's status in BigBuy's words, with the number of its list.
enum BigBuyStatus: String, Sendable, CaseIterable {
    case processing = "In process"
    case shipped = "Shipped"
    case delivered = "Delivered"
    case canceled = "Canceled"
}
