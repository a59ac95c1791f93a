package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
)

func TestJSONKeys(t *testing.T) {
	const job7 = "id instance_id name type state reason status_message command argv dir location has_more_data begin_time end_time " +
		"exit_code signal pid attempt user_time system_time max_rss output_bytes error_bytes children children_by_state"
	key := regexp.MustCompile(`[{,]"([a-z_]+)":`)
	for _, c := range []struct {
		info job.Info
		want string
	}{
		{job.Info{Ref: job.Ref{ID: 7}}, job7},
		{job.Info{Ref: job.Ref{ID: 7, Child: 2}}, strings.Replace(job7, "id ", "id child ", 1)},
	} {
		b, err := json.Marshal(toJSON(c.info))
		var keys []string
		for _, m := range key.FindAllStringSubmatch(string(b), -1) {
			keys = append(keys, m[1])
		}
		if got := strings.Join(keys, " "); got != c.want || err != nil {
			t.Errorf("the keys of %v: got %s, %v, want %s", c.info.Ref, got, err, c.want)
		}
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func TestJSONValues(t *testing.T) {
	five := 5
	b, err := json.Marshal(toJSON(job.Info{Ref: job.Ref{ID: 7}, StateInfo: job.StateInfo{State: job.Failed, Reason: errors.New("exit status 5")},
		ExitCode: &five, PID: 9, BeginTime: noon, Unread: 1, UserTime: 1500 * time.Millisecond, ChildrenByState: map[job.State]int{job.Failed: 1}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"state":"Failed"`, `"reason":"exit status 5"`, `"exit_code":5`, `"pid":9`, `"begin_time":"2026-03-04T12:00:00.000000000Z"`,
		`"end_time":null`, `"has_more_data":true`, `"user_time":1.5`, `"children_by_state":{"Failed":1}`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("toJSON: got %s, want %s in it", b, want)
		}
	}
	b, _ = json.Marshal(toJSON(job.Info{}))
	for _, want := range []string{`"exit_code":null`, `"pid":null`, `"signal":""`, `"reason":""`, `"children_by_state":{}`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("toJSON of nothing: got %s, want %s in it", b, want)
		}
	}
	if got := fmt.Sprint(jsonTime(time.Time{})); got != "<nil>" {
		t.Errorf("jsonTime of no time: got %s", got)
	}
}
