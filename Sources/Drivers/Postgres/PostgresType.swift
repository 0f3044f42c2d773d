/// A type of the server, by the number that never changes for built-in types.
public struct PostgresType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let bool = PostgresType(rawValue: 16)
    public static let bytea = PostgresType(rawValue: 17)
    public static let char = PostgresType(rawValue: 18)
    public static let name = PostgresType(rawValue: 19)
    public static let int8 = PostgresType(rawValue: 20)
    public static let int2 = PostgresType(rawValue: 21)
    public static let int4 = PostgresType(rawValue: 23)
    public static let text = PostgresType(rawValue: 25)
    public static let oid = PostgresType(rawValue: 26)
    public static let json = PostgresType(rawValue: 114)
    public static let xml = PostgresType(rawValue: 142)
    public static let float4 = PostgresType(rawValue: 700)
    public static let float8 = PostgresType(rawValue: 701)
    public static let unknown = PostgresType(rawValue: 705)
    public static let bpchar = PostgresType(rawValue: 1042)
    public static let varchar = PostgresType(rawValue: 1043)
    public static let date = PostgresType(rawValue: 1082)
    public static let time = PostgresType(rawValue: 1083)
    public static let timestamp = PostgresType(rawValue: 1114)
    public static let timestamptz = PostgresType(rawValue: 1184)
    public static let interval = PostgresType(rawValue: 1186)
    public static let numeric = PostgresType(rawValue: 1700)
    public static let void = PostgresType(rawValue: 2278)
    public static let uuid = PostgresType(rawValue: 2950)
    public static let jsonb = PostgresType(rawValue: 3802)

    /// The array type whose elements are of this type.
    public var array: PostgresType? {
        switch self {
        case .bool: PostgresType(rawValue: 1000)
        case .bytea: PostgresType(rawValue: 1001)
        case .int2: PostgresType(rawValue: 1005)
        case .int4: PostgresType(rawValue: 1007)
        case .int8: PostgresType(rawValue: 1016)
        case .text: PostgresType(rawValue: 1009)
        case .json: PostgresType(rawValue: 199)
        case .float4: PostgresType(rawValue: 1021)
        case .float8: PostgresType(rawValue: 1022)
        case .varchar: PostgresType(rawValue: 1015)
        case .date: PostgresType(rawValue: 1182)
        case .timestamp: PostgresType(rawValue: 1115)
        case .timestamptz: PostgresType(rawValue: 1185)
        case .interval: PostgresType(rawValue: 1187)
        case .numeric: PostgresType(rawValue: 1231)
        case .uuid: PostgresType(rawValue: 2951)
        case .jsonb: PostgresType(rawValue: 3807)
        default: nil
        }
    }

    /// Types that a database defines for itself have numbers from here on: enums, `citext`, composites.
    var isDefinedByUser: Bool { rawValue >= 16384 }
}

extension PostgresType: CustomStringConvertible {
    /// As SQL spells it, so that a message can be pasted into a cast.
    public var description: String {
        if let known = Self.names[self] { return known }
        if let element = Self.names.keys.first(where: { $0.array == self }) { return "\(element)[]" }
        return "type \(rawValue)"
    }

    private static let names: [PostgresType: String] = [
        .bool: "bool", .bytea: "bytea", .char: "\"char\"", .name: "name", .int8: "int8", .int2: "int2",
        .int4: "int4", .text: "text", .oid: "oid", .json: "json", .xml: "xml", .float4: "float4",
        .float8: "float8", .unknown: "unknown", .bpchar: "bpchar", .varchar: "varchar", .date: "date",
        .time: "time", .timestamp: "timestamp", .timestamptz: "timestamptz", .interval: "interval",
        .numeric: "numeric", .void: "void", .uuid: "uuid", .jsonb: "jsonb",
    ]
}
