import FoundationEssentials

// The server's `numeric` is a row of digits to the base of ten thousand with the weight of the first, a sign
// and the number of decimals to show. A `Decimal` has 128 bits of digits and a power of ten; between the two
// stands a whole number and an exponent.

/// A decimal number as the wire carries it.
struct Numeric {
    var isNegative: Bool
    var digits: UInt128
    /// The power of ten that `digits` is multiplied with.
    var exponent: Int
    var isNaN = false

    init(_ decimal: Decimal) {
        isNegative = decimal < 0
        exponent = 0
        digits = 0
        isNaN = decimal.isNaN
        if isNaN { return }
        // The description is exact, without grouping and without a power of ten, in every locale.
        var isFraction = false
        for byte in decimal.description.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
                if overflow {
                    // Only zeros can be left: the digits of a `Decimal` fit 128 bits.
                    if !isFraction { exponent += 1 }
                    continue
                }
                digits = product + UInt128(byte - UInt8(ascii: "0"))
                if isFraction { exponent -= 1 }
            case UInt8(ascii: "."): isFraction = true
            default: continue
            }
        }
    }

    init(_ bytes: RawSpan) throws(DecodingProblem) {
        guard bytes.byteCount >= 8 else { throw .malformed("numeric") }
        let count = Int(bytes.integer(at: 0, as: Int16.self))
        let weight = Int(bytes.integer(at: 2, as: Int16.self))
        let sign = bytes.integer(at: 4, as: UInt16.self)
        guard count >= 0, bytes.byteCount == 8 + 2 * count else { throw .malformed("numeric") }
        isNaN = sign == Sign.nan
        isNegative = sign == Sign.negative
        guard isNaN || isNegative || sign == Sign.positive else {
            throw DecodingProblem("is infinite, which no decimal number can hold")
        }
        digits = 0
        exponent = 4 * (weight - count + 1)
        for index in 0..<count {
            let digit = UInt128(bytes.integer(at: 8 + 2 * index, as: UInt16.self))
            let (product, overflow) = digits.multipliedReportingOverflow(by: 10_000)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if overflow || carry { throw Self.tooPrecise }
            digits = sum
        }
    }

    func decimal() throws(DecodingProblem) -> Decimal {
        if isNaN { return .nan }
        var digits = digits
        var exponent = exponent
        while digits != 0, digits % 10 == 0, exponent < 0 {
            digits /= 10
            exponent += 1
        }
        guard (-127...127).contains(exponent) else { throw Self.tooPrecise }
        let half: UInt128 = 1_000_000_000_000_000_000
        let low = Decimal(UInt64(digits % half))
        let middle = Decimal(UInt64(digits / half % half))
        let high = Decimal(UInt64(digits / half / half))
        let scale = Decimal(UInt64(half))
        let whole = (high * scale + middle) * scale + low
        let result = Decimal(sign: .plus, exponent: exponent, significand: whole)
        return isNegative ? -result : result
    }

    /// The number as an integer if it is one.
    func integer() throws(DecodingProblem) -> Int {
        if isNaN { throw DecodingProblem("is not a number") }
        var digits = digits
        var exponent = exponent
        while exponent < 0, digits != 0 {
            guard digits % 10 == 0 else { throw DecodingProblem("has decimals; decode it as Decimal") }
            digits /= 10
            exponent += 1
        }
        while exponent > 0, digits != 0, digits < UInt128(UInt64.max) {
            digits *= 10
            exponent -= 1
        }
        guard digits == 0 || exponent == 0, let whole = Int128(exactly: digits),
            let result = Int(exactly: isNegative ? -whole : whole)
        else { throw DecodingProblem("does not fit 64 bits; decode it as Decimal") }
        return result
    }

    func encode() -> [UInt8] {
        var digits = digits
        // The exponent must be a multiple of four, as the server's digits are four decimal ones.
        let shift = ((exponent % 4) + 4) % 4
        var groups: [UInt16] = []
        var weight = (exponent - shift) / 4
        // The first group takes fewer decimal digits, so that multiplying cannot overflow.
        if shift > 0, digits > 0 {
            let divisor: UInt128 = [1, 1000, 100, 10][shift]
            let factor: UInt128 = [1, 10, 100, 1000][shift]
            groups.append(UInt16((digits % divisor) * factor))
            digits /= divisor
        }
        while digits > 0 {
            groups.append(UInt16(digits % 10_000))
            digits /= 10_000
        }
        weight += groups.count - 1
        while groups.first == 0 { groups.removeFirst() }
        groups.reverse()
        let sign = isNaN ? Sign.nan : isNegative && !groups.isEmpty ? Sign.negative : Sign.positive
        return encodeFixed(8 + 2 * groups.count) { space in
            store(Int16(groups.count), at: space)
            store(groups.isEmpty ? 0 : Int16(weight), at: space + 2)
            store(sign, at: space + 4)
            store(Int16(max(0, -exponent)), at: space + 6)
            for (index, group) in groups.enumerated() { store(group, at: space + 8 + 2 * index) }
        }
    }

    private enum Sign {
        static let positive: UInt16 = 0x0000
        static let negative: UInt16 = 0x4000
        static let nan: UInt16 = 0xC000
    }

    private static let tooPrecise = DecodingProblem("has more digits than Decimal holds; cast it to text")
}
