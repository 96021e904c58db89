package capture

import (
	"errors"
	"fmt"
)

// MaxGroup is how many members a group can have.
const MaxGroup = 256

// checkGroup finds what is wrong with a number of members by itself.
func checkGroup(n int) error {
	if n < 1 || n > MaxGroup {
		return fmt.Errorf("capture: a group of %d: want 1 to %d members", n, MaxGroup)
	}
	return nil
}

// Handles returns the members. Each has a ring of its own and may be read by a
// goroutine of its own, where no order among the members' packets is needed; [NewMerge]
// makes one run of them.
func (g *Group) Handles() []*Handle { return g.members }

// SetFilter is [Handle.SetFilter] for each member, one after the other. Where a member
// refuses, the ones behind it keep their filter.
func (g *Group) SetFilter(f Filter) error {
	for _, h := range g.members {
		if err := h.SetFilter(f); err != nil {
			return err
		}
	}
	return nil
}

// Stats returns the sums of the members' counts.
func (g *Group) Stats() (sum Stats, err error) {
	for _, h := range g.members {
		s, statsErr := h.Stats()
		err = errors.Join(err, statsErr)
		sum.Received += s.Received
		sum.Dropped += s.Dropped
		sum.Freezes += s.Freezes
		sum.Delivered += s.Delivered
		sum.Filtered += s.Filtered
		sum.Discarded += s.Discarded
	}
	return sum, err
}

// Break ends the capture of all members together; see [Handle.Break].
func (g *Group) Break() {
	if len(g.members) > 1 {
		for _, h := range g.members {
			h.shutOut()
		}
	}
	for _, h := range g.members {
		h.Break()
	}
}

// Close closes all members; see [Handle.Close].
func (g *Group) Close() error {
	var errs []error
	for _, h := range g.members {
		errs = append(errs, h.Close())
	}
	return errors.Join(errs...)
}
