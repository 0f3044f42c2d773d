extension Money {
    /// Divides the amount in proportion to the weights, so that the parts add up to it exactly.
    ///
    /// The largest-remainder method: every part is rounded toward zero, and the minor units left over go
    /// one each to the parts that lost most; ties go to the earlier part. When all weights are zero the
    /// parts are even, so that no amount can vanish. There must be a weight, and none may be negative.
    package func split(by weights: [Int64]) -> [Money] {
        precondition(!weights.isEmpty, "an amount is split over at least one part")
        precondition(weights.allSatisfy { $0 >= 0 }, "weights of a split are not negative")
        let sum = weights.reduce(Int128(0)) { $0 + Int128($1) }
        guard sum > 0 else { return split(by: weights.map { _ in 1 }) }

        let whole = Int128(minorUnits.magnitude)
        var shares = weights.map { whole * Int128($0) / sum }
        let remainders = weights.map { whole * Int128($0) % sum }
        let left = Int(whole - shares.reduce(0, +))
        let neediest = remainders.indices.sorted { first, second in
            remainders[first] == remainders[second] ? first < second : remainders[first] > remainders[second]
        }
        for index in neediest.prefix(left) { shares[index] += 1 }
        return shares.map { Money(fitting: isNegative ? -$0 : $0, currency: currency) }
    }

    /// Divides the amount in proportion to other amounts.
    package func split(by weights: [Money]) -> [Money] {
        split(by: weights.map(\.minorUnits))
    }

    /// What the pieces `from..<from + count` out of `pieces` carry of the amount.
    ///
    /// Rounded on the running total, half up: whatever the order and the size of the takings, all of them
    /// together give the amount exactly.
    package func share(ofPieces count: Int, after taken: Int, outOf pieces: Int) -> Money {
        precondition(pieces > 0 && count >= 0 && taken >= 0 && taken + count <= pieces, "no such pieces")
        let before = scaled(by: Int64(taken), over: Int64(pieces), rounding: .halfUp)
        let after = scaled(by: Int64(taken + count), over: Int64(pieces), rounding: .halfUp)
        return after - before
    }
}
