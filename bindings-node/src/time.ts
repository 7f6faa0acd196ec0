/**
 * Times of a span.
 *
 * A time is either a reading of the monotonic clock, which the local trace's anchor turns into wall time when the span is
 * written, or one that the user gave, kept exactly as whole milliseconds and nanoseconds: a double of epoch nanoseconds
 * would be 256 ns coarse.
 */
import type { TimeInput } from '@opentelemetry/api';

/** In place of nanoseconds: the milliseconds are a reading of the monotonic clock. */
export const MONOTONIC = -1;

/** The result of `read`, reused so that reading a time allocates nothing. */
export const given = { millis: 0, nanos: 0 };

/**
 * Reads a time that the user gave into `given`; false if it is none, then now counts.
 *
 * A number that is not later than `performance.now()` is taken as one of its readings, as the API has it. `now` is the
 * monotonic clock's reading that belongs to this moment.
 */
export function read(input: TimeInput | undefined, now: () => number): boolean {
  if (input === undefined || input === null) return false;
  if (typeof input === 'number') {
    const reading = performance.now();
    if (input <= reading) {
      if (!(input >= 0)) return false;
      given.millis = now() - (reading - input);
      given.nanos = MONOTONIC;
      return true;
    }
    const whole = Math.floor(input);
    return exact(whole, Math.round((input - whole) * 1e6));
  }
  if (Array.isArray(input)) {
    const [seconds, nanos] = input;
    if (typeof seconds !== 'number' || typeof nanos !== 'number') return false;
    const whole = Math.floor(nanos / 1e6);
    return exact(seconds * 1000 + whole, Math.floor(nanos - whole * 1e6));
  }
  if (input instanceof Date) return exact(input.getTime(), 0);
  return false;
}

function exact(millis: number, nanos: number): boolean {
  // Number.isFinite also refuses the NaN of an invalid date.
  if (!(Number.isFinite(millis) && millis >= 0 && nanos >= 0)) return false;
  const carry = nanos >= 1e6 ? 1 : 0;
  given.millis = Math.floor(millis) + carry;
  given.nanos = nanos - carry * 1e6;
  return true;
}
