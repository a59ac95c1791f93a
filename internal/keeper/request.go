package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/backjob/job"
	"github.com/backjob/job/internal/store"
)

// Request is what somebody asks of a job's keeper: a file in the folder
// requests of the job, and a signal so that it looks there.
type Request struct {
	Verb   string        // "stop", "suspend" or "resume"
	Child  int           `json:",omitempty"` // 0 means all
	Grace  time.Duration `json:",omitempty"` // stop: before the kill; 0 means the job's own
	Signal string        `json:",omitempty"` // stop: what to ask with; "" means SIGTERM
	Force  bool          `json:",omitempty"` // stop: kill at once
}

const (
	requestsFolder = "requests"
	maxRequest     = 4096 // bytes; a larger file is no request
)

// Leave writes a request into the job's folder. It is there whole or not at
// all, also when we are killed meanwhile.
func (r Request) Leave(f store.Folder) error {
	dir := f.File(requestsFolder)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		if errors.Is(err, fs.ErrNotExist) {
			return &job.Error{Job: job.Ref{ID: f.ID}.String(), Kind: job.NotFound, Err: fmt.Errorf("no job with id %d", f.ID)}
		}
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%020d.%d", time.Now().UnixNano(), os.Getpid())
	half := filepath.Join(dir, "."+name)
	if err := os.WriteFile(half, b, 0o600); err != nil {
		return err
	}
	return os.Rename(half, filepath.Join(dir, name))
}

// takeRequests gives the requests left for a job, oldest first, and deletes
// them. What is no request is deleted too.
func takeRequests(f store.Folder) []Request {
	dir := f.File(requestsFolder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	sort.Slice(entries, func(i, k int) bool { return entries[i].Name() < entries[k].Name() })
	var requests []Request
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // being written
		}
		path := filepath.Join(dir, e.Name())
		if r, err := readRequest(path); err == nil {
			requests = append(requests, r)
		}
		os.RemoveAll(path)
	}
	return requests
}

func readRequest(path string) (r Request, err error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxRequest {
		return r, errors.New("no request")
	}
	file, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxRequest))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}
