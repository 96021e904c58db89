package conformance_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/internal/conformance"
	"github.com/gofilter/gofilter/internal/gen"
	"github.com/gofilter/gofilter/ir"
)

// TestRunOutside runs a filter at places that are right, and wrong in each way that is
// to be found.
func TestRunOutside(t *testing.T) {
	r := &conformance.Runner{Inputs: 20, Seeds: gen.Seeds}
	c, err := r.Own(1, "ip and tcp port 22", "EN10MB", netip.Addr{}, ir.ViewFile)
	if err != nil {
		t.Fatal(err)
	}
	right := func(f *ir.Func, data []byte) bool {
		return ir.Eval(f, data, &ir.Metadata{Len: uint32(len(data))}) != 0
	}
	accepted := 0
	for name, test := range map[string]struct {
		match func(f *ir.Func, data []byte) (bool, bool, error)
		want  conformance.Outcome
		runs  bool
	}{
		"right": {func(f *ir.Func, data []byte) (bool, bool, error) {
			v := right(f, data)
			if v {
				accepted++
			}
			return v, true, nil
		}, conformance.Pass, true},
		"wrong":        {func(f *ir.Func, data []byte) (bool, bool, error) { return !right(f, data), true, nil }, conformance.WrongVerdict, true},
		"accepts all":  {func(*ir.Func, []byte) (bool, bool, error) { return true, true, nil }, conformance.WrongVerdict, true},
		"rejects all":  {func(*ir.Func, []byte) (bool, bool, error) { return false, true, nil }, conformance.WrongVerdict, true},
		"error":        {func(*ir.Func, []byte) (bool, bool, error) { return false, true, errors.New("no") }, conformance.WrongVerdict, true},
		"takes none":   {func(*ir.Func, []byte) (bool, bool, error) { return false, false, nil }, conformance.Pass, false},
		"crash":        {func(*ir.Func, []byte) (bool, bool, error) { panic("boom") }, conformance.Crash, false},
		"one too long": {func(f *ir.Func, data []byte) (bool, bool, error) { return right(f, data) && len(data) != 38, true, nil }, conformance.WrongVerdict, true},
	} {
		closed := false
		rep := r.RunOutside(c, ir.ViewFile, func(f *ir.Func) ([]conformance.Outside, error) {
			return []conformance.Outside{{
				Name:     name,
				Metadata: func(data []byte) *ir.Metadata { return &ir.Metadata{Len: uint32(len(data))} },
				Match:    func(data []byte) (bool, bool, error) { return test.match(f, data) },
				Listing:  func() string { return "" },
				Close:    func() { closed = true },
			}}, nil
		})
		if rep.Outcome != test.want || rep.Inputs > 0 != test.runs || !closed {
			t.Errorf("%s: %v after %d packets, closed %v: %s", name, rep.Outcome, rep.Inputs, closed, rep.Detail)
		}
	}
	if accepted == 0 {
		t.Error("no packet is accepted")
	}
	rep := r.RunOutside(c, ir.ViewFile, func(*ir.Func) ([]conformance.Outside, error) { return nil, errors.New("the verifier's words") })
	if rep.Outcome != conformance.WrongRefusal || !strings.Contains(rep.Detail, "verifier") {
		t.Errorf("a program that does not load: %v, %s", rep.Outcome, rep.Detail)
	}
	if _, err := r.Own(1, "ip and", "EN10MB", netip.Addr{}, ir.ViewFile); err == nil {
		t.Error("half a filter compiles")
	}
}
