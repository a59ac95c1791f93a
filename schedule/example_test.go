package schedule_test

import (
	"context"
	"fmt"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/schedule"
)

func ExampleCron() {
	s, err := schedule.Cron("CRON_TZ=UTC 30 9 * * mon-fri")
	if err != nil {
		fmt.Println(err)
		return
	}
	friday := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	fmt.Println(s.Next(friday))
	// Output: 2026-01-05 09:30:00 +0000 UTC
}

func ExampleEveryFrom() {
	begun := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	s, err := schedule.EveryFrom(begun, 90*time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Next(begun.Add(100 * time.Minute)))
	// Output: 2026-01-02 15:00:00 +0000 UTC
}

// What was due while the machine was off.
func ExampleMissed() {
	s, err := schedule.Cron("CRON_TZ=UTC @daily")
	if err != nil {
		fmt.Println(err)
		return
	}
	last := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	now := time.Date(2026, 1, 7, 8, 0, 0, 0, time.UTC)
	for _, due := range schedule.Missed(s, last, now, 2) {
		fmt.Println(due.Format(time.DateOnly))
	}
	// Output:
	// 2026-01-06
	// 2026-01-07
}

// A job that does something at each time, here twice.
func ExampleSubscription() {
	begun := time.Now()
	s, err := schedule.EveryFrom(begun, time.Millisecond)
	if err != nil {
		fmt.Println(err)
		return
	}
	j := job.On(context.Background(), "tick", schedule.Subscription(s, begun),
		func(_ context.Context, _ *job.Writer, due time.Time) error {
			fmt.Println("due after whole milliseconds:", due.Sub(begun)%time.Millisecond == 0)
			return nil
		}, job.EventOptions{Max: 2})
	<-j.Finished()
	fmt.Println(j.State().State)
	// Output:
	// due after whole milliseconds: true
	// due after whole milliseconds: true
	// Completed
}
