package count

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/attach"
)

// load makes the program of a place. Programs of one counter share the counters: a
// processor runs one of them at a time.
func (c *counter) load(cfg *Config, p Place, l layout) (*ebpf.Program, error) {
	// A program that reads packets by a BPF helper is tried first: the error names
	// the capabilities that are missing for any.
	if err := attach.Access(p.Type, attach.AccessHelper); err != nil {
		return nil, err
	}
	filters := make([]asm.Instructions, 0, len(cfg.Filters))
	for _, f := range cfg.Filters {
		insns, err := f.Program(p)
		if err != nil {
			return nil, &filterError{err}
		}
		filters = append(filters, insns)
	}
	table, err := newTable()
	if err != nil {
		return nil, err
	}
	defer table.Close() // the program keeps it
	if c.counters == nil {
		if c.counters, err = newCounters(len(filters)); err != nil {
			return nil, err
		}
	}
	l.counters, l.cpus, l.table = c.counters.m.FD(), c.counters.cpus, table.FD()
	insns, err := assemble(l, filters)
	if err != nil {
		return nil, err
	}
	prog, err := attach.Load(insns, p.Type)
	if err != nil {
		return nil, err
	}
	c.instructions = max(c.instructions, rawLength(insns))
	return prog, nil
}

// A filterError is a filter's own; no other place would mend it.
type filterError struct{ error }

func (e *filterError) Unwrap() error { return e.error }

// newTable makes the table of places, which nobody can change.
func newTable() (*ebpf.Map, error) {
	places := placeTable()
	m, err := attach.NewMap(&ebpf.MapSpec{Name: "gofilter_sizes", Type: ebpf.Array,
		KeySize: 4, ValueSize: uint32(len(places)), MaxEntries: 1, Flags: unix.BPF_F_RDONLY_PROG})
	if err != nil {
		return nil, fmt.Errorf("count: map of sizes: %w", err)
	}
	if err = m.Put(uint32(0), places); err == nil {
		err = m.Freeze()
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("count: map of sizes: %w", err)
	}
	return m, nil
}
