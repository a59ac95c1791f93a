// Package schedule says when something is due: each so many minutes, or at
// the times that a cron expression names.
//
// A [Schedule] is one method, Next. It knows no clock and starts nothing, so
// it can be asked about any time: what is next, what was due while nobody
// looked ([Missed]). [Subscription] waits for the times to come.
//
// # Promises
//
// Who goes on from the time that came last neither loses a time nor gets one
// twice, however often it is started again: Next depends on nothing but the
// schedule and the time it is asked about.
//
// A cron expression means the clock on the wall. Where summer time begins,
// what is named in the hour that is not there is due once, when that hour is
// over; where it ends, what is named in the hour that comes twice is due once,
// the first time. An expression for every hour of the day, such as
// "*/10 * * * *", names no hour: it goes by the time that passes, through the
// hour that comes twice as through any other.
//
// A clock that is set, or a machine that slept, delays a time by a minute at
// most. Times that passed meanwhile come as one, the latest.
//
// # Left to others
//
// What is done when a time has come, what happens if that takes longer than
// till the next one, and where the time that came last is kept.
package schedule
