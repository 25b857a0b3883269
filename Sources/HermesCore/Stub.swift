public protocol ImageSource: Sendable {
    var name: String { get }
    func fetchRange(_ blob: Descriptor, _ range: Range<Int64>, deliver: @escaping @Sendable (UnsafeRawBufferPointer) -> Void, completion: @escaping @Sendable (Result<Void, HermesError>) -> Void)
}
