/// Says when more data was lost than can be true: then it is the answers that have another form, and not the
/// goods that have changed.
package struct LossBrake: Sendable, Equatable {
    /// So many may be lost whatever their share: small shelves lose one of two.
    package let losable: Int
    /// Above that, one of so many is too many.
    package let share: Int

    package init(losable: Int, share: Int) {
        precondition(losable >= 0 && share > 0, "a brake that is never or always on is none")
        self.losable = losable
        self.share = share
    }

    /// Whether the count alone could put it on. What was whole need not be counted where it could not.
    package func isConceivable(lost: Int) -> Bool { lost > losable }

    /// `whole` are those of the same time whose data is all there.
    package func isOn(lost: Int, whole: Int) -> Bool {
        lost > losable && lost * share > lost + whole
    }
}
