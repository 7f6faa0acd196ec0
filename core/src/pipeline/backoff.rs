//! How long to wait before an endpoint is called again.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// The longest wait that a server can ask for. A batch does not live longer in the queue either.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Exponential backoff: each wait is half as long again as the one before, up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub initial: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            initial: Duration::from_secs(1),
            longest: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// The wait after so many failures in a row, shortened by up to a half at random: processes that lost the same
    /// server at the same moment must not come back at the same moment.
    pub(super) fn after(&self, failures: u32) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1).min(64)).unwrap_or(64);
        let longest = self.longest.as_secs_f64();
        let wait = (self.initial.as_secs_f64() * 1.5_f64.powi(exponent)).min(longest);
        // Without randomness from the system the wait is merely not spread.
        let random = getrandom::u32().unwrap_or(u32::MAX);
        Duration::from_secs_f64(wait * (0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX)))
    }
}

/// The wait that a server asks for by `Retry-After`, in either of its forms (RFC 9110, section 10.2.3).
///
/// A date is taken relative to the server's own `Date`, so a wrong clock on either side does no harm. A date in the
/// past is no wait. What cannot be read is ignored.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // A number too long for 64 bits is a long wait too.
        true => Duration::from_secs(value.parse().unwrap_or(u64::MAX)),
        false => {
            let until = httpdate::parse_http_date(value).ok()?;
            let date = headers.get(DATE).and_then(|date| date.to_str().ok());
            let now = date
                .and_then(|date| httpdate::parse_http_date(date).ok())
                .unwrap_or(now);
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_wait_grows_to_its_bound_and_is_spread_over_its_upper_half() {
        let backoff = Backoff {
            initial: Duration::from_secs(1),
            longest: Duration::from_secs(5),
        };
        for (failures, full) in [
            (0, 1.0),
            (1, 1.0),
            (2, 1.5),
            (3, 2.25),
            (5, 5.0),
            (u32::MAX, 5.0),
        ] {
            let waits: Vec<f64> = (0..100)
                .map(|_| backoff.after(failures).as_secs_f64())
                .collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| (full * 0.499..full * 1.001).contains(wait)),
                "{waits:?}"
            );
            assert!(waits.iter().any(|wait| *wait != waits[0]), "not spread");
        }
    }

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        let now = httpdate::parse_http_date("Wed, 25 Nov 2026 10:00:00 GMT").unwrap();
        super::retry_after(&headers, now)
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn retry_after_may_be_seconds() {
        assert_eq!(wait("7", None), Some(7 * SECOND));
        assert_eq!(wait(" 0 ", None), Some(Duration::ZERO));
    }

    #[test]
    fn retry_after_may_be_a_date() {
        assert_eq!(
            wait("Wed, 25 Nov 2026 10:00:09 GMT", None),
            Some(9 * SECOND)
        );
        assert_eq!(
            wait("Wednesday, 25-Nov-26 10:00:09 GMT", None),
            Some(9 * SECOND)
        );
    }

    #[test]
    fn a_date_counts_from_the_server_s_own_clock() {
        let date = Some("Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(
            wait("Thu, 01 Jan 2026 00:00:04 GMT", date),
            Some(4 * SECOND)
        );
    }

    #[test]
    fn a_retry_after_in_the_past_means_now() {
        assert_eq!(
            wait("Wed, 25 Nov 2026 09:00:00 GMT", None),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn an_absurd_wait_is_bounded() {
        assert_eq!(wait("99999999999999999999999", None), Some(LONGEST_WAIT));
        assert_eq!(
            wait("Fri, 31 Dec 9999 23:59:59 GMT", None),
            Some(LONGEST_WAIT)
        );
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for value in ["", "soon", "-1", "1.5", "Wed, 25 Nov 2026 10:00:09"] {
            assert_eq!(wait(value, None), None, "{value:?}");
        }
    }
}
