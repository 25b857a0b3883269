import HermesSupport

extension TarEntry {
    /// The first field for which a zTOC's entry gives another value than this entry of the layer's tar, in words for a
    /// message; nil when it gives the same for all.
    ///
    /// Every field counts, with two exceptions that honest builders need. The order of PAX records does not count, because
    /// some builders take them from maps, which have none. A time that RFC 3339 cannot write in every zone may be the epoch,
    /// because builders leave it empty.
    func difference(fromIndexed other: TarEntry) -> String? {
        if other.name != name { return "name" }
        if other.kind != kind { return "kind of file" }
        if other.linkName != linkName { return "link target" }
        if other.dataOffset != dataOffset { return "place of its data" }
        if other.size != size { return "size" }
        if other.mode != mode { return "mode" }
        if other.uid != uid || other.uname != uname { return "owner" }
        if other.gid != gid || other.gname != gname { return "group" }
        let isLeftOut =
            other.modificationTime == Timestamp(seconds: 0) && !RFC3339.isWritableInEveryZone(modificationTime)
        if other.modificationTime != modificationTime, !isLeftOut { return "time" }
        if other.deviceMajor != deviceMajor || other.deviceMinor != deviceMinor { return "device number" }
        return differentRecord(other.paxRecords).map {
            "PAX record \(String(decoding: $0.prefix(400), as: UTF8.self).printable(100))"
        }
    }

    /// The key of a record that only one of the two has, or that has another value there; nil for the same records.
    private func differentRecord(_ others: [PAXRecord]) -> [UInt8]? {
        guard others != paxRecords else { return nil }
        let others = others.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        // The records of a tar are sorted, and each key comes once.
        for (record, other) in zip(paxRecords, others) where record != other {
            return record.key.lexicographicallyPrecedes(other.key) ? record.key : other.key
        }
        return (others.dropFirst(paxRecords.count).first ?? paxRecords.dropFirst(others.count).first)?.key
    }
}
