package main

import (
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/gofilter/gofilter/capture"
)

// watchSignals lets signals end the capture, print the counts, or flush the
// savefile, until the function returned is called.
func (s *session) watchSignals(h *capture.Handle, out *output) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt)
	for _, sig := range endSignals {
		// A capture under nohup goes on when the terminal goes away.
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	for _, sig := range []os.Signal{countSignal, flushSignal} {
		if sig != nil {
			signal.Notify(signals, sig)
		}
	}
	var done sync.WaitGroup
	done.Go(func() {
		for sig := range signals {
			switch sig {
			case countSignal:
				if stats, err := h.Stats(); err == nil {
					s.notice("%s: %s", program, strings.Join(countLines(stats, out.count.Load()), ", "))
				}
			case flushSignal:
				if err := out.flushFile(); err != nil {
					h.Break() // the writer meets the error again, and reports it
				}
			default:
				h.Break()
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(signals)
		done.Wait()
	}
}
