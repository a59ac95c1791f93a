package store

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"sort"
	"time"

	"github.com/backjob/job"
)

// The file blocks sums up every full block of 512 records in which all jobs
// are final: the latest end in it, and how many jobs it has. Thanks to it the
// newest of a million jobs are found without reading a million records. It is
// a cache: whoever reads such a block writes its sum, anybody may delete it.
const (
	sumSize   = 16
	sumSealed = 0x5ea1
)

type blockSum struct {
	end   time.Time // latest end
	count int       // jobs in the block, removed ones left out
}

// Newest gives the jobs that are not final, and of the final ones the n that
// ended last, both in the order of ids, and how many final ones there are
// beside them. Records that are no job yet are given as not final.
func (s *Store) Newest(n int) (open, final []Record, older int, err error) {
	n = max(n, 0)
	cache, _ := os.OpenFile(s.path("blocks"), os.O_RDWR|os.O_CREATE, 0o600)
	if cache != nil {
		defer cache.Close()
	}
	sums := s.readSums(cache)
	buffer := make([]byte, blockRecords*RecordSize)
	for block := int(s.Last()-1) / blockRecords; block >= 0 && s.Last() > 0; block-- {
		if sum, ok := sums[block]; ok && len(final) >= n && (n == 0 || !sum.end.After(final[n-1].End)) {
			older += sum.count
			continue
		}
		first := job.ID(block*blockRecords + 1)
		records, err := s.span(buffer, first, min(first+blockRecords-1, s.Last()))
		if err != nil {
			return nil, nil, 0, err
		}
		before := len(open)
		sum := blockSum{}
		for _, r := range records {
			switch {
			case r.Flags&Removed != 0:
			case !r.Live() || !r.State.Final():
				open = append(open, r)
			default:
				sum.count++
				if r.End.After(sum.end) {
					sum.end = r.End
				}
				final = append(final, r)
			}
		}
		if len(open) == before && len(records) == blockRecords {
			s.seal(cache, block, sum)
		}
		sort.SliceStable(final, func(i, k int) bool { return final[i].End.After(final[k].End) })
		if len(final) > n {
			older += len(final) - n
			final = final[:n]
		}
	}
	for _, list := range [][]Record{open, final} {
		sort.Slice(list, func(i, k int) bool { return list[i].ID < list[k].ID })
	}
	return open, final, older, nil
}

func (s *Store) readSums(cache *os.File) map[int]blockSum {
	sums := map[int]blockSum{}
	if cache == nil {
		return sums
	}
	blocks := int(s.Last()) / blockRecords
	b := make([]byte, (blocks+1)*sumSize)
	n, _ := cache.ReadAt(b, 0)
	if n < sumSize || binary.LittleEndian.Uint64(b) != s.header.generation {
		cache.Truncate(0)
		binary.LittleEndian.PutUint64(b, s.header.generation)
		cache.WriteAt(b[:sumSize], 0)
		return sums
	}
	for block := 0; (block+2)*sumSize <= n; block++ {
		e := b[(block+1)*sumSize:][:sumSize]
		if binary.LittleEndian.Uint16(e[10:]) == sumSealed && binary.LittleEndian.Uint32(e[12:]) == crc32.ChecksumIEEE(e[:12]) {
			sums[block] = blockSum{getTime(e), int(binary.LittleEndian.Uint16(e[8:]))}
		}
	}
	return sums
}

func (s *Store) seal(cache *os.File, block int, sum blockSum) {
	if cache == nil {
		return
	}
	var e [sumSize]byte
	putTime(e[:], sum.end)
	binary.LittleEndian.PutUint16(e[8:], uint16(sum.count))
	binary.LittleEndian.PutUint16(e[10:], sumSealed)
	binary.LittleEndian.PutUint32(e[12:], crc32.ChecksumIEEE(e[:12]))
	cache.WriteAt(e[:], int64(block+1)*sumSize) // a cache: what fails costs time only
}

// unseal takes back the sum of the block of a job that is being removed.
func (s *Store) unseal(id job.ID) {
	cache, err := os.OpenFile(s.path("blocks"), os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer cache.Close()
	block := int64(id-1) / blockRecords
	if info, err := cache.Stat(); err == nil && info.Size() >= (block+2)*sumSize {
		cache.WriteAt(make([]byte, sumSize), (block+1)*sumSize)
	}
}
