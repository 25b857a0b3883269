/// Times as text, as Go's time.RFC3339Nano has them (RFC 3339): "2006-01-02T15:04:05.999999999Z".
package enum RFC3339 {
    /// The seconds from 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z, the years that RFC 3339 can write.
    private static let writable: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Whether the time has a text in every zone: within a day of the range's ends, only some zones can write it.
    package static func isWritableInEveryZone(_ time: Timestamp) -> Bool {
        (writable.lowerBound + 86_400...writable.upperBound - 86_400).contains(time.seconds)
    }

    /// Writes a time in UTC, the fraction without trailing zeros; nothing for a year outside 0 to 9999, as Go's
    /// `Time.MarshalText` has no text for it.
    package static func format(_ time: Timestamp, into text: inout [UInt8]) {
        guard writable.contains(time.seconds) else { return }
        let days = time.seconds.flooredQuotient(86_400)
        let second = time.seconds - days * 86_400
        let date = civil(days: days)
        digits(date.year, 4, &text)
        text.append(UInt8(ascii: "-"))
        digits(date.month, 2, &text)
        text.append(UInt8(ascii: "-"))
        digits(date.day, 2, &text)
        text.append(UInt8(ascii: "T"))
        digits(second / 3600, 2, &text)
        text.append(UInt8(ascii: ":"))
        digits(second / 60 % 60, 2, &text)
        text.append(UInt8(ascii: ":"))
        digits(second % 60, 2, &text)
        if time.nanoseconds > 0 {
            text.append(UInt8(ascii: "."))
            digits(Int64(time.nanoseconds), 9, &text)
            while text.last == UInt8(ascii: "0") { text.removeLast() }
        }
        text.append(UInt8(ascii: "Z"))
    }

    private static func digits(_ value: Int64, _ count: Int, _ text: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    /// Reads a time with any zone; digits beyond nanoseconds are cut. Nil for anything but RFC 3339.
    package static func parse(_ text: UnsafeRawBufferPointer) -> Timestamp? {
        var scanner = Scanner(text: text)
        guard let year = scanner.number(4), scanner.skip("-"),
            let month = scanner.number(2), (1...12).contains(month), scanner.skip("-"),
            let day = scanner.number(2), day >= 1, day <= length(month: month, year: year), scanner.skip("T"),
            let hour = scanner.number(2), hour < 24, scanner.skip(":"),
            let minute = scanner.number(2), minute < 60, scanner.skip(":"),
            let second = scanner.number(2), second < 60,
            let nanoseconds = scanner.fraction(), let zone = scanner.zone(), scanner.isAtEnd
        else { return nil }
        let seconds = (days(year: year, month: month, day: day) * 24 + hour) * 3600 + minute * 60 + second
        return Timestamp(seconds: seconds - zone, nanoseconds: nanoseconds)
    }

    // MARK: The proleptic Gregorian calendar, with years that begin in March so that leap days come last

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func length(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Walks over the bytes of a text.
    private struct Scanner {
        let text: UnsafeRawBufferPointer
        var position = 0

        var isAtEnd: Bool { position == text.count }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func digit() -> Int64? {
            guard position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position])
            else { return nil }
            position += 1
            return Int64(text[position - 1] - UInt8(ascii: "0"))
        }

        /// Exactly `count` (few) digits.
        mutating func number(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let next = digit() else { return nil }
                value = value * 10 + next
            }
            return value
        }

        /// A fraction in nanoseconds; 0 where there is none.
        mutating func fraction() -> Int32? {
            guard skip(".") else { return 0 }
            guard var value = digit() else { return nil }
            var count = 1
            while let next = digit() {
                if count < 9 {
                    value = value * 10 + next
                    count += 1
                }
            }
            while count < 9 {
                value *= 10
                count += 1
            }
            return Int32(truncatingIfNeeded: value)
        }

        /// "Z" or a distance from UTC, in seconds.
        mutating func zone() -> Int64? {
            if skip("Z") { return 0 }
            let east = skip("+")
            guard east || skip("-"), let hours = number(2), hours < 24, skip(":"), let minutes = number(2),
                minutes < 60
            else { return nil }
            return (east ? 1 : -1) * (hours * 3600 + minutes * 60)
        }
    }
}

extension Int64 {
    /// The quotient rounded down; `divisor` is positive.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
