/// One argument of a command: text, a number or any bytes. Never interpreted, so nothing needs escaping.
///
/// Literals and interpolations work where an argument is expected: `RedisCommand("SET", "k:\(id)", 5)`.
public struct RedisArgument: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case text(String)
        case bytes([UInt8])
        case integer(Int64)
    }

    let content: Content

    public init(_ text: String) { content = .text(text) }
    public init(_ text: some StringProtocol) { content = .text(String(text)) }
    public init(_ bytes: [UInt8]) { content = .bytes(bytes) }
    public init(_ bytes: some Sequence<UInt8>) { content = .bytes(Array(bytes)) }

    /// The number in decimal.
    public init(_ number: some BinaryInteger) {
        if let small = Int64(exactly: number) {
            content = .integer(small)
        } else {
            content = .text(String(number))
        }
    }

    /// The shortest decimal text that reads back as the same number; infinities as Redis writes scores.
    public init(_ number: Double) {
        if number.isInfinite {
            content = .text(number < 0 ? "-inf" : "+inf")
        } else {
            content = .text(String(number))
        }
    }
}

extension RedisArgument: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral
{
    public init(stringLiteral value: String) { self.init(value) }
    public init(integerLiteral value: Int64) { content = .integer(value) }
    public init(floatLiteral value: Double) { self.init(value) }
}
