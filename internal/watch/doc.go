// Package watch tells that something was written in a folder. It costs
// nothing while nothing is written, and one signal for the first write after
// Arm, however many follow.
//
// On Linux it is dnotify (fcntl F_NOTIFY) in its one-shot form. Not inotify:
// a user has 128 instances of it, each write pays an event, and closing one
// takes 15 ms. Where dnotify is not there, the watcher ticks every 20 ms.
package watch

import "time"

// tick is the step where the system tells nothing.
const tick = 20 * time.Millisecond
