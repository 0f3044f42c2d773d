/// What travels together: one supplier and one of its warehouses. Every group becomes one supplier order.
package struct SupplierGroupKey: Hashable, Sendable, Codable {
    package let supplier: SupplierID
    package let warehouse: WarehouseCode

    package init(supplier: SupplierID, warehouse: WarehouseCode = .main) {
        self.supplier = supplier
        self.warehouse = warehouse
    }
}

extension SupplierGroupKey: CustomStringConvertible {
    /// "{supplier}:{warehouse}", stable: it may name a step's item.
    package var description: String { "\(supplier):\(warehouse)" }
}

extension Sequence {
    /// The elements by supplier and warehouse, groups and members in the order they first appear, so that
    /// the same order is split the same way every time.
    package func grouped(
        bySupplier key: (Element) -> SupplierGroupKey
    ) -> [(key: SupplierGroupKey, members: [Element])] {
        var places: [SupplierGroupKey: Int] = [:]
        var groups: [(key: SupplierGroupKey, members: [Element])] = []
        for element in self {
            let key = key(element)
            if let place = places[key] {
                groups[place].members.append(element)
            } else {
                places[key] = groups.count
                groups.append((key, [element]))
            }
        }
        return groups
    }
}
