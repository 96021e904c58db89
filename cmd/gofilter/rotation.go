package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A rotation says when the next savefile begins, and what it is called. Its rules
// are tcpdump's.
type rotation struct {
	size    int64  // a file larger than this, in bytes, gets no more packets; 0: no bound
	seconds int64  // a file older than this gets no more packets; 0: no bound
	files   int    // how many files there are at most; 0: no bound
	command string // is run on each file that another one follows

	since  int64 // when the present file's time began, in Unix seconds
	slices int   // times that ended
	number int   // of the present file among those of its time
}

// errFileLimit says that the last file that -W allows of -G has had its time. It is
// no failure.
var errFileLimit = errors.New("maximum file limit reached")

// rotates reports whether there is more than one file.
func (r *rotation) rotates() bool { return r.size > 0 || r.seconds > 0 }

// due reports whether a packet that comes now belongs into another file than the
// present one, which has the given size. If so that one's turn has come. The error is
// errFileLimit where there is none.
func (r *rotation) due(now time.Time, size int64) (bool, error) {
	// Where both are due the time counts, and the size starts over.
	if r.seconds > 0 && now.Unix()-r.since >= r.seconds {
		r.since = now.Unix()
		r.slices++
		r.number = 0
		if r.size == 0 && r.files > 0 && r.slices >= r.files {
			return true, errFileLimit
		}
		return true, nil
	}
	if r.size > 0 && size > r.size {
		r.number++
		if r.files > 0 && r.number >= r.files {
			r.number = 0
		}
		return true, nil
	}
	return false, nil
}

// name returns the present file's name, made of the one that -w has.
func (r *rotation) name(base string) string {
	if r.seconds > 0 {
		base = strftime(base, time.Unix(r.since, 0))
	}
	if r.size == 0 {
		return base
	}
	return numbered(base, r.number, r.digits())
}

// digits returns how many digits the numbers of the files have at least, so that
// their names sort.
func (r *rotation) digits() int {
	n := 0
	for last := r.files - 1; last > 0; last /= 10 {
		n++
	}
	return n
}

// sizeUnits are the letters behind a size, and what they stand for; none is a million
// bytes.
var sizeUnits = map[string]int64{"": 1e6, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

func (o *options) setRotateSize(s string) error {
	digits := strings.TrimRight(s, "kKmMgG")
	unit, ok := sizeUnits[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && ok && n > math.MaxInt64/unit:
		return fmt.Errorf("file size %s is too large", s)
	case err != nil || n < 1 || !ok:
		return fmt.Errorf("invalid file size %s: want millions of bytes, or a number with k, m or g behind it", s)
	}
	o.rotation.size = n * unit
	return nil
}

func (o *options) setRotateSeconds(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return fmt.Errorf("invalid number of seconds %s", s)
	}
	o.rotation.seconds, o.rotation.since = n, time.Now().Unix()
	return nil
}

func (o *options) setFileCount(s string) error {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return fmt.Errorf("invalid number of output files %s", s)
	}
	o.rotation.files = int(n)
	return nil
}

// checkRotation refuses options about files that are not there.
func (o *options) checkRotation() error {
	r := &o.rotation
	switch {
	case r.size > 0 && o.write == "":
		return errors.New("-C cannot be used without -w")
	case r.seconds > 0 && o.write == "":
		return errors.New("-G cannot be used without -w")
	case r.command != "" && !r.rotates():
		return errors.New("-z cannot be used without -w and (-C or -G)")
	case r.rotates() && o.write == "-":
		return errors.New("-w - writes to standard output, which -C and -G cannot rotate")
	}
	return nil
}
