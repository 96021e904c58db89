package oracle

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/expr"
)

// A Hostile compiles texts that nobody would write: noise, filters with bytes
// changed, soups of words, deep nests, long chains. A seed names all of them.
type Hostile struct {
	Seed     uint64
	Bytes    int64
	Texts    int
	Compiled int
	Slowest  Cost // the text that took longest
	Largest  Cost // the text that took most memory
	PerByte  Cost // the most of either a byte, of texts of more than 10,000
}

// A Cost is what compiling a text took.
type Cost struct {
	Len    int           // bytes of text
	Time   time.Duration //
	Memory uint64        // bytes allocated, freed ones included
}

// Limits on what a text of n bytes may take: a part that is there for every text,
// and one for each byte.
const (
	maxTime       = 2 * time.Second
	maxTimeByte   = 200 * time.Microsecond
	maxMemory     = 64 << 20
	maxMemoryByte = 64 << 10
)

// Run compiles texts until they have had so many bytes. The error names the first
// text that panicked or took too much.
func (h *Hostile) Run(bytes int64) error {
	for h.Bytes < bytes {
		rng := rand.New(rand.NewPCG(h.Seed, uint64(h.Texts)))
		if err := h.one(hostileCase(rng, h.Seed)); err != nil {
			return fmt.Errorf("text %d of seed %d: %w", h.Texts, h.Seed, err)
		}
		h.Texts++
	}
	return nil
}

func (h *Hostile) one(c *Case) error {
	text := c.Expr
	var before, after runtime.MemStats
	big := len(text) > 2000
	if big {
		runtime.ReadMemStats(&before)
	}
	start := time.Now()
	f, err := gofilter.Compile(text, c.Config())
	cost := Cost{Len: len(text), Time: time.Since(start)}
	if big {
		runtime.ReadMemStats(&after)
		cost.Memory = after.TotalAlloc - before.TotalAlloc
	}
	var internal *gofilter.InternalError
	switch {
	case errors.As(err, &internal):
		return fmt.Errorf("link type %s, view %s: %w", c.Link, c.View, err)
	case err == nil && f == nil:
		return fmt.Errorf("%.200q: neither a filter nor an error", text)
	case err == nil:
		h.Compiled++
	}
	n := len(text)
	if cost.Time > maxTime+time.Duration(n)*maxTimeByte || cost.Memory > maxMemory+uint64(n)*maxMemoryByte {
		return fmt.Errorf("%d bytes, %.200q: %v and %d bytes of memory", n, text, cost.Time, cost.Memory)
	}
	h.Bytes += int64(n)
	if cost.Time > h.Slowest.Time {
		h.Slowest = cost
	}
	if cost.Memory > h.Largest.Memory {
		h.Largest = cost
	}
	if n > 10_000 {
		h.PerByte.Time = max(h.PerByte.Time, cost.Time/time.Duration(n))
		h.PerByte.Memory = max(h.PerByte.Memory, cost.Memory/uint64(n))
	}
	return nil
}

// hostileCase makes a text, for the link type and view of a filter that it was made
// from or any.
func hostileCase(rng *rand.Rand, seed uint64) *Case {
	c := NewCase(seed, rng.IntN(1<<40), nil)
	c.Expr = hostileText(rng, func() string { return NewCase(seed, rng.IntN(1<<40), nil).Expr }, c.Expr)
	return c
}

// hostileText makes a text, of filter or of others.
func hostileText(rng *rand.Rand, another func() string, filter string) string {
	switch kind := rng.IntN(100); {
	case kind < 10: // noise
		b := make([]byte, rng.IntN(300))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return string(b)
	case kind < 60: // a filter with bytes changed
		b := []byte(filter)
		for range 1 + rng.IntN(4)*rng.IntN(2) {
			if len(b) == 0 {
				break
			}
			at := rng.IntN(len(b))
			switch rng.IntN(4) {
			case 0:
				b[at] = byte(rng.Uint32())
			case 1:
				b = append(b[:at], b[at+1:]...)
			case 2:
				b = append(b[:at:at], append([]byte{b[rng.IntN(len(b))]}, b[at:]...)...)
			default:
				to := rng.IntN(len(b))
				b[at], b[to] = b[to], b[at]
			}
		}
		return string(b)
	case kind < 94: // words
		words := strings.Fields(everyWord)
		var b strings.Builder
		for range rng.IntN(120) {
			b.WriteString(words[rng.IntN(len(words))])
			if rng.IntN(8) > 0 {
				b.WriteByte(' ')
			}
		}
		return b.String()
	case kind < 97: // a long list of filters
		var b strings.Builder
		conn := []string{" or ", " and ", " || not ", "&&"}[rng.IntN(4)]
		one := filter
		for range 1 << rng.IntN(9) {
			if rng.IntN(2) == 0 {
				one = another()
			}
			b.WriteString("(" + one + ")" + conn)
		}
		return b.String() + "ip"
	case kind < 99: // a long list
		one := []string{"host 10.%d.2.3", "port %d", "ip[%d] = 1", "net 10.%d", "ether host 0:0:0:0:0:%x", "vlan %d", "mpls %d", "%d", "len > %d", "proto %d",
			"tcp[%d] & 2 = 2", "geneve %d", "vpi %d", "ip6 host ::%d", "portrange %d-65535", "type data and ifindex %d"}[rng.IntN(16)]
		var b strings.Builder
		conn := []string{" or ", " and ", " or not "}[rng.IntN(3)]
		for i := range 1 << rng.IntN(12) {
			fmt.Fprintf(&b, one+conn, (i*7)%200)
		}
		return b.String() + "ip"
	}
	depth := 1 << rng.IntN(15) // past the limit sometimes
	open := []string{"(", "not ", "!", "ip[", "- ", "(ip or ", "not (vlan and ", "1 + (", "ether[ip[", "(tcp port 80 and "}[rng.IntN(10)]
	closing := map[string]string{"(": ")", "ip[": "]", "(ip or ": ")", "not (vlan and ": ")", "1 + (": ")", "ether[ip[": "]]", "(tcp port 80 and ": ")"}[open]
	inner := []string{"ip", "1", "1 = 1", "", "port 80"}[rng.IntN(5)]
	if rng.IntN(4) == 0 {
		closing = ""
	}
	text := strings.Repeat(open, depth) + inner + strings.Repeat(closing, depth)
	return text[:min(len(text), expr.MaxSource)]
}
