internal import Commerce
internal import Foundation
internal import Postgres

// How the shop's own types are read from a row. A stored word that no case knows is an error that names the
// column: the database is ahead of this binary, or was edited by hand, and guessing would be worse than
// stopping.

extension Row {
    func raw<Value: RawRepresentable>(_ column: String, as type: Value.Type = Value.self) throws -> Value
    where Value.RawValue == String {
        let stored = try decode(column, as: String.self)
        guard let value = Value(rawValue: stored) else {
            throw StoreError.unexpectedValue(column: column, value: stored)
        }
        return value
    }

    func rawOrNil<Value: RawRepresentable>(_ column: String, as type: Value.Type = Value.self) throws
        -> Value?
    where Value.RawValue == String {
        try decode(column, as: String?.self) == nil ? nil : raw(column)
    }

    func id<Kind>(_ column: String) throws -> Identifier<Kind> {
        Identifier(rawValue: try decode(column, as: UUID.self))
    }

    func idOrNil<Kind>(_ column: String) throws -> Identifier<Kind>? {
        try decode(column, as: UUID?.self).map { Identifier(rawValue: $0) }
    }

    func int(_ column: String) throws -> Int {
        try decode(column, as: Int.self)
    }

    func basisPoints(_ column: String) throws -> BasisPoints {
        BasisPoints(try int(column))
    }

    func currency(_ column: String = "currency") throws -> Currency {
        try raw(column)
    }

    func money(_ column: String, _ currency: Currency) throws -> Money {
        Money(minorUnits: try decode(column, as: Int64.self), currency: currency)
    }

    /// Both columns hold one amount, such as `cost_minor` and `cost_currency`.
    func money(_ column: String, in currencyColumn: String) throws -> Money {
        try money(column, currency(currencyColumn))
    }

    func json<Value: Decodable>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
        try decode(column, as: JSONB.self).decode(type)
    }
}

extension ResultSet {
    /// What one statement is expected to find, or the error that says what was missing.
    func only(orThrow error: @autoclosure () -> StoreError) throws -> Row {
        guard let row = rows.first else { throw error() }
        return row
    }
}
