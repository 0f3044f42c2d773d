public import Foundation

/// Where the SQL files of the shop's schema are found at run time; `cartflux migrate` applies them in the
/// order of their names.
public enum CommerceMigrations {
    /// The folder that holds `0001_roles_and_schema.sql` and those after it.
    public static var directory: URL { Bundle.module.bundleURL.appending(path: "sql") }
}
