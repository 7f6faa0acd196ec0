/** Ids between their two forms: pairs of signed 32-bit numbers, low half first, and the API's hexadecimal digits. */

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function digits(word: number): string {
  return (
    (BYTES[word >>> 24] as string) +
    (BYTES[(word >>> 16) & 255] as string) +
    (BYTES[(word >>> 8) & 255] as string) +
    (BYTES[word & 255] as string)
  );
}

/** Sixteen digits of the number with these halves. */
export function hex64(low: number, high: number): string {
  return digits(high) + digits(low);
}

const TRACE = /^[0-9a-f]{32}$/;
const SPAN = /^[0-9a-f]{16}$/;
const ZEROES = /^0+$/;

/** Whether both ids are what the API calls valid. */
export function areValid(traceId: unknown, spanId: unknown): boolean {
  return (
    typeof traceId === 'string' &&
    typeof spanId === 'string' &&
    TRACE.test(traceId) &&
    SPAN.test(spanId) &&
    !ZEROES.test(traceId) &&
    !ZEROES.test(spanId)
  );
}

/** The eight digits at `at` as a signed number. */
export function word(hex: string, at: number): number {
  return Number.parseInt(hex.slice(at, at + 8), 16) | 0;
}
