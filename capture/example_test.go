//go:build linux

package capture_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/gofilter/gofilter/capture"
	"golang.org/x/net/bpf"
)

// Every packet of an interface until the user has had enough: the signal ends the
// capture, and what the kernel had by then is still read.
func Example() {
	h, err := capture.Open(capture.Config{
		Interface:   "eth0",
		Promiscuous: true,
		Filter:      capture.Filter{Classic: []bpf.RawInstruction{{Op: 0x06, K: 96}}}, // ret #96
	})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	go func() {
		<-stop
		h.Break()
	}()

	for {
		block, err := h.NextBlock()
		switch {
		case err == io.EOF:
			stats, err := h.Stats()
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(stats.Received, "packets received by filter,", stats.Dropped, "dropped by kernel")
			return
		case errors.Is(err, capture.ErrDown):
			log.Print(err) // and wait until it is up again
			continue
		case err != nil:
			log.Fatal(err)
		}
		var p capture.Packet
		for block.Next(&p) {
			fmt.Println(p.Time, p.Length, len(p.Data))
		}
		block.Release()
	}
}
