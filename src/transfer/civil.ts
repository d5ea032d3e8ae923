// Days since 1970-01-01 to year, month and day, and back, in the proleptic Gregorian calendar. A JavaScript Date ends at
// the year 275760; 64-bit microseconds go on to 294247. After Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms": years begin in March, so that the leap day comes last.

const daysPerEra = 146_097

export interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
}

export function daysOfCivil({ year, month, day }: CivilDate): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * daysPerEra + dayOfEra - 719_468
}

export function civilOfDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / daysPerEra)
  const dayOfEra = shifted - era * daysPerEra
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / (daysPerEra - 1))) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}

const two = (number: number) => String(number).padStart(2, '0')

/** `2001-03-05`; years beyond four digits with a sign and six, as ISO 8601 and JavaScript have them. */
export function dateText(days: number): string {
  const { year, month, day } = civilOfDays(days)
  const isPlain = year >= 0 && year <= 9999
  const sign = year < 0 ? '-' : '+'
  const years = isPlain ? String(year).padStart(4, '0') : `${sign}${String(Math.abs(year)).padStart(6, '0')}`
  return `${years}-${two(month)}-${two(day)}`
}

/** `06:07:08` of a whole number of seconds below a day. */
export function clockText(seconds: number): string {
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}
